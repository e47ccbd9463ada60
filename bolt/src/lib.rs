//! The Lightning protocol itself: wire format, BOLT 8 transport, BOLT 3 transactions. No I/O, no async, no clock.

pub mod noise;
