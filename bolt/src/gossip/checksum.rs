//! The checksum by which two `channel_update`s are told apart without their timestamps (BOLT 7, "The
//! `query_channel_range` and `reply_channel_range` Messages").

use super::signing::{GossipError, signed_bytes};
use crate::wire::Message;

/// Where in what is signed the timestamp stands: after `chain_hash` and `short_channel_id`.
const TIMESTAMP: std::ops::Range<usize> = 40..44;

/// The CRC32C of a `channel_update` without type, signature and timestamp.
///
/// # Errors
/// [`GossipError::NoField`] if it is another message.
pub fn update_checksum(update: &Message) -> Result<u32, GossipError> {
    if update.name() != "channel_update" {
        return Err(GossipError::no_field(update, "checksum"));
    }
    let mut bytes = signed_bytes(update)?;
    bytes.drain(TIMESTAMP);
    Ok(crc32c(&bytes))
}

/// CRC-32 with Castagnoli's polynomial (RFC 3720, appendix B.4).
pub fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 }
            },
        )
    })
}
