//! A regtest chain in this process.
//!
//! What it checks, and in which file:
//!
//! | file | question |
//! | --- | --- |
//! | `regtest` | what do mining, reorganising and broadcasting do to the whole? |
//! | `chain` | how is it offered as a [`Chain`](lnprototest_runner_api::Chain)? |
//! | `prepared` | what is at the tip where everyone starts? |
//! | `best_chain` | which blocks are there, and when were they made? |
//! | `selection` | what goes into the next block? |
//! | `utxo` | which outputs can be spent? |
//! | `consensus` | may a block hold this transaction, scripts aside? |
//! | `scripts` | do its scripts and signatures hold? |
//! | `policy` | would a node relay it? |
//! | `mempool` | what waits for a block, and what replaces what? |
//! | `refusal` | how does a rule say no? |

mod best_chain;
mod chain;
mod consensus;
mod mempool;
mod policy;
mod prepared;
mod refusal;
mod regtest;
mod scripts;
mod selection;
mod utxo;

pub use chain::EmbeddedChain;
pub use prepared::FundingCoin;
pub(crate) use prepared::payout_script;
pub use regtest::Regtest;
