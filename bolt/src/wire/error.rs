//! Why can bytes not be read as a message?

use std::fmt;
use std::sync::Arc;

use super::byte_string::ByteString;

/// Bytes that are no message of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A message, failure, stream or subtype that breaks off or breaks a rule of the encoding.
    #[error(transparent)]
    Malformed(#[from] Box<Malformed>),
    /// Too few bytes for the two of a type.
    #[error("{0} bytes are too few for the type of a message")]
    NoType(usize),
    /// A type that the catalogue doesn't know. Odd ones may be ignored (BOLT 1, "Lightning Message Format").
    #[error("unknown message type {number} ({})", if number.is_multiple_of(2) { "even" } else { "odd" })]
    UnknownType {
        /// The type.
        number: u16,
        /// What follows it.
        payload: ByteString,
    },
}

/// A known message that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What was being read.
    pub(super) name: Arc<str>,
    /// From the innermost field outwards.
    pub(super) path: Vec<Arc<str>>,
    pub(super) offset: usize,
    pub(super) problem: Malformation,
}

impl Malformed {
    /// The message, failure, stream or subtype that was being read.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The field, from the outermost: `tlvs.channel_type`. Empty if no field is to blame.
    pub fn field(&self) -> String {
        let mut path = String::new();
        for part in self.path.iter().rev() {
            if !path.is_empty() && !part.starts_with('[') {
                path.push('.');
            }
            path.push_str(part);
        }
        path
    }

    /// Where it went wrong: the bytes from the start of what was decoded, a message's type included.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What went wrong.
    pub fn problem(&self) -> &Malformation {
        &self.problem
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field();
        let dot = if field.is_empty() { "" } else { "." };
        write!(f, "{}{dot}{field} at byte {}: {}", self.name, self.offset, self.problem)
    }
}

impl std::error::Error for Malformed {}

/// The rule that the bytes break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformation {
    /// A TLV stream has a type twice.
    #[error("TLV type {0} for the second time")]
    DuplicateTlv(u64),
    /// A BigSize or truncated integer could be shorter.
    #[error("an integer that is not minimally encoded")]
    NotMinimal,
    /// Text is not UTF-8.
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// A TLV type is lower than the one before.
    #[error("TLV type {number} after {after}")]
    OutOfOrderTlv {
        /// The type.
        number: u64,
        /// The one before it.
        after: u64,
    },
    /// A `sciddir_or_pubkey` starts with another byte than 0 to 3.
    #[error("a sciddir_or_pubkey starts with 0 to 3, not {0}")]
    SciddirPrefix(u8),
    /// A truncated integer is too long.
    #[error("{len} bytes for an integer of at most {max}")]
    TooLong {
        /// Its bytes.
        len: usize,
        /// What it may have.
        max: usize,
    },
    /// The bytes end too early.
    #[error("{needed} bytes needed, {left} left")]
    TooShort {
        /// What the field takes.
        needed: u64,
        /// What is there.
        left: usize,
    },
    /// A TLV record is longer than what its fields take.
    #[error("{0} bytes too many in the record")]
    Trailing(usize),
    /// The catalogue doesn't know this even TLV type.
    #[error("unknown even TLV type {0}")]
    UnknownEvenTlv(u64),
}
