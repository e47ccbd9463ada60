//! The Lightning protocol itself: wire format, BOLT 8 transport, BOLT 3 transactions. No I/O, no async, no clock.
//!
//! Nothing here comes from an implementation of Lightning: a conformance suite that shares code with what it
//! judges shares its bugs.

pub mod channel;
pub mod features;
pub mod noise;
pub mod wire;
