//! BOLT 4's vectors of onions, blinded paths, payments over them, and onion messages.

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::onion::{
    BlindedPath, Hop, KeyUsage, Onion, OnionMessage, OnionPacket, PAYMENT_SIZE, PayloadKind, PaymentRelay,
    RecipientHop, SharedSecret, Unblinded, payload,
};
use lnprototest_bolt::wire::{Catalogue, TlvStream, plain::Plain};
use secp256k1::{PublicKey, SecretKey};
use serde_json::Value;

/// Fields of `tlvs` that tell how a value came about, and are not encoded.
const NOT_RECORDS: [&str; 1] = ["path_key_override_secret"];

#[test]
fn onion_with_payloads_of_all_lengths() {
    let vector = read(include_str!("data/bolt04/onion.json"));
    let generate = &vector["generate"];
    let associated_data = bytes(&generate["associated_data"]);
    let hops: Vec<Hop> = list(&generate["hops"])
        .map(|hop| Hop::framed(point(&hop["pubkey"]), bytes(&hop["payload"])))
        .collect();
    let session_key = secret(&generate["session_key"]);
    let onion = Onion::build(&hops, &session_key, &associated_data, PAYMENT_SIZE).unwrap();
    assert_eq!(onion.packet.encode(), bytes(&vector["onion"]));

    let mut packet = Some(OnionPacket::decode(&bytes(&vector["onion"])).unwrap());
    for ((key, hop), shared) in list(&vector["decode"]).zip(&hops).zip(&onion.secrets) {
        let peeled = packet.unwrap().peel(&secret(key), &associated_data).unwrap();
        assert_eq!(Hop::new(hop.node_id, &peeled.payload), *hop);
        assert_eq!(peeled.shared_secret, *shared);
        packet = peeled.next;
    }
    assert_eq!(packet, None);
}

#[test]
fn payloads_through_the_codec() {
    let vector = read(include_str!("data/bolt04/onion.json"));
    for (index, hop) in
        list(&vector["generate"]["hops"]).enumerate().filter(|(index, _)| [0, 2, 3].contains(index))
    {
        let frame = bytes(&hop["payload"]);
        let stream = PayloadKind::Payment.stream().decode(&frame[1..]).unwrap();
        let value = |name| stream.record(name).unwrap().value().unwrap().as_u64().unwrap();
        let place = format!("0x0x{}", index + 1).parse().unwrap();
        let cltv = value("outgoing_cltv_value").try_into().unwrap();
        let again = payload::forward(place, value("amt_to_forward"), cltv);
        assert_eq!(PayloadKind::Payment.encode(&again).unwrap(), frame[1..]);
    }
}

#[test]
fn blinded_routes() {
    let vector = read(include_str!("data/bolt04/route_blinding.json"));
    let hops: Vec<&Value> = list(&vector["generate"]["hops"]).collect();
    for hop in &hops {
        let data = recipient_data(&hop["tlvs"]);
        assert_eq!(hex::encode(&data), hop["encoded_tlvs"], "{}", hop["alias"]);
        let shared = SharedSecret::new(&point(&hop["node_id"]), &secret(&hop["path_privkey"]));
        assert_eq!(hex::encode(shared.to_bytes()), hop["shared_secret"]);
        assert_eq!(hex::encode(shared.key(KeyUsage::Rho)), hop["rho"]);
    }
    let part = |hops: &[&Value]| {
        let own: Vec<RecipientHop> = hops
            .iter()
            .map(|hop| RecipientHop { node_id: point(&hop["node_id"]), data: bytes(&hop["encoded_tlvs"]) })
            .collect();
        BlindedPath::build(&own, &secret(&hops[0]["session_key"])).unwrap()
    };
    let path = part(&hops[..2]).join(part(&hops[2..]));
    assert_path(&path, &vector["route"], "encrypted_data");

    for (hop, unblind) in path.hops.iter().zip(list(&vector["unblind"]["hops"])) {
        let unblinded = Unblinded::new(&point(&unblind["path_key"]), &secret(&unblind["node_privkey"]));
        assert_eq!(unblinded.node_secret, secret(&unblind["blinded_privkey"]));
        let data = unblinded.decrypt(&hop.encrypted_recipient_data).unwrap();
        assert_eq!(hex::encode(&data), unblind["decrypted_data"]);
        assert_eq!(unblinded.next_path_key, point(&unblind["next_path_key"]));
        // The last hop's data has a feature that no one knows, but no unknown even record.
        let stream = PayloadKind::Recipient.stream().decode(&data).unwrap();
        let next = unblind.get("next_path_key_override").unwrap_or(&unblind["next_path_key"]);
        assert_eq!(unblinded.next_path_key(&stream), point(next));
    }
}

#[test]
fn payment_over_a_blinded_route() {
    let vector = read(include_str!("data/bolt04/blinded_payment.json"));
    let generate = &vector["generate"];
    let path = payment_path(generate);
    assert_path(&path, &generate["blinded_route"], "encrypted_data");

    let route: Vec<&Value> = list(&generate["full_route"]["hops"]).collect();
    let mut payloads = vec![
        payload::forward("0x0x10".parse().unwrap(), 110_125, 749_150),
        payload::blinded_forward(&path.hops[0].encrypted_recipient_data, Some(&path.first_path_key)),
        payload::blinded_forward(&path.hops[1].encrypted_recipient_data, None),
        payload::blinded_forward(&path.hops[2].encrypted_recipient_data, None),
    ];
    payloads.push(payload::blinded_last(&path.hops[3].encrypted_recipient_data, 100_000, 749_000, 150_000));
    let hops: Vec<Hop> = route
        .iter()
        .zip(&payloads)
        .map(|(hop, payload)| Hop::new(point(&hop["pubkey"]), &PayloadKind::Payment.encode(payload).unwrap()))
        .collect();
    for (hop, vector) in hops.iter().zip(&route) {
        assert_eq!(hex::encode(&hop.frame), vector["payload"], "{}", vector["alias"]);
    }
    let associated_data = bytes(&generate["associated_data"]);
    let session_key = secret(&generate["session_key"]);
    let onion = Onion::build(&hops, &session_key, &associated_data, PAYMENT_SIZE).unwrap();
    assert_eq!(hex::encode(onion.packet.encode()), generate["onion"]);

    let (mut packet, mut path_key) = (Some(onion.packet), None);
    for (node, hop) in list(&vector["decrypt"]["hops"]).zip(&hops) {
        let at_node = packet.unwrap();
        assert_eq!(hex::encode(at_node.encode()), node["onion"], "{}", node["alias"]);
        let own = secret(&node["node_privkey"]);
        let node_secret = path_key.map_or(own, |key| Unblinded::new(&key, &own).node_secret);
        let peeled = at_node.peel(&node_secret, &associated_data).unwrap();
        assert_eq!(Hop::new(hop.node_id, &peeled.payload), *hop);

        let records = PayloadKind::Payment.stream().decode(&peeled.payload).unwrap();
        let told = field(&records, "current_path_key").map(|key| PublicKey::from_slice(&key).unwrap());
        if let Some(key) = path_key.or(told) {
            let unblinded = Unblinded::new(&key, &own);
            let data = unblinded.decrypt(&field(&records, "encrypted_recipient_data").unwrap()).unwrap();
            let next = unblinded.next_path_key(&PayloadKind::Recipient.stream().decode(&data).unwrap());
            assert_eq!(next, point(&node["next_path_key"]));
            path_key = Some(next);
        }
        packet = peeled.next;
    }
    assert_eq!(packet, None);
}

#[test]
fn costs_of_a_blinded_route() {
    let vector = read(include_str!("data/bolt04/blinded_payment.json"));
    let generate = &vector["generate"];
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap_or(0)).unwrap();
    let relay = |value: &Value| PaymentRelay {
        cltv_expiry_delta: number(&value["cltv_expiry_delta"]),
        fee_proportional_millionths: number(&value["fee_proportional_millionths"]),
        fee_base_msat: number(&value["fee_base_msat"]),
    };
    let relays: Vec<PaymentRelay> = list(&generate["full_route"]["hops"])
        .filter_map(|hop| hop["tlvs"]["encrypted_recipient_data"].get("payment_relay"))
        .map(relay)
        .collect();
    assert_eq!(relays.len(), 3);
    assert_eq!(PaymentRelay::total(&relays), Some(relay(&generate["blinded_payinfo"])));

    let arrived = relays.iter().fold((110_125, 749_150), |(amount, cltv), relay| {
        (relay.amt_to_forward(amount).unwrap(), relay.outgoing_cltv_value(cltv).unwrap())
    });
    assert_eq!(arrived, (100_000, 749_000));
    assert_eq!(relays[0].amt_to_forward(9_999), None);
    assert_eq!(PaymentRelay::total(&[]), Some(PaymentRelay::default()));
    let dear = PaymentRelay { fee_base_msat: u32::MAX, ..relays[0] };
    assert_eq!(PaymentRelay::total(&[dear, dear]), None);
}

#[test]
fn onion_message() {
    let vector = read(include_str!("data/bolt04/onion_message.json"));
    let hops: Vec<&Value> = list(&vector["generate"]["hops"]).collect();
    let node_ids: Vec<PublicKey> = list(&vector["decrypt"]["hops"])
        .map(|node| PublicKey::from_secret_key_global(&secret(&node["privkey"])))
        .collect();
    let own: Vec<RecipientHop> = hops
        .iter()
        .zip(&node_ids)
        .map(|(hop, node_id)| {
            let data = recipient_data(&hop["tlvs"]);
            assert_eq!(hex::encode(&data), hop["encrypted_data_tlv"], "{}", hop["alias"]);
            RecipientHop { node_id: *node_id, data }
        })
        .collect();
    for (hop, node_id) in hops.iter().zip(&node_ids) {
        let path_secret = secret(&hop["path_key_secret"]);
        assert_eq!(PublicKey::from_secret_key_global(&path_secret), point(&hop["E"]));
        let shared = SharedSecret::new(node_id, &path_secret);
        assert_eq!(hex::encode(shared.to_bytes()), hop["ss"]);
        assert_eq!(hex::encode(shared.key(KeyUsage::Rho)), hop["rho"]);
        let tweak = &hop["HMAC256('blinded_node_id', ss)"];
        assert_eq!(hex::encode(shared.key(KeyUsage::BlindedNodeId)), *tweak);
    }
    let path = BlindedPath::build(&own[..1], &secret(&hops[0]["path_key_secret"]))
        .unwrap()
        .join(BlindedPath::build(&own[1..], &secret(&hops[1]["path_key_secret"])).unwrap());
    assert_path(&path, &vector["route"], "encrypted_recipient_data");

    let hello = Plain::map([("unknown", unknown("1", &vector["onionmessage"]["unknown_tag_1"]))]);
    let session_key = secret(&vector["generate"]["session_key"]);
    let message = OnionMessage::build(&path, &hello, &session_key, PAYMENT_SIZE).unwrap();
    assert_eq!(hex::encode(message.packet.encode()), vector["onionmessage"]["onion_message_packet"]);

    let mut message = Some(message);
    for node in list(&vector["decrypt"]["hops"]) {
        let at_node = message.unwrap();
        let def = Catalogue::bolts().message("onion_message").unwrap();
        let encoded = def.build(&at_node.to_plain()).unwrap().encode();
        assert_eq!(hex::encode(encoded), node["onion_message"], "{}", node["alias"]);

        let read = at_node.read(&secret(&node["privkey"])).unwrap();
        match node.get("next_node_id") {
            Some(next) => assert_eq!(field(&read.data, "next_node_id").unwrap(), bytes(next)),
            None => {
                let hello = read.content.record_of_number(1).unwrap().unknown_value().unwrap();
                assert_eq!(**hello, *b"hello");
                let data = field(&read.content, "encrypted_recipient_data").unwrap();
                assert_eq!(data, bytes(&node["tlvs"]["encrypted_recipient_data"]));
                let path_id = field(&read.data, "path_id").unwrap();
                assert_eq!(hex::encode(path_id), hops[3]["tlvs"]["path_id"]);
            }
        }
        message = read.next;
    }
    assert_eq!(message, None);
}

/// What Bob and Carol, and then Dave and Eve made.
fn payment_path(generate: &Value) -> BlindedPath {
    let nodes = [0x42, 0x43, 0x44, 0x45].map(|byte| PublicKey::from_secret_key_global(&repeated(byte)));
    let hops: Vec<RecipientHop> = nodes
        .into_iter()
        .zip(list(&generate["full_route"]["hops"]).skip(1))
        .map(|(node_id, hop)| RecipientHop {
            node_id,
            data: recipient_data(&hop["tlvs"]["encrypted_recipient_data"]),
        })
        .collect();
    let part = |hops, byte| BlindedPath::build(hops, &repeated(byte)).unwrap();
    part(&hops[..2], 2).join(part(&hops[2..], 1))
}

fn assert_path(path: &BlindedPath, route: &Value, data: &str) {
    assert_eq!(path.first_node_id, point(&route["first_node_id"]));
    assert_eq!(path.first_path_key, point(&route["first_path_key"]));
    assert_eq!(path.hops.len(), list(&route["hops"]).count());
    for (hop, vector) in path.hops.iter().zip(list(&route["hops"])) {
        assert_eq!(hop.blinded_node_id, point(&vector["blinded_node_id"]));
        assert_eq!(hex::encode(&hop.encrypted_recipient_data), vector[data]);
    }
    let subtype = Catalogue::bolts().subtype("blinded_path").unwrap();
    let encoded = subtype.build(&path.to_plain()).unwrap().encode();
    assert_eq!(encoded[..66], [path.first_node_id.serialize(), path.first_path_key.serialize()].concat());
    assert_eq!(usize::from(encoded[66]), path.hops.len());
}

/// An `encrypted_data_tlv` through the codec.
fn recipient_data(tlvs: &Value) -> Vec<u8> {
    let mut unknowns = Vec::new();
    let mut records = Vec::new();
    for (name, value) in tlvs.as_object().unwrap() {
        let value = match (name.as_str(), value) {
            (name, _) if NOT_RECORDS.contains(&name) => continue,
            ("allowed_features", value) => features(&value["features"]),
            ("payment_relay", value) => relay(value),
            (name, value) => match name.strip_prefix("unknown_tag_") {
                Some(number) => {
                    unknowns.push((number.to_owned(), value.clone()));
                    continue;
                }
                None => plain(value),
            },
        };
        records.push((name.as_str(), value));
    }
    if let [(number, value)] = &unknowns[..] {
        records.push(("unknown", unknown(number, value)));
    }
    PayloadKind::Recipient.encode(&Plain::map(records)).unwrap()
}

fn unknown(number: &str, value: &Value) -> Plain {
    let record = [("type", number.parse::<u64>().unwrap().into()), ("value", plain(value))];
    vec![Plain::map(record)].into()
}

fn features(bits: &Value) -> Plain {
    let bits: Vec<usize> = list(bits).map(|bit| bit.as_u64().unwrap() as usize).collect();
    let mut bytes = vec![0; bits.iter().max().map_or(0, |bit| bit / 8 + 1)];
    for bit in bits {
        *bytes.iter_mut().rev().nth(bit / 8).unwrap() |= 1 << (bit % 8);
    }
    Plain::hex(bytes)
}

fn relay(value: &Value) -> Plain {
    let number = |name: &'static str| (name, value[name].as_u64().unwrap_or(0).into());
    Plain::map([number("cltv_expiry_delta"), number("fee_proportional_millionths"), number("fee_base_msat")])
}

fn plain(value: &Value) -> Plain {
    match value {
        Value::Number(number) => number.as_u64().unwrap().into(),
        Value::String(text) => text.as_str().into(),
        Value::Object(map) => Plain::map(map.iter().map(|(name, value)| (name.as_str(), plain(value)))),
        other => panic!("{other}"),
    }
}

fn field(stream: &TlvStream, name: &str) -> Option<Vec<u8>> {
    Some(stream.record(name)?.value()?.as_bytes()?.to_vec())
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn point(value: &Value) -> PublicKey {
    value.as_str().unwrap().parse().unwrap()
}

fn secret(value: &Value) -> SecretKey {
    value.as_str().unwrap().parse().unwrap()
}

fn repeated(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}
