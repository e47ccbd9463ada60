//! How fast are a channel's first commitment, and its per-commitment secrets?

#![allow(clippy::unwrap_used)]

use bitcoin::{Amount, FeeRate, OutPoint};
use criterion::{Criterion, criterion_group, criterion_main};
use lnprototest_bolt::channel::{
    ChannelParameters, Coin, CoinKind, Commitment, CommitmentFormat, CommitmentNumber, CommitmentState,
    Keyset, Party, PerSide, SecretStore, Side, fund,
};
use secp256k1::SecretKey;
use std::hint::black_box;

/// So many secrets are stored in a row.
const SECRETS: u64 = 100;

fn commitment(criterion: &mut Criterion) {
    let keys = PerSide { local: keyset(0x20), remote: keyset(0x10) };
    let channel = channel(&keys);
    let point = keys.remote.per_commitment_point(CommitmentNumber::FIRST);
    let state = CommitmentState {
        feerate: FeeRate::from_sat_per_kwu(253),
        balances_msat: PerSide { local: 900_000_000, remote: 100_000_000 },
        htlcs: vec![],
    };
    let build = || -> Commitment {
        channel.commitment(Side::Remote, CommitmentNumber::FIRST, point, black_box(&state))
    };
    let first = build();
    let signature = first.sign(&keys.local.funding).serialize_compact();

    let mut group = criterion.benchmark_group("first commitment");
    group.bench_function("build", |b| b.iter(build));
    group.bench_function("sign", |b| b.iter(|| black_box(&first).sign(&keys.local.funding)));
    group.bench_function("verify", |b| {
        b.iter(|| black_box(&first).expected_signature(Side::Local).check(&signature).unwrap());
    });
    group.bench_function("build, sign and verify", |b| {
        b.iter(|| {
            let commitment = build();
            let signature = commitment.sign(&keys.local.funding).serialize_compact();
            commitment.expected_signature(Side::Local).check(&signature).unwrap();
        });
    });
    group.finish();
}

fn secrets(criterion: &mut Criterion) {
    let keys = keyset(0x10);
    let numbers: Vec<_> = (0..SECRETS).map(|n| CommitmentNumber::new(n).unwrap()).collect();
    let revealed: Vec<_> =
        numbers.iter().map(|n| (*n, keys.per_commitment_secret(*n).secret_bytes())).collect();

    let mut group = criterion.benchmark_group("secrets");
    group.bench_function("derive one", |b| {
        b.iter(|| keys.per_commitment_secret(black_box(CommitmentNumber::FIRST)));
    });
    group.bench_function("store 100", |b| {
        b.iter(|| {
            let mut store = SecretStore::new();
            for (number, secret) in black_box(&revealed) {
                store.insert(*number, *secret).unwrap();
            }
            store
        });
    });
    group.finish();
}

fn channel(keys: &PerSide<Keyset>) -> ChannelParameters {
    let coin = Coin {
        outpoint: OutPoint::null(),
        amount: Amount::ONE_BTC,
        key: keys.local.funding,
        kind: CoinKind::P2wpkh,
    };
    let pubkeys = PerSide::from_fn(|side| keys[side].funding_pubkey());
    let feerate = FeeRate::from_sat_per_kwu(253);
    let (_, funding) = fund(&coin, Amount::from_sat(1_000_000), pubkeys, feerate).unwrap();
    ChannelParameters {
        funding,
        opener: Side::Local,
        format: CommitmentFormat::Anchors,
        parties: PerSide::from_fn(|side| Party {
            basepoints: keys[side].basepoints(),
            dust_limit: Amount::from_sat(354),
            to_self_delay: 144,
        }),
    }
}

fn keyset(first: u8) -> Keyset {
    let key = |offset| SecretKey::from_slice(&[first + offset; 32]).unwrap();
    Keyset {
        funding: key(0),
        revocation_base: key(1),
        payment_base: key(2),
        delayed_payment_base: key(3),
        htlc_base: key(4),
        commitment_seed: [first; 32],
    }
}

criterion_group!(benches, commitment, secrets);
criterion_main!(benches);
