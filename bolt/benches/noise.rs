//! How fast are BOLT 8's handshake and frames?

#![allow(clippy::unwrap_used)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lnprototest_bolt::noise::{Decoder, Initiator, Responder, Transport};
use secp256k1::{PublicKey, SecretKey};
use std::hint::black_box;

/// As long as an `open_channel`.
const LENGTH: usize = 320;

fn handshake(criterion: &mut Criterion) {
    let node_id = PublicKey::from_secret_key_global(&key(2));
    criterion.bench_function("handshake/both roles", |b| {
        b.iter(|| {
            let initiator = Initiator::new(key(1), black_box(node_id), key(3));
            let (act_two, responder) = Responder::new(key(2), key(4)).act_one(&initiator.act_one()).unwrap();
            let initiator = initiator.act_two(&act_two).unwrap();
            responder.act_three(&initiator.act_three).unwrap()
        });
    });
}

fn frames(criterion: &mut Criterion) {
    let message = [0x55; LENGTH];
    let (ours, theirs) = transports();
    let mut encryptor = ours.encryptor;
    let mut frame = Vec::new();
    let mut group = criterion.benchmark_group("frame");
    group.throughput(Throughput::Bytes(LENGTH as u64));
    group.bench_function("encrypt 320 B", |b| {
        b.iter(|| {
            frame.clear();
            encryptor.encrypt_into(black_box(&message), &mut frame).unwrap();
        });
    });
    // A frame is decrypted once only: its nonce is used up.
    let first = transports().0.encryptor.encrypt(&message).unwrap();
    group.bench_function("decrypt 320 B", |b| {
        b.iter_batched_ref(
            || Decoder::new(theirs.decryptor.clone()),
            |decoder| decoder.next_message(&mut black_box(&first[..])).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Both ends of one connection, just after its handshake.
fn transports() -> (Transport, Transport) {
    (Transport::new([1; 32], [2; 32], [3; 32]), Transport::new([1; 32], [3; 32], [2; 32]))
}

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}

criterion_group!(benches, handshake, frames);
criterion_main!(benches);
