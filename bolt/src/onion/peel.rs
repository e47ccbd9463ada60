//! Reading one layer of an onion (BOLT 4, "Onion Decryption").

use secp256k1::{PublicKey, SecretKey};

use super::failure::FailureCode;
use super::packet::OnionPacket;
use super::secret::{KeyUsage, SharedSecret, multiply};
use crate::crypto;
use crate::wire::Malformation;
use crate::wire::integer::read_bigsize;

/// The length of an HMAC.
const HMAC_LENGTH: usize = 32;

/// What a hop learns from an onion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peeled {
    /// What it is told, without the length: a TLV stream if it is right.
    pub payload: Vec<u8>,
    /// What it shares with the origin.
    pub shared_secret: SharedSecret,
    /// What it hands on; `None` if it is the final node.
    pub next: Option<OnionPacket>,
}

impl OnionPacket {
    /// Peels one layer off with a node's secret; inside a blinded path, with
    /// [`Unblinded::node_secret`](super::Unblinded::node_secret). The associated data is the payment hash of an HTLC,
    /// and empty for an onion message.
    ///
    /// # Errors
    /// [`PeelError`] names the first thing that is wrong with it, in the order version, key, HMAC, length.
    pub fn peel(&self, node_secret: &SecretKey, associated_data: &[u8]) -> Result<Peeled, PeelError> {
        if self.version != 0 {
            return Err(PeelError::BadVersion { version: self.version });
        }
        let public_key = PublicKey::from_slice(&self.public_key).map_err(|_| PeelError::BadKey)?;
        let secret = SharedSecret::new(&public_key, node_secret);
        if crypto::hmac(&secret.key(KeyUsage::Mu), &[&self.payloads, associated_data]) != self.hmac {
            return Err(PeelError::BadHmac);
        }

        let size = self.payloads.len();
        let mut unwrapped = self.payloads.clone();
        unwrapped.resize(2 * size, 0);
        secret.apply_stream(KeyUsage::Rho, &mut unwrapped);
        let (length, prefix) = read_bigsize(&unwrapped).map_err(PeelError::BadLength)?;
        if length < 2 {
            return Err(PeelError::ReservedLength { length });
        }
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_add(prefix))
            .filter(|end| *end <= size.saturating_sub(HMAC_LENGTH))
            .ok_or(PeelError::TooLong { length, size })?;
        let payload = unwrapped[prefix..end].to_vec();
        let start = end + HMAC_LENGTH;
        let mut hmac = [0; HMAC_LENGTH];
        hmac.copy_from_slice(&unwrapped[end..start]);
        let next = (hmac != [0; HMAC_LENGTH]).then(|| OnionPacket {
            version: 0,
            public_key: multiply(&public_key, &secret.next_factor(&public_key)).serialize(),
            payloads: unwrapped[start..start + size].to_vec(),
            hmac,
        });
        Ok(Peeled { payload, shared_secret: secret, next })
    }
}

/// What is wrong with an onion.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeelError {
    /// It was changed on the way, or is for another node or HTLC.
    #[error("the onion has a wrong HMAC: it is for another node or payment hash, or was changed")]
    BadHmac,
    /// Its ephemeral key is no point on the curve.
    #[error("the onion's ephemeral key is no point on the curve")]
    BadKey,
    /// The length of the payload can't be read.
    #[error("the length of the onion's payload: {0}")]
    BadLength(Malformation),
    /// Its first byte is not zero.
    #[error("the onion has version {version}, not 0")]
    BadVersion {
        /// That byte.
        version: u8,
    },
    /// The length of the payload is 0 or 1.
    #[error("the onion's payload claims {length} bytes, and 0 and 1 are reserved")]
    ReservedLength {
        /// That length.
        length: u64,
    },
    /// The payload and the HMAC behind it reach out of the packet.
    #[error("the onion's payload claims {length} bytes of a packet of {size}")]
    TooLong {
        /// That length.
        length: u64,
        /// The length of all payloads.
        size: usize,
    },
}

impl PeelError {
    /// What a node that is in no blinded path answers to it.
    pub fn failure_code(&self) -> FailureCode {
        match self {
            Self::BadHmac => FailureCode::INVALID_ONION_HMAC,
            Self::BadKey => FailureCode::INVALID_ONION_KEY,
            Self::BadLength(_) | Self::ReservedLength { .. } | Self::TooLong { .. } => {
                FailureCode::INVALID_ONION_PAYLOAD
            }
            Self::BadVersion { .. } => FailureCode::INVALID_ONION_VERSION,
        }
    }
}
