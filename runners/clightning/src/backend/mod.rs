//! Where does lightningd's view of the chain come from? From us, in place of its plugin `bcli`.

mod follower;
mod methods;
mod pipes;
#[cfg(test)]
mod tests;

pub(crate) use methods::Backend;
pub(crate) use pipes::ChainPlugin;
