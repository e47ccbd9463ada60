//! The untyped tree in which specs write messages: the shape that YAML and expressions come in.

use indexmap::IndexMap;
use std::fmt;

/// A value without a type. [`MessageDef::build`](super::MessageDef::build) gives it one.
///
/// | field | written as |
/// | --- | --- |
/// | integers | [`Int`](Plain::Int) |
/// | bytes, `sha256`, `point`, `signature`, ... | [`Text`](Plain::Text) of hex digits |
/// | `utf8` | `Text` |
/// | short channel id | `Text`: `103x1x0`; or `Int` |
/// | array of anything else | [`List`](Plain::List) |
/// | subtype | [`Map`](Plain::Map) of its fields |
/// | TLV stream | `Map` of its records by name; unknown ones as `unknown: [{type: 55, value: 'aa'}]` |
/// | TLV record | its only field's value; with several fields, a `Map` of them; with none, an empty `Map` |
///
/// Length fields are never written. A message without a TLV stream of its own takes `extension`, in hex.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Plain {
    /// True or false.
    Bool(bool),
    /// A value that isn't known yet: it fits everything when checked, and nothing when built.
    Deferred,
    /// A whole number.
    Int(i128),
    /// A sequence.
    List(Vec<Plain>),
    /// A mapping, in the order of writing.
    Map(IndexMap<String, Plain>),
    /// Nothing.
    #[default]
    Null,
    /// A string.
    Text(String),
}

impl Plain {
    /// A map of these.
    pub fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Plain)>) -> Self {
        Self::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// These bytes in hex.
    pub fn hex(bytes: impl AsRef<[u8]>) -> Self {
        Self::Text(hex::encode(bytes))
    }

    /// The entry of this name, if it is a map that has it.
    pub fn get(&self, name: &str) -> Option<&Plain> {
        match self {
            Self::Map(map) => map.get(name),
            _ => None,
        }
    }
}

impl From<bool> for Plain {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Plain {
            fn from(value: $integer) -> Self {
                Self::Int(value.into())
            }
        }
    )*};
}

from_integers!(i32, i64, i128, u8, u16, u32, u64);

impl From<&str> for Plain {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Plain {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<Plain>> for Plain {
    fn from(value: Vec<Plain>) -> Self {
        Self::List(value)
    }
}

/// As YAML on one line: `{len: 2, data: 'aabb'}`.
impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Deferred => f.write_str("${ ... }"),
            Self::Int(value) => write!(f, "{value}"),
            Self::List(elements) => {
                f.write_str("[")?;
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (index, (name, value)) in entries.iter().enumerate() {
                    write!(f, "{}{name}: {value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Self::Null => f.write_str("null"),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
        }
    }
}
