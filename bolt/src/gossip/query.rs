//! The arrays in gossip queries and their replies: an encoding type, then the elements (BOLT 7, "Query Messages").
//!
//! `encoded_short_ids` begins with its encoding type. In TLV records the type is a field of its own, and the array
//! another: there, type and rest are given apart.

use crate::wire::integer::{read_bigsize, write_bigsize};
use crate::wire::{Malformation, ShortChannelId};

/// The encoding type of an uncompressed array: the only one that may be used.
pub const UNCOMPRESSED: u8 = 0;
/// The encoding type that was used for zlib, and must not be any more.
pub const ZLIB: u8 = 1;

/// `encoded_short_ids`: the encoding type, then the ids as they come. The BOLT wants them to ascend.
pub fn encode_short_ids(ids: &[ShortChannelId]) -> Vec<u8> {
    let ids = ids.iter().flat_map(|id| id.to_u64().to_be_bytes());
    [UNCOMPRESSED].into_iter().chain(ids).collect()
}

/// The ids in `encoded_short_ids`, in any order.
///
/// # Errors
/// [`QueryError`] if there is no encoding type or another one, or a part of an id is left over.
pub fn decode_short_ids(encoded: &[u8]) -> Result<Vec<ShortChannelId>, QueryError> {
    let (encoding_type, ids) = encoded.split_first().ok_or(QueryError::NoEncodingType)?;
    let ids = words::<8>(*encoding_type, ids)?;
    Ok(ids.iter().map(|id| ShortChannelId::from_u64(u64::from_be_bytes(*id))).collect())
}

/// What a `query_flag` of `query_short_channel_ids` asks for; they can be added up.
pub mod query_flag {
    /// The `channel_announcement`.
    pub const CHANNEL_ANNOUNCEMENT: u64 = 1;
    /// Node 1's `channel_update`.
    pub const CHANNEL_UPDATE_1: u64 = 1 << 1;
    /// Node 2's `channel_update`.
    pub const CHANNEL_UPDATE_2: u64 = 1 << 2;
    /// Node 1's `node_announcement`.
    pub const NODE_ANNOUNCEMENT_1: u64 = 1 << 3;
    /// Node 2's `node_announcement`.
    pub const NODE_ANNOUNCEMENT_2: u64 = 1 << 4;
}

/// `encoded_query_flags`, without the encoding type: a BigSize for each id.
pub fn encode_query_flags(flags: &[u64]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(flags.len());
    for flag in flags {
        write_bigsize(&mut encoded, *flag);
    }
    encoded
}

/// The flags in `encoded_query_flags`.
///
/// # Errors
/// [`QueryError`] if the encoding type is another one, or a flag is cut short or longer than need be.
pub fn decode_query_flags(encoding_type: u8, mut encoded: &[u8]) -> Result<Vec<u64>, QueryError> {
    check_encoding(encoding_type)?;
    let mut flags = Vec::new();
    while !encoded.is_empty() {
        let (flag, length) = read_bigsize(encoded)?;
        flags.push(flag);
        encoded = &encoded[length..];
    }
    Ok(flags)
}

/// What `reply_channel_range` says of one channel's two updates: their timestamps, or their checksums. 0 where there
/// is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfBothNodes {
    /// Of node 1's update.
    pub node_id_1: u32,
    /// Of node 2's update.
    pub node_id_2: u32,
}

/// `encoded_timestamps` without the encoding type; and all of `checksums_tlv`, which has no such type.
pub fn encode_of_both(pairs: &[OfBothNodes]) -> Vec<u8> {
    pairs.iter().flat_map(|pair| [pair.node_id_1, pair.node_id_2]).flat_map(u32::to_be_bytes).collect()
}

/// The timestamps in `encoded_timestamps`.
///
/// # Errors
/// [`QueryError`] if the encoding type is another one, or a part of a pair is left over.
pub fn decode_timestamps(encoding_type: u8, encoded: &[u8]) -> Result<Vec<OfBothNodes>, QueryError> {
    let pairs = words::<8>(encoding_type, encoded)?;
    Ok(pairs
        .iter()
        .map(|[a, b, c, d, e, f, g, h]| OfBothNodes {
            node_id_1: u32::from_be_bytes([*a, *b, *c, *d]),
            node_id_2: u32::from_be_bytes([*e, *f, *g, *h]),
        })
        .collect())
}

/// An array that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// An element is malformed.
    #[error("a query flag: {0}")]
    Flag(#[from] Malformation),
    /// It is empty.
    #[error("an encoded array begins with its encoding type, and this one has no byte")]
    NoEncodingType,
    /// The elements don't come out even.
    #[error("{left} bytes are left over after the last element of the encoded array")]
    Remainder {
        /// How many bytes.
        left: usize,
    },
    /// The encoding is not the uncompressed one.
    #[error("encoding type {0} is not 0, which alone may be used")]
    UnknownEncoding(u8),
}

fn check_encoding(encoding_type: u8) -> Result<(), QueryError> {
    match encoding_type {
        UNCOMPRESSED => Ok(()),
        other => Err(QueryError::UnknownEncoding(other)),
    }
}

fn words<const N: usize>(encoding_type: u8, elements: &[u8]) -> Result<&[[u8; N]], QueryError> {
    check_encoding(encoding_type)?;
    match elements.as_chunks() {
        (words, []) => Ok(words),
        (_, rest) => Err(QueryError::Remainder { left: rest.len() }),
    }
}
