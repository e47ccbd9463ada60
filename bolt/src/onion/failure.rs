//! Failure codes and messages (BOLT 4, "Failure Messages").
//!
//! What fields each has is said by the catalogue ([`Catalogue::failures`]), which builds and decodes them as
//! [`Message`]s whose number is the code.

use std::fmt;
use std::sync::Arc;

use crate::wire::{Catalogue, DecodeError, Message, MessageDef};

/// The type of the `channel_update` that some failures carry.
const CHANNEL_UPDATE: u16 = 258;

/// A `failure_code`, known or not: four flags and a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FailureCode(pub u16);

/// The flags, and the names that they have in the BOLT, by descending value.
const FLAGS: [(u16, &str); 4] = [
    (FailureCode::BADONION, "BADONION"),
    (FailureCode::PERM, "PERM"),
    (FailureCode::NODE, "NODE"),
    (FailureCode::UPDATE, "UPDATE"),
];

impl FailureCode {
    /// The onion could not be read; told in `update_fail_malformed_htlc`.
    pub const BADONION: u16 = 0x8000;
    /// Trying again won't help.
    pub const PERM: u16 = 0x4000;
    /// The node fails, not one of its channels.
    pub const NODE: u16 = 0x2000;
    /// A rule of the channel was broken; a `channel_update` may be enclosed.
    pub const UPDATE: u16 = 0x1000;

    /// `invalid_onion_blinding`.
    pub const INVALID_ONION_BLINDING: Self = Self(Self::BADONION | Self::PERM | 24);
    /// `invalid_onion_hmac`.
    pub const INVALID_ONION_HMAC: Self = Self(Self::BADONION | Self::PERM | 5);
    /// `invalid_onion_key`.
    pub const INVALID_ONION_KEY: Self = Self(Self::BADONION | Self::PERM | 6);
    /// `invalid_onion_payload`.
    pub const INVALID_ONION_PAYLOAD: Self = Self(Self::PERM | 22);
    /// `invalid_onion_version`.
    pub const INVALID_ONION_VERSION: Self = Self(Self::BADONION | Self::PERM | 4);

    /// All that BOLT 4 defines, in its order.
    pub fn all() -> impl Iterator<Item = Self> {
        Catalogue::bolts().failures().map(|def| Self(def.number))
    }

    /// The code of this name.
    pub fn named(name: &str) -> Option<Self> {
        Catalogue::bolts().failure(name).map(|def| Self(def.number))
    }

    /// Its name and fields, if BOLT 4 defines it.
    pub fn def(self) -> Option<&'static Arc<MessageDef>> {
        Catalogue::bolts().failure_of_code(self.0)
    }

    /// Its name, if BOLT 4 defines it.
    pub fn name(self) -> Option<&'static str> {
        self.def().map(|def| &*def.name)
    }

    /// Without its flags.
    pub fn number(self) -> u16 {
        self.0 & 0x0fff
    }

    /// Whether it has all of these flags.
    pub fn has(self, flags: u16) -> bool {
        self.0 & flags == flags
    }

    /// The names of its flags.
    pub fn flags(self) -> impl Iterator<Item = &'static str> {
        FLAGS.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| name)
    }
}

/// As the BOLT writes it, with its name: `PERM|15 incorrect_or_unknown_payment_details`.
impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for flag in self.flags() {
            write!(f, "{flag}|")?;
        }
        write!(f, "{} {}", self.number(), self.name().unwrap_or("(unknown)"))
    }
}

impl fmt::Debug for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The `channel_update` enclosed in a failure, if there is one. Nodes send it with its type and, some older ones,
/// without.
pub fn enclosed_channel_update(failure: &Message) -> Option<Result<Message, DecodeError>> {
    let enclosed = failure.bytes("channel_update").filter(|bytes| !bytes.is_empty())?;
    let prefix = CHANNEL_UPDATE.to_be_bytes();
    Some(if enclosed.starts_with(&prefix) {
        Catalogue::bolts().decode(enclosed)
    } else {
        Catalogue::bolts().decode(&[&prefix, enclosed].concat())
    })
}
