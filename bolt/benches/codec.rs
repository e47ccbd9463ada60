//! How fast are messages decoded, encoded and built?

#![allow(clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{Catalogue, Message};
use std::hint::black_box;

fn codec(criterion: &mut Criterion) {
    let catalogue = Catalogue::bolts();
    for message in [init(), open_channel(), update_add_htlc()] {
        let bytes = message.encode();
        let plain = message.to_plain();
        let mut group = criterion.benchmark_group(message.name());
        group.bench_function("decode", |b| b.iter(|| catalogue.decode(black_box(&bytes)).unwrap()));
        group.bench_function("encode", |b| b.iter(|| black_box(&message).encode()));
        group.bench_function("build", |b| b.iter(|| message.def().build(black_box(&plain)).unwrap()));
        group.bench_function("to_plain", |b| b.iter(|| black_box(&message).to_plain()));
        group.finish();
    }
}

fn init() -> Message {
    let networks = Plain::List(vec![Plain::hex([6; 32])]);
    build(
        "init",
        [
            ("globalfeatures", "".into()),
            ("features", "8a2a0a59a1".into()),
            ("tlvs", Plain::map([("networks", networks)])),
        ],
    )
}

fn open_channel() -> Message {
    let point = || Plain::hex([2; 33]);
    build(
        "open_channel",
        [
            ("chain_hash", Plain::hex([6; 32])),
            ("temporary_channel_id", Plain::hex([0; 32])),
            ("funding_satoshis", 999_800_u64.into()),
            ("push_msat", 0_u64.into()),
            ("dust_limit_satoshis", 546_u64.into()),
            ("max_htlc_value_in_flight_msat", u64::MAX.into()),
            ("channel_reserve_satoshis", 9998_u64.into()),
            ("htlc_minimum_msat", 0_u64.into()),
            ("feerate_per_kw", 253_u64.into()),
            ("to_self_delay", 5_u64.into()),
            ("max_accepted_htlcs", 483_u64.into()),
            ("funding_pubkey", point()),
            ("revocation_basepoint", point()),
            ("payment_basepoint", point()),
            ("delayed_payment_basepoint", point()),
            ("htlc_basepoint", point()),
            ("first_per_commitment_point", point()),
            ("channel_flags", 1_u64.into()),
            ("tlvs", Plain::map([("upfront_shutdown_script", "".into()), ("channel_type", "401000".into())])),
        ],
    )
}

fn update_add_htlc() -> Message {
    build(
        "update_add_htlc",
        [
            ("channel_id", Plain::hex([7; 32])),
            ("id", 21_u64.into()),
            ("amount_msat", 1_000_000_u64.into()),
            ("payment_hash", Plain::hex([8; 32])),
            ("cltv_expiry", 144_u64.into()),
            ("onion_routing_packet", Plain::hex([9; 1366])),
            ("tlvs", Plain::map([])),
        ],
    )
}

fn build<const N: usize>(name: &str, fields: [(&str, Plain); N]) -> Message {
    Catalogue::bolts().message(name).unwrap().build(&Plain::map(fields)).unwrap()
}

criterion_group!(benches, codec);
criterion_main!(benches);
