//! The codec against the vectors of BOLT 1, Appendix A to D.

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::wire::integer::{read_bigsize, write_bigsize};
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{Catalogue, DecodeError, Malformation, TlvStream};
use serde_json::Value as Json;

fn vectors(json: &str) -> Vec<Json> {
    serde_json::from_str(json).unwrap()
}

fn bytes(vector: &Json, key: &str) -> Vec<u8> {
    hex::decode(vector[key].as_str().unwrap()).unwrap()
}

fn kind(problem: &Malformation) -> &'static str {
    match problem {
        Malformation::DuplicateTlv(_) => "duplicate",
        Malformation::NotMinimal => "not minimal",
        Malformation::OutOfOrderTlv { .. } => "out of order",
        Malformation::TooLong { .. } | Malformation::Trailing(_) => "too long",
        Malformation::TooShort { .. } => "too short",
        Malformation::UnknownEvenTlv(_) => "unknown even",
        _ => "unexpected",
    }
}

#[test]
fn appendix_a_bigsize() {
    let vectors = vectors(include_str!("data/bolt01/bigsize.json"));
    assert_eq!(vectors.len(), 18);
    for vector in vectors {
        let bytes = bytes(&vector, "bytes");
        match (read_bigsize(&bytes), vector["error"].as_str()) {
            (Ok((value, width)), None) => {
                assert_eq!((Some(value), width), (vector["value"].as_u64(), bytes.len()), "{vector}");
                let mut written = Vec::new();
                write_bigsize(&mut written, value);
                assert_eq!(written, bytes, "{vector}");
            }
            (Err(problem), Some(error)) => assert_eq!(kind(&problem), error, "{vector}"),
            (result, _) => panic!("{vector}: {result:?}"),
        }
    }
}

/// A stream decoded under the strict rules: a point must be on its curve.
fn decode(namespace: &str, stream: &[u8]) -> Result<TlvStream, &'static str> {
    match Catalogue::bolts().tlv_stream(namespace).unwrap().decode(stream) {
        Ok(stream) if stream.invalid_points().is_empty() => Ok(stream),
        Ok(_) => Err("bad point"),
        Err(DecodeError::Malformed(malformed)) => Err(kind(malformed.problem())),
        Err(error) => panic!("{error}"),
    }
}

fn namespaces(vector: &Json) -> Vec<&str> {
    match vector["namespace"].as_str().unwrap() {
        "both" => vec!["n1", "n2"],
        one => vec![one],
    }
}

fn plain(json: &Json) -> Plain {
    match json {
        Json::Number(number) => Plain::from(number.as_u64().unwrap()),
        Json::Object(map) => Plain::map(map.iter().map(|(name, value)| (name.as_str(), plain(value)))),
        Json::String(text) => Plain::from(text.as_str()),
        other => panic!("{other}"),
    }
}

#[test]
fn appendix_b_streams() {
    let vectors = vectors(include_str!("data/bolt01/tlv.json"));
    assert_eq!(vectors.len(), 57);
    for vector in &vectors {
        let stream = bytes(vector, "stream");
        for namespace in namespaces(vector) {
            match (decode(namespace, &stream), vector["error"].as_str()) {
                (Ok(decoded), None) => {
                    assert_eq!(decoded.encode(), stream, "{vector}");
                    for record in decoded.records().iter().filter(|record| record.name().is_some()) {
                        let expected = plain(&vector["records"][record.name().unwrap()]);
                        assert_eq!(record.fields().unwrap().to_plain(), expected, "{vector}");
                    }
                    let known = decoded.records().iter().filter(|record| record.name().is_some()).count();
                    assert_eq!(known, vector["records"].as_object().unwrap().len(), "{vector}");
                }
                (Err(problem), Some(error)) => assert_eq!(problem, error, "{vector}"),
                (result, _) => panic!("{namespace} {vector}: {result:?}"),
            }
        }
    }
}

#[test]
fn appendix_b_an_invalid_stream_stays_invalid_behind_a_valid_one() {
    let vectors = vectors(include_str!("data/bolt01/tlv.json"));
    let (invalid, valid): (Vec<_>, Vec<_>) = vectors.iter().partition(|vector| vector["error"].is_string());
    for namespace in ["n1", "n2"] {
        for first in valid.iter().filter(|vector| namespaces(vector).contains(&namespace)) {
            for second in invalid.iter().filter(|vector| namespaces(vector).contains(&namespace)) {
                let both = [bytes(first, "stream"), bytes(second, "stream")].concat();
                assert!(decode(namespace, &both).is_err(), "{first} {second}");
            }
        }
    }
}

#[test]
fn appendix_b_a_higher_stream_is_valid_behind_a_lower_one_and_no_other_is() {
    let vectors = vectors(include_str!("data/bolt01/tlv.json"));
    let valid: Vec<_> = vectors.iter().filter(|vector| vector["error"].is_null()).collect();
    for first in &valid {
        for second in &valid {
            let (first, second) = (bytes(first, "stream"), bytes(second, "stream"));
            let number = |stream: &[u8]| decode("n1", stream).unwrap().records().first().map(|r| r.number());
            let ascending = match (number(&first), number(&second)) {
                (Some(first), Some(second)) => first < second,
                _ => true,
            };
            assert_eq!(decode("n1", &[first, second].concat()).is_ok(), ascending);
        }
    }
}

#[test]
fn appendix_c_extensions_of_init() {
    let decode = |message: &str| Catalogue::bolts().decode(&hex::decode(message).unwrap());
    assert!(decode("001000000000").unwrap().tlvs().unwrap().records().is_empty());
    let init = decode("001000000000c9012acb0104").unwrap();
    let numbers: Vec<u64> = init.tlvs().unwrap().records().iter().map(|record| record.number()).collect();
    assert_eq!(numbers, [0xc9, 0xcb]);

    for (message, problem, offset) in [
        ("00100000000001", "too short", 7),
        ("001000000000ca012a", "unknown even", 6),
        ("001000000000c90101c90102", "duplicate", 9),
    ] {
        let Err(DecodeError::Malformed(malformed)) = decode(message) else { panic!("{message} is valid") };
        assert_eq!((kind(malformed.problem()), malformed.offset()), (problem, offset), "{message}");
        assert_eq!(malformed.name(), "init");
        assert!(malformed.field().starts_with("tlvs"), "{malformed}");
    }
}

#[test]
fn appendix_d_signed_integers() {
    let csv = "subtype,i1\nsubtypedata,i1,value,s8\nsubtype,i2\nsubtypedata,i2,value,s16\n\
               subtype,i4\nsubtypedata,i4,value,s32\nsubtype,i8\nsubtypedata,i8,value,s64\n";
    let catalogue = Catalogue::bolts().extended("signed.csv", csv).unwrap();
    let vectors = vectors(include_str!("data/bolt01/signed.json"));
    assert_eq!(vectors.len(), 23);
    for vector in vectors {
        let bytes = bytes(&vector, "bytes");
        let subtype = catalogue.subtype(&format!("i{}", bytes.len())).unwrap();
        let value = Plain::map([("value", Plain::from(vector["value"].as_i64().unwrap()))]);
        assert_eq!(subtype.decode(&bytes).unwrap().0.to_plain(), value, "{vector}");
        assert_eq!(subtype.build(&value).unwrap().encode(), bytes, "{vector}");
    }
}
