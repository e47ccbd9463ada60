//! Onions that are wrong in each way that BOLT 4 names, and properties of right ones.

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::onion::{
    BlindedPath, FailureCode, Hop, LARGE_MESSAGE_SIZE, MessageError, NotForUs, Onion, OnionError,
    OnionMessage, OnionPacket, PAYMENT_SIZE, PacketTooShort, PayloadKind, PeelError, ReadError, RecipientHop,
    Unblinded, payload,
};
use lnprototest_bolt::wire::broken::RawTlvs;
use lnprototest_bolt::wire::{Malformation, plain::Plain};
use proptest::collection::vec;
use proptest::prelude::*;
use secp256k1::{PublicKey, SecretKey};

const HASH: [u8; 32] = [42; 32];

#[test]
fn wrong_packets() {
    let right = onion(&[Hop::new(node(0), &[1; 20])]).packet;
    let refusal = |packet: &OnionPacket| packet.peel(&secret(0), &HASH).unwrap_err();
    let version = refusal(&OnionPacket { version: 1, ..right.clone() });
    assert_eq!(version, PeelError::BadVersion { version: 1 });
    assert_eq!(version.failure_code(), FailureCode::INVALID_ONION_VERSION);
    let key = refusal(&OnionPacket { public_key: [4; 33], ..right.clone() });
    assert_eq!((key.clone(), key.failure_code()), (PeelError::BadKey, FailureCode::INVALID_ONION_KEY));

    let other_key = OnionPacket { public_key: node(1).serialize(), ..right.clone() };
    let other_hmac = OnionPacket { hmac: [0; 32], ..right.clone() };
    let mut other_payloads = right.clone();
    other_payloads.payloads[1299] ^= 1;
    for packet in [other_key, other_hmac, other_payloads] {
        let error = refusal(&packet);
        assert_eq!(error, PeelError::BadHmac);
        assert_eq!(error.failure_code(), FailureCode::INVALID_ONION_HMAC);
    }
    assert_eq!(right.peel(&secret(1), &HASH), Err(PeelError::BadHmac));
    assert_eq!(right.peel(&secret(0), &[43; 32]), Err(PeelError::BadHmac));
    assert_eq!(right.peel(&secret(0), &HASH).unwrap().payload, [1; 20]);
}

#[test]
fn wrong_payload_lengths() {
    let peel = |hop: Hop| onion(&[hop]).packet.peel(&secret(0), &HASH);
    for length in [0, 1] {
        let error = peel(Hop::claiming_length(node(0), length, &[])).unwrap_err();
        assert_eq!(error, PeelError::ReservedLength { length });
        assert_eq!(error.failure_code(), FailureCode::INVALID_ONION_PAYLOAD);
    }
    // A length of 3 bytes and an HMAC of 32 leave 1265.
    assert_eq!(peel(Hop::new(node(0), &[7; 1265])).unwrap().payload, [7; 1265]);
    for length in [1266, 1300, 0xffff, u64::MAX] {
        let error = peel(Hop::claiming_length(node(0), length, &[7; 100])).unwrap_err();
        assert_eq!(error, PeelError::TooLong { length, size: 1300 });
    }
    let not_minimal = peel(Hop::framed(node(0), [0xfd, 0, 2, 1, 1]));
    assert_eq!(not_minimal, Err(PeelError::BadLength(Malformation::NotMinimal)));
    // It claims a byte less than it has, and that byte becomes the first of what should be a zero HMAC.
    let short = peel(Hop::claiming_length(node(0), 19, &[1; 20])).unwrap();
    assert_eq!(short.payload, [1; 19]);
    assert_eq!(short.next.unwrap().hmac[0], 1);
}

#[test]
fn a_payload_of_broken_records_is_delivered() {
    let stream = PayloadKind::Payment.stream().build(&payload::last(1000, 100, &[7; 32], 1000)).unwrap();
    let broken = RawTlvs::of(&stream).duplicate(2).unwrap().into_bytes();
    let peeled = onion(&[Hop::new(node(0), &broken)]).packet.peel(&secret(0), &HASH).unwrap();
    assert_eq!(peeled.payload, broken);
    assert!(PayloadKind::Payment.stream().decode(&peeled.payload).is_err());
}

#[test]
fn onions_that_can_not_be_built() {
    let build = |hops: &[Hop]| Onion::build(hops, &secret(9), &HASH, PAYMENT_SIZE).unwrap_err();
    assert_eq!(build(&[]), OnionError::NoHops);
    let full = build(&[Hop::new(node(0), &[0; 1265]), Hop::new(node(1), &[0; 2])]);
    assert_eq!(full, OnionError::TooLong { needed: 1335, size: 1300 });
    assert_eq!(
        full.to_string(),
        "the hops take 1335 bytes of an onion that has 1300; shorten the route or the payloads"
    );
    assert_eq!(OnionPacket::decode(&[0; 65]), Err(PacketTooShort { length: 65 }));
    assert_eq!(OnionPacket::decode(&[]), Err(PacketTooShort { length: 0 }));
    let empty = OnionPacket::decode(&onion(&[Hop::new(node(0), &[1; 20])]).packet.encode()[..66]).unwrap();
    assert_eq!(empty.payloads, []);
    assert_eq!(empty.peel(&secret(0), &HASH), Err(PeelError::BadHmac));
}

#[test]
fn wrong_recipient_data() {
    let hops = [RecipientHop { node_id: node(0), data: vec![1, 0] }];
    let path = BlindedPath::build(&hops, &secret(8)).unwrap();
    let unblinded = Unblinded::new(&path.first_path_key, &secret(0));
    let data = &path.hops[0].encrypted_recipient_data;
    assert_eq!(unblinded.decrypt(data), Ok(vec![1, 0]));
    assert_eq!(unblinded.decrypt(&data[1..]), Err(NotForUs));
    assert_eq!(unblinded.decrypt(&data[..15]), Err(NotForUs));
    assert_eq!(Unblinded::new(&path.first_path_key, &secret(1)).decrypt(data), Err(NotForUs));
    assert_eq!(BlindedPath::build(&[], &secret(8)), None);
}

#[test]
fn wrong_onion_messages() {
    let path = |data: &[u8]| {
        let hops = [RecipientHop { node_id: node(0), data: data.to_vec() }];
        BlindedPath::build(&hops, &secret(8)).unwrap()
    };
    let send = |path: &BlindedPath, content: Plain| {
        OnionMessage::build(path, &content, &secret(9), LARGE_MESSAGE_SIZE)
    };
    let message = send(&path(&[1, 0]), Plain::map([])).unwrap();
    assert_eq!(message.packet.encode().len(), 32_834);
    assert!(message.read(&secret(0)).unwrap().next.is_none());
    assert_eq!(message.read(&secret(1)), Err(ReadError::Onion(PeelError::BadHmac)));

    let unknown_even = send(&path(&[16, 0]), Plain::map([])).unwrap();
    assert!(matches!(unknown_even.read(&secret(0)), Err(ReadError::RecipientData(_))));
    let mut other_data = path(&[1, 0]);
    other_data.hops[0].encrypted_recipient_data[0] ^= 1;
    let other_data = send(&other_data, Plain::map([])).unwrap();
    assert_eq!(other_data.read(&secret(0)), Err(ReadError::Encrypted(NotForUs)));
    let unknown_record = send(&path(&[1, 0]), Plain::map([("no_such_record", 1.into())]));
    assert!(matches!(unknown_record, Err(MessageError::Content(_))));

    let blinded_id = path(&[1, 0]).hops[0].blinded_node_id;
    for (payload, without_data) in [(&[1, 1, 1][..], true), (&[1, 2, 1], false)] {
        let onion = Onion::build(&[Hop::new(blinded_id, payload)], &secret(9), &[], PAYMENT_SIZE).unwrap();
        let message = OnionMessage { path_key: message.path_key, packet: onion.packet };
        match message.read(&secret(0)) {
            Err(ReadError::NoRecipientData) => assert!(without_data),
            Err(ReadError::Content(_)) => assert!(!without_data),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn peeling_undoes_building(
        payloads in vec(vec(any::<u8>(), 2..150), 1..8),
        associated_data in vec(any::<u8>(), 0..40),
        spare in 0..3_usize,
    ) {
        let hops: Vec<Hop> =
            payloads.iter().enumerate().map(|(index, payload)| Hop::new(node(index), payload)).collect();
        let size = hops.iter().map(|hop| hop.frame.len() + 32).sum::<usize>() + spare;
        let onion = Onion::build(&hops, &secret(99), &associated_data, size).unwrap();
        let mut packet = Some(onion.packet);
        for (index, payload) in payloads.iter().enumerate() {
            let encoded = packet.unwrap().encode();
            prop_assert_eq!(encoded.len(), size + 66);
            let peeled = OnionPacket::decode(&encoded).unwrap().peel(&secret(index), &associated_data).unwrap();
            prop_assert_eq!(&peeled.payload, payload);
            prop_assert_eq!(peeled.shared_secret, onion.secrets[index]);
            packet = peeled.next;
        }
        prop_assert_eq!(packet, None);
        let short = Onion::build(&hops, &secret(99), &associated_data, size - spare - 1);
        prop_assert!(matches!(short, Err(OnionError::TooLong { .. })), "{:?}", short);
    }

    #[test]
    fn any_bytes_can_be_refused(bytes in vec(any::<u8>(), 0..200), frame in vec(any::<u8>(), 0..1268)) {
        if let Ok(packet) = OnionPacket::decode(&bytes) {
            prop_assert_eq!(packet.encode(), bytes);
            prop_assert!(packet.peel(&secret(0), &[]).is_err());
        }
        // Whatever an origin claims of lengths, under a right HMAC.
        let _ = onion(&[Hop::framed(node(0), frame)]).packet.peel(&secret(0), &HASH);
    }
}

fn onion(hops: &[Hop]) -> Onion {
    Onion::build(hops, &secret(9), &HASH, PAYMENT_SIZE).unwrap()
}

fn secret(index: usize) -> SecretKey {
    SecretKey::from_slice(&[index as u8 + 1; 32]).unwrap()
}

fn node(index: usize) -> PublicKey {
    PublicKey::from_secret_key_global(&secret(index))
}
