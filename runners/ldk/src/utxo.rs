//! Does the chain hold the channel that a `channel_announcement` speaks of?

use bitcoin::constants::ChainHash;
use bitcoin::{OutPoint, TxOut};
use lightning::routing::utxo::{UtxoFuture, UtxoLookup, UtxoLookupError, UtxoResult};
use lnprototest_runner_api::{Chain, ChainError};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How deep the funding output has to be (BOLT 7, "The `announcement_signatures` Message").
const ANNOUNCEMENT_DEPTH: u32 = 6;

/// Questions about funding outputs, waiting for the pump to ask the chain.
#[derive(Default)]
pub(crate) struct UtxoQueue(Mutex<VecDeque<(u64, UtxoFuture)>>);

impl UtxoQueue {
    /// Takes the oldest question: a `short_channel_id`, and where its answer goes.
    pub(crate) fn next(&self) -> Option<(u64, UtxoFuture)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl UtxoLookup for UtxoQueue {
    fn get_utxo(&self, chain_hash: &ChainHash, short_channel_id: u64) -> UtxoResult {
        if *chain_hash != ChainHash::REGTEST {
            return UtxoResult::Sync(Err(UtxoLookupError::UnknownChain));
        }
        let answer = UtxoFuture::new();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back((short_channel_id, answer.clone()));
        UtxoResult::Async(answer)
    }
}

/// Asks `chain` for the funding output at `short_channel_id`: it must be unspent and deep enough to be announced.
pub(crate) async fn funding_output(
    chain: &dyn Chain,
    short_channel_id: u64,
) -> Result<Result<TxOut, UtxoLookupError>, ChainError> {
    let height = (short_channel_id >> 40) as u32;
    let transaction = (short_channel_id >> 16) as usize & 0xff_ffff;
    let vout = short_channel_id as u32 & 0xffff;

    let (tip, _) = chain.tip().await?;
    if height + ANNOUNCEMENT_DEPTH > tip + 1 {
        return Ok(Err(UtxoLookupError::UnknownTx));
    }
    let Some(at) = chain.block_at(height).await? else { return Ok(Err(UtxoLookupError::UnknownTx)) };
    let Some(tx) = at.block.txdata.get(transaction) else { return Ok(Err(UtxoLookupError::UnknownTx)) };
    let outpoint = OutPoint { txid: tx.compute_txid(), vout };
    let unspent = chain.unspent(outpoint).await?;
    Ok(unspent.map(|(_, output)| output).ok_or(UtxoLookupError::UnknownTx))
}
