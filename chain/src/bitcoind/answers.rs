//! What does bitcoind answer?

use bitcoin::{Amount, BlockHash, ScriptBuf, TxOut, Txid, Wtxid};
use serde::Deserialize;

/// Of `getblockchaininfo`.
#[derive(Debug, Deserialize)]
pub(super) struct ChainInfo {
    #[serde(rename = "blocks")]
    pub(super) height: u32,
    #[serde(rename = "bestblockhash")]
    pub(super) tip: BlockHash,
    /// The tip's median time past.
    #[serde(rename = "mediantime")]
    pub(super) median_time: u32,
}

/// An entry of `getrawmempool true`.
#[derive(Debug, Deserialize)]
pub(super) struct Waiting {
    pub(super) fees: Fees,
    pub(super) weight: u64,
    pub(super) wtxid: Wtxid,
    /// When it came, in seconds.
    pub(super) time: u64,
    /// How many of the mempool it depends on, itself included.
    #[serde(rename = "ancestorcount")]
    pub(super) ancestors: u64,
    /// Its parents in the mempool.
    #[serde(rename = "depends")]
    pub(super) parents: Vec<Txid>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Fees {
    #[serde(with = "bitcoin::amount::serde::as_btc")]
    pub(super) base: Amount,
}

/// Of `gettxout`.
#[derive(Debug, Deserialize)]
pub(super) struct Unspent {
    /// 1 in the tip.
    pub(super) confirmations: u32,
    #[serde(with = "bitcoin::amount::serde::as_btc")]
    pub(super) value: Amount,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: Script,
}

#[derive(Debug, Deserialize)]
struct Script {
    hex: ScriptBuf,
}

impl Unspent {
    pub(super) fn into_output(self) -> TxOut {
        TxOut { value: self.value, script_pubkey: self.script_pubkey.hex }
    }
}
