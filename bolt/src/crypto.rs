//! The primitives that BOLT 4 and BOLT 8 share: SHA-256, HMAC, ChaCha20, and ChaCha20-Poly1305.

use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use chacha20_poly1305::chacha20::ChaCha20;
use chacha20_poly1305::{ChaCha20Poly1305, Key, Nonce};

/// The length of a Poly1305 tag.
pub(crate) const MAC_LENGTH: usize = 16;

/// A MAC that is not the one of these bytes under this key.
pub(crate) struct BadMac;

/// SHA-256 of the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut engine = sha256::Hash::engine();
    for part in parts {
        engine.input(part);
    }
    sha256::Hash::from_engine(engine).to_byte_array()
}

/// HMAC-SHA256 of the parts, one after the other.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    for part in parts {
        engine.input(part);
    }
    Hmac::from_engine(engine).to_byte_array()
}

/// Encrypts `content` in place and returns its MAC. The nonce is 32 zero bits, then `nonce` as little-endian 64 bits.
pub(crate) fn encrypt(key: &[u8; 32], nonce: u64, ad: &[u8], content: &mut [u8]) -> [u8; MAC_LENGTH] {
    aead(key, nonce).encrypt(content, Some(ad))
}

/// Decrypts `content` in place, or leaves it as it is if its MAC is wrong.
pub(crate) fn decrypt(
    key: &[u8; 32],
    nonce: u64,
    ad: &[u8],
    content: &mut [u8],
    mac: [u8; MAC_LENGTH],
) -> Result<(), BadMac> {
    aead(key, nonce).decrypt(content, mac, Some(ad)).map_err(|_| BadMac)
}

/// Turns `bytes` into their XOR with the ChaCha20 stream of this key and an all-zero nonce, from `offset` on.
pub(crate) fn apply_keystream(key: &[u8; 32], offset: u32, bytes: &mut [u8]) {
    ChaCha20::new(chacha20_poly1305::chacha20::Key::new(*key), Nonce::new([0; 12]), offset)
        .apply_keystream(bytes);
}

fn aead(key: &[u8; 32], nonce: u64) -> ChaCha20Poly1305 {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&nonce.to_le_bytes());
    ChaCha20Poly1305::new(Key::new(*key), Nonce::new(bytes))
}
