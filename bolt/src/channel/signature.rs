//! Signatures as a conformance suite judges them: by key and hash, never by their bytes.

use secp256k1::ecdsa::Signature;
use secp256k1::{Message, PublicKey, SecretKey};

use crate::memo::is_signed;

/// Any valid low-S signature of a hash by a key. Nodes choose their nonces each their own way, so that there is no
/// saying which one it will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedSignature {
    /// Who is to sign.
    pub key: PublicKey,
    /// What is to be signed, as 32 bytes: a transaction's signature hash.
    pub hash: Message,
}

impl ExpectedSignature {
    /// Judges a signature as it stands in a message: 64 bytes, `r` and `s`, big-endian.
    ///
    /// # Errors
    /// [`SignatureMismatch`] says what is wrong with it.
    pub fn check(&self, compact: &[u8; 64]) -> Result<(), SignatureMismatch> {
        let mut signature = Signature::from_compact(compact).map_err(|_| SignatureMismatch::Malformed)?;
        let given = signature;
        signature.normalize_s();
        if !is_signed(&self.hash, &signature, &self.key) {
            return Err(SignatureMismatch::Invalid { key: self.key });
        }
        if given == signature { Ok(()) } else { Err(SignatureMismatch::HighS) }
    }
}

/// Why a signature is not the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureMismatch {
    /// It is valid, but its `s` is in the upper half, and the network does not relay such signatures.
    #[error("the signature is valid, but has a high S")]
    HighS,
    /// It does not sign this hash under this key.
    #[error("the signature does not sign what it should under {key}")]
    Invalid {
        /// The key that was to sign.
        key: PublicKey,
    },
    /// Its `r` or `s` is not below the curve's order.
    #[error("the signature's r or s is not below the order of the curve")]
    Malformed,
}

/// The twin of a signature with the other `s`: as valid in itself, and high if the given one is low.
///
/// Our own signatures are low, so this makes one that a node must refuse.
pub fn high_s(signature: &Signature) -> [u8; 64] {
    let mut compact = signature.serialize_compact();
    // Of an `s` of zero, which signs nothing, there is no other.
    if let Ok(s) = SecretKey::from_slice(&compact[32..]) {
        compact[32..].copy_from_slice(&s.negate().secret_bytes());
    }
    compact
}
