//! What if lightningd does not do as told?

use bitcoin::Txid;
use lnprototest_runner_api::{ChainError, NodeError, OperationError};
use serde_json::Value;

use crate::rpc::RpcError;
use crate::wallet::WalletError;

/// Why an operation came to nothing; all but the chain's failure are lightningd's own word.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("its answer to {method} has no {missing}: {answer}")]
    Incomplete { method: &'static str, missing: &'static str, answer: Value },
    #[error("no address for it to dial: {0}")]
    NoAddress(#[source] std::io::Error),
    #[error("it has no channel {0}")]
    NoChannel(String),
    #[error("there is nothing to replace: no funding transaction {0} waits for a block")]
    NoFunding(Txid),
    #[error("{0} is no script that an address stands for, which is all that it takes")]
    NoScript(bitcoin::ScriptBuf),
    #[error("its channel does not take the HTLC: {0}")]
    NotOffered(Value),
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("its wallet got no coins: {0}")]
    Wallet(#[from] WalletError),
}

impl From<Refusal> for OperationError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Chain(error) => Self::Node(NodeError::Chain(error)),
            refusal => Self::Failed(refusal.to_string()),
        }
    }
}

/// The member `name` of an answer, as `read` understands it.
pub(super) fn member<'a, T>(
    method: &'static str,
    answer: &'a Value,
    name: &'static str,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Result<T, Refusal> {
    let incomplete = || Refusal::Incomplete { method, missing: name, answer: answer.clone() };
    answer.get(name).and_then(read).ok_or_else(incomplete)
}

/// A member that is a string of hex, as an array.
pub(super) fn bytes<const N: usize>(value: &Value) -> Option<[u8; N]> {
    hex::decode(value.as_str()?).ok()?.try_into().ok()
}
