//! Kinds of values.

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
    /// Values by name.
    Map,
    /// Text.
    Text,
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
            Self::Map => "a map",
            Self::Text => "text",
        })
    }
}
