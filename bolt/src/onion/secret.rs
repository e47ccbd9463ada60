//! The secret that one hop shares with whoever made an onion or a blinded path, and the keys derived from it (BOLT 4,
//! "Shared Secret" and "Key Generation").

use std::fmt;

use secp256k1::{PublicKey, SECP256K1, Scalar, SecretKey};

use crate::crypto;
use crate::memo::shared_secret;

/// Why no derivation below fails: each factor is a hash of the very point that it blinds.
const INFEASIBLE: &str = "no one can find a point whose own hash is no scalar";

/// 32 bytes that only two know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SharedSecret([u8; 32]);

impl SharedSecret {
    /// The ECDH of both: SHA-256 of the compressed product.
    pub fn new(public: &PublicKey, secret: &SecretKey) -> Self {
        Self(shared_secret(public, secret))
    }

    /// These very bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// The 32-byte key that is used for this.
    pub fn key(&self, usage: KeyUsage) -> [u8; 32] {
        crypto::hmac(usage.name(), &[&self.0])
    }

    /// Obfuscates `bytes`, or reveals them: XOR with the stream of this key.
    pub(super) fn apply_stream(&self, usage: KeyUsage, bytes: &mut [u8]) {
        crypto::apply_keystream(&self.key(usage), 0, bytes);
    }

    /// What the next hop's ephemeral (or path) key is this one's product with.
    pub(super) fn next_factor(&self, ephemeral: &PublicKey) -> Scalar {
        scalar(crypto::sha256(&[&ephemeral.serialize(), &self.0]))
    }

    /// What a node's blinded key is its own one's product with.
    pub(super) fn node_factor(&self) -> Scalar {
        scalar(self.key(KeyUsage::BlindedNodeId))
    }
}

/// Secrets stay out of logs.
impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSecret").finish_non_exhaustive()
    }
}

/// What a derived key is used for; BOLT 4's key types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUsage {
    /// Obfuscating error packets.
    Ammag,
    /// Obfuscating attribution data.
    Ammagext,
    /// Blinding node ids.
    BlindedNodeId,
    /// Authenticating onions.
    Mu,
    /// Filling what the hops leave of an onion; derived from the session key.
    Pad,
    /// Obfuscating onions, and encrypting `encrypted_recipient_data`.
    Rho,
    /// Authenticating error packets and attribution data.
    Um,
}

impl KeyUsage {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Ammag => b"ammag",
            Self::Ammagext => b"ammagext",
            Self::BlindedNodeId => b"blinded_node_id",
            Self::Mu => b"mu",
            Self::Pad => b"pad",
            Self::Rho => b"rho",
            Self::Um => b"um",
        }
    }
}

pub(super) fn multiply(public: &PublicKey, factor: &Scalar) -> PublicKey {
    public.mul_tweak(SECP256K1, factor).expect(INFEASIBLE)
}

pub(super) fn multiply_secret(secret: &SecretKey, factor: &Scalar) -> SecretKey {
    secret.mul_tweak(factor).expect(INFEASIBLE)
}

fn scalar(hash: [u8; 32]) -> Scalar {
    Scalar::from_be_bytes(hash).expect(INFEASIBLE)
}
