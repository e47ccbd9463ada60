//! What does the node want published?

use bitcoin::{Transaction, Txid};
use lightning::chain::chaininterface::BroadcasterInterface;
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Transactions on their way to the chain. LDK hands them over in the middle of its work; the pump sends them.
#[derive(Default)]
pub(crate) struct Outbox(Mutex<VecDeque<Transaction>>);

impl Outbox {
    /// The oldest, which stays until [`Outbox::done`].
    pub(crate) fn first(&self) -> Option<Transaction> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).front().cloned()
    }

    /// Drops `transaction`, which was the oldest.
    pub(crate) fn done(&self, transaction: &Transaction) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.front() == Some(transaction) {
            queue.pop_front();
        }
    }

    /// Adds one.
    pub(crate) fn push(&self, transaction: Transaction) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(transaction);
    }
}

impl BroadcasterInterface for Outbox {
    fn broadcast_transactions(&self, package: &[&Transaction]) {
        // A package is one child and its parents, in any order. Parents go first.
        let within: HashSet<Txid> = match package {
            [_] => HashSet::new(),
            several => several.iter().map(|tx| tx.compute_txid()).collect(),
        };
        let is_child =
            |tx: &Transaction| tx.input.iter().any(|input| within.contains(&input.previous_output.txid));
        for tx in package.iter().filter(|tx| !is_child(tx)) {
            self.push(Transaction::clone(tx));
        }
        for tx in package.iter().filter(|tx| is_child(tx)) {
            self.push(Transaction::clone(tx));
        }
    }
}
