//! How does Lampo do what its user asks of it?

use bitcoin::Txid;
use lnprototest_runner_api::{
    Capability, ChannelRef, FundChannel, NodeError, Operation, OperationError, Outcome,
};
use serde_json::{Value, json};
use tokio::task::spawn_local;

use crate::invoice::Named;
use crate::lampod::Lampod;
use crate::rest::ASLEEP_WITHIN;

/// The channel type with anchors (BOLT 9's bits 22 and 12, even), which Lampo proposes to whoever offers it.
const ANCHORS: [u8; 3] = [0x40, 0x10, 0x00];

/// Does what it can.
pub(crate) async fn perform(lampod: &Lampod, operation: Operation) -> Result<Outcome, OperationError> {
    match operation {
        Operation::CloseChannel(ChannelRef { peer, channel_id }) => {
            let request = json!({ "node_id": peer.to_string(), "channel_id": hex::encode(channel_id) });
            lampod.begin("close", request).await
        }
        Operation::ConnectOut { node_id, address } => {
            let address = address.tcp().map_err(|error| failed(format!("nowhere to dial: {error}")))?;
            let request = json!({ "node_id": node_id.to_string(), "addr": address.ip().to_string(), "port": address.port() });
            lampod.dials.set(true);
            lampod.begin("connect", request).await
        }
        Operation::CreateInvoice { amount_msat, preimage: None } => {
            let mut request = json!({ "description": "lnprototest" });
            if let Some(amount) = amount_msat {
                request["amount_msat"] = json!(amount);
            }
            let answer = lampod.call("invoice", request).await?;
            let invoice = answer["bolt11"].as_str().unwrap_or_default().to_owned();
            let Named { payment_hash, payment_secret } = Named::by(&invoice).map_err(failed)?;
            Ok(Outcome::Invoice { invoice, payment_hash, payment_secret })
        }
        Operation::FundChannel(request) => fund(lampod, &request).await,
        Operation::Pay { invoice } => {
            let answer = lampod.call("pay", json!({ "invoice_str": invoice, "timeout": "fast" })).await?;
            let preimage = answer["payment_preimage"].as_str().and_then(|hex| hex::decode(hex).ok());
            match preimage.and_then(|bytes| bytes.try_into().ok()) {
                Some(preimage) if answer["state"] == "Success" => Ok(Outcome::Paid { preimage }),
                _ => Err(failed(format!("the payment failed: {}", lampod.why_payment_failed()))),
            }
        }
        other => Err(OperationError::Unsupported(other.capability())),
    }
}

async fn fund(lampod: &Lampod, request: &FundChannel) -> Result<Outcome, OperationError> {
    let other_type = request.channel_type.as_ref().is_some_and(|wire| *wire != ANCHORS);
    if other_type || request.close_to.is_some() {
        return Err(OperationError::Unsupported(Capability::FundChannel));
    }
    lampod.wallet_caught_up().await?;
    let amount = request.amount.to_sat();
    let answer = lampod
        .call(
            "fundchannel",
            json!({
                "node_id": request.peer.to_string(),
                "amount": amount,
                "push_msat": request.push_msat,
                "public": request.announce,
            }),
        )
        .await?;
    let txid: Option<Txid> = answer["txid"].as_str().and_then(|txid| txid.parse().ok());
    let outputs = answer["tx"]["output"].as_array();
    // Its change can hardly be the same amount.
    let index = outputs.and_then(|outputs| outputs.iter().position(|output| output["value"] == amount));
    match (txid, index.and_then(|index| u16::try_from(index).ok())) {
        (Some(txid), Some(output_index)) => Ok(Outcome::Funded { txid, output_index }),
        _ => Err(failed(format!("the channel's output is not in its answer {answer}"))),
    }
}

impl Lampod {
    /// Calls a method and waits for what comes of it.
    async fn call(&self, method: &str, params: Value) -> Result<Value, OperationError> {
        let transit = self.transit();
        self.api.call(method, &params, || drop(transit)).await.map_err(failed)
    }

    /// Calls a method that answers late, and sees it begun: it was refused, or all is done that can be at once.
    async fn begin(&self, method: &'static str, params: Value) -> Result<Outcome, OperationError> {
        let (api, transit) = (self.api, self.transit());
        // It ends with the node.
        let mut call = spawn_local(async move { api.call(method, &params, || drop(transit)).await });
        loop {
            tokio::select! {
                biased;
                Ok(ended) = &mut call => return ended.map(|_| Outcome::Done).map_err(failed),
                // Whether we see it at rest, or another who looks.
                () = self.rested.notified() => {}
                rest = self.rest() => {
                    rest.map_err(OperationError::Node)?;
                }
            }
            if !self.in_transit() {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Waits until its wallet knows what became of the coin that it has spent, if it has: it has but one.
    async fn wallet_caught_up(&self) -> Result<(), OperationError> {
        if !self.funds.replace(true) {
            return Ok(());
        }
        let _transit = self.transit();
        let known = self.unless_it_ends(self.bitcoind.tip_known_to_wallet()).await;
        known.map_err(NodeError::Down)?.map_err(NodeError::from)?;
        // What it got then it has taken in when it sleeps.
        self.quiescence.asleep(ASLEEP_WITHIN).await.map(|_| ()).map_err(failed)
    }

    fn why_payment_failed(&self) -> String {
        let said = self.daemon.last_words(usize::MAX);
        let line = said.iter().rev().find_map(|line| line.split_once("payment failed: "));
        line.map_or_else(|| "its log does not say why".to_owned(), |(_, reason)| reason.to_owned())
    }
}

fn failed(what: impl ToString) -> OperationError {
    OperationError::Failed(what.to_string())
}
