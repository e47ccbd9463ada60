//! Functions of keys, points and signatures.

use bitcoin::hashes::{Hash, sha256};
use lnprototest_bolt::channel::{CommitmentNumber, ExpectedSignature, Keyset, high_s};
use lnprototest_bolt::public_key;
use secp256k1::ecdsa::Signature;
use secp256k1::{Message, PublicKey, SECP256K1, Scalar, SecretKey};
use std::rc::Rc;

use super::table::{Function, argument};
use crate::expr::{Bytes, Kind};
use crate::{Object, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "expected_signature",
        parameters: &[("pubkey", Kind::Bytes), ("hash", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "A [signature to come](#expressions): it equals any valid low-S signature of 32 bytes by this key.",
        call: |arguments| {
            let (key, hash) = (argument::<PublicKey>(arguments, 0)?, argument::<Bytes>(arguments, 1)?);
            let hash = Message::from_digest_slice(&hash).map_err(|_| "32 bytes are signed")?;
            Ok(Value::Signature(Rc::new(ExpectedSignature { key, hash })))
        },
    },
    Function {
        name: "high_s",
        parameters: &[("signature", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The signature's twin with the other S. Of a low one it is high: valid in itself, refused by rule.",
        call: |arguments| {
            let bytes = argument::<Bytes>(arguments, 0)?;
            let signature =
                Signature::from_compact(&bytes).map_err(|_| "64 bytes of a signature are needed")?;
            Ok(Value::bytes(high_s(&signature)))
        },
    },
    Function {
        name: "is_point",
        parameters: &[("hex", Kind::Bytes)],
        repeats: false,
        result: Kind::Bool,
        doc: "Whether the bytes are a point on the curve in compressed form.",
        call: |arguments| {
            let bytes = argument::<Bytes>(arguments, 0)?;
            Ok(Value::Bool(bytes.len() == 33 && PublicKey::from_slice(&bytes).is_ok()))
        },
    },
    Function {
        name: "keyset",
        parameters: &[("secret", Kind::Bytes)],
        repeats: false,
        result: Kind::Keyset,
        doc: "All keys of one end of a channel: this secret is of the funding key, the next four of the revocation, \
              payment, delayed payment and HTLC basepoints, its SHA-256 is the per-commitment seed.",
        call: |arguments| Ok(Value::object(KeysetValue(keyset_from(argument(arguments, 0)?)?))),
    },
    Function {
        name: "per_commitment_point",
        parameters: &[("keyset", Kind::Keyset), ("n", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The point of the keyset's commitment `n`, counted from 0.",
        call: |arguments| {
            let (keyset, number): (Keyset, _) = (argument(arguments, 0)?, commitment_number(arguments)?);
            Ok(Value::bytes(keyset.per_commitment_point(number).serialize()))
        },
    },
    Function {
        name: "per_commitment_secret",
        parameters: &[("keyset", Kind::Keyset), ("n", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The secret that revokes the keyset's commitment `n`, counted from 0.",
        call: |arguments| {
            let (keyset, number): (Keyset, _) = (argument(arguments, 0)?, commitment_number(arguments)?);
            Ok(Value::bytes(keyset.per_commitment_secret(number).secret_bytes()))
        },
    },
    Function {
        name: "pubkey",
        parameters: &[("secret", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The public key of a secret key.",
        call: |arguments| {
            let secret = argument::<SecretKey>(arguments, 0)?;
            Ok(Value::bytes(public_key(&secret).serialize()))
        },
    },
    Function {
        name: "signature",
        parameters: &[("secret", Kind::Bytes), ("hash", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The compact low-S signature of 32 bytes, its nonce as of RFC 6979.",
        call: |arguments| {
            let (secret, hash) = (argument::<SecretKey>(arguments, 0)?, argument::<Bytes>(arguments, 1)?);
            let message = Message::from_digest_slice(&hash).map_err(|_| "32 bytes are signed")?;
            Ok(Value::bytes(SECP256K1.sign_ecdsa(&message, &secret).serialize_compact()))
        },
    },
];

/// A keyset as a value: what is asked for is derived then.
struct KeysetValue(Keyset);

/// The members of a keyset, in the order in which `keyset(hex)` counts them.
pub(crate) const KEYSET_MEMBERS: [&str; 13] = [
    "funding_privkey",
    "funding_pubkey",
    "revocation_basepoint_secret",
    "revocation_basepoint",
    "payment_basepoint_secret",
    "payment_basepoint",
    "delayed_payment_basepoint_secret",
    "delayed_payment_basepoint",
    "htlc_basepoint_secret",
    "htlc_basepoint",
    "shachain_seed",
    "first_per_commitment_point",
    "second_per_commitment_point",
];

impl Object for KeysetValue {
    fn member(&self, name: &str) -> Option<Value> {
        let Self(keyset) = self;
        let secret = |key: &SecretKey| Some(Value::bytes(key.secret_bytes()));
        let point = |key: &SecretKey| Some(Value::bytes(public_key(key).serialize()));
        let commitment =
            |n| Some(Value::bytes(keyset.per_commitment_point(CommitmentNumber::new(n)?).serialize()));
        match name {
            "funding_privkey" => secret(&keyset.funding),
            "funding_pubkey" => point(&keyset.funding),
            "revocation_basepoint_secret" => secret(&keyset.revocation_base),
            "revocation_basepoint" => point(&keyset.revocation_base),
            "payment_basepoint_secret" => secret(&keyset.payment_base),
            "payment_basepoint" => point(&keyset.payment_base),
            "delayed_payment_basepoint_secret" => secret(&keyset.delayed_payment_base),
            "delayed_payment_basepoint" => point(&keyset.delayed_payment_base),
            "htlc_basepoint_secret" => secret(&keyset.htlc_base),
            "htlc_basepoint" => point(&keyset.htlc_base),
            "shachain_seed" => Some(Value::bytes(keyset.commitment_seed)),
            "first_per_commitment_point" => commitment(0),
            "second_per_commitment_point" => commitment(1),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        KEYSET_MEMBERS.map(str::to_owned).into()
    }
}

/// Five secrets in a row from `first`, and the hash of the first as the seed.
fn keyset_from(first: SecretKey) -> Result<Keyset, String> {
    let next = |key: &SecretKey| {
        key.add_tweak(&Scalar::ONE).map_err(|_| "four more secret keys must follow this one".to_owned())
    };
    let revocation_base = next(&first)?;
    let payment_base = next(&revocation_base)?;
    let delayed_payment_base = next(&payment_base)?;
    let htlc_base = next(&delayed_payment_base)?;
    Ok(Keyset {
        funding: first,
        revocation_base,
        payment_base,
        delayed_payment_base,
        htlc_base,
        commitment_seed: sha256::Hash::hash(&first.secret_bytes()).to_byte_array(),
    })
}

fn commitment_number(arguments: &[Value]) -> Result<CommitmentNumber, String> {
    let n = argument(arguments, 1)?;
    CommitmentNumber::new(n).ok_or_else(|| format!("commitment {n} does not fit in 48 bits"))
}
