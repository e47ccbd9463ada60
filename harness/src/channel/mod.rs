//! A channel between us and the node, as the conversation made it.

mod claim;
mod closing;
mod follow;
mod life;
mod negotiated;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test that unwraps has failed.
mod tests;
mod view;

pub(crate) use claim::ClaimRequest;
pub(crate) use closing::{Closing, ClosingForm};
pub(crate) use life::Life;
pub(crate) use negotiated::Negotiated;
pub(crate) use state::Channel;
