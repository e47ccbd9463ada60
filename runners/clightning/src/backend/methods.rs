//! What does lightningd ask its chain backend, and what is it told?
//!
//! Core Lightning documents the methods under "Bitcoin backend". Amounts are in sat, feerates in sat per 1000 virtual
//! bytes, hashes in the reversed order that block explorers use.

use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::{OutPoint, Transaction};
use lnprototest_runner_api::{ChainError, RejectCode};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use tokio::sync::Notify;

use super::follower::{Follower, Question};
use crate::fees::Fees;
use crate::network::Network;
use crate::rpc::NO_SUCH_METHOD;

/// What a chain backend must offer.
const METHODS: [&str; 5] =
    ["estimatefees", "getchaininfo", "getrawblockbyheight", "getutxout", "sendrawtransaction"];

/// JSON-RPC's code for parameters that make no sense.
const BAD_PARAMETERS: i64 = -32602;
/// JSON-RPC's code for a failure of ours.
const INTERNAL_ERROR: i64 = -32603;

/// Answers for one run of one lightningd.
pub(crate) struct Backend {
    network: Rc<Network>,
    follower: Follower,
    /// Its question for feerates that have not changed since it last asked.
    open_fees: RefCell<Option<Value>>,
    told_fees: Cell<bool>,
    outbox: RefCell<VecDeque<Value>>,
    outbox_filled: Notify,
    failure: RefCell<Option<ChainError>>,
    closed: Cell<bool>,
}

impl Backend {
    pub(crate) fn new(network: Rc<Network>) -> Self {
        Self {
            network,
            follower: Follower::default(),
            open_fees: RefCell::default(),
            told_fees: Cell::default(),
            outbox: RefCell::default(),
            outbox_filled: Notify::new(),
            failure: RefCell::default(),
            closed: Cell::default(),
        }
    }

    /// Gives lightningd the blocks that it does not know, as soon as it asks for them. `false` if it has hung up.
    ///
    /// # Errors
    /// The chain's, here or when lightningd asked it something.
    pub(crate) async fn catch_up(&self) -> Result<bool, ChainError> {
        loop {
            if let Some(error) = self.failure.borrow_mut().take() {
                return Err(error);
            }
            if let Some(question) = self.follower.open()
                && let Some(at) = self.network.chain().block_at(question.height).await?
                && self.follower.take(&question)
            {
                self.give_block(question.id, &at.block);
            }
            if self.follower.knows(self.network.chain().tip().await?.0) {
                return Ok(true);
            }
            if self.closed.get() {
                return Ok(false);
            }
            self.follower.change().await;
        }
    }

    /// Whether it knows each block and has no question open that can be answered.
    ///
    /// # Errors
    /// The chain's.
    pub(crate) async fn is_caught_up(&self) -> Result<bool, ChainError> {
        if let Some(question) = self.follower.open()
            && self.network.chain().block_at(question.height).await?.is_some()
        {
            return Ok(false);
        }
        Ok(self.follower.knows(self.network.chain().tip().await?.0))
    }

    /// From now on, `per_kw` (sat per 1000 weight) is the feerate of whatever deadline.
    pub(crate) fn set_feerate(&self, per_kw: u32) {
        self.network.fees().borrow_mut().set(per_kw);
        self.told_fees.set(false);
        if let Some(id) = self.open_fees.take() {
            self.estimate_fees(id);
        }
    }

    /// Takes a message of lightningd. What it is answered, now or later, comes out of [`Backend::next_answer`].
    pub(super) async fn take(&self, message: Value) {
        let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) else {
            // A notification, or an answer to something that was never asked.
            return;
        };
        match self.handle(id.clone(), method, &message["params"]).await {
            Ok(()) => {}
            Err(Refusal::Asked { code, message }) => {
                self.send(
                    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }),
                );
            }
            Err(Refusal::Chain(error)) => {
                let error_of_ours = json!({ "code": INTERNAL_ERROR, "message": error.to_string() });
                self.failure.replace(Some(error));
                self.send(json!({ "jsonrpc": "2.0", "id": id, "error": error_of_ours }));
            }
        }
    }

    /// The next answer for lightningd.
    pub(super) async fn next_answer(&self) -> Value {
        loop {
            let next = self.outbox.borrow_mut().pop_front();
            match next {
                Some(answer) => return answer,
                None => self.outbox_filled.notified().await,
            }
        }
    }

    /// Lightningd has hung up.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.follower.give_up();
    }

    async fn handle(&self, id: Value, method: &str, params: &Value) -> Result<(), Refusal> {
        match method {
            "estimatefees" if self.told_fees.get() => {
                self.open_fees.replace(Some(id));
            }
            "estimatefees" => self.estimate_fees(id),
            "getchaininfo" => {
                let height = self.network.chain().tip().await?.0;
                let info =
                    json!({ "chain": "regtest", "headercount": height, "blockcount": height, "ibd": false });
                self.answer(id, info);
            }
            "getmanifest" => self.answer(id, manifest()),
            "getrawblockbyheight" => {
                let height = number(params, "height")?;
                match self.network.chain().block_at(height).await? {
                    Some(at) => self.give_block(id, &at.block),
                    None if self.follower.is_to_be_told() => {
                        self.answer(id, json!({ "blockhash": null, "block": null }));
                        self.follower.told_none(height);
                    }
                    None => self.follower.leave_open(Question { id, height }),
                }
            }
            "getutxout" => {
                let txid = text(params, "txid")?.parse().map_err(|_| bad("txid"))?;
                let outpoint = OutPoint { txid, vout: number(params, "vout")? };
                let unspent = self.network.chain().unspent(outpoint).await?;
                self.answer(
                    id,
                    match unspent {
                        Some((_, output)) => {
                            let script = output.script_pubkey.to_hex_string();
                            json!({ "amount": output.value.to_sat(), "script": script })
                        }
                        None => json!({ "amount": null, "script": null }),
                    },
                );
            }
            "init" => self.answer(id, json!({})),
            "sendrawtransaction" => {
                let transaction: Transaction = deserialize_hex(text(params, "tx")?).map_err(|_| bad("tx"))?;
                let accepted = self.broadcast(&transaction).await?;
                self.answer(
                    id,
                    match accepted {
                        Ok(()) => json!({ "success": true, "errmsg": "" }),
                        Err(words) => json!({ "success": false, "errmsg": words }),
                    },
                );
            }
            _ => {
                let message = format!("there is no method {method:?}");
                return Err(Refusal::Asked { code: NO_SUCH_METHOD, message });
            }
        }
        Ok(())
    }

    /// Offers a transaction to the chain; the words of a refusal are what bitcoin-cli would print.
    async fn broadcast(&self, transaction: &Transaction) -> Result<Result<(), String>, ChainError> {
        match self.network.broadcast(transaction).await {
            Ok(()) => Ok(Ok(())),
            Err(ChainError::Rejected(refused)) => {
                let code = if refused.code == RejectCode::InputsMissingOrSpent { -25 } else { -26 };
                let words = format!("{}, {}", refused.code, refused.detail);
                Ok(Err(format!("error code: {code}\nerror message:\n{words}")))
            }
            Err(error) => Err(error),
        }
    }

    fn give_block(&self, id: Value, block: &bitcoin::Block) {
        let raw = serialize_hex(block);
        self.answer(id, json!({ "blockhash": block.block_hash().to_string(), "block": raw }));
        self.follower.given_block();
    }

    fn estimate_fees(&self, id: Value) {
        let estimates: Vec<Value> = self
            .network
            .fees()
            .borrow()
            .estimates()
            .map(|(blocks, per_kw)| json!({ "blocks": blocks, "feerate": per_kvb(per_kw) }))
            .collect();
        self.answer(id, json!({ "feerate_floor": per_kvb(Fees::FLOOR), "feerates": estimates }));
        self.told_fees.set(true);
    }

    fn answer(&self, id: Value, result: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    }

    fn send(&self, message: Value) {
        self.outbox.borrow_mut().push_back(message);
        self.outbox_filled.notify_one();
    }
}

/// Why a request has no result.
enum Refusal {
    Asked { code: i64, message: String },
    Chain(ChainError),
}

impl From<ChainError> for Refusal {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

fn manifest() -> Value {
    let methods: Vec<Value> = METHODS
        .iter()
        .map(|name| json!({ "name": name, "usage": "", "description": "answered by lnprototest" }))
        .collect();
    json!({ "options": [], "rpcmethods": methods, "subscriptions": [], "hooks": [], "dynamic": false })
}

/// Sat per 1000 virtual bytes, of which each weighs four.
fn per_kvb(per_kw: u32) -> u64 {
    u64::from(per_kw) * 4
}

fn number(params: &Value, name: &'static str) -> Result<u32, Refusal> {
    params[name].as_u64().and_then(|number| number.try_into().ok()).ok_or_else(|| bad(name))
}

fn text<'a>(params: &'a Value, name: &'static str) -> Result<&'a str, Refusal> {
    params[name].as_str().ok_or_else(|| bad(name))
}

fn bad(name: &'static str) -> Refusal {
    Refusal::Asked { code: BAD_PARAMETERS, message: format!("{name} is missing or malformed") }
}
