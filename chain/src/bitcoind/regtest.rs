//! What do mining, reorganising and broadcasting ask of bitcoind?

use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::{Amount, Block, BlockHash, OutPoint, ScriptBuf, Transaction, TxOut, Txid};
use lnprototest_runner_api::{BlockAt, ChainError, RejectCode, Rejection};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::answers::{ChainInfo, Unspent};
use super::daemon::{Daemon, Refused};
use super::refusal::{ALREADY_CONFIRMED, Meaning, UNREADABLE, is_oversized, lock, meaning};
use super::selection::{Chosen, Selection};
use super::waiting::Arrivals;
use crate::assembly::{Assembled, Template};
use crate::embedded::payout_script;

/// How many blocks bitcoind disconnects at once without forgetting transactions of theirs.
const REORGANISED_AT_ONCE: u32 = 10;
/// How many blocks are sent at once.
const SUBMITTED_AT_ONCE: usize = 500;

/// The regtest chain of a daemon. Only this mines on it.
pub(super) struct DaemonRegtest {
    daemon: Daemon,
    mempool: Arrivals,
    /// What was read from the daemon or sent to it; a hash stays true.
    blocks: HashMap<BlockHash, Arc<Block>>,
    /// The transactions of the best chain's blocks above the prepared tip, coinbases aside.
    confirmed: BTreeMap<u32, Vec<(Txid, Transaction)>>,
    /// Counts the reorganisations.
    branch: u32,
    /// Whom coinbases pay.
    payout: ScriptBuf,
}

impl DaemonRegtest {
    /// `daemon` is at the prepared tip.
    pub(super) fn new(daemon: Daemon) -> Self {
        Self {
            daemon,
            mempool: Arrivals::default(),
            blocks: HashMap::new(),
            confirmed: BTreeMap::new(),
            branch: 0,
            payout: payout_script(),
        }
    }

    pub(super) fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    pub(super) fn tip(&self) -> Result<(u32, BlockHash), ChainError> {
        let ChainInfo { height, tip, .. } = self.info()?;
        Ok((height, tip))
    }

    pub(super) fn block_at(&mut self, height: u32) -> Result<Option<BlockAt>, ChainError> {
        let Ok(hash) = self.daemon.ask::<BlockHash>("getblockhash", json!([height]))? else {
            return Ok(None);
        };
        if let Some(block) = self.blocks.get(&hash) {
            return Ok(Some(BlockAt { height, block: Arc::clone(block) }));
        }
        let hex: String = self.daemon.get("getblock", json!([hash, 0]))?;
        let block: Block = deserialize_hex(&hex)
            .map_err(|error| ChainError::Unavailable(format!("bitcoind's block {hash}: {error}")))?;
        let block = Arc::new(block);
        self.blocks.insert(hash, Arc::clone(&block));
        Ok(Some(BlockAt { height, block }))
    }

    pub(super) fn mine(
        &mut self,
        count: u32,
        transactions: &[Transaction],
    ) -> Result<Vec<BlockHash>, ChainError> {
        let Some(empty) = count.checked_sub(1) else { return Ok(Vec::new()) };
        self.mempool.update(&self.daemon)?;
        let selection = Selection::choose(&self.daemon, &self.mempool, transactions)?;
        let tip = self.info()?;
        let first = self.assemble(tip.tip, tip.height + 1, &selection.chosen);
        match self.daemon.ask("submitblock", json!([serialize_hex(&first.block)]))? {
            Ok(None::<String>) => {}
            Ok(Some(_)) | Err(Refused { code: UNREADABLE, .. }) => {
                return Err(self.explain(&tip, &selection.chosen)?);
            }
            Err(refused) => return Err(refused.unexpected("submitblock")),
        }
        let transactions = first.txids.iter().copied().zip(first.block.txdata.iter().cloned()).skip(1);
        self.confirmed.insert(tip.height + 1, transactions.collect());
        let mut hashes = vec![first.hash];
        self.blocks.insert(first.hash, Arc::new(first.block));
        self.mine_empty(first.hash, tip.height + 2, empty, &mut hashes)?;
        Ok(hashes)
    }

    pub(super) fn reorganise(&mut self, height: u32) -> Result<(), ChainError> {
        let (mut tip, _) = self.tip()?;
        if height > tip {
            return Err(ChainError::NoSuchHeight { height, tip });
        }
        if height == tip {
            return Ok(());
        }
        self.mempool.update(&self.daemon)?;
        self.branch += 1;
        while tip > height {
            tip = tip.saturating_sub(REORGANISED_AT_ONCE).max(height);
            let lowest: BlockHash = self.daemon.get("getblockhash", json!([tip + 1]))?;
            self.daemon.get::<()>("invalidateblock", json!([lowest]))?;
        }
        let removed = self.confirmed.split_off(&(height + 1));
        let waiting = self.mempool.iter().map(|(&txid, waiting)| (txid, waiting.transaction.clone()));
        let returning: Vec<_> = removed.into_values().flatten().chain(waiting).collect();
        self.mempool.update(&self.daemon)?;
        // While it goes down block by block it drops some that the lower tip would have it take: what spends an
        // unconfirmed output with a relative lock time of zero, for one.
        for (txid, transaction) in &returning {
            if !self.mempool.contains(txid)
                && let Err(refused) = self.offer(transaction)?
            {
                tracing::debug!(%txid, reason = refused.message, "dropped by the reorganisation");
            }
        }
        let order: Vec<Txid> = returning.into_iter().map(|(txid, _)| txid).collect();
        self.mempool.update_in_order(&order, &self.daemon)
    }

    pub(super) fn broadcast(&mut self, transaction: &Transaction) -> Result<(), ChainError> {
        match self.offer(transaction)? {
            Ok(_) => self.mempool.update(&self.daemon),
            Err(Refused { code: ALREADY_CONFIRMED, .. }) => Ok(()),
            Err(refused) => match self.rejection(transaction, refused)? {
                // That the inputs are gone is all it knows of a transaction whose outputs are spent.
                Rejection { code: RejectCode::InputsMissingOrSpent, txid, .. } if self.is_confirmed(txid) => {
                    Ok(())
                }
                rejection => Err(rejection.into()),
            },
        }
    }

    pub(super) fn mempool(&mut self) -> Result<Vec<Transaction>, ChainError> {
        self.mempool.update(&self.daemon)?;
        Ok(self.mempool.iter().map(|(_, waiting)| waiting.transaction.clone()).collect())
    }

    pub(super) fn unspent(&self, outpoint: OutPoint) -> Result<Option<(u32, TxOut)>, ChainError> {
        let question = json!([outpoint.txid, outpoint.vout, false]);
        let Some(unspent) = self.daemon.get::<Option<Unspent>>("gettxout", question)? else {
            return Ok(None);
        };
        let tip: u32 = self.daemon.get("getblockcount", json!([]))?;
        Ok(Some(((tip + 1).saturating_sub(unspent.confirmations), unspent.into_output())))
    }

    fn offer(&self, transaction: &Transaction) -> Result<Result<Txid, Refused>, ChainError> {
        // Neither a high fee nor burnt money is a mistake here.
        let parameters = json!([serialize_hex(transaction), 0, 21_000_000]);
        self.daemon.ask("sendrawtransaction", parameters)
    }

    fn info(&self) -> Result<ChainInfo, ChainError> {
        self.daemon.get("getblockchaininfo", json!([]))
    }

    fn is_confirmed(&self, txid: Txid) -> bool {
        self.confirmed.values().flatten().any(|(other, _)| *other == txid)
    }

    fn assemble(&self, parent: BlockHash, height: u32, chosen: &[Chosen]) -> Assembled {
        let template = Template {
            parent,
            height,
            branch: self.branch,
            payout: &self.payout,
            fees: chosen
                .iter()
                .map(|it| it.fee)
                .fold(Amount::ZERO, |sum, fee| sum.checked_add(fee).unwrap_or(sum)),
            transactions: chosen.iter().map(|it| it.transaction.clone()).collect(),
        };
        template.assemble()
    }

    /// Mines `count` blocks that hold only their coinbases, from `height` on, onto `parent`.
    fn mine_empty(
        &mut self,
        mut parent: BlockHash,
        height: u32,
        count: u32,
        hashes: &mut Vec<BlockHash>,
    ) -> Result<(), ChainError> {
        let heights: Vec<u32> = (height..height.saturating_add(count)).collect();
        for heights in heights.chunks(SUBMITTED_AT_ONCE) {
            let mut blocks = Vec::with_capacity(heights.len());
            for &height in heights {
                let Assembled { block, hash, .. } = self.assemble(parent, height, &[]);
                blocks.push(json!([serialize_hex(&block)]));
                self.blocks.insert(hash, Arc::new(block));
                hashes.push(hash);
                parent = hash;
            }
            let answers: Vec<Option<String>> = self.daemon.get_all("submitblock", blocks)?;
            if let Some(reason) = answers.into_iter().flatten().next() {
                return Err(ChainError::Unavailable(format!("bitcoind refuses an empty block: {reason}")));
            }
        }
        Ok(())
    }

    /// Why the block of `chosen` was refused: it names the first transaction without which it would not have been.
    fn explain(&self, tip: &ChainInfo, chosen: &[Chosen]) -> Result<ChainError, ChainError> {
        for count in 1..=chosen.len() {
            if !chosen[count - 1].wanted && count < chosen.len() {
                continue;
            }
            let Some(refused) = self.propose(tip, &chosen[..count])? else { continue };
            let Chosen { transaction, txid, .. } = &chosen[count - 1];
            let code = match meaning(&refused.message) {
                _ if refused.code == UNREADABLE => RejectCode::Structure,
                Meaning::Code(code) => code,
                Meaning::Locked => lock(transaction, tip),
                Meaning::NoRoom if is_oversized(transaction) => RejectCode::Structure,
                Meaning::NoRoom => match self.propose(tip, &chosen[count - 1..count])? {
                    Some(alone) if meaning(&alone.message) == Meaning::NoRoom => RejectCode::Structure,
                    _ => RejectCode::Other,
                },
                Meaning::Script => RejectCode::ScriptVerifyFailed,
            };
            return Ok(Rejection { txid: *txid, code, detail: said(&refused.message) }.into());
        }
        Ok(ChainError::Unavailable("bitcoind refuses a block, but nothing that is in it".into()))
    }

    /// Why a block of `chosen` would be refused, `None` if it would not.
    fn propose(&self, tip: &ChainInfo, chosen: &[Chosen]) -> Result<Option<Refused>, ChainError> {
        let mut block = self.assemble(tip.tip, tip.height + 1, chosen).block;
        // Of a block that it has refused already it would only say so. Here, work is not asked for.
        block.header.nonce = !block.header.nonce;
        let proposal = json!([{ "mode": "proposal", "rules": ["segwit"], "data": serialize_hex(&block) }]);
        Ok(match self.daemon.ask::<Value>("getblocktemplate", proposal)? {
            Ok(Value::Null) => None,
            Ok(Value::String(message)) => Some(Refused { code: 0, message }),
            Ok(other) => Some(Refused { code: 0, message: other.to_string() }),
            Err(refused) => Some(refused),
        })
    }

    /// What the mempool's refusal of a transaction means.
    fn rejection(&mut self, transaction: &Transaction, refused: Refused) -> Result<Rejection, ChainError> {
        let code = match meaning(&refused.message) {
            _ if refused.code == UNREADABLE => RejectCode::Structure,
            Meaning::Code(code) => code,
            Meaning::Locked => lock(transaction, &self.info()?),
            Meaning::NoRoom => RejectCode::Structure,
            Meaning::Script => {
                self.mempool.update(&self.daemon)?;
                let wanted = std::slice::from_ref(transaction);
                let selection = Selection::choose(&self.daemon, &self.mempool, wanted)?;
                match self.propose(&self.info()?, &selection.chosen)? {
                    Some(_) => RejectCode::ScriptVerifyFailed,
                    None => RejectCode::Nonstandard,
                }
            }
        };
        Ok(Rejection { txid: transaction.compute_txid(), code, detail: said(&refused.message) })
    }
}

/// A refusal's detail, in the daemon's own words.
fn said(message: &str) -> String {
    format!("bitcoind says: {message}")
}
