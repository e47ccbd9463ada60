//! BOLT 8, "Appendix A: Transport Test Vectors".

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::noise::{
    Act, Decoder, HandshakeError, Initiator, Responder, ResponderWaiting, Transport,
};
use secp256k1::{PublicKey, SecretKey};

const ACT_ONE: &str = "00036360e856310ce5d294e8be33fc807077dc56ac80d95d9cd4ddbd21325eff73f70df6086551151f58b8afe6c1\
    95782c6a";
const ACT_TWO: &str = "0002466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f276e2470b93aac583c9ef6eafc\
    a3f730ae";
const ACT_THREE: &str = "00b9e3a702e93e3a9948c2ed6e5fd7590a6e1c3a0344cfc9d5b57357049aa22355361aa02e55a8fc28fef5bd6d\
    71ad0c38228dc68b1c466263b47fdf31e560e139ba";
const CHAINING_KEY: &str = "919219dbb2920afa8db80f9a51787a840bcf111ed8d588caf9ab4be716e42b01";
const INITIATOR_SENDS: &str = "969ab31b4d288cedf6218839b27a3e2140827047f2c0f01bf5c04435d43511a9";
const RESPONDER_SENDS: &str = "bb9020b8965f4df047e07f955f3c4b88418984aadc5cdb35096b9ea8fa5c3442";

#[test]
fn initiator_succeeds() {
    assert_eq!(hex::encode(initiator().act_one()), ACT_ONE);
    let done = initiator().act_two(&bytes(ACT_TWO)).unwrap();
    assert_eq!(hex::encode(done.act_three), ACT_THREE);
    assert_talk(done.transport, transport(RESPONDER_SENDS, INITIATOR_SENDS));
}

#[test]
fn initiator_refuses_act_two() {
    let refusal = |act: &str| initiator().act_two(&bytes(act)).unwrap_err();
    let act = Act::Two;
    assert_eq!(
        refusal(&ACT_TWO[..ACT_TWO.len() - 2]),
        HandshakeError::Length { act, expected: 50, actual: 49 }
    );
    assert_eq!(refusal(&with(ACT_TWO, 0, 0x01)), HandshakeError::BadVersion { act, version: 1 });
    assert_eq!(refusal(&with(ACT_TWO, 1, 0x04)), HandshakeError::BadKey { act });
    assert_eq!(refusal(&with(ACT_TWO, 49, 0xaf)), HandshakeError::BadMac { act });
}

#[test]
fn responder_succeeds() {
    let (act_two, waiting) = responder().act_one(&bytes(ACT_ONE)).unwrap();
    assert_eq!(hex::encode(act_two), ACT_TWO);
    let (ours, initiator) = waiting.act_three(&bytes(ACT_THREE)).unwrap();
    assert_eq!(initiator, PublicKey::from_secret_key_global(&key(0x11)));
    assert_talk(ours, transport(INITIATOR_SENDS, RESPONDER_SENDS));
}

#[test]
fn responder_refuses_act_one() {
    let refusal = |act: &str| responder().act_one(&bytes(act)).unwrap_err();
    let act = Act::One;
    assert_eq!(
        refusal(&ACT_ONE[..ACT_ONE.len() - 2]),
        HandshakeError::Length { act, expected: 50, actual: 49 }
    );
    assert_eq!(refusal(&with(ACT_ONE, 0, 0x01)), HandshakeError::BadVersion { act, version: 1 });
    assert_eq!(refusal(&with(ACT_ONE, 1, 0x04)), HandshakeError::BadKey { act });
    assert_eq!(refusal(&with(ACT_ONE, 49, 0x6b)), HandshakeError::BadMac { act });
}

#[test]
fn responder_refuses_act_three() {
    let refusal = |act: &str| waiting().act_three(&bytes(act)).unwrap_err();
    let act = Act::Three;
    let bad_key = "00bfe3a702e93e3a9948c2ed6e5fd7590a6e1c3a0344cfc9d5b57357049aa2235536ad09a8ee351870c2bb7f78b754a2\
        6c6cef79a98d25139c856d7efd252c2ae73c";
    assert_eq!(
        refusal(&ACT_THREE[..ACT_THREE.len() - 2]),
        HandshakeError::Length { act, expected: 66, actual: 65 }
    );
    assert_eq!(refusal(&with(ACT_THREE, 0, 0x01)), HandshakeError::BadVersion { act, version: 1 });
    assert_eq!(refusal(&with(ACT_THREE, 1, 0xc9)), HandshakeError::BadMac { act });
    assert_eq!(refusal(bad_key), HandshakeError::BadKey { act });
    assert_eq!(refusal(&with(ACT_THREE, 65, 0xbb)), HandshakeError::BadMac { act });
}

/// The lie makes the encrypted key of the vector "act3 bad rs" (which starts with 05, not 04 as its comment says).
#[test]
fn a_claimed_static_key_is_sent_as_it_is() {
    let mut claimed = PublicKey::from_secret_key_global(&key(0x11)).serialize();
    claimed[0] = 0x05;
    let done = initiator().claiming_static(claimed).act_two(&bytes(ACT_TWO)).unwrap();
    assert_eq!(
        hex::encode(&done.act_three[..50]),
        "00bfe3a702e93e3a9948c2ed6e5fd7590a6e1c3a0344cfc9d5b57357049aa2235536ad09a8ee351870c2bb7f78b754a26c6c"
    );
    assert_eq!(waiting().act_three(&done.act_three).unwrap_err(), HandshakeError::BadKey { act: Act::Three });
}

#[test]
fn messages_and_key_rotation() {
    let outputs = [
        (0, "cf2b30ddf0cf3f80e7c35a6e6730b59fe802473180f396d88a8fb0db8cbcf25d2f214cf9ea1d95"),
        (1, "72887022101f0b6753e0c7de21657d35a4cb2a1f5cde2650528bbc8f837d0f0d7ad833b1a256a1"),
        (500, "178cb9d7387190fa34db9c2d50027d21793c9bc2d40b1e14dcf30ebeeeb220f48364f7a4c68bf8"),
        (501, "1b186c57d44eb6de4c057c49940d79bb838a145cb528d6e8fd26dbe50a60ca2c104b56b60e45bd"),
        (1000, "4a2f3cc3b5e78ddb83dcb426d9863d9d9a723b0337c89dd0b005d89f8d3c05c52b76b29b740f09"),
        (1001, "2ecd8c8a5629d0d02ab457a0fdd0f7b90a192cd46be5ecb6ca570bfc5e268338b1a16cf4ef2d36"),
    ];
    let mut encryptor = transport(INITIATOR_SENDS, RESPONDER_SENDS).encryptor;
    let mut decoder = Decoder::new(transport(RESPONDER_SENDS, INITIATOR_SENDS).decryptor);
    let mut checked = 0;
    for number in 0..=1001 {
        let frame = encryptor.encrypt(b"hello").unwrap();
        if let Some((_, output)) = outputs.iter().find(|(at, _)| *at == number) {
            assert_eq!(hex::encode(&frame), *output, "message {number}");
            checked += 1;
        }
        assert_eq!(decoder.next_message(&mut &frame[..]).unwrap().unwrap(), b"hello");
    }
    assert_eq!(checked, outputs.len());
}

fn initiator() -> Initiator {
    Initiator::new(key(0x11), PublicKey::from_secret_key_global(&key(0x21)), key(0x12))
}

fn responder() -> Responder {
    Responder::new(key(0x21), key(0x22))
}

fn waiting() -> ResponderWaiting {
    responder().act_one(&bytes(ACT_ONE)).unwrap().1
}

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}

fn bytes(act: &str) -> Vec<u8> {
    hex::decode(act).unwrap()
}

/// The act with one byte replaced.
fn with(act: &str, index: usize, byte: u8) -> String {
    let mut bytes = bytes(act);
    assert_ne!(bytes[index], byte);
    bytes[index] = byte;
    hex::encode(bytes)
}

fn transport(send: &str, receive: &str) -> Transport {
    let key = |hex: &str| bytes(hex).try_into().unwrap();
    Transport::new(key(CHAINING_KEY), key(send), key(receive))
}

/// Each side reads what the other encrypts.
fn assert_talk(mut one: Transport, mut other: Transport) {
    let there = one.encryptor.encrypt(b"there").unwrap();
    let back = other.encryptor.encrypt(b"back").unwrap();
    assert_eq!(Decoder::new(other.decryptor).next_message(&mut &there[..]).unwrap().unwrap(), b"there");
    assert_eq!(Decoder::new(one.decryptor).next_message(&mut &back[..]).unwrap().unwrap(), b"back");
}
