//! BOLT 3, appendices C and F: commitment and HTLC transactions without and with anchors.
//!
//! The keys in them come from the secrets that stand in the appendix's source as comments, so these check the
//! derivation of all keys too.

#![allow(clippy::unwrap_used)]

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Amount, FeeRate, OutPoint};
use lnprototest_bolt::channel::{
    ChannelParameters, Commitment, CommitmentFormat, CommitmentNumber, CommitmentState, Funding, Htlc,
    HtlcTransactionKind, Keyset, OutputPurpose, Party, PerSide, Side,
};
use secp256k1::ecdsa::Signature;
use secp256k1::{PublicKey, SecretKey};
use serde_json::Value;

/// Direction, amount in msat and expiry of HTLC 0 to 6.
const HTLCS: [(Side, u64, u32); 7] = [
    (Side::Remote, 1_000_000, 500),
    (Side::Remote, 2_000_000, 501),
    (Side::Local, 2_000_000, 502),
    (Side::Local, 3_000_000, 503),
    (Side::Remote, 4_000_000, 504),
    (Side::Local, 5_000_000, 506),
    (Side::Local, 5_000_001, 505),
];

#[test]
fn all_vectors() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("data/bolt03_commitments.json")).unwrap();
    assert_eq!(vectors.len(), 16 + 9);
    for vector in &vectors {
        check(vector);
    }
}

fn check(vector: &Value) {
    let name = format!("{} at {}", vector["format"], vector["feerate_per_kw"]);
    let commitment = commitment(vector);
    let theirs = commitment.sign(&keys().remote.funding);
    assert_eq!(theirs, signature(&vector["remote_signature"]), "{name}");
    assert_eq!(commitment.expected_signature(Side::Remote).check(&theirs.serialize_compact()), Ok(()));
    let signed =
        commitment.signed(&PerSide { local: commitment.sign(&keys().local.funding), remote: theirs });
    assert_eq!(serialize_hex(&signed), vector["transaction"].as_str().unwrap(), "{name}");

    let transactions = commitment.htlc_transactions();
    let vectors = vector["htlc_transactions"].as_array().unwrap();
    assert_eq!(transactions.len(), vectors.len(), "{name}");
    assert_eq!(commitment.trimmed.len(), vector["htlcs"].as_array().unwrap().len() - vectors.len(), "{name}");
    let secrets = PerSide::from_fn(|side| keys()[side].htlc_secret(&point()));
    for (transaction, vector) in transactions.iter().zip(vectors) {
        let signatures = PerSide::from_fn(|side| transaction.sign(side, &secrets[side]));
        assert_eq!(signatures.remote, signature(&vector["remote_signature"]), "{name}");
        for side in [Side::Local, Side::Remote] {
            let compact = signatures[side].serialize_compact();
            assert_eq!(transaction.expected_signature(side).check(&compact), Ok(()));
        }
        let preimage = preimages().find(|preimage| hash(preimage) == transaction.htlc.payment_hash).unwrap();
        let signed = match transaction.kind {
            HtlcTransactionKind::Success => transaction.signed(&signatures, &preimage),
            HtlcTransactionKind::Timeout => transaction.signed(&signatures, &[]),
        };
        assert_eq!(serialize_hex(&signed), vector["transaction"].as_str().unwrap(), "{name}");
    }
}

fn commitment(vector: &Value) -> Commitment {
    let format = match vector["format"].as_str().unwrap() {
        "anchors" => CommitmentFormat::Anchors,
        _ => CommitmentFormat::StaticRemotekey,
    };
    let number = |name: &str| vector[name].as_u64().unwrap();
    let state = CommitmentState {
        feerate: FeeRate::from_sat_per_kwu(number("feerate_per_kw")),
        balances_msat: PerSide { local: number("to_local_msat"), remote: number("to_remote_msat") },
        htlcs: vector["htlcs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| htlc(n.as_u64().unwrap() as usize))
            .collect(),
    };
    let channel = channel(format, Amount::from_sat(number("dust_limit_satoshis")));
    channel.commitment(Side::Local, CommitmentNumber::new(42).unwrap(), point(), &state)
}

fn channel(format: CommitmentFormat, dust_limit: Amount) -> ChannelParameters {
    let keys = keys();
    ChannelParameters {
        funding: Funding {
            outpoint: "8984484a580b825b9972d7adb15050b3ab624ccd731946b3eeddb92f4e7ef6be:0"
                .parse::<OutPoint>()
                .unwrap(),
            amount: Amount::from_sat(10_000_000),
            pubkeys: PerSide::from_fn(|side| keys[side].funding_pubkey()),
        },
        opener: Side::Local,
        format,
        parties: PerSide {
            // The delay that counts is the one that the other end sent, the dust limit the holder's own.
            local: Party { basepoints: keys.local.basepoints(), dust_limit, to_self_delay: 1 },
            remote: Party {
                basepoints: keys.remote.basepoints(),
                dust_limit: Amount::from_sat(1),
                to_self_delay: 144,
            },
        },
    }
}

fn keys() -> PerSide<Keyset> {
    let keyset = |funding, revocation, payment, delayed| Keyset {
        funding: secret(funding),
        revocation_base: repeated(revocation),
        payment_base: repeated(payment),
        delayed_payment_base: repeated(delayed),
        htlc_base: repeated(payment),
        commitment_seed: [0; 32],
    };
    PerSide {
        local: keyset("30ff4956bbdd3222d44cc5e8a1261dab1e07957bdac5ae88fe3261ef321f3749", 0x99, 0x11, 0x33),
        remote: keyset("1552dfba4f6cf29a62a0af13c8d6981d36d0ef8d61ba10fb0fe90da7634d7e13", 0x22, 0x44, 0x98),
    }
}

fn point() -> PublicKey {
    let secret = secret("1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100");
    PublicKey::from_secret_key_global(&secret)
}

fn htlc(number: usize) -> Htlc {
    let (offered_by, amount_msat, cltv_expiry) = HTLCS[number];
    Htlc { offered_by, amount_msat, cltv_expiry, payment_hash: hash(&[number.min(5) as u8; 32]) }
}

fn preimages() -> impl Iterator<Item = [u8; 32]> {
    (0..6).map(|byte| [byte; 32])
}

fn hash(preimage: &[u8; 32]) -> [u8; 32] {
    sha256::Hash::hash(preimage).to_byte_array()
}

fn secret(hex: &str) -> SecretKey {
    hex.parse().unwrap()
}

fn repeated(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}

fn signature(der: &Value) -> Signature {
    Signature::from_der(&hex::decode(der.as_str().unwrap()).unwrap()).unwrap()
}

/// What the appendix says of the transactions in comments.
#[test]
fn derived_keys_and_obscured_number() {
    let channel = channel(CommitmentFormat::StaticRemotekey, Amount::from_sat(546));
    assert_eq!(channel.obscured(CommitmentNumber::new(42).unwrap()), 0x2bb0_3852_1914 ^ 42);
    assert_eq!(point().to_string(), "025f7117a78150fe2ef97db7cfc83bd57b2e2c0d0dd25eaf467a4a1c2a45ce1486");
    let state = CommitmentState {
        feerate: FeeRate::ZERO,
        balances_msat: PerSide { local: 6_999_000_000, remote: 3_000_000_000 },
        htlcs: vec![htlc(0)],
    };
    let commitment = channel.commitment(Side::Local, CommitmentNumber::FIRST, point(), &state);
    let keys = commitment.keys;
    let htlc_pubkeys = commitment.htlc_pubkeys.unwrap();
    assert_eq!(
        htlc_pubkeys.local.to_string(),
        "030d417a46946384f88d5f3337267c5e579765875dc4daca813e21734b140639e7"
    );
    assert_eq!(
        htlc_pubkeys.remote.to_string(),
        "0394854aa6eab5b2a8122cc726e9dded053a2184d88256816826d6231c068d4a5b"
    );
    assert_eq!(
        keys.delayed_payment.to_string(),
        "03fd5960528dc152014952efdb702a88f71e3c1653b2314431701ec77e57fde83c"
    );
    assert_eq!(
        keys.revocation.to_string(),
        "0212a140cd0c6539d07cd08dfe09984dec3251ea808b892efeac3ede9402bf2b19"
    );
    let purposes: Vec<_> = commitment.outputs.iter().map(|output| output.purpose).collect();
    assert_eq!(
        purposes,
        [
            OutputPurpose::Htlc(htlc(0)),
            OutputPurpose::Balance(Side::Remote),
            OutputPurpose::Balance(Side::Local)
        ]
    );
    assert_eq!(commitment.fee(), Amount::ZERO);
}
