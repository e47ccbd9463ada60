//! May the next block hold this transaction, its scripts aside?
//!
//! All of regtest's soft forks are active from the first block on. The checks come in Bitcoin Core's order, so
//! that a transaction with two faults is refused for the same one.

use bitcoin::absolute::LOCK_TIME_THRESHOLD;
use bitcoin::blockdata::constants::COINBASE_MATURITY;
use bitcoin::{Amount, OutPoint, Sequence, Transaction, Weight};
use lnprototest_runner_api::RejectCode;
use std::collections::HashSet;

use super::best_chain::BestChain;
use super::refusal::Refusal;
use super::utxo::{Coin, Coins};

/// What a block's legacy and witness signature operations may cost in all (BIP 141).
pub(super) const MAX_BLOCK_SIGOPS_COST: usize = 80_000;

/// BIP 68: the bit of a sequence number that says it is no relative lock time.
const SEQUENCE_DISABLED: u32 = 1 << 31;
/// BIP 68: the bit that says it counts units of 512 seconds, not blocks.
const SEQUENCE_IN_TIME: u32 = 1 << 22;
const SEQUENCE_VALUE_MASK: u32 = 0xffff;
const SEQUENCE_TIME_GRANULARITY: u32 = 9;

/// What needs no chain to be judged: no inputs or outputs, too large, amounts out of range, an input doubled or
/// null (so a coinbase is refused: none is valid outside its block).
pub(super) fn check_structure(transaction: &Transaction) -> Result<(), Refusal> {
    let refuse = |detail: String| Err(Refusal::new(RejectCode::Structure, detail));
    if transaction.input.is_empty() {
        return refuse("it has no inputs".into());
    }
    if transaction.output.is_empty() {
        return refuse("it has no outputs".into());
    }
    let least_weight = Weight::from_vb(transaction.base_size() as u64).unwrap_or(Weight::MAX);
    if least_weight > Weight::MAX_BLOCK {
        return refuse(format!(
            "{} bytes without witnesses are more than a block holds",
            transaction.base_size()
        ));
    }
    let mut total = Amount::ZERO;
    for (index, output) in transaction.output.iter().enumerate() {
        if output.value > Amount::MAX_MONEY {
            return refuse(format!("output {index} has {} sat, more than there are", output.value.to_sat()));
        }
        total += output.value;
        if total > Amount::MAX_MONEY {
            return refuse(format!("outputs 0 to {index} have {} sat, more than there are", total.to_sat()));
        }
    }
    let mut seen = HashSet::with_capacity(transaction.input.len());
    for (index, input) in transaction.input.iter().enumerate() {
        if !seen.insert(input.previous_output) {
            return refuse(format!("input {index} spends {} a second time", input.previous_output));
        }
    }
    if transaction.is_coinbase() {
        return refuse("a coinbase is valid only as the first transaction of its own block".into());
    }
    match transaction.input.iter().position(|input| input.previous_output.is_null()) {
        Some(index) => refuse(format!("input {index} spends the null outpoint")),
        None => Ok(()),
    }
}

/// Whether its lock time is over in the next block (BIP 113).
pub(super) fn check_lock_time(transaction: &Transaction, chain: &BestChain) -> Result<(), Refusal> {
    let lock_time = transaction.lock_time.to_consensus_u32();
    let (now, unit) = if lock_time < LOCK_TIME_THRESHOLD {
        (chain.next_height(), "height")
    } else {
        (chain.median_time(chain.tip_height()), "median time past")
    };
    let ignored = || transaction.input.iter().all(|input| input.sequence == Sequence::MAX);
    if lock_time == 0 || lock_time < now || ignored() {
        return Ok(());
    }
    let detail = format!("lock time {lock_time} is not below the next block's {unit} {now}");
    Err(Refusal::new(RejectCode::NonFinal, detail))
}

/// The outputs that it spends, one an input.
pub(super) fn find_coins(transaction: &Transaction, coins: &impl Coins) -> Result<Vec<Coin>, Refusal> {
    let missing = |(index, outpoint): (usize, &OutPoint)| {
        let detail = format!("input {index} spends {outpoint}, which does not exist or is spent already");
        Refusal::new(RejectCode::InputsMissingOrSpent, detail)
    };
    let outpoints = transaction.input.iter().map(|input| &input.previous_output).enumerate();
    outpoints.map(|place| coins.coin(place.1).ok_or_else(|| missing(place))).collect()
}

/// Whether its relative lock times are over in the next block (BIP 68). `coins` are those of its inputs.
pub(super) fn check_sequences(
    transaction: &Transaction,
    coins: &[Coin],
    chain: &BestChain,
) -> Result<(), Refusal> {
    // The rule counts the version as unsigned: -1 is past 2.
    if transaction.version.0.cast_unsigned() < 2 {
        return Ok(());
    }
    for (index, (input, coin)) in transaction.input.iter().zip(coins).enumerate() {
        let sequence = input.sequence.to_consensus_u32();
        if sequence & SEQUENCE_DISABLED != 0 {
            continue;
        }
        let value = sequence & SEQUENCE_VALUE_MASK;
        let (first, now, unit) = if sequence & SEQUENCE_IN_TIME == 0 {
            (coin.height + value, chain.next_height(), "height")
        } else {
            let start = chain.median_time(coin.height.saturating_sub(1));
            let first = start + (value << SEQUENCE_TIME_GRANULARITY);
            (first, chain.median_time(chain.tip_height()), "median time past")
        };
        if now < first {
            let detail = format!(
                "input {index} has sequence {sequence:#010x}: it can be spent from {unit} {first} on, the next \
                 block's is {now}"
            );
            return Err(Refusal::new(RejectCode::NonBip68Final, detail));
        }
    }
    Ok(())
}

/// Coinbases are mature and no more is spent than there is. Returns the fee.
pub(super) fn check_amounts(
    transaction: &Transaction,
    coins: &[Coin],
    chain: &BestChain,
) -> Result<Amount, Refusal> {
    let mut spent = Amount::ZERO;
    for (index, coin) in coins.iter().enumerate() {
        let mature = coin.height + COINBASE_MATURITY;
        if coin.coinbase && chain.next_height() < mature {
            let detail = format!(
                "input {index} spends the coinbase of block {}, which is mature from block {mature} on; the next \
                 is {}",
                coin.height,
                chain.next_height()
            );
            return Err(Refusal::new(RejectCode::PrematureSpendOfCoinbase, detail));
        }
        spent += coin.output.value;
    }
    let paid: Amount = transaction.output.iter().map(|output| output.value).sum();
    spent.checked_sub(paid).ok_or_else(|| {
        let detail = format!("the inputs hold {} sat, the outputs {} sat", spent.to_sat(), paid.to_sat());
        Refusal::new(RejectCode::InBelowOut, detail)
    })
}

/// The cost of its signature operations (BIP 141), which must fit in a block. `coins` are those of its inputs.
pub(super) fn check_sigops(transaction: &Transaction, coins: &[Coin]) -> Result<usize, Refusal> {
    let find = |outpoint: &OutPoint| {
        let index = transaction.input.iter().position(|input| input.previous_output == *outpoint)?;
        Some(coins.get(index)?.output.clone())
    };
    let cost = transaction.total_sigop_cost(find);
    if cost > MAX_BLOCK_SIGOPS_COST {
        let detail = format!("signature operations cost {cost}, a block holds {MAX_BLOCK_SIGOPS_COST}");
        return Err(Refusal::new(RejectCode::Structure, detail));
    }
    Ok(cost)
}
