//! The regtest chains that lnprototest's nodes follow.
//!
//! [`EmbeddedChain`] lives in this process: real blocks at regtest difficulty, each transaction judged by consensus
//! and relay rules before it is taken. [`Regtest`] is the same chain without futures.

mod embedded;

pub use embedded::{EmbeddedChain, FundingCoin, Regtest};
