//! The primitives of BOLT 8 ("Handshake State"): HKDF, and ChaCha20-Poly1305 both ways.

pub(super) use crate::crypto::{BadMac, MAC_LENGTH, decrypt, encrypt};

use crate::crypto::hmac;

/// `HKDF(salt, ikm)` of RFC 5869 over SHA-256 with empty info, as two keys.
pub(super) fn hkdf(salt: &[u8; 32], ikm: &[u8]) -> ([u8; 32], [u8; 32]) {
    let extracted = hmac(salt, &[ikm]);
    let first = hmac(&extracted, &[&[1]]);
    let second = hmac(&extracted, &[&first, &[2]]);
    (first, second)
}
