//! How fast are messages decoded, encoded and built?

use criterion::{Criterion, criterion_group, criterion_main};
use lnprototest_bolt::wire::Catalogue;
use std::hint::black_box;

/// `open_channel` with two records, 356 bytes.
fn open_channel() -> Vec<u8> {
    let mut bytes = vec![0, 32];
    bytes.extend([7; 64 + 6 * 8 + 4 + 2 + 2]);
    bytes.extend([2; 6 * 33]);
    bytes.extend([1, 0, 0, 1, 3, 0x40, 0x10, 0]);
    bytes
}

fn codec(criterion: &mut Criterion) {
    let catalogue = Catalogue::bolts();
    let bytes = open_channel();
    let message = catalogue.decode(&bytes).expect("a valid message");
    let plain = message.to_plain();
    let mut group = criterion.benchmark_group("open_channel");
    group.bench_function("decode", |b| b.iter(|| catalogue.decode(black_box(&bytes))));
    group.bench_function("encode", |b| b.iter(|| black_box(&message).encode()));
    group.bench_function("build", |b| b.iter(|| message.def().build(black_box(&plain))));
    group.bench_function("to_plain", |b| b.iter(|| black_box(&message).to_plain()));
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
