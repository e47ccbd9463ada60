//! BOLT 7: signatures right and wrong, announcements, places in the chain, queries, checksums.

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::channel::{PerSide, Side, SignatureMismatch};
use lnprototest_bolt::gossip::query::{
    self, OfBothNodes, QueryError, decode_query_flags, decode_short_ids, decode_timestamps, encode_of_both,
    encode_query_flags, encode_short_ids,
};
use lnprototest_bolt::gossip::{
    AnnouncedChannel, AnnouncementSignatures, AnnouncingKeys, BadShortChannelId, ForwardingPolicy,
    GossipError, ShortChannelId, SigningFlaw, announced_script_pubkey, check_signature, check_signatures,
    crc32c, missign, sign, signed, signed_hash, update_checksum, update_signer,
};
use lnprototest_bolt::wire::{Catalogue, Malformation, Message, plain::Plain};
use proptest::prelude::*;
use secp256k1::{PublicKey, SecretKey};
use serde_json::Value;

#[test]
fn places_in_the_chain() {
    let place = ShortChannelId::new(539_268, 845, 1).unwrap();
    assert_eq!((place.to_string().as_str(), place.to_u64()), ("539268x845x1", 0x083a_8400_034d_0001));
    assert_eq!((place.block(), place.transaction(), place.output()), (539_268, 845, 1));
    assert_eq!(ShortChannelId::new(1 << 24, 0, 0), None);
    assert_eq!(ShortChannelId::new(0, 1 << 24, 0), None);
    for text in [
        "",
        "1x2",
        "1x2x3x4",
        "16777216x0x0",
        "0x16777216x0",
        "0x0x65536",
        "+1x2x3",
        "1x-2x3",
        "1:2:3",
        "1xx3",
    ] {
        assert_eq!(text.parse::<ShortChannelId>(), Err(BadShortChannelId), "{text}");
    }
}

#[test]
fn a_channel_is_announced() {
    let (channel, keys) = channel();
    let signatures = PerSide::from_fn(|side| channel.sign(&keys[side]).unwrap());
    let announcement = channel.message(&signatures).unwrap();
    check_signatures(&announcement).unwrap();
    let ids = ["node_id_1", "node_id_2"].map(|name| announcement.bytes(name).unwrap().to_vec());
    assert!(ids[0] < ids[1]);
    let funding = announced_script_pubkey(&announcement).unwrap();
    let ends = channel.ends;
    let script =
        lnprototest_bolt::channel::scripts::funding(&ends.remote.funding_pubkey, &ends.local.funding_pubkey);
    assert_eq!(funding, script.to_p2wsh());

    for side in [Side::Local, Side::Remote] {
        let message = Catalogue::bolts().message("announcement_signatures").unwrap();
        let message = message
            .build(&Plain::map([
                ("channel_id", Plain::hex([1; 32])),
                ("short_channel_id", "103x1x0".into()),
                ("node_signature", Plain::hex(signatures[side].node)),
                ("bitcoin_signature", Plain::hex(signatures[side].bitcoin)),
            ]))
            .unwrap();
        let own = AnnouncementSignatures::of(&message).unwrap();
        assert_eq!(channel.check(side, &own), Ok(()));
        let swapped = AnnouncementSignatures { node: own.bitcoin, bitcoin: own.node };
        assert!(channel.check(side, &swapped).is_err());
        assert!(channel.check(!side, &own).is_err());
        let no_bitcoin = AnnouncementSignatures { bitcoin: signatures[!side].bitcoin, ..own };
        let number = if side == channel.first() { 1 } else { 2 };
        let error = channel.check(side, &no_bitcoin).unwrap_err().to_string();
        assert!(error.starts_with(&format!("channel_announcement.bitcoin_signature_{number}: ")), "{error}");
    }

    // The wrong way round it is signed as well as the right way, by the keys that stand in it.
    let zero = PerSide::from_fn(|_| AnnouncementSignatures::ZERO);
    let first = !channel.first();
    let reversed = channel.message_from(first, &zero).unwrap();
    let (one, two) = (keys[first], keys[!first]);
    let secrets = [
        ("node_signature_1", one.node),
        ("node_signature_2", two.node),
        ("bitcoin_signature_1", one.funding),
        ("bitcoin_signature_2", two.funding),
    ];
    let reversed = signed(reversed, &secrets).unwrap();
    check_signatures(&reversed).unwrap();
    assert_eq!(reversed.bytes("node_id_1").unwrap(), ids[1]);
}

#[test]
fn each_signature_of_an_announcement_counts() {
    let (channel, keys) = channel();
    let announcement = channel.message(&PerSide::from_fn(|side| channel.sign(&keys[side]).unwrap())).unwrap();
    let (one, two) = (keys[channel.first()], keys[!channel.first()]);
    for (field, key) in [
        ("node_signature_1", one.node),
        ("node_signature_2", two.node),
        ("bitcoin_signature_1", one.funding),
        ("bitcoin_signature_2", two.funding),
    ] {
        let invalid = |mismatch: &SignatureMismatch| matches!(mismatch, SignatureMismatch::Invalid { .. });
        let judge = |signature: [u8; 64]| {
            let mut wrong = announcement.clone();
            wrong.set(field, Plain::hex(signature)).unwrap();
            match check_signatures(&wrong).unwrap_err() {
                GossipError::BadSignature { field: named, mismatch, .. } if named == field => mismatch,
                other => panic!("{other}"),
            }
        };
        assert!(invalid(&judge(sign(&announcement, &secret(77)).unwrap())), "{field}");
        for flaw in [SigningFlaw::OtherMessage, SigningFlaw::SingleHash, SigningFlaw::WholeMessage] {
            assert!(invalid(&judge(missign(&announcement, &key, flaw).unwrap())), "{field} {flaw:?}");
        }
        let high = missign(&announcement, &key, SigningFlaw::HighS).unwrap();
        assert_eq!(judge(high), SignatureMismatch::HighS);
        assert_eq!(judge([0xff; 64]), SignatureMismatch::Malformed);
    }
    let mut no_point = announcement.clone();
    no_point.set("node_id_2", Plain::hex([5; 33])).unwrap();
    // Node 1 has signed another node 2; its signature is judged first.
    assert!(matches!(check_signatures(&no_point), Err(GossipError::BadSignature { .. })));
    no_point.set("bitcoin_key_1", Plain::hex([5; 33])).unwrap();
    assert!(matches!(announced_script_pubkey(&no_point), Err(GossipError::BadKey { .. })));
}

#[test]
fn signatures_cover_unknown_bytes_at_the_end() {
    let mut update = update(0);
    let before = signed_hash(&update).unwrap();
    update.set("extension", "0102").unwrap();
    assert_ne!(signed_hash(&update).unwrap(), before);
    // BOLT 7: SHA-256 twice of what follows the 64 bytes behind the type.
    use bitcoin::hashes::{Hash, sha256d};
    let hash = sha256d::Hash::hash(&update.encode()[66..]).to_byte_array();
    assert_eq!(*signed_hash(&update).unwrap().as_ref(), hash);
}

#[test]
fn updates_are_signed_by_the_end_that_their_direction_names() {
    let (channel, keys) = channel();
    let announcement = channel.message(&PerSide::from_fn(|_| AnnouncementSignatures::ZERO)).unwrap();
    for (flags, side) in [(0, channel.first()), (1, !channel.first()), (3, !channel.first())] {
        let update = signed(update(flags), &[("signature", keys[side].node)]).unwrap();
        let signer = update_signer(&update, &announcement).unwrap();
        assert_eq!(signer, channel.ends[side].node_id);
        assert_eq!(check_signature(&update, "signature", &signer), Ok(()));
        assert!(check_signature(&update, "signature", &channel.ends[!side].node_id).is_err());
    }
    assert!(matches!(check_signatures(&update(0)), Err(GossipError::UnknownSigner { .. })));
}

#[test]
fn nodes_are_announced() {
    let def = Catalogue::bolts().message("node_announcement").unwrap();
    let unsigned = def
        .build(&Plain::map([
            ("signature", Plain::hex([0; 64])),
            ("features", "".into()),
            ("timestamp", 1.into()),
            ("node_id", Plain::hex(PublicKey::from_secret_key_global(&secret(3)).serialize())),
            ("rgb_color", "010203".into()),
            ("alias", Plain::hex([0x61; 32])),
            ("addresses", "".into()),
        ]))
        .unwrap();
    assert!(check_signatures(&unsigned).is_err());
    let right = signed(unsigned.clone(), &[("signature", secret(3))]).unwrap();
    assert_eq!(check_signatures(&right), Ok(()));
    let wrong = signed(unsigned.clone(), &[("signature", secret(4))]).unwrap();
    assert!(check_signatures(&wrong).is_err());
    let error = signed(unsigned, &[("no_such", secret(4))]).unwrap_err();
    assert!(matches!(error, GossipError::Build(_)), "{error}");
    let pong = Catalogue::bolts().decode(&[0, 19, 0, 0]).unwrap();
    assert_eq!(
        signed_hash(&pong).unwrap_err().to_string(),
        "pong carries no signature of itself; channel_announcement, channel_update and node_announcement do"
    );
}

#[test]
fn query_vectors() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("data/bolt07/queries.json")).unwrap();
    assert_eq!(vectors.len(), 10);
    for vector in &vectors {
        let encoded = vector["hex"].as_str().unwrap();
        let message = Catalogue::bolts().decode(&hex::decode(encoded).unwrap()).unwrap();
        assert_eq!(hex::encode(message.encode()), encoded);
        check_query(&message, &vector["msg"]);
    }
}

fn check_query(message: &Message, vector: &Value) {
    assert_eq!(message.name().replace('_', ""), vector["type"].as_str().unwrap().to_lowercase());
    let chain_hash = hex::encode(message.bytes("chain_hash").unwrap());
    assert_eq!(chain_hash, vector["chainHash"]);
    for (name, field) in [
        ("firstBlockNum", "first_blocknum"),
        ("numberOfBlocks", "number_of_blocks"),
        ("complete", "sync_complete"),
    ] {
        assert_eq!(message.u64(field), vector.get(name).and_then(Value::as_u64), "{name}");
    }
    if let Some(ids) = vector.get("shortChannelIds") {
        let encoded = message.bytes("encoded_short_ids").unwrap();
        match decode(ids, decode_short_ids(encoded)) {
            Some(decoded) => {
                let text: Vec<String> = decoded.iter().map(ShortChannelId::to_string).collect();
                assert_eq!(Value::from(text), ids["array"]);
                assert_eq!(encode_short_ids(&decoded), encoded);
            }
            None => assert_eq!(encoded[0], query::ZLIB),
        }
    }
    if let Some(timestamps) = vector.get("timestamps") {
        let (encoding_type, encoded) = record(message, "timestamps_tlv", "encoded_timestamps");
        if let Some(decoded) = decode(timestamps, decode_timestamps(encoding_type, &encoded)) {
            assert_eq!(decoded, pairs(&timestamps["timestamps"], "timestamp"));
            assert_eq!(encode_of_both(&decoded), encoded);
        }
    }
    if let Some(checksums) = vector.get("checksums") {
        let encoded = message.tlv("checksums_tlv").unwrap().encode_value();
        assert_eq!(encode_of_both(&pairs(&checksums["checksums"], "checksum")), encoded);
    }
    let records = vector.get("tlvStream").map(|stream| stream["records"].as_array().unwrap());
    match records.and_then(|records| records.first()) {
        Some(Value::String(flags)) => {
            assert_eq!(flags, "WANT_TIMESTAMPS | WANT_CHECKSUMS");
            assert_eq!(message.tlv("query_option").unwrap().value().unwrap().as_u64(), Some(3));
        }
        Some(flags) => {
            let (encoding_type, encoded) = record(message, "query_flags", "encoded_query_flags");
            if let Some(decoded) = decode(flags, decode_query_flags(encoding_type, &encoded)) {
                assert_eq!(Value::from(decoded), flags["array"]);
            }
        }
        None => {}
    }
}

/// What is decoded where the vector is not compressed; what is refused where it is.
fn decode<T>(vector: &Value, decoded: Result<T, QueryError>) -> Option<T> {
    match (vector["encoding"].as_str().unwrap(), decoded) {
        ("UNCOMPRESSED", decoded) => Some(decoded.unwrap()),
        (_, Err(QueryError::UnknownEncoding(query::ZLIB))) => None,
        (encoding, _) => panic!("{encoding} was read"),
    }
}

fn record(message: &Message, name: &str, field: &str) -> (u8, Vec<u8>) {
    let record = message.tlv(name).unwrap();
    let encoding_type = record.field("encoding_type").unwrap().as_u64().unwrap();
    (encoding_type as u8, record.field(field).unwrap().as_bytes().unwrap().to_vec())
}

fn pairs(vector: &Value, name: &str) -> Vec<OfBothNodes> {
    let pair = |pair: &Value| {
        let number = |index| pair[format!("{name}{index}")].as_u64().unwrap() as u32;
        OfBothNodes { node_id_1: number(1), node_id_2: number(2) }
    };
    vector.as_array().unwrap().iter().map(pair).collect()
}

#[test]
fn arrays_that_can_not_be_read() {
    assert_eq!(decode_short_ids(&[]), Err(QueryError::NoEncodingType));
    assert_eq!(decode_short_ids(&[2]), Err(QueryError::UnknownEncoding(2)));
    assert_eq!(decode_short_ids(&[0; 8]), Err(QueryError::Remainder { left: 7 }));
    assert_eq!(decode_short_ids(&[0]), Ok(vec![]));
    assert_eq!(decode_query_flags(1, &[]), Err(QueryError::UnknownEncoding(1)));
    let longer = decode_query_flags(0, &[1, 0xfd, 0, 2]);
    assert_eq!(longer, Err(QueryError::Flag(Malformation::NotMinimal)));
    assert!(matches!(decode_query_flags(0, &[0xfd]), Err(QueryError::Flag(Malformation::TooShort { .. }))));
    assert_eq!(decode_timestamps(0, &[0; 12]), Err(QueryError::Remainder { left: 4 }));
}

/// RFC 3720, appendix B.4, and the check value that catalogues of CRCs have.
#[test]
fn crc32c_vectors() {
    let ascending: Vec<u8> = (0..32).collect();
    let descending: Vec<u8> = (0..32).rev().collect();
    for (bytes, crc) in [
        (&[0; 32][..], 0x8a91_36aa),
        (&[0xff; 32], 0x62a8_ab43),
        (&ascending, 0x46dd_794e),
        (&descending, 0x113f_db5c),
        (b"123456789", 0xe306_9283),
    ] {
        assert_eq!(crc32c(bytes), crc);
    }
}

#[test]
fn a_checksum_leaves_out_signature_and_timestamp() {
    let update = update(1);
    let checksum = update_checksum(&update).unwrap();
    let encoded = update.encode();
    assert_eq!(checksum, crc32c(&[&encoded[66..106], &encoded[110..]].concat()));
    let with = |field: &str, value: Plain| {
        let mut other = update.clone();
        other.set(field, value).unwrap();
        update_checksum(&other).unwrap()
    };
    assert_eq!(with("timestamp", 5.into()), checksum);
    assert_eq!(with("signature", Plain::hex([2; 64])), checksum);
    for field in ["message_flags", "fee_base_msat", "short_channel_id", "htlc_maximum_msat"] {
        assert_ne!(with(field, 100.into()), checksum, "{field}");
    }
    let (channel, _) = channel();
    let other = channel.message(&PerSide::from_fn(|_| AnnouncementSignatures::ZERO)).unwrap();
    assert!(update_checksum(&other).is_err());
}

/// BOLT 7, "Routing Example": what B and D take.
#[test]
fn forwarding_costs_what_the_update_says() {
    for (delta, base, millionths, amount) in [(20, 200, 2000, 5_010_198), (40, 400, 4000, 5_020_398)] {
        let mut update = update(0);
        for (field, value) in [
            ("cltv_expiry_delta", delta),
            ("fee_base_msat", base),
            ("fee_proportional_millionths", millionths),
        ] {
            update.set(field, value).unwrap();
        }
        let policy = ForwardingPolicy::of(&update).unwrap();
        assert_eq!(policy.incoming_msat(4_999_999), amount);
        assert_eq!(policy.incoming_cltv_expiry(18 + 42), delta + 18 + 42);
        assert_eq!((policy.htlc_minimum_msat, policy.htlc_maximum_msat), (7, 10));
        assert_eq!(policy.incoming_msat(u64::MAX), u64::MAX);
    }
    let pong = Catalogue::bolts().decode(&[0, 19, 0, 0]).unwrap();
    assert!(matches!(ForwardingPolicy::of(&pong), Err(GossipError::NoField { .. })));
}

proptest! {
    #[test]
    fn places_survive_text(bits: u64) {
        let place = ShortChannelId::from_u64(bits);
        prop_assert_eq!(place.to_string().parse(), Ok(place));
        prop_assert_eq!(ShortChannelId::new(place.block(), place.transaction(), place.output()), Some(place));
    }

    #[test]
    fn arrays_survive(
        ids in prop::collection::vec(any::<u64>(), 0..20),
        flags in prop::collection::vec(any::<u64>(), 0..20),
        timestamps in prop::collection::vec(any::<(u32, u32)>(), 0..20),
    ) {
        let ids: Vec<_> = ids.into_iter().map(ShortChannelId::from_u64).collect();
        prop_assert_eq!(decode_short_ids(&encode_short_ids(&ids)), Ok(ids));
        prop_assert_eq!(decode_query_flags(0, &encode_query_flags(&flags)), Ok(flags));
        let pairs: Vec<_> =
            timestamps.into_iter().map(|(node_id_1, node_id_2)| OfBothNodes { node_id_1, node_id_2 }).collect();
        prop_assert_eq!(decode_timestamps(0, &encode_of_both(&pairs)), Ok(pairs));
    }

    #[test]
    fn any_array_can_be_refused(encoding_type: u8, bytes: Vec<u8>) {
        let _ = decode_short_ids(&bytes);
        let _ = decode_query_flags(encoding_type, &bytes);
        let _ = decode_timestamps(encoding_type, &bytes);
    }
}

fn channel() -> (AnnouncedChannel, PerSide<AnnouncingKeys>) {
    let keys = PerSide {
        local: AnnouncingKeys { node: secret(2), funding: secret(3) },
        remote: AnnouncingKeys { node: secret(4), funding: secret(5) },
    };
    let channel = AnnouncedChannel {
        chain_hash: [6; 32],
        short_channel_id: "103x1x0".parse().unwrap(),
        features: vec![],
        ends: PerSide::from_fn(|side| keys[side].end()),
    };
    (channel, keys)
}

fn update(channel_flags: u8) -> Message {
    let def = Catalogue::bolts().message("channel_update").unwrap();
    def.build(&Plain::map([
        ("signature", Plain::hex([1; 64])),
        ("chain_hash", Plain::hex([6; 32])),
        ("short_channel_id", "103x1x0".into()),
        ("timestamp", 4.into()),
        ("message_flags", 1.into()),
        ("channel_flags", channel_flags.into()),
        ("cltv_expiry_delta", 6.into()),
        ("htlc_minimum_msat", 7.into()),
        ("fee_base_msat", 8.into()),
        ("fee_proportional_millionths", 9.into()),
        ("htlc_maximum_msat", 10.into()),
    ]))
    .unwrap()
}

fn secret(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}
