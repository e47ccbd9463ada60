//! How is one field of a message made otherwise, so that the message is still well-formed?

use lnprototest_bolt::channel::high_s;
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{Count, FieldDef, FieldType, Layout, Message, ShortChannelId, TlvDef};
use secp256k1::ecdsa::Signature;
use secp256k1::{PublicKey, SECP256K1, Scalar, SecretKey};

/// A key that no spec and no node has.
pub(super) const ANOTHER_KEY: [u8; 32] = [0x5a; 32];
/// What it signs.
const ANOTHER_HASH: [u8; 32] = [0xa5; 32];

/// A change of a field, in a word or two: `+1`, `high S`.
pub(super) type Change = String;

/// The changes that are made, by the kinds of fields. A bound is the least or the most that the field can hold.
pub(super) const CHANGES: [&str; 19] = [
    "+1",
    "-1",
    "absent",
    "another chain",
    "another hash",
    "another key",
    "doubled",
    "first byte",
    "fewer",
    "high S",
    "last bit",
    "leading zero",
    "least",
    "longer",
    "more",
    "most",
    "no point",
    "other text",
    "shorter",
];

/// All messages that `message` becomes when its field at `path` (`push_msat`, `tlvs.channel_type`) is changed; several
/// changes may come to the same. None if it has no such field.
pub(super) fn altered(message: &Message, path: &str) -> Vec<(Change, Message)> {
    let whole = message.to_plain();
    let mut variants = Vec::new();
    let mut names = path.split('.');
    match (names.next(), names.next(), names.next()) {
        (Some("tlvs"), Some(record), inner) => {
            let Some(def) = message.tlv(record).and_then(|record| record.def()) else { return Vec::new() };
            let Some(plain) = whole.get("tlvs").and_then(|tlvs| tlvs.get(record)) else { return Vec::new() };
            let put = |value: Option<Plain>| {
                with(&whole, "tlvs", |tlvs| Some(with(tlvs?, record, |_| value.clone())))
            };
            if inner.is_none() {
                variants.push(("absent".to_owned(), put(None)));
            }
            let inside = record_variants(def, plain, inner);
            variants.extend(inside.into_iter().map(|(change, plain)| (change, put(Some(plain)))));
        }
        (Some(name), None, None) => {
            let (Some(def), Some(plain)) = (message.def().field(name), whole.get(name)) else {
                return Vec::new();
            };
            let inside = field_variants(def, plain);
            variants.extend(
                inside
                    .into_iter()
                    .map(|(change, plain)| (change, with(&whole, name, |_| Some(plain.clone())))),
            );
        }
        _ => {}
    }
    let built = variants.into_iter().filter_map(|(change, plain)| {
        let altered = message.def().build(&plain).ok()?;
        (altered != *message).then_some((change, altered))
    });
    built.collect()
}

/// A message of this definition whose fields are all zero or empty.
pub(super) fn zeroed(fields: &Layout) -> Plain {
    let written = fields.iter().filter(|def| !def.is_derived() && def.option.is_none());
    Plain::map(written.map(|def| (&*def.name, zero(def))))
}

fn zero(def: &FieldDef) -> Plain {
    match (&def.ty, def.count) {
        (FieldType::Tlvs(_), _) => Plain::map([]),
        (FieldType::Unsigned(1), Count::Fixed(count)) => Plain::hex(vec![0; count]),
        (FieldType::Unsigned(1) | FieldType::Utf8, Count::Field(_) | Count::Rest { .. }) => "".into(),
        (_, Count::Field(_) | Count::Rest { .. }) => Plain::List(Vec::new()),
        (ty, Count::Fixed(count)) => Plain::List(vec![zero_of(ty); count]),
        (ty, Count::One) => zero_of(ty),
    }
}

fn zero_of(ty: &FieldType) -> Plain {
    match ty {
        FieldType::Bytes(count) => Plain::hex(vec![0; *count]),
        FieldType::Point => Plain::hex([0; 33]),
        FieldType::SciddirOrPubkey => Plain::hex([0; 9]),
        FieldType::Subtype(subtype) => zeroed(&subtype.fields),
        FieldType::Tlvs(_) => Plain::map([]),
        FieldType::Utf8 => "".into(),
        _ => 0.into(),
    }
}

/// `map` with another value of `name`, or without it.
fn with(map: &Plain, name: &str, change: impl FnOnce(Option<&Plain>) -> Option<Plain>) -> Plain {
    let Plain::Map(entries) = map else { return map.clone() };
    let mut entries = entries.clone();
    match change(map.get(name)) {
        Some(value) => entries.insert(name.to_owned(), value),
        None => entries.shift_remove(name),
    };
    Plain::Map(entries)
}

/// The variants of a record's value: of its only field, of the one that is named, or of each.
fn record_variants(def: &TlvDef, plain: &Plain, inner: Option<&str>) -> Vec<(Change, Plain)> {
    match (def.single_field(), inner) {
        (Some(field), _) => field_variants(field, plain),
        (None, inner) => fields_variants(&def.fields, plain, inner),
    }
}

fn fields_variants(layout: &Layout, plain: &Plain, only: Option<&str>) -> Vec<(Change, Plain)> {
    let named = layout.iter().filter(|def| only.is_none_or(|name| *def.name == *name));
    let mut variants = Vec::new();
    for def in named.filter(|def| !def.is_derived()) {
        let Some(value) = plain.get(&def.name) else { continue };
        let inside = field_variants(def, value);
        variants.extend(
            inside
                .into_iter()
                .map(|(change, value)| (change, with(plain, &def.name, |_| Some(value.clone())))),
        );
    }
    variants
}

fn field_variants(def: &FieldDef, plain: &Plain) -> Vec<(Change, Plain)> {
    match (&def.ty, def.count, plain) {
        (FieldType::Tlvs(_), ..) => Vec::new(),
        (ty, Count::One, plain) => one_variants(ty, &def.type_name, plain),
        (FieldType::Unsigned(1), count, plain) => bytes_variants(count, plain),
        (FieldType::Utf8, _, Plain::Text(text)) => vec![("other text".to_owned(), format!("{text}?").into())],
        (ty, count, Plain::List(elements)) => list_variants(ty, count, &def.type_name, elements),
        _ => Vec::new(),
    }
}

fn list_variants(ty: &FieldType, count: Count, type_name: &str, elements: &[Plain]) -> Vec<(Change, Plain)> {
    let Some((first, rest)) = elements.split_first() else { return Vec::new() };
    let mut variants: Vec<_> = one_variants(ty, type_name, first)
        .into_iter()
        .map(|(change, first)| (change, Plain::List([&[first], rest].concat())))
        .collect();
    if !matches!(count, Count::Fixed(_)) {
        variants.push(("fewer".to_owned(), Plain::List(rest.to_vec())));
        variants.push(("more".to_owned(), Plain::List([elements, &elements[..1]].concat())));
    }
    variants
}

fn bytes_variants(count: Count, plain: &Plain) -> Vec<(Change, Plain)> {
    let Some(bytes) = bytes_of(plain) else { return Vec::new() };
    let mut variants = flipped(&bytes);
    if !matches!(count, Count::Fixed(_)) {
        variants.push(("leading zero", [&[0], &bytes[..]].concat()));
        variants.push(("longer", [&bytes[..], &[0]].concat()));
        if let Some((_, shorter)) = bytes.split_last() {
            variants.push(("shorter", shorter.to_vec()));
        }
    }
    in_hex(variants)
}

fn one_variants(ty: &FieldType, type_name: &str, plain: &Plain) -> Vec<(Change, Plain)> {
    match ty {
        FieldType::BigSize => numbers(plain, 0, u64::MAX.into()),
        FieldType::Signed(width) => numbers(plain, -half(*width), half(*width) - 1),
        FieldType::Truncated(width) | FieldType::Unsigned(width) => numbers(plain, 0, 2 * half(*width) - 1),
        FieldType::ShortChannelId => {
            let Plain::Text(text) = plain else { return Vec::new() };
            let Ok(place) = text.parse::<ShortChannelId>() else { return Vec::new() };
            numbers(&place.to_u64().into(), 0, u64::MAX.into())
        }
        FieldType::Bytes(64) if type_name.ends_with("signature") => {
            bytes_of(plain).map(|bytes| in_hex(signatures(&bytes))).unwrap_or_default()
        }
        FieldType::Bytes(_) | FieldType::SciddirOrPubkey => {
            bytes_of(plain).map(|bytes| in_hex(flipped(&bytes))).unwrap_or_default()
        }
        FieldType::Point => in_hex(points()),
        FieldType::Subtype(subtype) => fields_variants(&subtype.fields, plain, None),
        FieldType::Tlvs(_) | FieldType::Utf8 => Vec::new(),
    }
}

fn half(width: usize) -> i128 {
    1 << (8 * width - 1)
}

fn numbers(plain: &Plain, least: i128, most: i128) -> Vec<(Change, Plain)> {
    let Plain::Int(value) = *plain else { return Vec::new() };
    let others = [("+1", value + 1), ("-1", value - 1), ("least", least), ("most", most)];
    let fit = others.into_iter().filter(|(_, other)| (least..=most).contains(other));
    fit.map(|(change, other)| (change.to_owned(), Plain::Int(other))).collect()
}

fn points() -> Vec<(&'static str, Vec<u8>)> {
    let another = SecretKey::from_slice(&ANOTHER_KEY).map(|key| PublicKey::from_secret_key_global(&key));
    let mut points: Vec<_> =
        another.iter().map(|point| ("another key", point.serialize().to_vec())).collect();
    // There is no such first byte.
    points.push(("no point", [&[5], &[7; 32][..]].concat()));
    points
}

/// A signature by another key; one by the same key over another hash, which any other `s` is; and the twin.
fn signatures(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut others = Vec::new();
    if let Ok(key) = SecretKey::from_slice(&ANOTHER_KEY) {
        let hash = secp256k1::Message::from_digest(ANOTHER_HASH);
        others.push(("another key", SECP256K1.sign_ecdsa(&hash, &key).serialize_compact().to_vec()));
    }
    if let Ok(given) = Signature::from_compact(bytes) {
        let other_s = SecretKey::from_slice(&bytes[32..]).and_then(|s| s.add_tweak(&Scalar::ONE));
        if let Ok(s) = other_s {
            others.push(("another hash", [&bytes[..32], &s.secret_bytes()].concat()));
        }
        others.push(("high S", high_s(&given).to_vec()));
    }
    others
}

fn flipped(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut variants = Vec::new();
    if let Some(last) = bytes.len().checked_sub(1) {
        let flip = |at: usize, mask: u8| {
            let mut other = bytes.to_vec();
            other[at] ^= mask;
            other
        };
        variants.push(("last bit", flip(last, 1)));
        variants.push(("first byte", flip(0, 0xff)));
    }
    variants
}

fn in_hex(variants: Vec<(&'static str, Vec<u8>)>) -> Vec<(Change, Plain)> {
    variants.into_iter().map(|(change, bytes)| (change.to_owned(), Plain::hex(bytes))).collect()
}

fn bytes_of(plain: &Plain) -> Option<Vec<u8>> {
    match plain {
        Plain::Text(text) => hex::decode(text).ok(),
        _ => None,
    }
}
