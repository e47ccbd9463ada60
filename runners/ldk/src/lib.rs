//! lnprototest's runner for LDK: the `lightning` crate, in process.
//!
//! A node has no sockets, no threads and no clock. LDK's callbacks only take note;
//! [`settle`](lnprototest_runner_api::Node::settle) carries bytes, events, transactions and blocks until none is
//! left, so its silence is proof.

mod chain_view;
#[cfg(test)]
mod channel_tests;
mod config;
mod ends;
mod engine;
mod events;
mod fees;
mod funding;
mod logger;
mod node;
mod node_keys;
#[cfg(test)]
mod onchain_tests;
mod operations;
mod outbox;
#[cfg(test)]
mod pair;
mod payments;
mod runner;
mod signer;
mod socket;
mod stack;
mod timers;
mod utxo;
mod wallet;

pub use runner::LdkRunner;
