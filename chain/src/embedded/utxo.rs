//! Which outputs can be spent?

use bitcoin::{OutPoint, Transaction, TxOut, Txid};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::best_chain::Link;

/// A script longer than this can never be satisfied.
const MAX_SCRIPT_SIZE: usize = 10_000;

/// An output, and what the rules ask about its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coin {
    pub(super) output: TxOut,
    /// Of the block that holds it, or of the next one if none does.
    pub(super) height: u32,
    pub(super) coinbase: bool,
}

/// Something that knows unspent outputs.
pub(super) trait Coins {
    fn coin(&self, outpoint: &OutPoint) -> Option<Coin>;
}

/// The unspent outputs of the best chain: those of the prepared tip, which all chains of this process share, and
/// what has changed since.
#[derive(Clone, Default)]
pub(super) struct UtxoSet {
    base: Arc<HashMap<OutPoint, Coin>>,
    /// `None` where an output of the base is gone.
    changes: HashMap<OutPoint, Option<Coin>>,
}

impl UtxoSet {
    pub(super) fn get(&self, outpoint: &OutPoint) -> Option<&Coin> {
        match self.changes.get(outpoint) {
            Some(change) => change.as_ref(),
            None => self.base.get(outpoint),
        }
    }

    /// All unspent outputs, in the order of their outpoints.
    pub(super) fn all(&self) -> BTreeMap<OutPoint, &Coin> {
        let outpoints = self.base.keys().chain(self.changes.keys());
        outpoints.filter_map(|outpoint| Some((*outpoint, self.get(outpoint)?))).collect()
    }

    /// Spends and creates what the transactions of a block at `height` do. The inputs must be there. Returns what
    /// was spent, in order.
    pub(super) fn apply(
        &mut self,
        transactions: &[Transaction],
        txids: &[Txid],
        height: u32,
    ) -> Vec<(OutPoint, Coin)> {
        let mut spent = Vec::new();
        for (transaction, &txid) in transactions.iter().zip(txids) {
            let coinbase = transaction.is_coinbase();
            if !coinbase {
                for input in &transaction.input {
                    let outpoint = input.previous_output;
                    let coin =
                        self.take(&outpoint).expect("a block's inputs are checked before it is applied");
                    spent.push((outpoint, coin));
                }
            }
            for (outpoint, coin) in new_coins(transaction, txid, height, coinbase) {
                self.put(outpoint, coin);
            }
        }
        spent
    }

    /// Takes back what [`Self::apply`] did for the tip's block.
    pub(super) fn undo(&mut self, link: &Link) {
        let mut spent = link.spent.iter().rev();
        for (transaction, &txid) in link.block.txdata.iter().zip(&link.txids).rev() {
            for (outpoint, _) in new_coins(transaction, txid, 0, false) {
                self.take(&outpoint);
            }
            if !transaction.is_coinbase() {
                for (outpoint, coin) in spent.by_ref().take(transaction.input.len()) {
                    self.put(*outpoint, coin.clone());
                }
            }
        }
    }

    /// Makes what is here now the base that clones share.
    pub(super) fn freeze(&mut self) {
        let frozen = self.all().into_iter().map(|(outpoint, coin)| (outpoint, coin.clone())).collect();
        *self = Self { base: Arc::new(frozen), changes: HashMap::new() };
    }

    fn take(&mut self, outpoint: &OutPoint) -> Option<Coin> {
        match self.base.get(outpoint) {
            Some(coin) => self.changes.insert(*outpoint, None).unwrap_or_else(|| Some(coin.clone())),
            None => self.changes.remove(outpoint).flatten(),
        }
    }

    fn put(&mut self, outpoint: OutPoint, coin: Coin) {
        if self.base.get(&outpoint) == Some(&coin) {
            self.changes.remove(&outpoint);
        } else {
            self.changes.insert(outpoint, Some(coin));
        }
    }
}

impl Coins for UtxoSet {
    fn coin(&self, outpoint: &OutPoint) -> Option<Coin> {
        self.get(outpoint).cloned()
    }
}

/// The unspent outputs as they are after some transactions of a block that is being made.
pub(super) struct BlockCoins<'a> {
    confirmed: &'a UtxoSet,
    height: u32,
    created: HashMap<OutPoint, Coin>,
    spent: HashSet<OutPoint>,
}

impl<'a> BlockCoins<'a> {
    /// Before the first transaction of the block at `height`.
    pub(super) fn new(confirmed: &'a UtxoSet, height: u32) -> Self {
        Self { confirmed, height, created: HashMap::new(), spent: HashSet::new() }
    }

    /// Adds a transaction to the block.
    pub(super) fn apply(&mut self, transaction: &Transaction, txid: Txid) {
        self.spent.extend(transaction.input.iter().map(|input| input.previous_output));
        self.created.extend(new_coins(transaction, txid, self.height, false));
    }
}

impl Coins for BlockCoins<'_> {
    fn coin(&self, outpoint: &OutPoint) -> Option<Coin> {
        if self.spent.contains(outpoint) {
            return None;
        }
        self.created.get(outpoint).cloned().or_else(|| self.confirmed.coin(outpoint))
    }
}

/// The outputs of a transaction that can be spent at all.
pub(super) fn new_coins(
    transaction: &Transaction,
    txid: Txid,
    height: u32,
    coinbase: bool,
) -> impl Iterator<Item = (OutPoint, Coin)> + '_ {
    (0..).zip(&transaction.output).filter(|(_, output)| is_spendable(output)).map(move |(vout, output)| {
        (OutPoint { txid, vout }, Coin { output: output.clone(), height, coinbase })
    })
}

fn is_spendable(output: &TxOut) -> bool {
    !output.script_pubkey.is_op_return() && output.script_pubkey.len() <= MAX_SCRIPT_SIZE
}
