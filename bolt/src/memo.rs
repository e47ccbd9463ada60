//! Curve arithmetic that a run asks for again and again: its keys are the same in each of thousands of paths, and so is
//! most of what is signed.
//!
//! A result is remembered by the thread that computed it. All of these are functions of their arguments alone, so nobody
//! can tell but by the time they take.

use secp256k1::ecdh::SharedSecret;
use secp256k1::ecdsa::Signature;
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::thread::LocalKey;

/// The public key of a secret key.
pub fn public_key(secret: &SecretKey) -> PublicKey {
    thread_local!(static KNOWN: Memo<[u8; 32], PublicKey> = Memo::default());
    remembered(&KNOWN, secret.secret_bytes(), || PublicKey::from_secret_key_global(secret))
}

/// The ECDH of both: SHA-256 of the compressed product.
pub(crate) fn shared_secret(public: &PublicKey, secret: &SecretKey) -> [u8; 32] {
    thread_local!(static KNOWN: Memo<(PublicKey, [u8; 32]), [u8; 32]> = Memo::default());
    let of = (*public, secret.secret_bytes());
    remembered(&KNOWN, of, || SharedSecret::new(public, secret).secret_bytes())
}

/// A deterministic (RFC 6979) low-S signature.
pub(crate) fn sign(hash: &Message, secret: &SecretKey) -> Signature {
    thread_local!(static KNOWN: Memo<([u8; 32], [u8; 32]), Signature> = Memo::default());
    let of = (*hash.as_ref(), secret.secret_bytes());
    remembered(&KNOWN, of, || SECP256K1.sign_ecdsa(hash, secret))
}

/// Whether a low-S signature is one of `hash` by `key`.
pub(crate) fn is_signed(hash: &Message, signature: &Signature, key: &PublicKey) -> bool {
    thread_local!(static KNOWN: Memo<([u8; 32], [u8; 64], PublicKey), bool> = Memo::default());
    let of = (*hash.as_ref(), signature.serialize_compact(), *key);
    remembered(&KNOWN, of, || SECP256K1.verify_ecdsa(hash, signature, key).is_ok())
}

/// Results by what they are of.
pub(crate) type Memo<K, V> = RefCell<HashMap<K, V>>;

/// Few runs have so many; what is remembered is forgotten then.
const MOST: usize = 10_000;

/// What `compute` makes of `of`, from `known` if it is there.
pub(crate) fn remembered<K: Copy + Eq + Hash, V: Copy>(
    known: &'static LocalKey<Memo<K, V>>,
    of: K,
    compute: impl FnOnce() -> V,
) -> V {
    if let Some(value) = known.with_borrow(|known| known.get(&of).copied()) {
        return value;
    }
    let value = compute();
    known.with_borrow_mut(|known| {
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(of, value);
    });
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local!(static SQUARES: Memo<u64, u64> = Memo::default());

    #[test]
    fn nothing_is_computed_twice() {
        let computed = Cell::new(0);
        let square = |of: u64| {
            remembered(&SQUARES, of, || {
                computed.set(computed.get() + 1);
                of * of
            })
        };
        assert_eq!([square(3), square(4), square(3)], [9, 16, 9]);
        assert_eq!(computed.get(), 2);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        for of in 0..=MOST as u64 {
            remembered(&SQUARES, of, || of);
        }
        assert_eq!(SQUARES.with_borrow(HashMap::len), 1);
    }
}
