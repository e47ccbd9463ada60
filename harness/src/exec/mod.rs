//! Performs the events of one path, one file a group of events.

mod chain;
mod channel;
mod coin;
mod commitments;
mod fails;
mod naming;
mod node;
mod performer;
mod session;
mod signing;
mod structure;
mod transport;

pub(crate) use performer::{Outcome, Performance, perform};
