//! Events of the block chain.

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid};

use super::Name;
use super::table::events;
use crate::expr::Expr;

events! { Chain:
    /// Blocks are mined.
    Block {
        /// How many. Default: 1.
        [main] mine: Expr<u64> = crate::load::defaults::one,
        /// Transactions for the first of them, after those of the mempool.
        txs: Vec<Expr<Transaction>>,
        /// Go back to this height first: a reorganisation.
        height: Option<Expr<u64>>,
    }

    /// A transaction is offered to the mempool.
    Broadcast {
        /// The transaction.
        [main] tx: Expr<Transaction>,
        /// The chain must refuse it.
        refused: bool,
    }

    /// No transaction of the mempool, or of a block mined since the path began, fits.
    ExpectNoTx {
        /// Fits if it spends this output, as `txid:vout`: `${ funding.outpoint }`.
        spends: Option<Expr<OutPoint>>,
        /// Fits if this is its txid, in the byte order of messages.
        txid: Option<Expr<Txid>>,
        /// Fits if it has all of these outputs, in any order.
        outputs: Vec<TxOutput>,
        /// Fits if its input that spends `spends` (else its first) has this sequence.
        sequence: Option<Expr<u32>>,
        /// Fits if this is its lock time.
        locktime: Option<Expr<u32>>,
    }

    /// A transaction of the mempool, or of a block mined since the path began, fits.
    ExpectTx {
        /// It spends this output, as `txid:vout`: `${ funding.outpoint }`.
        spends: Option<Expr<OutPoint>>,
        /// This is its txid, in the byte order of messages.
        txid: Option<Expr<Txid>>,
        /// It has all of these outputs, in any order.
        outputs: Vec<TxOutput>,
        /// Its input that spends `spends` (else its first) has this sequence.
        sequence: Option<Expr<u32>>,
        /// This is its lock time.
        locktime: Option<Expr<u32>>,
        /// A name for the transaction in later expressions.
        bind as "as": Option<Name>,
    }
}

/// What is known of an output.
#[derive(Clone, Debug)]
pub struct TxOutput {
    /// Its value.
    pub sat: Option<Expr<u64>>,
    /// Its `scriptPubKey`.
    pub script: Option<Expr<ScriptBuf>>,
}
