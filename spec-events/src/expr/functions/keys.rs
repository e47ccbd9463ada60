//! Functions of keys, points and signatures.

use secp256k1::ecdsa::Signature;
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};

use super::table::{Function, Kind, argument};
use crate::Value;
use crate::expr::Bytes;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "high_s",
        parameters: &[("signature", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The signature's other form, whose S is in the upper half: valid in itself, refused by rule.",
        call: |arguments| {
            let bytes = argument::<Bytes>(arguments, 0)?;
            let signature =
                Signature::from_compact(&bytes).map_err(|_| "64 bytes of a signature are needed")?;
            let mut low = signature;
            low.normalize_s();
            Ok(Value::bytes(negate_s(low.serialize_compact())))
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
            Ok(Value::bytes(PublicKey::from_secret_key_global(&secret).serialize()))
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

/// The group order less S: `compact` is R, then S in the lower half and not zero.
fn negate_s(mut compact: [u8; 64]) -> [u8; 64] {
    let order = secp256k1::constants::CURVE_ORDER;
    let mut borrow = 0;
    for (digit, byte) in compact[32..].iter_mut().zip(order).rev() {
        let difference = i16::from(byte) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = difference.rem_euclid(256) as u8;
    }
    compact
}
