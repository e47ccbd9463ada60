//! The three primitives of BOLT 8 ("Handshake State"): HKDF, and ChaCha20-Poly1305 both ways.

use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use chacha20_poly1305::{ChaCha20Poly1305, Key, Nonce};

/// The length of a Poly1305 tag.
pub(super) const MAC_LENGTH: usize = 16;

/// A MAC that is not the one of these bytes under this key.
pub(super) struct BadMac;

/// `HKDF(salt, ikm)` of RFC 5869 over SHA-256 with empty info, as two keys.
pub(super) fn hkdf(salt: &[u8; 32], ikm: &[u8]) -> ([u8; 32], [u8; 32]) {
    let extracted = hmac(salt, &[ikm]);
    let first = hmac(&extracted, &[&[1]]);
    let second = hmac(&extracted, &[&first, &[2]]);
    (first, second)
}

/// `encryptWithAD`: encrypts `content` in place and returns its MAC.
pub(super) fn encrypt(key: &[u8; 32], nonce: u64, ad: &[u8], content: &mut [u8]) -> [u8; MAC_LENGTH] {
    aead(key, nonce).encrypt(content, Some(ad))
}

/// `decryptWithAD`: decrypts `content` in place, or leaves it as it is if its MAC is wrong.
pub(super) fn decrypt(
    key: &[u8; 32],
    nonce: u64,
    ad: &[u8],
    content: &mut [u8],
    mac: [u8; MAC_LENGTH],
) -> Result<(), BadMac> {
    aead(key, nonce).decrypt(content, mac, Some(ad)).map_err(|_| BadMac)
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    for part in parts {
        engine.input(part);
    }
    Hmac::from_engine(engine).to_byte_array()
}

/// Noise's nonce: 32 zero bits, then the counter as little-endian 64 bits.
fn aead(key: &[u8; 32], nonce: u64) -> ChaCha20Poly1305 {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&nonce.to_le_bytes());
    ChaCha20Poly1305::new(Key::new(*key), Nonce::new(bytes))
}
