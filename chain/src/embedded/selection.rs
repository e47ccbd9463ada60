//! What goes into the next block?

use bitcoin::{Amount, OutPoint, Transaction, Txid, Weight};
use lnprototest_runner_api::{RejectCode, Rejection};
use std::collections::{HashMap, HashSet};

use super::best_chain::BestChain;
use super::consensus::{
    MAX_BLOCK_SIGOPS_COST, check_amounts, check_lock_time, check_sequences, check_sigops, check_structure,
    find_coins,
};
use super::mempool::Mempool;
use super::refusal::Refusal;
use super::scripts::check_scripts;
use super::utxo::{BlockCoins, UtxoSet};
use crate::assembly::RESERVED_WEIGHT;

/// The transactions of a block that is being made, its coinbase aside. They fit together by consensus rules.
pub(super) struct Selection<'a> {
    chain: &'a BestChain,
    coins: BlockCoins<'a>,
    /// What is chosen so far, parents before children.
    pub(super) transactions: Vec<Transaction>,
    /// What these pay.
    pub(super) fees: Amount,
    weight: u64,
    sigops: usize,
}

impl<'a> Selection<'a> {
    /// `wanted`, after all of the mempool that goes with them.
    ///
    /// # Errors
    /// The first of `wanted` that is refused.
    pub(super) fn choose(
        chain: &'a BestChain,
        utxos: &'a UtxoSet,
        mempool: &Mempool,
        wanted: &[Transaction],
    ) -> Result<Self, Rejection> {
        let coins = BlockCoins::new(utxos, chain.next_height());
        let mut block = Self {
            chain,
            coins,
            transactions: Vec::new(),
            fees: Amount::ZERO,
            weight: RESERVED_WEIGHT,
            sigops: 0,
        };
        let by_txid: HashMap<Txid, &Transaction> =
            wanted.iter().map(|transaction| (transaction.compute_txid(), transaction)).collect();
        let inputs = wanted.iter().flat_map(|transaction| &transaction.input);
        let claimed: HashSet<OutPoint> = inputs.map(|input| input.previous_output).collect();
        let mut claimed_weight: u64 = wanted.iter().map(|transaction| transaction.weight().to_wu()).sum();
        for (&txid, entry) in mempool.iter() {
            let waiting = &entry.transaction;
            if let Some(&transaction) = by_txid.get(&txid) {
                // The same transaction, but its witnesses may be others.
                let scripts_hold = transaction.compute_wtxid() == waiting.compute_wtxid();
                block.add(transaction, txid, scripts_hold, 0).map_err(|refusal| refusal.of(txid))?;
                claimed_weight -= transaction.weight().to_wu();
            } else if !waiting.input.iter().any(|input| claimed.contains(&input.previous_output)) {
                // What does not fit waits for a later block, or leaves as a conflict of this one.
                if let Err(refusal) = block.add(waiting, txid, true, claimed_weight) {
                    tracing::debug!(rejection = %refusal.of(txid), "left out of the block");
                }
            }
        }
        for transaction in wanted {
            let txid = transaction.compute_txid();
            if !mempool.contains(&txid) {
                block.add(transaction, txid, false, 0).map_err(|refusal| refusal.of(txid))?;
            }
        }
        Ok(block)
    }

    /// Adds a transaction if consensus allows it here. `reserved` is weight that others will need.
    fn add(
        &mut self,
        transaction: &Transaction,
        txid: Txid,
        scripts_hold: bool,
        reserved: u64,
    ) -> Result<(), Refusal> {
        check_structure(transaction)?;
        check_lock_time(transaction, self.chain)?;
        let coins = find_coins(transaction, &self.coins)?;
        // In the mempool it is the other way round.
        let fee = check_amounts(transaction, &coins, self.chain)?;
        check_sequences(transaction, &coins, self.chain)?;
        let sigops = self.sigops + check_sigops(transaction, &coins)?;
        let weight = self.weight + transaction.weight().to_wu();
        if weight.saturating_add(reserved) > Weight::MAX_BLOCK.to_wu() || sigops > MAX_BLOCK_SIGOPS_COST {
            return Err(Refusal::new(RejectCode::Other, "the block has no room for it"));
        }
        if !scripts_hold {
            check_scripts(transaction, &coins)?;
        }
        self.coins.apply(transaction, txid);
        self.transactions.push(transaction.clone());
        self.fees += fee;
        self.weight = weight;
        self.sigops = sigops;
        Ok(())
    }
}
