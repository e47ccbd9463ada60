//! The encrypted reason of a failed HTLC: made by the hop that fails it, wrapped by each hop on its way back, read by
//! the origin (BOLT 4, "Returning Errors").

use super::failure::FailureCode;
use super::secret::{KeyUsage, SharedSecret};
use crate::crypto;
use crate::wire::{Catalogue, DecodeError, Message};

/// What failure and padding come to, together.
const PADDED_LENGTH: usize = 256;

/// What the erring node says, not yet obfuscated. Any of it may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPacket {
    /// What authenticates the rest.
    pub hmac: [u8; 32],
    /// The failure message: its code and its fields.
    pub failure: Vec<u8>,
    /// What hides its length.
    pub pad: Vec<u8>,
}

impl ReturnPacket {
    /// With zeros that bring a shorter failure to 256 bytes. The secret is the erring node's.
    pub fn new(secret: &SharedSecret, failure: impl Into<Vec<u8>>) -> Self {
        let failure = failure.into();
        let pad = vec![0; PADDED_LENGTH.saturating_sub(failure.len())];
        Self::padded(secret, failure, pad)
    }

    /// With this padding.
    pub fn padded(secret: &SharedSecret, failure: Vec<u8>, pad: Vec<u8>) -> Self {
        let mut packet = Self { hmac: [0; 32], failure, pad };
        packet.hmac = hmac(secret, &packet.encode()[32..]);
        packet
    }

    /// What obfuscation is then applied to. Of either part, 65,535 bytes at most.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.hmac.to_vec();
        for part in [&self.failure, &self.pad] {
            let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
            bytes.extend(length.to_be_bytes());
            bytes.extend(&part[..length.into()]);
        }
        bytes
    }

    /// The `reason` of the erring node's own `update_fail_htlc`: encoded, and obfuscated once.
    pub fn reason(&self, secret: &SharedSecret) -> Vec<u8> {
        let mut reason = self.encode();
        obfuscate_reason(secret, &mut reason);
        reason
    }

    /// Its code; `None` if there are not even two bytes.
    pub fn code(&self) -> Option<FailureCode> {
        self.failure.first_chunk().map(|code| FailureCode(u16::from_be_bytes(*code)))
    }

    /// Its code and fields.
    ///
    /// # Errors
    /// [`DecodeError`] if BOLT 4 knows no such code, or its fields are cut short.
    pub fn message(&self) -> Result<Message, DecodeError> {
        Catalogue::bolts().decode_failure(&self.failure)
    }

    /// `None` if a part is longer than what there is. Bytes that follow are ignored.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (hmac, rest) = bytes.split_first_chunk()?;
        let (failure, rest) = counted(rest)?;
        let (pad, _) = counted(rest)?;
        Some(Self { hmac: *hmac, failure: failure.to_vec(), pad: pad.to_vec() })
    }
}

/// What each hop on the way back does to a `reason`, the erring node included; and the origin, to undo it.
pub fn obfuscate_reason(secret: &SharedSecret, reason: &mut [u8]) {
    secret.apply_stream(KeyUsage::Ammag, reason);
}

/// Finds out which hop of the route made this `reason`, and what it says. The secrets are those of
/// [`Onion::secrets`](super::Onion::secrets), first hop first.
///
/// # Errors
/// [`ReasonError`] if it is from none of them, or garbled by the one who made it.
pub fn read_reason(reason: &[u8], secrets: &[SharedSecret]) -> Result<Returned, ReasonError> {
    let mut packet = reason.to_vec();
    for (hop, secret) in secrets.iter().enumerate() {
        obfuscate_reason(secret, &mut packet);
        let Some((claimed, rest)) = packet.split_first_chunk::<32>() else { break };
        if hmac(secret, rest) == *claimed {
            let packet = ReturnPacket::decode(&packet).ok_or(ReasonError::Malformed { hop })?;
            return Ok(Returned { hop, packet });
        }
    }
    Err(ReasonError::UnknownSource { hops: secrets.len() })
}

/// A failure that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Who sent it: 0 for the first hop of the route.
    pub hop: usize,
    /// What it sent.
    pub packet: ReturnPacket,
}

/// A `reason` that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// Its HMAC is right, but a length in it is not.
    #[error("hop {hop} returned a failure whose lengths exceed the packet")]
    Malformed {
        /// Who made it, from 0.
        hop: usize,
    },
    /// No hop's HMAC is right.
    #[error(
        "the failure has the HMAC of none of the {hops} hops: it was changed on the way, or not made for this HTLC"
    )]
    UnknownSource {
        /// How many there are.
        hops: usize,
    },
}

fn hmac(secret: &SharedSecret, rest: &[u8]) -> [u8; 32] {
    crypto::hmac(&secret.key(KeyUsage::Um), &[rest])
}

/// The bytes that two bytes of length announce, and what follows them.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}
