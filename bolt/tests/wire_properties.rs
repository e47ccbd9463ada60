//! What holds for every message of the catalogue, whatever its values, and for any bytes at all.

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{
    Catalogue, Count, Extent, FieldDef, FieldType, Layout, Message, MessageDef, TlvDef, TlvStreamDef,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

/// Arrays longer than this teach nothing more.
const LONGEST: usize = 5;

fn hex(len: impl Into<proptest::collection::SizeRange>) -> BoxedStrategy<Plain> {
    vec(any::<u8>(), len).prop_map(Plain::hex).boxed()
}

/// Integers of all widths, small ones as often as large ones.
fn unsigned(width: usize) -> BoxedStrategy<Plain> {
    (0..=8 * width as u32, any::<u64>())
        .prop_map(|(bits, value)| Plain::from(if bits == 0 { 0 } else { value >> (64 - bits) }))
        .boxed()
}

fn element(ty: &FieldType) -> BoxedStrategy<Plain> {
    match ty {
        FieldType::BigSize => unsigned(8),
        FieldType::Bytes(len) => hex(*len),
        FieldType::Point => hex(33_usize),
        FieldType::SciddirOrPubkey => {
            prop_oneof![(0..2_u8, vec(any::<u8>(), 8)), (2..4_u8, vec(any::<u8>(), 32))]
                .prop_map(|(first, rest)| Plain::hex([vec![first], rest].concat()))
                .boxed()
        }
        FieldType::ShortChannelId => (0..1 << 24, 0..1 << 24, any::<u16>())
            .prop_map(|(block, tx, output)| Plain::from(format!("{block}x{tx}x{output}")))
            .boxed(),
        FieldType::Signed(width) => {
            let unused = 64 - 8 * width;
            any::<i64>().prop_map(move |value| Plain::from(value >> unused)).boxed()
        }
        FieldType::Subtype(subtype) => fields(&subtype.fields),
        FieldType::Tlvs(stream) => tlvs(stream),
        FieldType::Truncated(width) | FieldType::Unsigned(width) => unsigned(*width),
        FieldType::Utf8 => unreachable!("utf8 stands in arrays only"),
    }
}

fn field(def: &FieldDef) -> BoxedStrategy<Plain> {
    let lengths = match def.count {
        Count::One => return element(&def.ty),
        Count::Fixed(len) => len..=len,
        Count::Field(_) | Count::Rest { .. } => 0..=LONGEST,
    };
    match def.ty {
        FieldType::Unsigned(1) => hex(lengths),
        FieldType::Utf8 => ".{0,5}".prop_map(Plain::from).boxed(),
        _ => vec(element(&def.ty), lengths).prop_map(Plain::List).boxed(),
    }
}

fn fields(layout: &Layout) -> BoxedStrategy<Plain> {
    let mut all = Just(Vec::new()).boxed();
    for def in layout.iter().filter(|def| !def.is_derived()) {
        let name = def.name.to_string();
        all = (all, field(def))
            .prop_map(move |(mut all, value)| {
                all.push((name.clone(), value));
                all
            })
            .boxed();
    }
    all.prop_map(|all| Plain::Map(all.into_iter().collect())).boxed()
}

fn record(def: &TlvDef) -> BoxedStrategy<Plain> {
    match def.single_field() {
        Some(only) => field(only),
        None => fields(&def.fields),
    }
}

/// By ascending type, as decoding gives them.
fn tlvs(def: &Arc<TlvStreamDef>) -> BoxedStrategy<Plain> {
    let mut all = Just(Vec::new()).boxed();
    for def in &def.records {
        let name = def.name.to_string();
        all = (all, proptest::option::of(record(def)))
            .prop_map(move |(mut all, value)| {
                all.extend(value.map(|value| (name.clone(), value)));
                all
            })
            .boxed();
    }
    let unknown = proptest::collection::btree_map(500_u64..1 << 40, vec(any::<u8>(), 0..4), 0..3);
    (all, unknown)
        .prop_map(|(mut all, unknown)| {
            let unknown = unknown.into_iter().map(|(number, value)| {
                Plain::map([("type", Plain::from(number | 1)), ("value", Plain::hex(value))])
            });
            let mut unknown: Vec<Plain> = unknown.collect();
            unknown.dedup_by(|a, b| a.get("type") == b.get("type"));
            if !unknown.is_empty() {
                all.push(("unknown".to_owned(), Plain::List(unknown)));
            }
            Plain::Map(all.into_iter().collect())
        })
        .boxed()
}

fn messages() -> Vec<Arc<MessageDef>> {
    Catalogue::bolts().messages().cloned().collect()
}

fn round_trip(def: &Arc<MessageDef>, plain: &Plain, decode: impl Fn(&[u8]) -> Message) {
    let message = def.build(plain).unwrap_or_else(|errors| panic!("{}: {errors}", def.name));
    assert_eq!(&message.to_plain(), plain);
    assert_eq!(def.check(plain, Extent::Whole), []);
    let bytes = message.encode();
    let decoded = decode(&bytes);
    assert_eq!(decoded, message);
    assert_eq!(decoded.encode(), bytes);
}

/// Each message as often as this, so that one with many shapes isn't left out.
const CASES: u32 = 24;

fn each_case<T: std::fmt::Debug>(strategy: BoxedStrategy<T>, check: impl Fn(T)) {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(CASES));
    let result = runner.run(&strategy, |case| {
        check(case);
        Ok(())
    });
    result.unwrap();
}

#[test]
fn every_message_survives_building_encoding_and_decoding() {
    let all = messages();
    assert_eq!(all.len(), 50);
    for def in all {
        each_case(fields(&def.fields), |plain| {
            round_trip(&def, &plain, |bytes| Catalogue::bolts().decode(bytes).unwrap());
        });
    }
}

#[test]
fn every_failure_survives_building_encoding_and_decoding() {
    let all: Vec<_> = Catalogue::bolts().failures().cloned().collect();
    assert_eq!(all.len(), 22);
    for def in all {
        each_case(fields(&def.fields), |plain| {
            round_trip(&def, &plain, |bytes| Catalogue::bolts().decode_failure(bytes).unwrap());
        });
    }
}

#[test]
fn every_stream_survives_building_encoding_and_decoding() {
    for def in Catalogue::bolts().tlv_streams() {
        each_case(tlvs(def), |plain| {
            let stream = def.build(&plain).unwrap_or_else(|errors| panic!("{}: {errors}", def.name));
            assert_eq!(stream.to_plain(), plain);
            assert_eq!(def.decode(&stream.encode()).unwrap(), stream);
        });
    }
}

#[test]
fn every_subtype_survives_building_encoding_and_decoding() {
    for def in Catalogue::bolts().subtypes() {
        each_case(fields(&def.fields), |plain| {
            let fields = def.build(&plain).unwrap_or_else(|errors| panic!("{}: {errors}", def.name));
            assert_eq!(fields.to_plain(), plain);
            let bytes = fields.encode();
            assert_eq!(def.decode(&bytes).unwrap(), (fields, bytes.len()));
        });
    }
}

#[test]
fn no_message_survives_losing_its_last_byte_unnoticed() {
    for def in messages().into_iter().filter(|def| def.tlvs().is_none() && !def.fields.is_empty()) {
        if matches!(def.fields[def.fields.len() - 1].count, Count::Rest { .. }) {
            continue;
        }
        each_case(fields(&def.fields), |plain| {
            let mut bytes = def.build(&plain).unwrap().encode();
            bytes.pop();
            assert!(Catalogue::bolts().decode(&bytes).is_err(), "{}", def.name);
        });
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_what_decodes_encodes_back(
        index in any::<proptest::sample::Index>(),
        payload in vec(any::<u8>(), 0..700),
    ) {
        let number = index.get(&messages()).number;
        let bytes = [&number.to_be_bytes()[..], &payload].concat();
        if let Ok(message) = Catalogue::bolts().decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
        prop_assert!(Catalogue::bolts().decode(&payload).map_or(true, |message| message.encode() == payload));
        if let Ok(failure) = Catalogue::bolts().decode_failure(&payload) {
            prop_assert_eq!(failure.encode(), payload);
        }
    }

    #[test]
    fn arbitrary_bytes_in_place_of_a_stream_never_panic(
        index in any::<proptest::sample::Index>(),
        numbers in vec((0_u8..40, vec(any::<u8>(), 0..60)), 0..6),
    ) {
        let streams: Vec<_> = Catalogue::bolts().tlv_streams().collect();
        let bytes: Vec<u8> = numbers
            .into_iter()
            .flat_map(|(number, value)| [vec![number, value.len() as u8], value].concat())
            .collect();
        if let Ok(stream) = index.get(&streams).decode(&bytes) {
            prop_assert_eq!(stream.encode(), bytes);
        }
    }

    #[test]
    fn a_damaged_message_never_panics(
        index in any::<proptest::sample::Index>(),
        (seed, at, byte) in (any::<[u8; 32]>(), any::<proptest::sample::Index>(), any::<u8>()),
    ) {
        let all = messages();
        let def = index.get(&all);
        let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(ProptestConfig::default(), rng);
        let plain = fields(&def.fields).new_tree(&mut runner).unwrap().current();
        let mut bytes = def.build(&plain).unwrap().encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(message) = Catalogue::bolts().decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }

    #[test]
    fn extensions_are_kept(extension in vec(any::<u8>(), 0..50)) {
        let bytes = [&[0, 19, 0, 1, 0xaa][..], &extension].concat();
        let pong = Catalogue::bolts().decode(&bytes).unwrap();
        prop_assert_eq!(&**pong.extension(), &extension[..]);
        prop_assert_eq!(pong.def().build(&pong.to_plain()).unwrap().encode(), bytes);
    }
}
