//! Making an onion (BOLT 4, "Packet Construction" and "Filler Generation").

use secp256k1::{PublicKey, SecretKey};

use super::packet::OnionPacket;
use super::secret::{KeyUsage, SharedSecret, multiply_secret};
use crate::crypto;
use crate::wire::integer;

/// The length of an HMAC.
const HMAC_LENGTH: usize = 32;

/// One hop of a route: who, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Its `node_id`, or its `blinded_node_id` inside a blinded path.
    pub node_id: PublicKey,
    /// The payload with the BigSize of its length before it.
    pub frame: Vec<u8>,
}

impl Hop {
    /// With this payload, a TLV stream if it is right.
    pub fn new(node_id: PublicKey, payload: &[u8]) -> Self {
        Self::claiming_length(node_id, payload.len() as u64, payload)
    }

    /// Lies: with a payload that says it has this length. The HMACs are right none the less.
    pub fn claiming_length(node_id: PublicKey, length: u64, payload: &[u8]) -> Self {
        let mut frame = Vec::with_capacity(payload.len() + 9);
        integer::write_bigsize(&mut frame, length);
        frame.extend(payload);
        Self { node_id, frame }
    }

    /// With these bytes where the length and the payload belong.
    pub fn framed(node_id: PublicKey, frame: impl Into<Vec<u8>>) -> Self {
        Self { node_id, frame: frame.into() }
    }

    /// The bytes that it takes of the packet.
    fn size(&self) -> usize {
        self.frame.len() + HMAC_LENGTH
    }
}

/// An onion as its origin has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onion {
    /// What the first hop gets.
    pub packet: OnionPacket,
    /// What the origin shares with each hop: the key to the errors that they return.
    pub secrets: Vec<SharedSecret>,
}

impl Onion {
    /// Wraps the hops' payloads, first hop first, into a packet with payloads of `size` bytes in all
    /// ([`PAYMENT_SIZE`](super::PAYMENT_SIZE) for an HTLC). The associated data is the payment hash of an HTLC, and
    /// empty for an onion message. The caller sees to it that `session_key` is used only once, where that matters.
    ///
    /// # Errors
    /// [`OnionError`] if there is no hop, or not enough room.
    pub fn build(
        hops: &[Hop],
        session_key: &SecretKey,
        associated_data: &[u8],
        size: usize,
    ) -> Result<Self, OnionError> {
        let needed = hops.iter().map(Hop::size).sum();
        if hops.is_empty() {
            return Err(OnionError::NoHops);
        }
        if needed > size {
            return Err(OnionError::TooLong { needed, size });
        }

        let secrets = shared_secrets(hops.iter().map(|hop| &hop.node_id), session_key);
        let filler = filler(hops, &secrets, size);
        let mut payloads = vec![0; size];
        SharedSecret::from_bytes(session_key.secret_bytes()).apply_stream(KeyUsage::Pad, &mut payloads);
        let mut hmac = [0; HMAC_LENGTH];
        for (index, (hop, secret)) in hops.iter().zip(&secrets).enumerate().rev() {
            payloads.copy_within(..size - hop.size(), hop.size());
            payloads[..hop.frame.len()].copy_from_slice(&hop.frame);
            payloads[hop.frame.len()..hop.size()].copy_from_slice(&hmac);
            secret.apply_stream(KeyUsage::Rho, &mut payloads);
            if index + 1 == hops.len() {
                payloads[size - filler.len()..].copy_from_slice(&filler);
            }
            hmac = crypto::hmac(&secret.key(KeyUsage::Mu), &[&payloads, associated_data]);
        }
        let public_key = PublicKey::from_secret_key_global(session_key).serialize();
        Ok(Self { packet: OnionPacket { version: 0, public_key, payloads, hmac }, secrets })
    }
}

/// An onion that can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnionError {
    /// For no one.
    #[error("an onion needs at least one hop")]
    NoHops,
    /// The payloads, their lengths and HMACs don't fit.
    #[error("the hops take {needed} bytes of an onion that has {size}; shorten the route or the payloads")]
    TooLong {
        /// What they take.
        needed: usize,
        /// What there is.
        size: usize,
    },
}

/// What the origin shares with each hop of a route, first hop first; inside a blinded path, by its `blinded_node_id`.
pub fn shared_secrets<'a>(
    node_ids: impl IntoIterator<Item = &'a PublicKey>,
    session_key: &SecretKey,
) -> Vec<SharedSecret> {
    let mut ephemeral = *session_key;
    node_ids
        .into_iter()
        .map(|node_id| {
            let secret = SharedSecret::new(node_id, &ephemeral);
            let factor = secret.next_factor(&PublicKey::from_secret_key_global(&ephemeral));
            ephemeral = multiply_secret(&ephemeral, &factor);
            secret
        })
        .collect()
}

/// What the last hop finds at the end of its packet: the zeros that each hop before it appended, and each one since
/// obfuscated.
fn filler(hops: &[Hop], secrets: &[SharedSecret], size: usize) -> Vec<u8> {
    let mut filler = Vec::with_capacity(size);
    for (hop, secret) in hops.iter().zip(secrets).take(hops.len() - 1) {
        let start = size - filler.len();
        filler.resize(filler.len() + hop.size(), 0);
        // No packet that fits into a message comes near 2^32 bytes.
        crypto::apply_keystream(&secret.key(KeyUsage::Rho), start as u32, &mut filler);
    }
    filler
}
