//! BOLT 3, appendices D and E: per-commitment secrets, their store, and the derivation of keys.

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::channel::{
    CommitmentNumber, Keyset, SecretStore, StoreError, derive_public_key, derive_secret_key,
    per_commitment_secret, revocation_public_key, revocation_secret_key,
};
use proptest::prelude::*;
use secp256k1::{PublicKey, SecretKey};
use serde_json::Value;

#[test]
fn generated_secrets() {
    let vectors = vectors();
    let vectors = vectors["generation"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let secret = per_commitment_secret(&bytes(&vector["seed"]), number(&vector["index"]));
        assert_eq!(secret, bytes(&vector["output"]), "{vector}");
    }
}

#[test]
fn stored_secrets() {
    let vectors = vectors();
    let vectors = vectors["storage"].as_array().unwrap();
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let mut store = SecretStore::new();
        for step in vector.as_array().unwrap() {
            let result = store.insert(number(&step["index"]), bytes(&step["secret"]));
            assert_eq!(result.is_ok(), step["stored"].as_bool().unwrap(), "{step}");
        }
    }
}

#[test]
fn a_store_takes_secrets_in_order_only() {
    let mut store = SecretStore::new();
    let second = CommitmentNumber::FIRST.next().unwrap();
    let secret = |number| per_commitment_secret(&[7; 32], number);
    assert_eq!(store.insert(second, secret(second)), Err(StoreError::OutOfOrder { number: 1, expected: 0 }));
    store.insert(CommitmentNumber::FIRST, secret(CommitmentNumber::FIRST)).unwrap();
    assert_eq!(store.get(second), None);
    let before = store.clone();
    assert_eq!(store.insert(second, [1; 32]), Err(StoreError::Unrelated { number: 1, contradicted: 0 }));
    assert_eq!(store, before);
    store.insert(second, secret(second)).unwrap();
    assert_eq!(store.expected(), CommitmentNumber::new(2));
}

#[test]
fn commitment_numbers_end_after_48_bits() {
    let last = CommitmentNumber::new((1 << 48) - 1).unwrap();
    assert_eq!((last.index(), last.next()), (0, None));
    assert_eq!(CommitmentNumber::new(1 << 48), None);
    assert_eq!(CommitmentNumber::from_index(1 << 48), None);
    assert_eq!(CommitmentNumber::from_index(0), Some(last));
    assert_eq!(CommitmentNumber::FIRST.index(), (1 << 48) - 1);
}

#[test]
fn derived_keys() {
    let base_secret = key("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    let commitment_secret = key("1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100");
    let basepoint = PublicKey::from_secret_key_global(&base_secret);
    let point = PublicKey::from_secret_key_global(&commitment_secret);
    assert_eq!(
        derive_public_key(&basepoint, &point).to_string(),
        "0235f2dbfaa89b57ec7b055afe29849ef7ddfeb1cefdb9ebdc43f5494984db29e5"
    );
    assert_eq!(
        derive_secret_key(&base_secret, &point),
        key("cbced912d3b21bf196a766651e436aff192362621ce317704ea2f75d87e7be0f")
    );
    assert_eq!(
        revocation_public_key(&basepoint, &point).to_string(),
        "02916e326636d19c33f13e8c0c3a03dd157f332f3e99c317c141dd865eb01f8ff0"
    );
    assert_eq!(
        revocation_secret_key(&base_secret, &commitment_secret),
        key("d09ffff62ddb2297ab000cc85bcb4283fdeb6aa052affbc9dddcf33b61078110")
    );
}

/// The second point of the classic keys, as an LDK node with them was seen to send it.
#[test]
fn classic_second_point() {
    let mut one = [0; 32];
    one[31] = 1;
    let any = SecretKey::from_slice(&one).unwrap();
    let keyset = Keyset {
        funding: any,
        revocation_base: any,
        payment_base: any,
        delayed_payment_base: any,
        htlc_base: any,
        commitment_seed: [0xff; 32],
    };
    assert_eq!(
        keyset.per_commitment_point(CommitmentNumber::new(1).unwrap()).to_string(),
        "032405cbd0f41225d5f203fe4adac8401321a9e05767c5f8af97d51d2e81fbb206"
    );
}

proptest! {
    #[test]
    fn a_store_gives_back_all_that_went_in(seed: [u8; 32], count in 1_u64..300) {
        let mut store = SecretStore::new();
        let numbers = || (0..count).map(|number| CommitmentNumber::new(number).unwrap());
        for number in numbers() {
            store.insert(number, per_commitment_secret(&seed, number)).unwrap();
        }
        for number in numbers() {
            prop_assert_eq!(store.get(number), Some(per_commitment_secret(&seed, number)));
        }
        prop_assert_eq!(store.get(CommitmentNumber::new(count).unwrap()), None);
    }

    /// A secret at an even index has descendants, so a wrong one is always noticed there.
    #[test]
    fn a_store_refuses_a_foreign_secret(seed: [u8; 32], foreign: [u8; 32], pairs in 0_u64..50) {
        let mut store = SecretStore::new();
        for number in (0..=2 * pairs).map(|number| CommitmentNumber::new(number).unwrap()) {
            store.insert(number, per_commitment_secret(&seed, number)).unwrap();
        }
        let next = store.expected().unwrap();
        prop_assume!(foreign != per_commitment_secret(&seed, next));
        prop_assert!(matches!(store.insert(next, foreign), Err(StoreError::Unrelated { .. })), "{}", next.get());
    }

    #[test]
    fn public_and_secret_keys_agree(base: [u8; 32], commitment: [u8; 32]) {
        let (Ok(base), Ok(commitment)) = (SecretKey::from_slice(&base), SecretKey::from_slice(&commitment)) else {
            return Ok(());
        };
        let basepoint = PublicKey::from_secret_key_global(&base);
        let point = PublicKey::from_secret_key_global(&commitment);
        prop_assert_eq!(
            PublicKey::from_secret_key_global(&derive_secret_key(&base, &point)),
            derive_public_key(&basepoint, &point)
        );
        prop_assert_eq!(
            PublicKey::from_secret_key_global(&revocation_secret_key(&base, &commitment)),
            revocation_public_key(&basepoint, &point)
        );
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/bolt03_secrets.json")).unwrap()
}

fn number(index: &Value) -> CommitmentNumber {
    CommitmentNumber::from_index(index.as_u64().unwrap()).unwrap()
}

fn bytes(hex: &Value) -> [u8; 32] {
    hex::decode(hex.as_str().unwrap()).unwrap().try_into().unwrap()
}

fn key(hex: &str) -> SecretKey {
    hex.parse().unwrap()
}
