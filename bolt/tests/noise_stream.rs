//! The frames of BOLT 8 under every cut, lie and corruption.

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::noise::{
    Decoder, Encryptor, FrameError, Initiator, MAX_MESSAGE_LENGTH, Responder, Transport,
};
use proptest::collection::vec;
use proptest::prelude::*;
use secp256k1::{PublicKey, SecretKey};

#[test]
fn an_empty_message_and_the_longest_one() {
    let (mut encryptor, mut decoder) = pair();
    let longest = vec![7; MAX_MESSAGE_LENGTH];
    let mut stream = encryptor.encrypt(&[]).unwrap();
    assert_eq!(stream.len(), 34);
    encryptor.encrypt_into(&longest, &mut stream).unwrap();
    let mut input = &stream[..];
    assert_eq!(decoder.next_message(&mut input).unwrap().unwrap(), []);
    assert_eq!(decoder.next_message(&mut input).unwrap().unwrap(), longest);
    assert!(input.is_empty() && decoder.is_at_boundary());
}

#[test]
fn a_message_too_long_is_refused_and_leaves_the_key_alone() {
    let (mut encryptor, mut decoder) = pair();
    let error = encryptor.encrypt(&vec![0; MAX_MESSAGE_LENGTH + 1]).unwrap_err();
    assert_eq!(error.length, 65_536);
    let frame = encryptor.encrypt(b"next").unwrap();
    assert_eq!(decoder.next_message(&mut &frame[..]).unwrap().unwrap(), b"next");
}

#[test]
fn a_header_that_claims_more_waits_and_one_that_claims_less_fails() {
    let (mut encryptor, mut decoder) = pair();
    let mut frame = Vec::new();
    encryptor.encrypt_with_length(6, b"hello", &mut frame);
    assert_eq!(decoder.next_message(&mut &frame[..]), Ok(None));
    assert!(!decoder.is_at_boundary());
    assert_eq!(decoder.next_message(&mut &[0][..]), Err(FrameError::BadBodyMac));

    let (mut encryptor, mut decoder) = pair();
    let mut frame = Vec::new();
    encryptor.encrypt_with_length(4, b"hello", &mut frame);
    assert_eq!(decoder.next_message(&mut &frame[..]), Err(FrameError::BadBodyMac));
}

#[test]
fn a_body_without_room_for_its_mac_is_refused() {
    let mut decryptor = transports().1.decryptor;
    assert_eq!(decryptor.decrypt_body(&mut vec![0; 15]), Err(FrameError::ShortBody { length: 15 }));
}

#[test]
fn an_error_stays() {
    let (mut encryptor, mut decoder) = pair();
    let mut frame = encryptor.encrypt(b"hello").unwrap();
    frame[0] ^= 1;
    let mut input = &frame[..];
    assert_eq!(decoder.next_message(&mut input), Err(FrameError::BadHeaderMac));
    assert_eq!(input.len(), frame.len() - 18);
    assert_eq!(decoder.next_message(&mut input), Err(FrameError::BadHeaderMac));
    assert_eq!(input.len(), frame.len() - 18);
    assert!(!decoder.is_at_boundary());
}

proptest! {
    #[test]
    fn messages_survive_any_cutting(
        messages in vec(vec(any::<u8>(), 0..300), 1..8),
        piece in 1_usize..100,
    ) {
        let (mut encryptor, mut decoder) = pair();
        let mut stream = Vec::new();
        for message in &messages {
            encryptor.encrypt_into(message, &mut stream).unwrap();
        }
        let mut decoded = Vec::new();
        for mut piece in stream.chunks(piece) {
            while let Some(message) = decoder.next_message(&mut piece).unwrap() {
                decoded.push(message);
            }
            prop_assert!(piece.is_empty());
        }
        prop_assert_eq!(decoded, messages);
        prop_assert!(decoder.is_at_boundary());
    }

    #[test]
    fn any_flipped_bit_is_noticed(message in vec(any::<u8>(), 0..100), at: prop::sample::Index, bit in 0_u8..8) {
        let (mut encryptor, mut decoder) = pair();
        let mut frame = encryptor.encrypt(&message).unwrap();
        let at = at.index(frame.len());
        frame[at] ^= 1 << bit;
        let error = if at < 18 { FrameError::BadHeaderMac } else { FrameError::BadBodyMac };
        prop_assert_eq!(decoder.next_message(&mut &frame[..]), Err(error));
    }

    #[test]
    fn arbitrary_bytes_never_panic(stream in vec(any::<u8>(), 0..200)) {
        let (_, mut decoder) = pair();
        let complete_header = stream.len() >= 18;
        prop_assert_eq!(decoder.next_message(&mut &stream[..]).is_err(), complete_header);
    }

    #[test]
    fn arbitrary_acts_are_refused(act in vec(any::<u8>(), 0..80)) {
        prop_assert!(initiator().act_two(&act).is_err());
        prop_assert!(responder().act_one(&act).is_err());
        let (_, waiting) = responder().act_one(&initiator().act_one()).unwrap();
        prop_assert!(waiting.act_three(&act).is_err());
    }
}

fn pair() -> (Encryptor, Decoder) {
    let (ours, theirs) = transports();
    (ours.encryptor, Decoder::new(theirs.decryptor))
}

fn transports() -> (Transport, Transport) {
    (Transport::new([1; 32], [2; 32], [3; 32]), Transport::new([1; 32], [3; 32], [2; 32]))
}

fn initiator() -> Initiator {
    Initiator::new(key(1), PublicKey::from_secret_key_global(&key(2)), key(3))
}

fn responder() -> Responder {
    Responder::new(key(2), key(4))
}

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}
