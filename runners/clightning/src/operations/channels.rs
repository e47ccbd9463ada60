//! How does lightningd open, change and close channels?

use bitcoin::{Address, Network, SignedAmount};
use lnprototest_runner_api::{ChannelRef, FundChannel, Outcome, SetPolicy};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::spawn_local;

use super::refusal::{Refusal, member};
use crate::process::Process;
use crate::rpc::RpcError;

/// How long it may take to begin to close a channel.
const BEGIN_BOUND: Duration = Duration::from_secs(10);

/// Opens a channel from its wallet, whose coins need not be confirmed.
pub(super) async fn fund(process: &Process, request: &FundChannel) -> Result<Outcome, Refusal> {
    let mut channel = json!({
        "id": request.peer.to_string(),
        "amount": request.amount.to_sat(),
        "announce": request.announce,
        "minconf": 0,
    });
    if request.push_msat > 0 {
        channel["push_msat"] = json!(request.push_msat);
    }
    if let Some(per_kw) = request.feerate_per_kw {
        channel["feerate"] = json!(format!("{per_kw}perkw"));
    }
    if let Some(wire) = &request.channel_type {
        channel["channel_type"] = json!(bits(wire));
    }
    if let Some(script) = &request.close_to {
        let address =
            Address::from_script(script, Network::Regtest).map_err(|_| Refusal::NoScript(script.clone()))?;
        channel["close_to"] = json!(address.to_string());
    }
    let answer = process.rpc.call("fundchannel", channel).await?;
    Ok(Outcome::Funded {
        txid: member("fundchannel", &answer, "txid", |txid| txid.as_str()?.parse().ok())?,
        output_index: member("fundchannel", &answer, "outnum", |index| index.as_u64()?.try_into().ok())?,
    })
}

/// Begins to close a channel. Lightningd answers when it is closed, which may be never; but a refusal comes before it
/// goes to sleep.
pub(super) async fn close(process: &Process, channel: &ChannelRef) -> Result<Outcome, Refusal> {
    let request = json!({ "id": hex::encode(channel.channel_id), "unilateraltimeout": 0 });
    let _begun = process.begin();
    let asked = process.rpc.send("close", request).await?;
    let mut answer = spawn_local(asked.answer());
    tokio::select! {
        biased;
        answer = &mut answer => match answer {
            Ok(Err(error)) => Err(error.into()),
            _ => Ok(Outcome::Done),
        },
        // Asleep or not, it has got the request; what it makes of it is seen by its peer.
        _ = process.quiescence.asleep(BEGIN_BOUND) => Ok(Outcome::Done),
    }
}

/// Publishes its commitment transaction. For developers it does so at once, if that is its only channel with the peer;
/// else it wants to give the peer a second to close in good order.
pub(super) async fn force_close(process: &Process, channel: &ChannelRef) -> Result<Outcome, Refusal> {
    let at_once = json!({ "id": channel.peer.to_string() });
    if let Err(RpcError::Refused { .. }) = process.rpc.call("dev-fail", at_once).await {
        let soon = json!({ "id": hex::encode(channel.channel_id), "unilateraltimeout": 1 });
        process.rpc.call("close", soon).await?;
    }
    Ok(Outcome::Done)
}

/// Changes the terms on which it forwards over a channel.
pub(super) async fn set_policy(process: &Process, policy: &SetPolicy) -> Result<Outcome, Refusal> {
    let mut terms = json!({
        "id": hex::encode(policy.channel.channel_id),
        "feebase": policy.fee_base_msat,
        "feeppm": policy.fee_proportional_millionths,
        "enforcedelay": 0,
    });
    if let Some(least) = policy.htlc_minimum_msat {
        terms["htlcmin"] = json!(least);
    }
    if let Some(most) = policy.htlc_maximum_msat {
        terms["htlcmax"] = json!(most);
    }
    process.rpc.call("setchannel", terms).await?;
    Ok(Outcome::Done)
}

/// Puts so much of its wallet's money into a channel, or takes it out.
pub(super) async fn splice(
    process: &Process,
    channel: &ChannelRef,
    amount: SignedAmount,
) -> Result<Outcome, Refusal> {
    let method = if amount.is_negative() { "spliceout" } else { "splicein" };
    let sat = format!("{}sat", amount.unsigned_abs().to_sat());
    let request = json!({ "channel": hex::encode(channel.channel_id), "amount": sat });
    let answer = process.rpc.call(method, request).await?;
    let txid = member(method, &answer, "txid", Value::as_str)?;
    let known = find(process, channel).await?;
    let is_it = |funding: &&Value| funding["funding_txid"] == txid;
    let inflight = known["inflight"].as_array().into_iter().flatten().find(is_it);
    let funding = inflight.ok_or_else(|| Refusal::NoChannel(format!("funded by {txid}")))?;
    Ok(Outcome::Funded {
        txid: member(method, &answer, "txid", |txid| txid.as_str()?.parse().ok())?,
        output_index: member("listpeerchannels", funding, "funding_outnum", |index| {
            index.as_u64()?.try_into().ok()
        })?,
    })
}

/// What it knows of a channel.
pub(super) async fn find(process: &Process, channel: &ChannelRef) -> Result<Value, Refusal> {
    let answer = process.rpc.call("listpeerchannels", json!({ "id": channel.peer.to_string() })).await?;
    let id = hex::encode(channel.channel_id);
    member("listpeerchannels", &answer, "channels", Value::as_array)?
        .iter()
        .find(|known| known["channel_id"] == id)
        .cloned()
        .ok_or(Refusal::NoChannel(id))
}

/// The numbers of the bits that are set in features in wire form: the last byte holds the lowest.
fn bits(wire: &[u8]) -> Vec<usize> {
    let byte = |index: usize| wire[wire.len() - 1 - index / 8];
    (0..wire.len() * 8).filter(|&bit| byte(bit) >> (bit % 8) & 1 == 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_end() {
        assert_eq!(bits(&[]), [0; 0]);
        assert_eq!(bits(&[0x10, 0x00]), [12]);
        assert_eq!(bits(&[0x40, 0x10, 0x01]), [0, 12, 22]);
    }
}
