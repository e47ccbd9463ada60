//! What is wrong with a tree that should become a message?

use std::fmt;

/// All that is wrong with a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildErrors(pub Vec<BuildError>);

impl fmt::Display for BuildErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildErrors {}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{problem}", path, if path.is_empty() { "" } else { ": " })]
pub struct BuildError {
    /// From the message down: `tlvs.unknown[0].type`. Empty for the whole.
    pub path: String,
    /// What is wrong there.
    pub problem: BuildProblem,
}

/// What can be wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildProblem {
    /// The value is [`Plain::Deferred`](super::plain::Plain::Deferred).
    #[error("the value is not known yet")]
    Deferred,
    /// A length field is written.
    #[error("the length of {array} is not written: it follows from {array}")]
    DerivedField {
        /// What it counts.
        array: String,
    },
    /// An unknown record's type is there twice.
    #[error("TLV type {0} is there twice")]
    DuplicateRecord(u64),
    /// An unknown record has the type of a known one.
    #[error("this is the type of {name}: write it by name")]
    KnownRecord {
        /// The known one.
        name: String,
    },
    /// A field has no value.
    #[error("missing: {expected}")]
    MissingField {
        /// How it is written.
        expected: String,
    },
    /// A character that is no hex digit.
    #[error("'{digit}' at position {at} is no hex digit")]
    NotHex {
        /// Which.
        digit: char,
        /// Its position, from 0.
        at: usize,
    },
    /// Half a byte is missing.
    #[error("{0} hex digits are an odd number")]
    OddHex(usize),
    /// An integer doesn't fit.
    #[error("{found} is out of range: {expected}")]
    OutOfRange {
        /// What does.
        expected: String,
        /// The integer.
        found: i128,
    },
    /// An array has more elements than its length field can say.
    #[error("{found} are more than its length field can say: {max}")]
    TooLong {
        /// What it can.
        max: u64,
        /// The elements.
        found: usize,
    },
    /// There is no such field.
    #[error("no such field; there are {}", .candidates.join(", "))]
    UnknownField {
        /// What is there.
        candidates: Vec<String>,
    },
    /// A number stands where bytes belong: YAML reads `0010` as one.
    #[error("{found} is a number, and bytes belong here: quote it ({expected})")]
    Unquoted {
        /// How it is written.
        expected: String,
        /// The number.
        found: i128,
    },
    /// Too many or too few bytes or elements.
    #[error("{found} {unit}, and it takes {expected}")]
    WrongLength {
        /// `bytes` or `elements`.
        unit: &'static str,
        /// What it takes.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// A value of another type.
    #[error("expected {expected}, got {found}")]
    WrongType {
        /// How it is written.
        expected: String,
        /// What is there instead.
        found: String,
    },
}
