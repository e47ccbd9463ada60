//! A bitcoind for Lampo's eyes: its RPC over whatever chain the harness has.
//!
//! Lampo knows a chain only by bitcoind's RPC. Here it asks us, so that it runs with no bitcoind installed, and we know
//! what it knows. It asks once a second whether there is a new block, which nothing can hasten: to withhold the answer
//! until there is one would stop it, for it waits for an answer with one of the threads that do all its other work.

mod blocks;
mod methods;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use server::Bitcoind;
