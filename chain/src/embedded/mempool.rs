//! What waits for a block, and what replaces what?
//!
//! A transaction that spends what a waiting one spends replaces it and its descendants if it pays for that, as
//! full replace-by-fee in Bitcoin Core 29 has it: a higher fee rate than each that it conflicts with, no inputs from
//! the mempool but of transactions that those spent, too, and at least the fees of all that leave plus 1 sat for each
//! of its own virtual bytes.

use bitcoin::{Amount, OutPoint, Transaction, TxIn, TxOut, Txid};
use indexmap::{IndexMap, IndexSet};
use lnprototest_runner_api::RejectCode;
use std::collections::{HashMap, HashSet};

use super::refusal::Refusal;
use super::utxo::{Coin, Coins, UtxoSet};

/// How many transactions one replacement may evict.
const MAX_EVICTIONS: usize = 100;

/// The waiting transactions, in the order of their arrival: parents before children.
#[derive(Clone, Default)]
pub(super) struct Mempool {
    entries: IndexMap<Txid, Entry>,
    /// Which transaction spends an outpoint.
    spenders: HashMap<OutPoint, Txid>,
}

/// A waiting transaction.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) transaction: Transaction,
    pub(super) fee: Amount,
    pub(super) virtual_size: u64,
}

impl Mempool {
    pub(super) fn contains(&self, txid: &Txid) -> bool {
        self.entries.contains_key(txid)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Txid, &Entry)> {
        self.entries.iter()
    }

    pub(super) fn into_transactions(self) -> impl Iterator<Item = Transaction> {
        self.entries.into_values().map(|entry| entry.transaction)
    }

    pub(super) fn insert(&mut self, txid: Txid, entry: Entry) {
        for input in &entry.transaction.input {
            self.spenders.insert(input.previous_output, txid);
        }
        self.entries.insert(txid, entry);
    }

    /// The transactions that can't stay if `transaction` comes: those that spend its inputs, with their
    /// descendants.
    pub(super) fn conflicts(&self, transaction: &Transaction) -> IndexSet<Txid> {
        let mut found = self.direct_conflicts(transaction);
        let mut next = 0;
        while let Some(&txid) = found.get_index(next) {
            let outputs = self.entries.get(&txid).map_or(0, |entry| entry.transaction.output.len());
            let spenders = (0..outputs as u32).filter_map(|vout| self.spenders.get(&OutPoint { txid, vout }));
            found.extend(spenders);
            next += 1;
        }
        found
    }

    /// Whether a transaction may replace `evicted`, which are all its conflicts.
    pub(super) fn check_replacement(
        &self,
        transaction: &Transaction,
        fee: Amount,
        virtual_size: u64,
        evicted: &IndexSet<Txid>,
    ) -> Result<(), Refusal> {
        let refuse = |detail: String| Err(Refusal::new(RejectCode::MempoolConflict, detail));
        if evicted.is_empty() {
            return Ok(());
        }
        let parent = transaction.input.iter().position(|input| evicted.contains(&input.previous_output.txid));
        if let Some(index) = parent {
            return refuse(format!("input {index} spends an output of a transaction that it conflicts with"));
        }
        for (index, input) in transaction.input.iter().enumerate() {
            let Some(txid) = self.spenders.get(&input.previous_output) else { continue };
            let Some(rival) = self.entries.get(txid) else { continue };
            // a / b <= c / d, without division.
            let ours = u128::from(fee.to_sat()) * u128::from(rival.virtual_size);
            let theirs = u128::from(rival.fee.to_sat()) * u128::from(virtual_size);
            if ours <= theirs {
                return refuse(format!(
                    "input {index} is spent by {txid} in the mempool, which pays {} sat for {} virtual bytes; {} \
                     sat for {virtual_size} are no higher fee rate",
                    rival.fee.to_sat(),
                    rival.virtual_size,
                    fee.to_sat()
                ));
            }
        }
        if evicted.len() > MAX_EVICTIONS {
            return refuse(format!("it would evict {} transactions", evicted.len()));
        }
        if let Some(index) = self.new_unconfirmed_input(transaction) {
            return refuse(format!(
                "input {index} spends an output of the mempool, and nothing that it replaces spends that transaction"
            ));
        }
        let lost: Amount = evicted.iter().filter_map(|txid| Some(self.entries.get(txid)?.fee)).sum();
        let due = lost + Amount::from_sat(virtual_size);
        if fee < due {
            return refuse(format!(
                "it pays {} sat, but replaces {} transactions of the mempool that pay {} sat: at least {} sat are \
                 due",
                fee.to_sat(),
                evicted.len(),
                lost.to_sat(),
                due.to_sat()
            ));
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, txids: &IndexSet<Txid>) {
        for txid in txids {
            self.remove_one(txid);
        }
    }

    /// Removes the transactions of a new block, and what conflicts with them.
    pub(super) fn remove_confirmed(&mut self, transactions: &[Transaction], txids: &[Txid]) {
        if self.entries.is_empty() {
            return;
        }
        for (transaction, txid) in transactions.iter().zip(txids) {
            self.remove_one(txid);
            self.remove(&self.conflicts(transaction));
        }
    }

    /// The first input that spends a waiting transaction which none of the direct conflicts spends.
    fn new_unconfirmed_input(&self, transaction: &Transaction) -> Option<usize> {
        let conflicts = self.direct_conflicts(transaction);
        let rivals = conflicts.iter().filter_map(|txid| self.entries.get(txid));
        let parents: HashSet<Txid> = rivals
            .flat_map(|rival| rival.transaction.input.iter().map(|input| input.previous_output.txid))
            .collect();
        let parent_of = |input: &TxIn| input.previous_output.txid;
        transaction
            .input
            .iter()
            .position(|input| self.contains(&parent_of(input)) && !parents.contains(&parent_of(input)))
    }

    fn direct_conflicts(&self, transaction: &Transaction) -> IndexSet<Txid> {
        transaction
            .input
            .iter()
            .filter_map(|input| self.spenders.get(&input.previous_output))
            .copied()
            .collect()
    }

    fn remove_one(&mut self, txid: &Txid) {
        if let Some(entry) = self.entries.shift_remove(txid) {
            for input in &entry.transaction.input {
                self.spenders.remove(&input.previous_output);
            }
        }
    }

    fn output(&self, outpoint: &OutPoint) -> Option<&TxOut> {
        self.entries.get(&outpoint.txid)?.transaction.output.get(outpoint.vout as usize)
    }
}

/// The unspent outputs of the chain and all outputs of the mempool, those included that the mempool spends.
pub(super) struct MempoolCoins<'a> {
    pub(super) confirmed: &'a UtxoSet,
    pub(super) mempool: &'a Mempool,
    /// The height of the next block.
    pub(super) height: u32,
}

impl Coins for MempoolCoins<'_> {
    fn coin(&self, outpoint: &OutPoint) -> Option<Coin> {
        let waiting = || {
            let output = self.mempool.output(outpoint)?.clone();
            Some(Coin { output, height: self.height, coinbase: false })
        };
        self.confirmed.coin(outpoint).or_else(waiting)
    }
}
