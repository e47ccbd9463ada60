//! Events of the block chain.

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid};
use secp256k1::SecretKey;

use super::Name;
use super::table::events;
use crate::expr::Expr;

events! { Chain:
    /// Blocks are mined, all of them before the node reacts to any.
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

    /// A transaction of ours is made and signed, not broadcast. It spends one coin.
    CreateTx {
        /// The coin: `n` is the coinbase output of block `n` + 1. Else `spends` says which.
        utxo: Option<Expr<u64>>,
        /// The coin: an output in the chain, as `txid:vout`, that pays to `keys`.
        spends: Option<Expr<OutPoint>>,
        /// The secret keys that `spends` takes: one of a P2WPKH output, both of a channel's funding output.
        keys: Vec<Expr<SecretKey>>,
        /// What it pays, in this order. What is left goes back to the coin's (first) key in a last output, unless it is
        /// dust.
        outputs: Vec<TxOutput>,
        /// Its feerate in sat per 1000 weight. Default: 253.
        feerate: Option<Expr<u32>>,
        /// A name for the transaction in later expressions.
        bind as "as": Name,
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
