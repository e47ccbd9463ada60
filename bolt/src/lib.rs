//! The Lightning protocol itself: wire format, BOLT 8 transport, BOLT 3 transactions, BOLT 4 onions,
//! BOLT 7 gossip, BOLT 11 invoices. No I/O, no async, no clock.
//!
//! Nothing here comes from an implementation of Lightning: a conformance suite that shares code with what it
//! judges shares its bugs.

pub mod channel;
mod crypto;
pub mod features;
pub mod gossip;
pub mod invoice;
mod memo;
pub mod noise;
pub mod onion;
pub mod wire;

pub use memo::public_key;
