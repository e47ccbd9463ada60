//! What goes into the next block?

use bitcoin::{Amount, OutPoint, Transaction, TxOut, Txid, Weight};
use lnprototest_runner_api::ChainError;
use serde_json::json;
use std::collections::{HashMap, HashSet};

use super::answers::Unspent;
use super::daemon::Daemon;
use super::waiting::Arrivals;
use crate::assembly::RESERVED_WEIGHT;

/// The transactions of a block that is being made, its coinbase aside, parents before children. Whether they are valid
/// is for the daemon to say.
#[derive(Default)]
pub(super) struct Selection {
    pub(super) chosen: Vec<Chosen>,
    weight: u64,
}

pub(super) struct Chosen {
    pub(super) transaction: Transaction,
    pub(super) txid: Txid,
    /// Zero if it spends what does not exist, or more than there is.
    pub(super) fee: Amount,
    /// Whether it must be in the block, or is just waiting.
    pub(super) wanted: bool,
}

impl Selection {
    /// `wanted`, after all of the mempool that goes with them.
    pub(super) fn choose(
        daemon: &Daemon,
        mempool: &Arrivals,
        wanted: &[Transaction],
    ) -> Result<Self, ChainError> {
        let by_txid: HashMap<Txid, &Transaction> =
            wanted.iter().map(|transaction| (transaction.compute_txid(), transaction)).collect();
        let inputs = wanted.iter().flat_map(|transaction| &transaction.input);
        let claimed: HashSet<OutPoint> = inputs.map(|input| input.previous_output).collect();
        let wanted_weight: u64 = wanted.iter().map(|transaction| transaction.weight().to_wu()).sum();

        let mut block = Self { chosen: Vec::new(), weight: RESERVED_WEIGHT.saturating_add(wanted_weight) };
        let mut left_out = HashSet::new();
        for (&txid, waiting) in mempool.iter() {
            if let Some(&transaction) = by_txid.get(&txid) {
                // The same transaction, but its witnesses may be others.
                block.add(transaction.clone(), txid, waiting.fee, true);
                continue;
            }
            let inputs = &waiting.transaction.input;
            let conflicts = inputs.iter().any(|input| claimed.contains(&input.previous_output));
            let orphaned = waiting.parents.iter().any(|parent| left_out.contains(parent));
            let weight = block.weight.saturating_add(waiting.weight);
            if conflicts || orphaned || weight > Weight::MAX_BLOCK.to_wu() {
                left_out.insert(txid);
            } else {
                block.weight = weight;
                block.add(waiting.transaction.clone(), txid, waiting.fee, false);
            }
        }
        let confirmed = confirmed_coins(daemon, wanted)?;
        for transaction in wanted {
            let txid = transaction.compute_txid();
            if !mempool.contains(&txid) {
                let fee = block.fee(transaction, &confirmed).unwrap_or(Amount::ZERO);
                block.add(transaction.clone(), txid, fee, true);
            }
        }
        Ok(block)
    }

    fn add(&mut self, transaction: Transaction, txid: Txid, fee: Amount, wanted: bool) {
        self.chosen.push(Chosen { transaction, txid, fee, wanted });
    }

    fn fee(&self, transaction: &Transaction, confirmed: &HashMap<OutPoint, TxOut>) -> Option<Amount> {
        let created = |outpoint: &OutPoint| {
            let parent = self.chosen.iter().find(|chosen| chosen.txid == outpoint.txid)?;
            parent.transaction.output.get(outpoint.vout as usize)
        };
        let mut spent = Amount::ZERO;
        for input in &transaction.input {
            let outpoint = &input.previous_output;
            spent = spent.checked_add(confirmed.get(outpoint).or_else(|| created(outpoint))?.value)?;
        }
        let paid =
            transaction.output.iter().try_fold(Amount::ZERO, |sum, output| sum.checked_add(output.value));
        spent.checked_sub(paid?)
    }
}

/// Of what `transactions` spend, all that blocks hold.
fn confirmed_coins(
    daemon: &Daemon,
    transactions: &[Transaction],
) -> Result<HashMap<OutPoint, TxOut>, ChainError> {
    let inputs = transactions.iter().flat_map(|transaction| &transaction.input);
    let outpoints: Vec<OutPoint> = inputs.map(|input| input.previous_output).collect();
    let questions = outpoints.iter().map(|outpoint| json!([outpoint.txid, outpoint.vout, false]));
    let unspent: Vec<Option<Unspent>> = daemon.get_all("gettxout", questions)?;
    let found = outpoints.into_iter().zip(unspent);
    Ok(found.filter_map(|(outpoint, unspent)| Some((outpoint, unspent?.into_output()))).collect())
}
