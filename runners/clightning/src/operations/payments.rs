//! How does lightningd pay and get paid?

use lnprototest_runner_api::{AddHtlc, Outcome};
use serde_json::{Value, json};
use std::time::Duration;

use super::channels::find;
use super::refusal::{Refusal, bytes, member};
use crate::process::Process;
use crate::rpc::{NO_SUCH_METHOD, RpcError};

/// How long it may take to hand an HTLC to its channel.
const OFFER_BOUND: Duration = Duration::from_secs(10);

/// Makes an invoice. Its label must be one that it has not had; nothing else hangs on it.
pub(super) async fn create_invoice(
    process: &Process,
    amount_msat: Option<u64>,
    preimage: Option<[u8; 32]>,
) -> Result<Outcome, Refusal> {
    let made = process.rpc.call("listinvoices", json!({})).await?;
    let label = member("listinvoices", &made, "invoices", Value::as_array)?.len();
    let mut request = json!({
        "amount_msat": amount_msat.map_or(json!("any"), |msat| json!(msat)),
        "label": format!("lnprototest {label}"),
        "description": "lnprototest",
    });
    if let Some(preimage) = preimage {
        request["preimage"] = json!(hex::encode(preimage));
    }
    let answer = process.rpc.call("invoice", request).await?;
    Ok(Outcome::Invoice {
        invoice: member("invoice", &answer, "bolt11", |value| value.as_str().map(str::to_owned))?,
        payment_hash: member("invoice", &answer, "payment_hash", bytes)?,
        payment_secret: member("invoice", &answer, "payment_secret", bytes)?,
    })
}

/// Offers an HTLC. Lightningd makes it time out one block later than its route says, for the block that may come
/// meanwhile.
pub(super) async fn add_htlc(process: &Process, request: &AddHtlc) -> Result<Outcome, Refusal> {
    let channel = find(process, &request.channel).await?;
    // A channel whose funding has no place in the chain yet is known by its alias.
    let id = channel["short_channel_id"].as_str().or_else(|| channel["alias"]["local"].as_str());
    let id = id.ok_or_else(|| Refusal::NoChannel("with a short_channel_id".to_owned()))?;
    let hop = json!({
        "id": request.channel.peer.to_string(),
        "channel": id,
        "amount_msat": request.amount_msat,
        "delay": request.cltv_delta.saturating_sub(1),
    });
    let payment = json!({
        "route": [hop],
        "payment_hash": hex::encode(request.payment_hash),
        "payment_secret": hex::encode(request.payment_secret),
        "amount_msat": request.amount_msat,
    });
    let _begun = process.begin();
    let before = offered(process, request).await?;
    process.rpc.call("sendpay", payment).await?;
    // It has agreed, but the channel may not.
    let _ = process.quiescence.asleep(OFFER_BOUND).await;
    let hash = json!({ "payment_hash": hex::encode(request.payment_hash) });
    let sent = process.rpc.call("listsendpays", hash).await?;
    let attempts = member("listsendpays", &sent, "payments", Value::as_array)?;
    match attempts.iter().max_by_key(|attempt| attempt["id"].as_u64()) {
        // It has also failed if we have failed its HTLC meanwhile.
        Some(newest) if newest["status"] == "failed" && offered(process, request).await? == before => {
            Err(Refusal::NotOffered(newest.clone()))
        }
        _ => Ok(Outcome::Done),
    }
}

/// How many HTLCs with the payment's hash any channel ever took.
async fn offered(process: &Process, request: &AddHtlc) -> Result<usize, Refusal> {
    let listed = process.rpc.call("listhtlcs", json!({})).await?;
    let htlcs = member("listhtlcs", &listed, "htlcs", Value::as_array)?;
    let hash = hex::encode(request.payment_hash);
    Ok(htlcs.iter().filter(|htlc| htlc["direction"] == "out" && htlc["payment_hash"] == hash).count())
}

/// Pays an invoice: with `xpay`, or with its predecessor `pay`, which went out of use from version 24.11 on.
pub(super) async fn pay(process: &Process, invoice: &str) -> Result<Outcome, Refusal> {
    let begun = process.begin();
    process.ready_to_pay().await?;
    let asked = process.rpc.send("xpay", json!({ "invstring": invoice })).await?;
    // From here on it is the peers' turn.
    drop(begun);
    let paid = match asked.answer().await {
        Err(RpcError::Refused { code: NO_SUCH_METHOD, .. }) => {
            process.rpc.call("pay", json!({ "bolt11": invoice })).await?
        }
        answer => answer?,
    };
    Ok(Outcome::Paid { preimage: member("pay", &paid, "payment_preimage", bytes)? })
}
