//! BOLT 4's vectors of returned errors and attribution data, and what becomes of wrong ones.

#![allow(clippy::unwrap_used)]

use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use lnprototest_bolt::onion::{
    Attribution, AttributionData, FailureCode, KeyUsage, MAX_ATTRIBUTED_HOPS, ReasonError, ReturnPacket,
    Returned, SharedSecret, enclosed_channel_update, obfuscate_reason, read_reason,
};
use lnprototest_bolt::wire::{Catalogue, DecodeError, plain::Plain};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn error_of_the_last_hop() {
    let vector = read(include_str!("data/bolt04/error.json"));
    let hops = vector["generate"]["hops"].as_array().unwrap();
    let secrets: Vec<SharedSecret> = hops.iter().map(|hop| shared(&hop["hop_shared_secret"])).collect();
    for (hop, secret) in hops.iter().zip(&secrets) {
        assert_eq!(hex::encode(secret.key(KeyUsage::Ammag)), hop["ammag_key"]);
    }
    assert_eq!(hex::encode(secrets[4].key(KeyUsage::Um)), hops[4]["um_key"]);
    let packet = ReturnPacket::new(&secrets[4], bytes(&vector["generate"]["failure_message"]));
    assert_eq!(hex::encode(&packet.encode()[32..]), hops[4]["payload"]);

    let mut reason = packet.reason(&secrets[4]);
    secrets[..4].iter().rev().for_each(|secret| obfuscate_reason(secret, &mut reason));
    assert_eq!(hex::encode(&reason), vector["errorpacket"]);
    let returned = read_reason(&reason, &secrets).unwrap();
    assert_eq!((returned.hop, &returned.packet), (4, &packet));
    assert_eq!(returned.packet.code(), FailureCode::named("temporary_node_failure"));
}

#[test]
fn error_with_attribution_data() {
    let vector = read(include_str!("data/bolt04/attribution.json"));
    let steps = vector["steps"].as_array().unwrap();
    let failure = Catalogue::bolts().failure("incorrect_or_unknown_payment_details").unwrap();
    let tlv = format!("fd84d1fd012c{}", "80".repeat(300));
    let failure = failure
        .build(&Plain::map([
            ("htlc_msat", vector["failure"]["htlc_msat"].as_u64().unwrap().into()),
            ("height", vector["failure"]["height"].as_u64().unwrap().into()),
            ("extension", tlv.as_str().into()),
        ]))
        .unwrap();
    assert_eq!(hex::encode(failure.encode()), vector["failure_message"]);

    let erring = shared(&steps[0]["shared_secret"]);
    assert_eq!(hex::encode(erring.key(KeyUsage::Um)), vector["um_key"]);
    let pad = vec![0; vector["pad_length"].as_u64().unwrap() as usize];
    let packet = ReturnPacket::padded(&erring, failure.encode(), pad);
    assert_eq!(hex::encode(&packet.encode()[32..]), vector["payload"]);
    assert_eq!(hex::encode(packet.encode()), vector["raw_error_packet"]);

    let hold_times: Vec<u32> =
        vector["hold_times"].as_array().unwrap().iter().map(|time| time.as_u64().unwrap() as u32).collect();
    let (mut reason, mut data, mut success) =
        (packet.encode(), AttributionData::BLANK, AttributionData::BLANK);
    // The BOLT lists the hold times by node, but its data has the first of them at the erring node.
    for (step, hold_time) in steps.iter().zip(&hold_times) {
        let secret = shared(&step["shared_secret"]);
        assert_eq!(hex::encode(secret.key(KeyUsage::Ammag)), step["ammag_key"]);
        data = data.passed_on(&secret, *hold_time, &reason);
        success = success.passed_on(&secret, *hold_time, &[]);
        let before = reason.clone();
        obfuscate_reason(&secret, &mut reason);
        let stream: Vec<u8> = before.iter().zip(&reason).map(|(one, other)| one ^ other).collect();
        assert_eq!(hex::encode(stream), step["stream"]);
        assert_eq!(hex::encode(&reason), step["error_packet"]);
        assert_eq!(hex::encode(data.encode()), step["attribution_data"], "node {}", step["node"]);
        assert_eq!(
            hex::encode(success.encode()),
            step["attribution_data_on_success"],
            "node {}",
            step["node"]
        );
    }

    let secrets: Vec<SharedSecret> = steps.iter().rev().map(|step| shared(&step["shared_secret"])).collect();
    let returned = read_reason(&reason, &secrets).unwrap();
    assert_eq!((returned.hop, returned.packet.message().unwrap()), (4, failure));
    let all = Attribution { hold_times: hold_times.into_iter().rev().collect(), blamed: None };
    assert_eq!(data.read(&reason, &secrets), all);
    assert_eq!(success.read(&[], &secrets), all);
}

#[test]
fn attribution_names_who_is_to_blame() {
    let secrets = secrets(5);
    let from = |erring: usize, tampering: Option<usize>| {
        let packet = ReturnPacket::new(&secrets[erring], [0x20, 2]);
        let (mut reason, mut data) = (packet.encode(), AttributionData::BLANK);
        for hop in (0..=erring).rev() {
            data = data.passed_on(&secrets[hop], 10 + hop as u32, &reason);
            obfuscate_reason(&secrets[hop], &mut reason);
            if tampering == Some(hop) {
                reason[40] ^= 1;
            }
        }
        (data, reason)
    };
    for erring in 0..5 {
        let (data, reason) = from(erring, None);
        let returned = read_reason(&reason, &secrets).unwrap();
        assert_eq!(returned.hop, erring);
        let hold_times: Vec<u32> = (10..=10 + erring as u32).collect();
        assert_eq!(
            data.read(&reason, &secrets[..=erring]),
            Attribution { hold_times, blamed: None },
            "{erring}"
        );
    }
    for tampering in 1..5 {
        let (data, reason) = from(4, Some(tampering));
        assert_eq!(read_reason(&reason, &secrets), Err(ReasonError::UnknownSource { hops: 5 }));
        let attribution = data.read(&reason, &secrets);
        assert_eq!(attribution.blamed, Some(tampering));
        assert_eq!(attribution.hold_times.len(), tampering);
    }
}

#[test]
fn attribution_data_as_record() {
    let secrets = secrets(1);
    let data = AttributionData::BLANK.passed_on(&secrets[0], 7, &[]);
    let def = Catalogue::bolts().tlv_stream("update_fulfill_htlc_tlvs").unwrap();
    let stream = def.build(&Plain::map([("attribution_data", data.to_plain())])).unwrap();
    let record = stream.record("attribution_data").unwrap();
    assert_eq!(AttributionData::decode(&record.encode_value()), Some(data));
    assert_eq!(AttributionData::decode(&[0; 919]), None);
}

#[test]
fn attribution_of_the_longest_route() {
    let secrets = secrets(MAX_ATTRIBUTED_HOPS + 1);
    let (mut data, mut hold_time) = (AttributionData::BLANK, 0);
    for secret in secrets[..MAX_ATTRIBUTED_HOPS].iter().rev() {
        data = data.passed_on(secret, hold_time, &[]);
        hold_time += 1;
    }
    let attribution = data.read(&[], &secrets);
    assert_eq!(attribution, Attribution { hold_times: (0..20).rev().collect(), blamed: None });
}

#[test]
fn wrong_return_packets() {
    let secrets = secrets(3);
    let reason = |packet: &ReturnPacket| {
        let mut reason = packet.reason(&secrets[1]);
        obfuscate_reason(&secrets[0], &mut reason);
        reason
    };
    let right = ReturnPacket::new(&secrets[1], [0x40, 8]);
    assert_eq!(right.failure.len() + right.pad.len(), 256);
    assert_eq!(read_reason(&reason(&right), &secrets).unwrap().hop, 1);

    let unauthentic = ReturnPacket { hmac: [1; 32], ..right.clone() };
    assert_eq!(read_reason(&reason(&unauthentic), &secrets), Err(ReasonError::UnknownSource { hops: 3 }));
    assert_eq!(read_reason(&[1; 31], &secrets), Err(ReasonError::UnknownSource { hops: 3 }));
    let short = ReturnPacket::padded(&secrets[1], vec![0x40], vec![]);
    let returned = read_reason(&reason(&short), &secrets).unwrap();
    assert_eq!((returned.packet.code(), returned.packet), (None, short));

    // Authentic, but the failure claims more bytes than there are.
    let rest = [0xff, 0xff];
    let mut garbled = hmac(&secrets[0].key(KeyUsage::Um), &rest).to_vec();
    garbled.extend(rest);
    obfuscate_reason(&secrets[0], &mut garbled);
    assert_eq!(read_reason(&garbled, &secrets), Err(ReasonError::Malformed { hop: 0 }));
}

#[test]
fn failure_codes() {
    let text: Vec<String> = FailureCode::all().map(|code| code.to_string()).collect();
    assert_eq!(text.len(), 22);
    assert_eq!(text[0], "NODE|2 temporary_node_failure");
    assert_eq!(text[21], "BADONION|PERM|24 invalid_onion_blinding");
    for (code, name) in [
        (FailureCode::INVALID_ONION_BLINDING, "invalid_onion_blinding"),
        (FailureCode::INVALID_ONION_HMAC, "invalid_onion_hmac"),
        (FailureCode::INVALID_ONION_KEY, "invalid_onion_key"),
        (FailureCode::INVALID_ONION_PAYLOAD, "invalid_onion_payload"),
        (FailureCode::INVALID_ONION_VERSION, "invalid_onion_version"),
    ] {
        assert_eq!((code.name(), FailureCode::named(name)), (Some(name), Some(code)));
    }
    let code = FailureCode(0x400f);
    assert_eq!((code.number(), code.has(FailureCode::PERM), code.has(FailureCode::NODE)), (15, true, false));
    assert_eq!(FailureCode(0x4fff).to_string(), "PERM|4095 (unknown)");
    assert!(matches!(
        Catalogue::bolts().decode_failure(&[0x4f, 0xff]),
        Err(DecodeError::UnknownType { number: 0x4fff, .. })
    ));
}

#[test]
fn enclosed_update_with_and_without_its_type() {
    let def = Catalogue::bolts().message("channel_update").unwrap();
    let update = def
        .build(&Plain::map([
            ("signature", Plain::hex([1; 64])),
            ("chain_hash", Plain::hex([2; 32])),
            ("short_channel_id", "103x1x0".into()),
            ("timestamp", 4.into()),
            ("message_flags", 1.into()),
            ("channel_flags", 0.into()),
            ("cltv_expiry_delta", 6.into()),
            ("htlc_minimum_msat", 7.into()),
            ("fee_base_msat", 8.into()),
            ("fee_proportional_millionths", 9.into()),
            ("htlc_maximum_msat", 10.into()),
        ]))
        .unwrap();
    let failure = Catalogue::bolts().failure("temporary_channel_failure").unwrap();
    let enclosing =
        |bytes: &[u8]| failure.build(&Plain::map([("channel_update", Plain::hex(bytes))])).unwrap();
    let encoded = update.encode();
    for bytes in [&encoded[..], &encoded[2..]] {
        assert_eq!(enclosed_channel_update(&enclosing(bytes)).unwrap().unwrap(), update);
    }
    assert!(enclosed_channel_update(&enclosing(&[])).is_none());
    assert!(enclosed_channel_update(&enclosing(&[1, 2, 3])).unwrap().is_err());
    let other = Catalogue::bolts().failure("mpp_timeout").unwrap().build(&Plain::map([])).unwrap();
    assert!(enclosed_channel_update(&other).is_none());
}

proptest! {
    /// The padding is the erring node's to choose, and whatever comes back can be read or refused.
    #[test]
    fn reasons_survive_and_any_bytes_can_be_refused(
        erring in 0..5_usize,
        failure in vec(any::<u8>(), 2..400),
        pad in vec(any::<u8>(), 0..400),
        garbage in vec(any::<u8>(), 0..400),
    ) {
        let secrets = secrets(5);
        let packet = ReturnPacket::padded(&secrets[erring], failure, pad);
        let mut reason = packet.reason(&secrets[erring]);
        secrets[..erring].iter().rev().for_each(|secret| obfuscate_reason(secret, &mut reason));
        prop_assert_eq!(read_reason(&reason, &secrets), Ok(Returned { hop: erring, packet }));
        prop_assert_eq!(read_reason(&garbage, &secrets), Err(ReasonError::UnknownSource { hops: 5 }));
        prop_assert_eq!(AttributionData::BLANK.read(&garbage, &secrets).blamed, Some(0));
    }
}

fn secrets(count: usize) -> Vec<SharedSecret> {
    (0..count).map(|index| SharedSecret::from_bytes([index as u8 + 1; 32])).collect()
}

fn hmac(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    engine.input(bytes);
    Hmac::from_engine(engine).to_byte_array()
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn shared(value: &Value) -> SharedSecret {
    SharedSecret::from_bytes(bytes(value).try_into().unwrap())
}
