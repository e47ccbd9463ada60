//! What do a fresh chain, a block, a transaction and a reorganisation cost?

use bitcoin::secp256k1::{Message, SECP256K1};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::{Amount, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute, ecdsa, transaction};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lnprototest_chain::{EmbeddedChain, FundingCoin, Regtest};
use std::hint::black_box;

/// Spends the first prepared coin, P2WPKH to P2WPKH.
fn payment() -> Transaction {
    let FundingCoin { outpoint, output, key, .. } = FundingCoin::prepared(0).expect("the first one is there");
    let mut payment = Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn {
            previous_output: outpoint,
            script_sig: ScriptBuf::new(),
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            witness: Witness::new(),
        }],
        output: vec![TxOut { value: output.value - Amount::from_sat(500), ..output.clone() }],
    };
    let mut cache = SighashCache::new(&payment);
    let hash = cache.p2wpkh_signature_hash(0, &output.script_pubkey, output.value, EcdsaSighashType::All);
    let message = Message::from(hash.expect("there is an input 0"));
    let signature = ecdsa::Signature::sighash_all(SECP256K1.sign_ecdsa(&message, &key));
    payment.input[0].witness = Witness::p2wpkh(&signature, &key.public_key(SECP256K1));
    payment
}

fn embedded(criterion: &mut Criterion) {
    let payment = payment();
    let mut offered = Regtest::new();
    offered.broadcast(&payment).expect("the payment is valid");
    let mut mined = offered.clone();
    mined.mine(6, &[]).expect("the mempool is valid");

    let mut group = criterion.benchmark_group("embedded");
    group.bench_function("new", |b| b.iter(EmbeddedChain::new));
    let fresh = || (Regtest::new(), black_box(&payment));
    group.bench_function("mine_100", |b| {
        b.iter_batched(Regtest::new, |mut regtest| (regtest.mine(100, &[]), regtest), BatchSize::SmallInput);
    });
    group.bench_function("broadcast", |b| {
        b.iter_batched(
            fresh,
            |(mut regtest, payment)| (regtest.broadcast(payment), regtest),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("mine_waiting", |b| {
        let waiting = || offered.clone();
        b.iter_batched(waiting, |mut regtest| (regtest.mine(1, &[]), regtest), BatchSize::SmallInput);
    });
    group.bench_function("reorganise_6", |b| {
        let tall = || mined.clone();
        b.iter_batched(tall, |mut regtest| (regtest.reorganise(102), regtest), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, embedded);
criterion_main!(benches);
