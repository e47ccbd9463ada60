//! How does lightningd fund a channel together with its peer?

use bitcoin::{Amount, OutPoint, Txid};
use lnprototest_runner_api::{ChannelRef, Outcome};
use serde_json::{Value, json};

use super::channels::find;
use super::refusal::{Refusal, member};
use crate::network::Network;
use crate::process::Process;

/// What an opener pays for besides its inputs and its change, in weight units (BOLT 2, "Fee Responsibility"): the fields
/// that every transaction with witnesses has, and a P2WSH output.
const OPENERS_WEIGHT: u64 = 42 + 172;

/// Has it put `amount` into each channel that a peer opens, whatever the peer puts in. This is the business of its
/// plugin `funder`, which otherwise gives to none but those who pay for it.
pub(super) async fn accept(process: &Process, amount: Amount) -> Result<Outcome, Refusal> {
    let all_there_is = format!("{}sat", Amount::MAX_MONEY.to_sat());
    let policy = json!({
        "policy": "fixed",
        "policy_mod": amount.to_sat(),
        "leases_only": false,
        "min_their_funding_msat": "0sat",
        "max_their_funding_msat": all_there_is,
        "per_channel_min_msat": "0sat",
        "per_channel_max_msat": all_there_is,
        "reserve_tank_msat": "0sat",
        "fuzz_percent": 0,
        "fund_probability": 100,
    });
    process.rpc.call("funderupdate", policy).await?;
    Ok(Outcome::Done)
}

/// Replaces the last funding transaction of a channel that it opened: the same coins and the same share of the channel,
/// less change.
pub(super) async fn bump(
    process: &Process,
    network: &Network,
    channel: &ChannelRef,
    per_kw: u32,
) -> Result<Outcome, Refusal> {
    let id = hex::encode(channel.channel_id);
    let known = find(process, channel).await?;
    let last = known["inflight"].as_array().and_then(|candidates| candidates.last());
    let last = last.ok_or_else(|| Refusal::NoChannel(format!("{id} that waits for a dual funding")))?;
    let txid = member("listpeerchannels", last, "funding_txid", |txid| txid.as_str()?.parse().ok())?;
    let share_msat = member("listpeerchannels", last, "our_funding_msat", Value::as_u64)?;
    let share = format!("{share_msat}msat");
    let feerate = format!("{per_kw}perkw");

    let coins = json!({
        "satoshi": share,
        "feerate": feerate,
        "startweight": OPENERS_WEIGHT,
        "utxos": own_coins(process, network, txid).await?,
        // They are reserved for the transaction that is to be replaced.
        "reservedok": true,
        "reserve": 0,
        "excess_as_change": true,
    });
    let funded = process.rpc.call("utxopsbt", coins).await?;
    let proposal = json!({
        "channel_id": id,
        "amount": share,
        "initialpsbt": member("utxopsbt", &funded, "psbt", Value::as_str)?,
        "funding_feerate": feerate,
    });
    let mut built = process.rpc.call("openchannel_bump", proposal).await?;
    while built["commitments_secured"] != true {
        let psbt = member("openchannel_bump", &built, "psbt", Value::as_str)?;
        built = process.rpc.call("openchannel_update", json!({ "channel_id": id, "psbt": psbt })).await?;
    }
    let output_index =
        member("openchannel_update", &built, "funding_outnum", |index| index.as_u64()?.try_into().ok())?;

    let psbt = member("openchannel_update", &built, "psbt", Value::as_str)?;
    let signed = process.rpc.call("signpsbt", json!({ "psbt": psbt })).await?;
    let psbt = member("signpsbt", &signed, "signed_psbt", Value::as_str)?;
    let signed = json!({ "channel_id": id, "signed_psbt": psbt });
    let published = process.rpc.call("openchannel_signed", signed).await?;
    let txid = member("openchannel_signed", &published, "txid", |txid| txid.as_str()?.parse().ok())?;
    Ok(Outcome::Funded { txid, output_index })
}

/// The inputs of the transaction `txid` that are from its wallet, as lightningd writes them. Such a transaction has been
/// published: until its peer has signed it too, lightningd replaces it by none.
async fn own_coins(process: &Process, network: &Network, txid: Txid) -> Result<Vec<String>, Refusal> {
    let mempool = network.chain().mempool().await?;
    let funding = mempool.iter().find(|transaction| transaction.compute_txid() == txid);
    let funding = funding.ok_or(Refusal::NoFunding(txid))?;
    let wallet = process.rpc.call("listfunds", json!({})).await?;
    let outpoint = |coin: &Value| {
        Some(OutPoint {
            txid: coin["txid"].as_str()?.parse().ok()?,
            vout: coin["output"].as_u64()?.try_into().ok()?,
        })
    };
    let coins = member("listfunds", &wallet, "outputs", |coins| {
        coins.as_array()?.iter().map(outpoint).collect::<Option<Vec<_>>>()
    })?;
    let inputs = funding.input.iter().map(|input| input.previous_output);
    Ok(inputs.filter(|input| coins.contains(input)).map(|input| input.to_string()).collect())
}
