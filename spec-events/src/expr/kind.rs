//! Kinds of values, and what is known of the maps that the suite makes itself.

use std::fmt;

/// The kind of a value, as functions and arguments ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any of the others.
    Any,
    /// True or false.
    Bool,
    /// Text of hex digits.
    Bytes,
    /// An integer.
    Int,
    /// A map with the members that `keyset(hex)` gives.
    Keyset,
    /// A list.
    List,
    /// A map that the suite makes, with these members.
    Made(&'static [(&'static str, Fixed)]),
    /// Values by name.
    Map,
    /// Records by name, of the TLV stream that the BOLTs call so.
    Records(&'static str),
    /// Text.
    Text,
}

/// The shape of a member that the suite makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fixed {
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// A list of these.
    List(&'static Fixed),
    /// A map with these members.
    Map(&'static [(&'static str, Fixed)]),
    /// Messages by name, as `sent` and `rcvd` have them.
    Record,
    /// The records of this TLV stream by name.
    Records(&'static str),
    /// Text, or bytes as hex.
    Text,
    /// Values by name, which depend on the value at hand.
    Various,
}

/// With an article: `a number`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any value",
            Self::Bool => "true or false",
            Self::Bytes => "bytes as hex",
            Self::Int => "a number",
            Self::Keyset => "a keyset",
            Self::List => "a list",
            Self::Made(_) | Self::Map => "a map",
            Self::Records(_) => "a map of records by name",
            Self::Text => "text",
        })
    }
}
