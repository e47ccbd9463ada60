//! The regtest chains that lnprototest's nodes follow.
//!
//! [`EmbeddedChain`] lives in this process: real blocks at regtest difficulty, each transaction judged by consensus
//! and relay rules before it is taken. [`Regtest`] is the same chain without futures. [`Bitcoind`] is a daemon of its
//! own, for nodes that follow nothing else. The same calls make the same blocks on all of them.

mod assembly;
mod bitcoind;
mod embedded;

pub use bitcoind::{Bitcoind, BitcoindError, BitcoindProgram};
pub use embedded::{EmbeddedChain, FundingCoin, Regtest};
