//! What do mining, reorganising and broadcasting do to the whole?

use bitcoin::blockdata::constants::COINBASE_MATURITY;
use bitcoin::constants::genesis_block;
use bitcoin::{Amount, BlockHash, Network, OutPoint, ScriptBuf, Transaction, TxOut, Txid};
use indexmap::IndexSet;
use lnprototest_runner_api::{BlockAt, ChainError, Rejection};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::best_chain::BestChain;
use super::consensus::{
    check_amounts, check_lock_time, check_sequences, check_sigops, check_structure, find_coins,
};
use super::mempool::{Entry, Mempool, MempoolCoins};
use super::policy;
use super::prepared::{FundingCoin, coinbase_key, prepared};
use super::refusal::Refusal;
use super::scripts::check_scripts;
use super::selection::Selection;
use super::utxo::UtxoSet;
use crate::assembly::{Assembled, Template};

/// A regtest block chain in memory, at the prepared tip when it is made.
///
/// Nothing in it depends on chance: the same calls give the same blocks, byte for byte, on all chains of one day. Block
/// `n` is made `n - 1` minutes after the day began a week ago: in the past, so that a node that takes the later of its
/// clock and the tip's time never finds the tip ahead of it, and of late, so that what a node dates by the tip is no
/// stale gossip.
#[derive(Clone)]
pub struct Regtest {
    best: BestChain,
    utxos: UtxoSet,
    mempool: Mempool,
    /// The height of each transaction that a block holds, coinbases aside.
    confirmed: HashMap<Txid, u32>,
    /// Counts the reorganisations.
    branch: u32,
    /// Whom coinbases pay.
    payout: ScriptBuf,
}

impl Default for Regtest {
    fn default() -> Self {
        Self::new()
    }
}

impl Regtest {
    /// A chain at the prepared tip: blocks 1 to 102, each of which pays 50 BTC to
    /// [`Chain::COINBASE_KEY`](lnprototest_runner_api::Chain)'s P2WPKH script. So does every later one (with the
    /// subsidy halved every 150 blocks, plus fees). See [`FundingCoin`].
    pub fn new() -> Self {
        prepared().clone()
    }

    /// The tip: height and hash.
    pub fn tip(&self) -> (u32, BlockHash) {
        (self.best.tip_height(), self.best.tip().hash)
    }

    /// The block at `height`, `None` above the tip.
    pub fn block_at(&self, height: u32) -> Option<BlockAt> {
        let link = self.best.at(height)?;
        Some(BlockAt { height, block: Arc::clone(&link.block) })
    }

    /// The mempool's transactions, in the order of their arrival.
    pub fn mempool(&self) -> impl Iterator<Item = &Transaction> {
        self.mempool.iter().map(|(_, entry)| &entry.transaction)
    }

    /// The output at `outpoint` if a block holds it and none spends it, with the height of its block.
    pub fn unspent(&self, outpoint: OutPoint) -> Option<(u32, &TxOut)> {
        self.utxos.get(&outpoint).map(|coin| (coin.height, &coin.output))
    }

    /// All outputs that blocks hold and none spends, each with the height of its block.
    pub fn all_unspent(&self) -> BTreeMap<OutPoint, (u32, &TxOut)> {
        let all = self.utxos.all().into_iter();
        all.map(|(outpoint, coin)| (outpoint, (coin.height, &coin.output))).collect()
    }

    /// Mines `count` blocks and returns their hashes. The first holds the mempool, without what conflicts with
    /// `transactions`, and then `transactions` in their order. Consensus rules alone judge those. A `count` of 0
    /// does nothing.
    ///
    /// # Errors
    /// The first of `transactions` that is refused; then nothing was mined.
    pub fn mine(&mut self, count: u32, transactions: &[Transaction]) -> Result<Vec<BlockHash>, Rejection> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let Selection { transactions, fees, .. } =
            Selection::choose(&self.best, &self.utxos, &self.mempool, transactions)?;
        let first = self.connect(transactions, fees);
        Ok([first].into_iter().chain(self.mine_empty(count - 1)).collect())
    }

    /// Mines `count` blocks that hold only their coinbases.
    pub(super) fn mine_empty(&mut self, count: u32) -> Vec<BlockHash> {
        (0..count).map(|_| self.connect(Vec::new(), Amount::ZERO)).collect()
    }

    /// Removes the blocks above `height`, which may be 0. Their transactions, coinbases aside, return to the
    /// mempool, ahead of those that wait there already; what the shorter chain refuses is dropped, with its
    /// descendants. Blocks mined from now on differ from the removed ones.
    ///
    /// # Errors
    /// [`ChainError::NoSuchHeight`] if the tip is below `height`.
    pub fn reorganise(&mut self, height: u32) -> Result<(), ChainError> {
        let tip = self.best.tip_height();
        if height > tip {
            return Err(ChainError::NoSuchHeight { height, tip });
        }
        let removed = self.best.cut_above(height);
        if removed.is_empty() {
            return Ok(());
        }
        self.branch += 1;
        for link in removed.iter().rev() {
            self.utxos.undo(link);
            for txid in &link.txids {
                self.confirmed.remove(txid);
            }
        }
        let waiting = std::mem::take(&mut self.mempool);
        let returning = removed.iter().flat_map(|link| link.block.txdata.iter().skip(1).cloned());
        for transaction in returning.chain(waiting.into_transactions()) {
            if let Err(rejection) = self.admit(&transaction, Admission::Returning) {
                tracing::debug!(%rejection, "dropped by the reorganisation");
            }
        }
        Ok(())
    }

    /// Offers a transaction to the mempool. One that is there already, or in a block, is accepted.
    ///
    /// # Errors
    /// The first rule that it breaks, of consensus or relay policy, in Bitcoin Core's order.
    pub fn broadcast(&mut self, transaction: &Transaction) -> Result<(), Rejection> {
        self.admit(transaction, Admission::Offered)
    }

    /// The chain of the genesis block, whose coinbases will pay `payout`.
    pub(super) fn genesis(payout: ScriptBuf) -> Self {
        Self {
            best: BestChain::new(genesis_block(Network::Regtest)),
            utxos: UtxoSet::default(),
            mempool: Mempool::default(),
            confirmed: HashMap::new(),
            branch: 0,
            payout,
        }
    }

    /// Makes clones cheap: they share what is unspent now.
    pub(super) fn freeze(&mut self) {
        self.utxos.freeze();
    }

    /// What the coinbase at `height` pays.
    pub(super) fn coinbase_coin(&self, height: u32) -> Option<FundingCoin> {
        let link = self.best.at(height)?;
        let outpoint = OutPoint { txid: *link.txids.first()?, vout: 0 };
        let output = link.block.coinbase()?.output.first()?.clone();
        let mature_at = height + COINBASE_MATURITY;
        Some(FundingCoin { outpoint, output, key: coinbase_key(), mature_at })
    }

    fn admit(&mut self, transaction: &Transaction, admission: Admission) -> Result<(), Rejection> {
        let txid = transaction.compute_txid();
        if self.mempool.contains(&txid) || self.confirmed.contains_key(&txid) {
            return Ok(());
        }
        let (entry, evicted) = self.judge(transaction, admission).map_err(|refusal| refusal.of(txid))?;
        self.mempool.remove(&evicted);
        self.mempool.insert(txid, entry);
        Ok(())
    }

    /// Whether the mempool takes a transaction, and which others leave for it.
    fn judge(
        &self,
        transaction: &Transaction,
        admission: Admission,
    ) -> Result<(Entry, IndexSet<Txid>), Refusal> {
        check_structure(transaction)?;
        policy::check_standard(transaction)?;
        check_lock_time(transaction, &self.best)?;
        let view =
            MempoolCoins { confirmed: &self.utxos, mempool: &self.mempool, height: self.best.next_height() };
        let coins = find_coins(transaction, &view)?;
        check_sequences(transaction, &coins, &self.best)?;
        let fee = check_amounts(transaction, &coins, &self.best)?;
        let sigops = check_sigops(transaction, &coins)?;
        policy::check_spends(transaction, &coins, fee, sigops)?;
        let virtual_size = policy::virtual_size(transaction, sigops);
        let evicted = self.mempool.conflicts(transaction);
        if matches!(admission, Admission::Offered) {
            policy::check_relay_fee(fee, virtual_size)?;
        }
        self.mempool.check_replacement(transaction, fee, virtual_size, &evicted)?;
        if matches!(admission, Admission::Offered) {
            check_scripts(transaction, &coins)?;
        }
        policy::check_signatures(transaction, &coins)?;
        Ok((Entry { transaction: transaction.clone(), fee, virtual_size }, evicted))
    }

    /// Puts a block with `transactions`, all of which were checked, on the tip.
    fn connect(&mut self, transactions: Vec<Transaction>, fees: Amount) -> BlockHash {
        let height = self.best.next_height();
        let template = Template {
            parent: self.best.tip().hash,
            height,
            branch: self.branch,
            payout: &self.payout,
            fees,
            transactions,
        };
        let Assembled { block, hash, txids } = template.assemble();
        let spent = self.utxos.apply(&block.txdata, &txids, height);
        self.mempool.remove_confirmed(&block.txdata, &txids);
        self.confirmed.extend(txids.iter().skip(1).map(|&txid| (txid, height)));
        self.best.push(block, hash, txids, spent);
        hash
    }
}

/// How a transaction comes to the mempool.
#[derive(Clone, Copy)]
enum Admission {
    /// Someone broadcasts it.
    Offered,
    /// It was there, or in a block, before a reorganisation: its scripts held then, and its fee is not asked for.
    Returning,
}
