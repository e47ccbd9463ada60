//! A regtest chain in a bitcoind of its own.
//!
//! | file | question |
//! | --- | --- |
//! | `chain` | how is it offered as a [`Chain`](lnprototest_runner_api::Chain)? |
//! | `program` | which bitcoind is there, and is it one that will do? |
//! | `daemon` | how does one come up at the prepared tip? |
//! | `options` | how is it set up? |
//! | `process` | how does it live, and how does it end whatever happens? |
//! | `log` | what were its last words? |
//! | `rpc` | how is it asked? |
//! | `answers` | what does it answer? |
//! | `regtest` | what do mining, reorganising and broadcasting ask of it? |
//! | `selection` | what goes into the next block? |
//! | `waiting` | what waits for a block, and since when? |
//! | `refusal` | what does its refusal mean? |
//! | `error` | why is there none? |

mod answers;
mod chain;
mod daemon;
mod error;
mod log;
mod options;
mod process;
mod program;
mod refusal;
mod regtest;
mod rpc;
mod selection;
mod waiting;

pub use chain::Bitcoind;
pub use error::BitcoindError;
pub use program::BitcoindProgram;
