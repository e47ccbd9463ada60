//! Where a channel's funding output is in the chain, as number and as text (BOLT 7, "Definition of
//! `short_channel_id`").

use std::fmt;
use std::str::FromStr;

/// The largest block height and transaction index.
const MAX_24_BITS: u32 = 0xff_ffff;

/// A place in the chain: `103x1x0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortChannelId(u64);

impl ShortChannelId {
    /// `None` if block or transaction don't fit into 24 bits. A block's coinbase is its transaction 0.
    pub fn new(block: u32, transaction: u32, output: u16) -> Option<Self> {
        (block <= MAX_24_BITS && transaction <= MAX_24_BITS)
            .then(|| Self(u64::from(block) << 40 | u64::from(transaction) << 16 | u64::from(output)))
    }

    /// The place that these 64 bits of a message say.
    pub fn from_u64(bits: u64) -> Self {
        Self(bits)
    }

    /// As in a message.
    pub fn to_u64(self) -> u64 {
        self.0
    }

    /// The block's height.
    pub fn block(self) -> u32 {
        (self.0 >> 40) as u32
    }

    /// The transaction's index in the block.
    pub fn transaction(self) -> u32 {
        (self.0 >> 16) as u32 & MAX_24_BITS
    }

    /// The output's index in the transaction.
    pub fn output(self) -> u16 {
        self.0 as u16
    }
}

impl fmt::Display for ShortChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.block(), self.transaction(), self.output())
    }
}

impl FromStr for ShortChannelId {
    type Err = BadShortChannelId;

    fn from_str(text: &str) -> Result<Self, BadShortChannelId> {
        let mut parts = text.split('x').map(digits);
        let mut part = || parts.next().flatten().ok_or(BadShortChannelId);
        let (block, transaction, output) = (part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(BadShortChannelId);
        }
        let output = u16::try_from(output).map_err(|_| BadShortChannelId)?;
        Self::new(block, transaction, output).ok_or(BadShortChannelId)
    }
}

/// Text that names no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a short channel id is written as block, transaction and output: 103x1x0")]
pub struct BadShortChannelId;

/// A sign is a number's, and no channel id's.
fn digits(part: &str) -> Option<u32> {
    part.bytes().all(|digit| digit.is_ascii_digit()).then(|| part.parse().ok())?
}
