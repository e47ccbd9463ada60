//! The regtest block chain that the node follows and the harness controls.

use bitcoin::{Block, BlockHash, OutPoint, Transaction, TxOut, Txid};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::LocalFuture;

/// A regtest chain. All methods take `&self`; a chain is shared by a node and the harness of one path.
///
/// It starts at a prepared tip: block 1 pays `<dyn Chain>::COINBASE_KEY`'s P2WPKH output, and 101 blocks follow, so
/// that the coins of the first ones are mature. (Block 1's coinbase value is 50 BTC.)
pub trait Chain {
    /// Which chain it is, for reports: `embedded` or `bitcoind 29.0`.
    fn name(&self) -> &str;

    /// The tip: height and hash.
    fn tip(&self) -> LocalFuture<'_, Result<(u32, BlockHash), ChainError>>;

    /// The block at `height` on the current best chain, `None` above the tip.
    fn block_at(&self, height: u32) -> LocalFuture<'_, Result<Option<BlockAt>, ChainError>>;

    /// Mines `count` blocks. The first holds `transactions`, after those of the mempool that are valid now; the
    /// others are empty. What conflicts with `transactions` leaves the mempool. A `count` of 0 does nothing.
    ///
    /// # Errors
    /// [`ChainError::Rejected`] names the first of `transactions` that consensus refuses; then nothing was mined.
    fn mine<'a>(
        &'a self,
        count: u32,
        transactions: &'a [Transaction],
    ) -> LocalFuture<'a, Result<Vec<BlockHash>, ChainError>>;

    /// Takes the blocks above `height` off the best chain. Their transactions, coinbases aside, return to the
    /// mempool. A daemon may notice only once the new chain outgrows the old tip.
    fn reorganise(&self, height: u32) -> LocalFuture<'_, Result<(), ChainError>>;

    /// Offers a transaction to the mempool. One that is there already, or confirmed, is accepted.
    fn broadcast<'a>(&'a self, transaction: &'a Transaction) -> LocalFuture<'a, Result<(), ChainError>>;

    /// The mempool's transactions, in the order of their arrival.
    fn mempool(&self) -> LocalFuture<'_, Result<Vec<Transaction>, ChainError>>;

    /// The output at `outpoint` if it is confirmed and unspent by any block (the mempool is not asked), with the
    /// height of the block that holds it.
    fn unspent(&self, outpoint: OutPoint) -> LocalFuture<'_, Result<Option<(u32, TxOut)>, ChainError>>;

    /// How a node gets at the daemon that holds this chain. `None` if there is none: a node then follows the chain
    /// through the methods above.
    fn rpc(&self) -> Option<&RpcAccess> {
        None
    }
}

impl dyn Chain {
    /// The secret key that block 1's coinbase pays (P2WPKH): the harness's and the node's wallets start with it.
    pub const COINBASE_KEY: [u8; 32] = {
        let mut key = [0; 32];
        key[31] = 0xcb;
        key
    };

    /// The block whose coinbase is for the node's wallet to spend; the harness spends the others.
    pub const NODE_COINBASE_HEIGHT: u32 = 2;
}

/// Bitcoin Core's JSON-RPC over HTTP, and what it takes to be let in. It holds for as long as the chain does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcAccess {
    /// Where it listens, on this machine.
    pub address: SocketAddr,
    /// The file that holds `user:password`.
    pub cookie_file: PathBuf,
    /// The name for HTTP's basic authentication.
    pub user: String,
    /// The password for it.
    pub password: String,
}

impl RpcAccess {
    /// Where it listens, as `http://127.0.0.1:18443`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A block of the best chain and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockAt {
    /// Height above the genesis block.
    pub height: u32,
    /// The whole block.
    pub block: std::sync::Arc<Block>,
}

/// Why a chain did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// There is no block at this height to go back to.
    #[error("cannot reorganise to height {height}: the tip is at {tip}")]
    NoSuchHeight {
        /// The height asked for.
        height: u32,
        /// The tip's.
        tip: u32,
    },
    /// Consensus or policy refuses a transaction.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The chain's own program failed: a fault of the environment, not of a node.
    #[error("the chain failed: {0}")]
    Unavailable(String),
}

/// A transaction that a real network would refuse, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("transaction {txid} refused: {code}: {detail}")]
pub struct Rejection {
    /// Of the refused transaction.
    pub txid: Txid,
    /// Why, as Bitcoin Core classifies it.
    pub code: RejectCode,
    /// Which input or output, and what is wrong with it.
    pub detail: String,
}

/// Reasons to refuse a transaction, under Bitcoin Core's reject strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectCode {
    /// `dust`: an output that costs more to spend than it holds (policy).
    Dust,
    /// `bad-txns-in-belowout`: spends more than its inputs hold.
    InBelowOut,
    /// `bad-txns-inputs-missingorspent`: an input does not exist, or is spent by a block.
    InputsMissingOrSpent,
    /// `txn-mempool-conflict`: an input is spent by a transaction of the mempool, and this is no valid replacement.
    MempoolConflict,
    /// `min relay fee not met`: pays less than 1 sat per virtual byte (policy).
    MinRelayFee,
    /// `non-BIP68-final`: a relative lock time is not over.
    NonBip68Final,
    /// `non-final`: the lock time is not over.
    NonFinal,
    /// Valid in a block, but not relayed: an unusual version, size, script or signature form (policy).
    Nonstandard,
    /// Anything else, as the chain's own words in the detail.
    Other,
    /// `bad-txns-premature-spend-of-coinbase`: a coinbase output before its 100 blocks.
    PrematureSpendOfCoinbase,
    /// `mandatory-script-verify-flag-failed`: a script or signature does not hold.
    ScriptVerifyFailed,
    /// Malformed in itself: no inputs or outputs, a doubled input, amounts out of range, too large, a coinbase.
    Structure,
}

impl RejectCode {
    /// Bitcoin Core's reject string, or the nearest to it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dust => "dust",
            Self::InBelowOut => "bad-txns-in-belowout",
            Self::InputsMissingOrSpent => "bad-txns-inputs-missingorspent",
            Self::MempoolConflict => "txn-mempool-conflict",
            Self::MinRelayFee => "min relay fee not met",
            Self::NonBip68Final => "non-BIP68-final",
            Self::NonFinal => "non-final",
            Self::Nonstandard => "non-standard",
            Self::Other => "rejected",
            Self::PrematureSpendOfCoinbase => "bad-txns-premature-spend-of-coinbase",
            Self::ScriptVerifyFailed => "mandatory-script-verify-flag-failed",
            Self::Structure => "bad-txns",
        }
    }
}

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
