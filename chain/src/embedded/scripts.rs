//! Do a transaction's scripts and signatures hold?

use bitcoin::consensus::serialize;
use bitcoin::{Transaction, Wtxid};
use bitcoinconsensus::Utxo;
use lnprototest_runner_api::RejectCode;
use std::cell::RefCell;
use std::collections::HashSet;

use super::refusal::Refusal;
use super::utxo::Coin;

/// Few runs have so many transactions; what is known of them is forgotten then.
const MOST: usize = 10_000;

/// Runs the scripts of all inputs with Bitcoin Core's interpreter and all consensus rules, taproot included.
/// `coins` are those of the inputs.
///
/// What holds once holds always, for a transaction names all that it spends: so it is not run again on other chains of the
/// thread.
pub(super) fn check_scripts(transaction: &Transaction, coins: &[Coin]) -> Result<(), Refusal> {
    thread_local!(static HOLD: RefCell<HashSet<Wtxid>> = RefCell::default());
    let id = transaction.compute_wtxid();
    if HOLD.with_borrow(|known| known.contains(&id)) {
        return Ok(());
    }
    run_scripts(transaction, coins)?;
    HOLD.with_borrow_mut(|known| {
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(id);
    });
    Ok(())
}

fn run_scripts(transaction: &Transaction, coins: &[Coin]) -> Result<(), Refusal> {
    let bytes = serialize(transaction);
    let refuse = |index: usize, why: &str| {
        let outpoint = transaction.input.get(index).map(|input| input.previous_output).unwrap_or_default();
        let kind = coins.get(index).map_or("", kind);
        let detail = format!("input {index} does not satisfy the {kind} script of {outpoint}{why}");
        Refusal::new(RejectCode::ScriptVerifyFailed, detail)
    };
    let mut spent = Vec::with_capacity(coins.len());
    for (index, coin) in coins.iter().enumerate() {
        let script = coin.output.script_pubkey.as_bytes();
        let (Ok(script_pubkey_len), Ok(value)) =
            (u32::try_from(script.len()), i64::try_from(coin.output.value.to_sat()))
        else {
            return Err(refuse(index, ": it is out of range"));
        };
        spent.push(Utxo { script_pubkey: script.as_ptr(), script_pubkey_len, value });
    }
    for (index, coin) in coins.iter().enumerate() {
        let script = coin.output.script_pubkey.as_bytes();
        bitcoinconsensus::verify(script, coin.output.value.to_sat(), &bytes, Some(&spent), index).map_err(
            |error| match error {
                bitcoinconsensus::Error::ERR_SCRIPT => refuse(index, ""),
                other => refuse(index, &format!(": {other}")),
            },
        )?;
    }
    Ok(())
}

fn kind(coin: &Coin) -> &'static str {
    let script = &coin.output.script_pubkey;
    match () {
        () if script.is_p2pk() => "P2PK",
        () if script.is_p2pkh() => "P2PKH",
        () if script.is_p2sh() => "P2SH",
        () if script.is_p2tr() => "P2TR",
        () if script.is_p2wpkh() => "P2WPKH",
        () if script.is_p2wsh() => "P2WSH",
        () => "bare",
    }
}
