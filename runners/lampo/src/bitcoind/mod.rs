//! A bitcoind for Lampo's eyes: its RPC over whatever chain the harness has.
//!
//! Lampo knows a chain only by bitcoind's RPC, and asks once a second whether there is a new block. Here it asks us, and
//! the answer is withheld until there is one, so that it sees each block at once. Nothing it is told is untrue.

mod blocks;
mod methods;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use server::{Bitcoind, Polls};
