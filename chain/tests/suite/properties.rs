//! What holds of the embedded chain after any sequence of calls.

use bitcoin::hashes::Hash;
use bitcoin::{Amount, BlockHash, OutPoint, Target, Transaction, TxOut};
use libtest_mimic::Trial;
use lnprototest_chain::Regtest;
use lnprototest_runner_api::RejectCode;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

use crate::passes;
use crate::spend::{Coin, Draft, Lock, prepared};

type Unspent = BTreeMap<OutPoint, (u32, TxOut)>;

/// One call. An index picks from what there is, modulo how much.
#[derive(Clone, Debug)]
enum Call {
    Broadcast(Payment),
    Mine { count: u32 },
    MinePayment(Payment),
    Reorganise { depth: u32 },
}

/// Spends one or two outputs and splits them into several.
#[derive(Clone, Debug)]
struct Payment {
    coins: Vec<prop::sample::Index>,
    outputs: u64,
    fee: u64,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    fn the_books_balance(calls in prop::collection::vec(call(), 1..24)) {
        let mut regtest = Regtest::new();
        // What was unspent when each block was the tip.
        let mut history: Vec<(BlockHash, Unspent)> = Vec::new();
        for call in calls {
            apply(&mut regtest, &call)?;
            check_blocks(&regtest)?;
            check_mempool(&regtest)?;
            let unspent = owned(&regtest);
            let tip = regtest.tip().1;
            match history.iter().find(|(hash, _)| *hash == tip) {
                Some((_, before)) => prop_assert_eq!(before, &unspent, "a reorganisation restores"),
                None => history.push((tip, unspent)),
            }
        }
    }

    /// The same calls, the same bytes.
    fn nothing_is_left_to_chance(calls in prop::collection::vec(call(), 1..12)) {
        let (mut first, mut second) = (Regtest::new(), Regtest::new());
        for call in calls {
            apply(&mut first, &call)?;
            apply(&mut second, &call)?;
        }
        prop_assert_eq!(first.tip(), second.tip());
        prop_assert!(first.mempool().eq(second.mempool()));
    }
}

pub fn trials() -> [Trial; 2] {
    [
        Trial::test("properties::nothing_is_left_to_chance", || passes(nothing_is_left_to_chance)),
        Trial::test("properties::the_books_balance", || passes(the_books_balance)),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => payment().prop_map(Call::Broadcast),
        2 => (1..4u32).prop_map(|count| Call::Mine { count }),
        2 => payment().prop_map(Call::MinePayment),
        1 => (0..6u32).prop_map(|depth| Call::Reorganise { depth }),
        1 => (100..103u32).prop_map(|depth| Call::Reorganise { depth }),
    ]
}

fn payment() -> impl Strategy<Value = Payment> {
    let coins = prop::collection::vec(any::<prop::sample::Index>(), 1..3);
    // The largest payment has some 240 virtual bytes.
    (coins, 1..4u64, 300..20_000u64).prop_map(|(coins, outputs, fee)| Payment { coins, outputs, fee })
}

fn apply(regtest: &mut Regtest, call: &Call) -> Result<(), TestCaseError> {
    match call {
        Call::Broadcast(payment) => {
            let Some((transaction, mature)) = draw(regtest, payment) else { return Ok(()) };
            match regtest.broadcast(&transaction) {
                Ok(()) => prop_assert!(mature),
                Err(rejection) => match rejection.code {
                    RejectCode::PrematureSpendOfCoinbase => prop_assert!(!mature),
                    RejectCode::MempoolConflict => {
                        let inputs: HashSet<_> = inputs(&transaction).collect();
                        prop_assert!(regtest.mempool().flat_map(self::inputs).any(|it| inputs.contains(&it)));
                    }
                    _ => prop_assert!(false, "{rejection}"),
                },
            }
        }
        Call::Mine { count } => {
            let waiting = regtest.mempool().count();
            let (height, _) = regtest.tip();
            prop_assert_eq!(regtest.mine(*count, &[]).unwrap().len(), *count as usize);
            let first = regtest.block_at(height + 1).unwrap().block;
            prop_assert_eq!(first.txdata.len(), 1 + waiting, "all of the mempool is valid");
            prop_assert_eq!(regtest.mempool().count(), 0);
        }
        Call::MinePayment(payment) => {
            let Some((transaction, mature)) = draw(regtest, payment) else { return Ok(()) };
            // What conflicts with it leaves, so it is refused only for a parent that leaves, too, or for its age.
            match regtest.mine(1, std::slice::from_ref(&transaction)) {
                Ok(_) => prop_assert!(mature),
                Err(rejection) if rejection.code == RejectCode::PrematureSpendOfCoinbase => {
                    prop_assert!(!mature);
                }
                Err(rejection) => {
                    prop_assert_eq!(rejection.code, RejectCode::InputsMissingOrSpent, "{}", rejection);
                    prop_assert!(inputs(&transaction).any(|outpoint| regtest.unspent(outpoint).is_none()));
                }
            }
        }
        Call::Reorganise { depth } => {
            let height = regtest.tip().0.saturating_sub(*depth);
            regtest.reorganise(height).unwrap();
            prop_assert_eq!(regtest.tip().0, height);
        }
    }
    Ok(())
}

/// The payment, and whether the next block may hold it as far as coinbases go. `None` if there are no coins.
fn draw(regtest: &Regtest, payment: &Payment) -> Option<(Transaction, bool)> {
    let lock = ours();
    // Waiting outputs first, and of the confirmed ones those that could be mature, or nothing would ever happen.
    let waiting = regtest.mempool().flat_map(|transaction| {
        let txid = transaction.compute_txid();
        (0..).zip(&transaction.output).map(move |(vout, output)| (OutPoint { txid, vout }, output.clone()))
    });
    let confirmed = regtest.all_unspent().into_iter();
    let confirmed = confirmed
        .filter(|(_, (height, _))| !(12..=102).contains(height))
        .map(|(outpoint, (_, output))| (outpoint, output.clone()));
    let coins: Vec<Coin> = waiting
        .chain(confirmed)
        .filter(|(_, output)| output.value > Amount::from_sat(100_000))
        .map(|(outpoint, output)| Coin { outpoint, output, lock: lock.clone() })
        .collect();
    if coins.is_empty() {
        return None;
    }
    let mut chosen: Vec<&Coin> = payment.coins.iter().map(|index| index.get(&coins)).collect();
    chosen.dedup_by_key(|coin| coin.outpoint);
    let mut draft = Draft::of(chosen[0]);
    for coin in &chosen[1..] {
        draft = draft.and(coin);
    }
    let sum: u64 = chosen.iter().map(|coin| coin.output.value.to_sat()).sum();
    for _ in 0..payment.outputs {
        draft = draft.to(&lock, (sum - payment.fee) / payment.outputs);
    }
    let mature = chosen.iter().all(|coin| is_mature(regtest, coin.outpoint));
    Some((draft.sign(), mature))
}

fn is_mature(regtest: &Regtest, outpoint: OutPoint) -> bool {
    let Some((height, _)) = regtest.unspent(outpoint) else { return true };
    let block = regtest.block_at(height).unwrap().block;
    block.txdata[0].compute_txid() != outpoint.txid || regtest.tip().0 + 1 >= height + 100
}

/// Each block is whole, and all of them together leave unspent what the chain says, to the satoshi.
fn check_blocks(regtest: &Regtest) -> Result<(), TestCaseError> {
    let mut unspent = Unspent::new();
    let mut created = Amount::ZERO;
    let mut parent = regtest.block_at(0).unwrap().block.block_hash();
    for height in 1..=regtest.tip().0 {
        let block = regtest.block_at(height).unwrap().block;
        prop_assert_eq!(block.header.prev_blockhash, parent);
        parent = block.header.validate_pow(Target::MAX_ATTAINABLE_REGTEST).unwrap();
        prop_assert!(block.check_merkle_root() && block.check_witness_commitment());
        prop_assert_eq!(block.header.merkle_root, block.compute_merkle_root().unwrap());
        let mut fees = Amount::ZERO;
        for transaction in &block.txdata {
            if !transaction.is_coinbase() {
                for outpoint in inputs(transaction) {
                    let spent = unspent.remove(&outpoint);
                    prop_assert!(spent.is_some(), "block {} spends {}", height, outpoint);
                    fees += spent.unwrap().1.value;
                }
                fees -= transaction.output.iter().map(|output| output.value).sum();
            }
            let txid = transaction.compute_txid();
            for (vout, output) in (0..).zip(&transaction.output) {
                if !output.script_pubkey.is_op_return() {
                    let doubled = unspent.insert(OutPoint { txid, vout }, (height, output.clone()));
                    prop_assert!(doubled.is_none());
                }
            }
        }
        let subsidy = if height < 150 { Amount::from_int_btc(50) } else { Amount::from_int_btc(25) };
        prop_assert_eq!(block.txdata[0].output[0].value, subsidy + fees);
        created += subsidy;
    }
    prop_assert_eq!(parent, regtest.tip().1);
    let left: Amount = unspent.values().map(|(_, output)| output.value).sum();
    prop_assert_eq!(left, created);
    prop_assert_eq!(unspent, owned(regtest));
    Ok(())
}

/// Nothing waits twice or spends what another one spends, and parents come before their children.
fn check_mempool(regtest: &Regtest) -> Result<(), TestCaseError> {
    let mut spent = HashSet::new();
    let mut seen = HashSet::new();
    for transaction in regtest.mempool() {
        for outpoint in inputs(transaction) {
            prop_assert!(spent.insert(outpoint), "{} is spent twice", outpoint);
            prop_assert!(regtest.unspent(outpoint).is_some() || seen.contains(&outpoint.txid));
        }
        let txid = transaction.compute_txid();
        prop_assert_ne!(txid.to_byte_array(), [0; 32]);
        prop_assert!(seen.insert(txid));
    }
    Ok(())
}

fn inputs(transaction: &Transaction) -> impl Iterator<Item = OutPoint> + '_ {
    transaction.input.iter().map(|input| input.previous_output)
}

fn owned(regtest: &Regtest) -> Unspent {
    let all = regtest.all_unspent().into_iter();
    all.map(|(outpoint, (height, output))| (outpoint, (height, output.clone()))).collect()
}

/// The lock of all coinbases, which every payment uses again.
fn ours() -> Lock {
    prepared(0).lock
}
