//! Would a node relay this transaction?
//!
//! Modelled is what Bitcoin Core 29 enforces by default, on regtest too, as far as a Lightning node could offend:
//! version, size, kinds of output, dust, the relay fee, the size of witnesses, and low-S signatures. Not modelled
//! are the script flags that its consensus library does not expose (minimal `OP_IF` arguments and pushes, null
//! failing signatures, discouraged opcodes), what counts in P2SH scripts, limits on chains of unconfirmed
//! transactions, ephemeral dust, the topology rules of version 3 and packages: each transaction is judged alone.

use bitcoin::script::Instruction;
use bitcoin::{Amount, ScriptBuf, Transaction, TxIn, TxOut, WitnessVersion, ecdsa};
use lnprototest_runner_api::RejectCode;

use super::refusal::Refusal;
use super::utxo::Coin;

const MAX_VERSION: u32 = 3;
const MAX_WEIGHT: u64 = 400_000;
/// Of a transaction without its witnesses: a 64-byte one could pose as an inner node of a merkle tree.
const MIN_BASE_SIZE: usize = 65;
const MAX_SCRIPT_SIG_SIZE: usize = 1_650;
const MAX_OP_RETURN_SIZE: usize = 83;
const MAX_SIGOPS_COST: usize = 16_000;
const BYTES_PER_SIGOP: usize = 20;
const MAX_WITNESS_ITEMS: usize = 100;
const MAX_WITNESS_ITEM_SIZE: usize = 80;
const MAX_WITNESS_SCRIPT_SIZE: usize = 3_600;
/// The first byte of a taproot annex, which has no meaning yet (BIP 341).
const ANNEX_TAG: u8 = 0x50;

/// What can be said of a transaction without its inputs' coins.
pub(super) fn check_standard(transaction: &Transaction) -> Result<(), Refusal> {
    let version = transaction.version.0.cast_unsigned();
    if !(1..=MAX_VERSION).contains(&version) {
        return nonstandard(format!("version {version} is not 1, 2 or 3"));
    }
    let weight = transaction.weight().to_wu();
    if weight > MAX_WEIGHT {
        return nonstandard(format!("its weight {weight} is above {MAX_WEIGHT}"));
    }
    for (index, input) in transaction.input.iter().enumerate() {
        if input.script_sig.len() > MAX_SCRIPT_SIG_SIZE {
            let size = input.script_sig.len();
            return nonstandard(format!("input {index} has a scriptSig of {size} bytes"));
        }
        if !input.script_sig.is_push_only() {
            return nonstandard(format!("input {index} has a scriptSig that does more than push"));
        }
    }
    check_outputs(&transaction.output)?;
    if transaction.base_size() < MIN_BASE_SIZE {
        let size = transaction.base_size();
        return nonstandard(format!("{size} bytes without witnesses are below {MIN_BASE_SIZE}"));
    }
    Ok(())
}

/// What depends on the coins that its inputs spend.
pub(super) fn check_spends(
    transaction: &Transaction,
    coins: &[Coin],
    fee: Amount,
    sigops: usize,
) -> Result<(), Refusal> {
    for (index, (input, coin)) in transaction.input.iter().zip(coins).enumerate() {
        let script = &coin.output.script_pubkey;
        if !(is_known_program(script) || is_legacy_standard(script)) {
            return nonstandard(format!("input {index} spends a script of no standard kind"));
        }
        if let Some(fault) = witness_fault(input, script) {
            return nonstandard(format!("input {index} {fault}"));
        }
    }
    // One dust output would do if it were free of fees and spent by another transaction of its package.
    if let [index, ..] = dust(&transaction.output)[..]
        && fee > Amount::ZERO
    {
        return Err(dust_refusal(&transaction.output, index));
    }
    if sigops > MAX_SIGOPS_COST {
        return nonstandard(format!("its signature operations cost {sigops}, above {MAX_SIGOPS_COST}"));
    }
    Ok(())
}

/// What depends on its signatures, which hold.
pub(super) fn check_signatures(transaction: &Transaction, coins: &[Coin]) -> Result<(), Refusal> {
    let mut spends = transaction.input.iter().zip(coins);
    match spends.position(|(input, coin)| !coin.output.script_pubkey.is_p2tr() && has_high_s(input)) {
        Some(index) => nonstandard(format!("input {index} has a signature with a high S")),
        None => Ok(()),
    }
}

/// Its size as fees count it, in virtual bytes.
pub(super) fn virtual_size(transaction: &Transaction, sigops: usize) -> u64 {
    let weight = transaction.weight().to_wu();
    weight.max((sigops * BYTES_PER_SIGOP) as u64).div_ceil(4)
}

/// The least fee: 1 sat a virtual byte.
pub(super) fn check_relay_fee(fee: Amount, virtual_size: u64) -> Result<(), Refusal> {
    if fee >= Amount::from_sat(virtual_size) {
        return Ok(());
    }
    let detail =
        format!("it pays {} sat for {virtual_size} virtual bytes, at least 1 sat each is due", fee.to_sat());
    Err(Refusal::new(RejectCode::MinRelayFee, detail))
}

fn check_outputs(outputs: &[TxOut]) -> Result<(), Refusal> {
    for (index, output) in outputs.iter().enumerate() {
        let script = &output.script_pubkey;
        let standard = if script.is_op_return() {
            script.len() <= MAX_OP_RETURN_SIZE
                && ScriptBuf::from_bytes(script.as_bytes()[1..].to_vec()).is_push_only()
        } else {
            script.is_witness_program() || is_legacy_standard(script)
        };
        if !standard {
            return nonstandard(format!("output {index} has a script of no standard kind: {script}"));
        }
    }
    if let Some(&index) = dust(outputs).get(1) {
        return Err(dust_refusal(outputs, index));
    }
    match outputs.iter().filter(|output| output.script_pubkey.is_op_return()).count() {
        0 | 1 => Ok(()),
        count => nonstandard(format!("{count} outputs are OP_RETURN")),
    }
}

/// Which outputs cost more to spend than they hold.
fn dust(outputs: &[TxOut]) -> Vec<usize> {
    let is_dust = |output: &TxOut| output.value < output.script_pubkey.minimal_non_dust();
    (0..outputs.len()).filter(|&index| is_dust(&outputs[index])).collect()
}

fn dust_refusal(outputs: &[TxOut], index: usize) -> Refusal {
    let TxOut { value, script_pubkey } = &outputs[index];
    let detail = format!(
        "output {index} has {} sat, less than {} sat are dust for its script",
        value.to_sat(),
        script_pubkey.minimal_non_dust().to_sat()
    );
    Refusal::new(RejectCode::Dust, detail)
}

fn nonstandard(detail: String) -> Result<(), Refusal> {
    Err(Refusal::new(RejectCode::Nonstandard, detail))
}

fn is_legacy_standard(script: &ScriptBuf) -> bool {
    script.is_p2pk() || script.is_p2pkh() || script.is_p2sh() || script.is_multisig()
}

/// A witness program with a meaning: others can be paid to, but not spent.
fn is_known_program(script: &ScriptBuf) -> bool {
    script.is_p2wpkh() || script.is_p2wsh() || script.is_p2tr() || is_pay_to_anchor(script)
}

fn is_pay_to_anchor(script: &ScriptBuf) -> bool {
    script.witness_version() == Some(WitnessVersion::V1) && script.as_bytes()[2..] == [0x4e, 0x73]
}

fn witness_fault(input: &TxIn, script: &ScriptBuf) -> Option<String> {
    let items: Vec<&[u8]> = input.witness.iter().collect();
    let limit = |items: &[&[u8]]| {
        let long = items.iter().position(|item| item.len() > MAX_WITNESS_ITEM_SIZE)?;
        Some(format!("has a witness item of {} bytes, above {MAX_WITNESS_ITEM_SIZE}", items[long].len()))
    };
    if is_pay_to_anchor(script) && !items.is_empty() {
        return Some("spends an anchor with a witness".into());
    }
    let nested = input.script_sig.as_bytes().first() == Some(&0x22);
    if script.is_p2wsh() || (script.is_p2sh() && nested) {
        let (witness_script, arguments) = items.split_last()?;
        if witness_script.len() > MAX_WITNESS_SCRIPT_SIZE {
            return Some(format!("has a witness script of {} bytes", witness_script.len()));
        }
        if arguments.len() > MAX_WITNESS_ITEMS {
            return Some(format!("has {} witness items", arguments.len()));
        }
        return limit(arguments);
    }
    if script.is_p2tr() {
        if items.len() > 1 && items.last().and_then(|item| item.first()) == Some(&ANNEX_TAG) {
            return Some("has an annex".into());
        }
        // The last two are the leaf's script and control block.
        return limit(items.get(..items.len().saturating_sub(2))?);
    }
    None
}

/// Whether something in its scriptSig or witness is an ECDSA signature in the upper half of the order. Consensus
/// takes both halves, relaying nodes only the lower (BIP 146).
fn has_high_s(input: &TxIn) -> bool {
    let pushed = input.script_sig.instructions().filter_map(|instruction| match instruction {
        Ok(Instruction::PushBytes(bytes)) => Some(bytes.as_bytes()),
        _ => None,
    });
    pushed.chain(input.witness.iter()).any(|item| {
        ecdsa::Signature::from_slice(item).is_ok_and(|signature| {
            let mut low = signature.signature;
            low.normalize_s();
            low != signature.signature
        })
    })
}
