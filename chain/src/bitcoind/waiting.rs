//! What waits for a block, and since when?

use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Amount, Transaction, Txid};
use indexmap::IndexMap;
use lnprototest_runner_api::ChainError;
use serde_json::json;
use std::collections::HashMap;

use super::answers;
use super::daemon::Daemon;

/// The daemon's mempool in the order of arrival, which it does not tell: what came between two looks is in the order
/// of the daemon's clock, parents before their children.
#[derive(Default)]
pub(super) struct Arrivals {
    order: IndexMap<Txid, Waiting>,
}

/// A transaction of the mempool.
pub(super) struct Waiting {
    pub(super) transaction: Transaction,
    pub(super) fee: Amount,
    pub(super) weight: u64,
    /// In the mempool.
    pub(super) parents: Vec<Txid>,
}

impl Arrivals {
    /// Looks what came and what left.
    pub(super) fn update(&mut self, daemon: &Daemon) -> Result<(), ChainError> {
        let mut entries: HashMap<Txid, answers::Waiting> = daemon.get("getrawmempool", json!([true]))?;
        self.order.retain(|txid, waiting| {
            let wtxid = waiting.transaction.compute_wtxid();
            match entries.get_mut(txid) {
                Some(entry) if entry.wtxid == wtxid => {
                    waiting.parents = std::mem::take(&mut entry.parents);
                    entries.remove(txid);
                    true
                }
                _ => false,
            }
        });
        let mut new: Vec<(Txid, answers::Waiting)> = entries.into_iter().collect();
        new.sort_unstable_by_key(|(txid, entry)| (entry.time, entry.ancestors, *txid));
        let raw: Vec<String> =
            daemon.get_all("getrawtransaction", new.iter().map(|(txid, _)| json!([txid])))?;
        for ((txid, entry), hex) in new.into_iter().zip(raw) {
            let transaction = deserialize_hex(&hex).map_err(|error| {
                ChainError::Unavailable(format!("bitcoind's transaction {txid}: {error}"))
            })?;
            let answers::Waiting { fees, weight, parents, .. } = entry;
            self.order.insert(txid, Waiting { transaction, fee: fees.base, weight, parents });
        }
        Ok(())
    }

    /// The same, and what is in `order` comes before all else, and in that order.
    pub(super) fn update_in_order(&mut self, order: &[Txid], daemon: &Daemon) -> Result<(), ChainError> {
        self.update(daemon)?;
        let rank: HashMap<&Txid, usize> = order.iter().zip(0..).collect();
        self.order.sort_by_cached_key(|txid, _| rank.get(txid).copied().unwrap_or(usize::MAX));
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Txid, &Waiting)> {
        self.order.iter()
    }

    pub(super) fn contains(&self, txid: &Txid) -> bool {
        self.order.contains_key(txid)
    }
}
