//! What does a bitcoind answer? The methods that Lampo uses, and no more.

use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::{BlockHash, Transaction};
use lnprototest_runner_api::{BlockAt, ChainError, RejectCode, Rejection};
use serde_json::{Value, json};

use super::blocks::Blocks;

/// Bitcoin Core's minimum relay fee, in BTC per 1000 virtual bytes: 1 sat per virtual byte.
const MIN_RELAY_FEE: f64 = 0.000_01;

/// A call as it came.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Vec<Value>,
    /// Whether it comes from Lampo's follower of the chain (`lightning-block-sync`), which leaves out the version of
    /// JSON-RPC, and not from its wallet.
    pub(super) by_follower: bool,
}

/// A refusal as JSON-RPC has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: i32,
    message: String,
}

impl Call {
    /// Understands the body of a request.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let unreadable = |error: &dyn ToString| Refusal::new(PARSE_ERROR, error.to_string());
        let mut call: Value = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
        let params = match call["params"].take() {
            Value::Array(params) => params,
            Value::Null => Vec::new(),
            other => return Err(unreadable(&format!("parameters must be a list, not {other}"))),
        };
        let method = call["method"].as_str().ok_or_else(|| unreadable(&"there is no method"))?.to_owned();
        let by_follower = call.get("jsonrpc").is_none();
        Ok(Self { id: call["id"].take(), method, params, by_follower })
    }

    /// The block that it asks for by hash, if it does.
    pub(super) fn block_hash(&self) -> Option<BlockHash> {
        self.params.first()?.as_str()?.parse().ok()
    }
}

impl Refusal {
    fn new(code: i32, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }

    /// Status and body of the response.
    pub(super) fn response(&self, id: &Value) -> (&'static str, Value) {
        let status = match self.code {
            METHOD_NOT_FOUND => "404 Not Found",
            _ => "500 Internal Server Error",
        };
        let error = json!({ "code": self.code, "message": self.message });
        (status, json!({ "result": null, "error": error, "id": id }))
    }
}

impl Blocks {
    /// The answer to a call.
    pub(super) async fn answer(&self, call: &Call) -> Result<Value, Refusal> {
        match call.method.as_str() {
            "estimatesmartfee" => Ok(json!({
                "errors": ["Insufficient data or no feerate found"],
                "blocks": call.params.first().and_then(Value::as_u64).unwrap_or(1).max(2),
            })),
            "getbestblockhash" => Ok(text(self.tip().await?.block.block_hash())),
            "getblock" => self.get_block(call).await,
            "getblockchaininfo" => self.get_blockchain_info().await,
            "getblockcount" => Ok(json!(self.tip().await?.height)),
            "getblockhash" => {
                let height = call.params.first().and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
                let height =
                    height.ok_or_else(|| Refusal::new(INVALID_PARAMETER, "JSON integer out of range"))?;
                let at = self.at(height).await?;
                let at = at.ok_or_else(|| Refusal::new(INVALID_PARAMETER, "Block height out of range"))?;
                Ok(text(at.block.block_hash()))
            }
            "getblockheader" => match call.params.get(1) {
                Some(Value::Bool(false)) => Ok(json!(serialize_hex(&self.asked(call).await?.block.header))),
                _ => self.header(&self.asked(call).await?).await,
            },
            "getmempoolinfo" => self.get_mempool_info().await,
            "getnetworkinfo" => Ok(network_info()),
            "getrawmempool" => {
                let mempool = self.chain().mempool().await?;
                Ok(mempool.iter().map(Transaction::compute_txid).map(text).collect())
            }
            "sendrawtransaction" => self.send_raw_transaction(call).await,
            other => {
                tracing::warn!(method = other, "Lampo asks its bitcoind for something that is not offered");
                Err(Refusal::new(METHOD_NOT_FOUND, "Method not found"))
            }
        }
    }

    async fn get_blockchain_info(&self) -> Result<Value, Refusal> {
        let tip = self.tip().await?;
        Ok(json!({
            "chain": "regtest",
            "blocks": tip.height,
            "headers": tip.height,
            "bestblockhash": text(tip.block.block_hash()),
            "difficulty": tip.block.header.difficulty_float(),
            "time": tip.block.header.time,
            "mediantime": self.median_time(&tip.block).await?,
            "verificationprogress": 1.0,
            "initialblockdownload": false,
            "chainwork": work_up_to(tip.height),
            "size_on_disk": 0,
            "pruned": false,
            "warnings": "",
        }))
    }

    async fn get_block(&self, call: &Call) -> Result<Value, Refusal> {
        let at = self.asked(call).await?;
        match call.params.get(1).unwrap_or(&Value::Null) {
            Value::Bool(false) => Ok(json!(serialize_hex(&*at.block))),
            verbosity if verbosity.as_u64() == Some(0) => Ok(json!(serialize_hex(&*at.block))),
            verbosity if verbosity.as_u64().is_some_and(|n| n > 1) => {
                Err(Refusal::new(INVALID_PARAMETER, format!("verbosity {verbosity} is not offered")))
            }
            _ => {
                let mut block = self.header(&at).await?;
                let size = at.block.total_size();
                let txids: Vec<_> = at.block.txdata.iter().map(|tx| text(tx.compute_txid())).collect();
                block["size"] = json!(size);
                block["strippedsize"] = json!((at.block.weight().to_wu() as usize - size) / 3);
                block["weight"] = json!(at.block.weight().to_wu());
                block["tx"] = json!(txids);
                Ok(block)
            }
        }
    }

    async fn get_mempool_info(&self) -> Result<Value, Refusal> {
        let mempool = self.chain().mempool().await?;
        let bytes: usize = mempool.iter().map(Transaction::vsize).sum();
        Ok(json!({
            "loaded": true,
            "size": mempool.len(),
            "bytes": bytes,
            "usage": mempool.iter().map(Transaction::total_size).sum::<usize>(),
            "maxmempool": 300_000_000,
            "mempoolminfee": MIN_RELAY_FEE,
            "minrelaytxfee": MIN_RELAY_FEE,
        }))
    }

    async fn send_raw_transaction(&self, call: &Call) -> Result<Value, Refusal> {
        let hex = call.params.first().and_then(Value::as_str).unwrap_or_default();
        let tx: Transaction = deserialize_hex(hex)
            .map_err(|error| Refusal::new(DECODE_FAILED, format!("TX decode failed: {error}")))?;
        self.chain().broadcast(&tx).await?;
        Ok(text(tx.compute_txid()))
    }

    /// The block that a call asks for by hash.
    async fn asked(&self, call: &Call) -> Result<BlockAt, Refusal> {
        let hash = call
            .block_hash()
            .ok_or_else(|| Refusal::new(INVALID_PARAMETER, "blockhash must be 64 hex digits"))?;
        self.find(hash).await?.ok_or_else(|| Refusal::new(NOT_FOUND, "Block not found"))
    }

    async fn header(&self, at: &BlockAt) -> Result<Value, Refusal> {
        let (header, height) = (&at.block.header, at.height);
        let on_best = |other: &BlockAt| other.block.block_hash() == at.block.block_hash();
        let confirmations = match self.at(height).await?.filter(on_best) {
            Some(_) => i64::from(self.tip().await?.height) - i64::from(height) + 1,
            None => -1,
        };
        let mut answer = json!({
            "hash": text(header.block_hash()),
            "confirmations": confirmations,
            "height": height,
            "version": header.version.to_consensus(),
            "versionHex": format!("{:08x}", header.version.to_consensus()),
            "merkleroot": text(header.merkle_root),
            "time": header.time,
            "mediantime": self.median_time(&at.block).await?,
            "nonce": header.nonce,
            "bits": format!("{:08x}", header.bits.to_consensus()),
            "difficulty": header.difficulty_float(),
            "chainwork": work_up_to(height),
            "nTx": at.block.txdata.len(),
        });
        if height > 0 {
            answer["previousblockhash"] = text(header.prev_blockhash);
        }
        if confirmations > 0
            && let Some(next) = self.at(height + 1).await?
        {
            answer["nextblockhash"] = text(next.block.block_hash());
        }
        Ok(answer)
    }
}

/// What JSON-RPC has as a string.
fn text(what: impl ToString) -> Value {
    Value::String(what.to_string())
}

/// The work of all blocks up to `height`: regtest's difficulty never changes, and a block takes two hashes.
fn work_up_to(height: u32) -> String {
    format!("{:064x}", 2 * (u64::from(height) + 1))
}

fn network_info() -> Value {
    json!({
        "version": 270_000,
        "subversion": "/lnprototest/",
        "protocolversion": 70_016,
        "localservices": "0000000000000000",
        "localrelay": false,
        "timeoffset": 0,
        "networkactive": false,
        "connections": 0,
        "networks": [],
        "relayfee": MIN_RELAY_FEE,
        "incrementalfee": MIN_RELAY_FEE,
        "localaddresses": [],
        "warnings": "",
    })
}

impl From<ChainError> for Refusal {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Rejected(Rejection { code, detail, .. }) => {
                let number = match code {
                    RejectCode::InputsMissingOrSpent => TRANSACTION_ERROR,
                    _ => TRANSACTION_REJECTED,
                };
                Self::new(number, format!("{code}, {detail}"))
            }
            other => Self::new(INTERNAL_ERROR, other),
        }
    }
}

// Bitcoin Core's `rpc/protocol.h`.
const DECODE_FAILED: i32 = -22;
const INTERNAL_ERROR: i32 = -32603;
const INVALID_PARAMETER: i32 = -8;
const METHOD_NOT_FOUND: i32 = -32601;
const NOT_FOUND: i32 = -5;
const PARSE_ERROR: i32 = -32700;
const TRANSACTION_ERROR: i32 = -25;
const TRANSACTION_REJECTED: i32 = -26;
