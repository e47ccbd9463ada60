//! `onion_packet` and `onion_message_packet` as they travel (BOLT 4, "Packet Structure").

use crate::crypto;

/// The length of `hop_payloads` in a payment's onion; `onion_routing_packet` is 66 bytes longer.
pub const PAYMENT_SIZE: usize = 1300;
/// The length of `onionmsg_payloads` in the larger of both onion messages that BOLT 4 recommends.
pub const LARGE_MESSAGE_SIZE: usize = 32_768;

/// The bytes around the payloads.
const OVERHEAD: usize = 1 + 33 + 32;

/// An onion packet, of which nothing was checked: any of its parts may be replaced by a wrong one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnionPacket {
    /// 0, if it is right.
    pub version: u8,
    /// The ephemeral key: a compressed point, if it is right.
    pub public_key: [u8; 33],
    /// `hop_payloads` or `onionmsg_payloads`, obfuscated.
    pub payloads: Vec<u8>,
    /// What authenticates the payloads and the associated data, but neither version nor key.
    pub hmac: [u8; 32],
}

impl OnionPacket {
    /// The packet that these bytes are, whatever the length of its payloads.
    ///
    /// # Errors
    /// [`PacketTooShort`] if they are fewer than 66.
    pub fn decode(bytes: &[u8]) -> Result<Self, PacketTooShort> {
        let too_short = || PacketTooShort { length: bytes.len() };
        let (version, rest) = bytes.split_first().ok_or_else(too_short)?;
        let (public_key, rest) = rest.split_first_chunk().ok_or_else(too_short)?;
        let (payloads, hmac) = rest.split_last_chunk().ok_or_else(too_short)?;
        Ok(Self { version: *version, public_key: *public_key, payloads: payloads.to_vec(), hmac: *hmac })
    }

    /// As in `update_add_htlc` (1366 bytes) or `onion_message`.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.payloads.len() + OVERHEAD);
        bytes.push(self.version);
        bytes.extend(self.public_key);
        bytes.extend(&self.payloads);
        bytes.extend(self.hmac);
        bytes
    }

    /// `sha256_of_onion`, with which a node says that it could not read this one.
    pub fn sha256(&self) -> [u8; 32] {
        crypto::sha256(&[&[self.version], &self.public_key, &self.payloads, &self.hmac])
    }
}

/// Bytes that are no onion packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are too few for an onion packet, which takes 66 and its payloads")]
pub struct PacketTooShort {
    /// How many there are.
    pub length: usize,
}
