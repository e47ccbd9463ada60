//! What expressions come to, and what they are about.

use indexmap::IndexMap;
use lnprototest_bolt::channel::ExpectedSignature;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// A value of the language. Byte strings are lower-case hex text.
#[derive(Clone)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// Any integer of the protocol; larger ones than 64 bits only appear while reckoning.
    Int(i128),
    /// Values in order.
    List(Rc<[Value]>),
    /// Values by name, in the order in which they were written.
    Map(Rc<IndexMap<String, Value>>),
    /// Values by name that are only made when asked for.
    Object(Rc<dyn Object>),
    /// A signature that is not known beforehand, only what makes it right. It equals the text of any such one.
    Signature(Rc<ExpectedSignature>),
    /// Text, or bytes as lower-case hex.
    Text(Arc<str>),
    /// It exists, but this runner can't say what it is: why. Anything that touches it is
    /// [`EvalErrorKind::Unknown`](crate::EvalErrorKind::Unknown).
    Unknown(Arc<str>),
    /// Bytes of the node's should hold it, and can't be read so: why. Anything that touches it is
    /// [`EvalErrorKind::Unreadable`](crate::EvalErrorKind::Unreadable).
    Unreadable(Arc<str>),
}

/// A value with members that are made when asked for: a session, a channel, the node.
pub trait Object {
    /// The member of this name, if there is one (now).
    fn member(&self, name: &str) -> Option<Value>;

    /// The names of all members that there are now.
    fn names(&self) -> Vec<String>;
}

impl Value {
    /// `bytes` as hex text.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Text(hex::encode(bytes).into())
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A map, in this order.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(Rc::new(entries.into_iter().map(|(name, value)| (name.into(), value)).collect()))
    }

    /// What can't be read from bytes of the node's, for this reason.
    pub(crate) fn unreadable(why: impl ToString) -> Self {
        Self::Unreadable(why.to_string().into())
    }

    /// A lazy value.
    pub fn object(object: impl Object + 'static) -> Self {
        Self::Object(Rc::new(object))
    }

    /// The member of a map or object.
    pub fn member(&self, name: &str) -> Option<Value> {
        match self {
            Self::Map(map) => map.get(name).cloned(),
            Self::Object(object) => object.member(name),
            _ => None,
        }
    }

    /// The names of the members of a map or object.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Map(map) => map.keys().cloned().collect(),
            Self::Object(object) => object.names(),
            _ => Vec::new(),
        }
    }

    /// What kind of value it is, in words for a message: `a map`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a bool",
            Self::Int(_) => "a number",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object(_) => "a map",
            Self::Signature(_) => "a signature to come",
            Self::Text(_) => "text",
            Self::Unknown(_) => "unknown",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

macro_rules! from_int {
    ($($int:ty),+) => {$(
        impl From<$int> for Value {
            fn from(value: $int) -> Self {
                Self::Int(value.into())
            }
        }
    )+};
}

from_int!(i64, i128, u8, u16, u32, u64);

impl Value {
    /// Whether both are the same in content; a lazy map equals an eager one of the same members.
    ///
    /// # Errors
    /// The two are of different kinds, so that the question is a fault: which kinds.
    pub fn equals(&self, other: &Self) -> Result<bool, String> {
        Ok(match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a == b)
            }
            (Self::Map(_) | Self::Object(_), Self::Map(_) | Self::Object(_)) => {
                let names = self.names();
                names.len() == other.names().len()
                    && names.iter().all(|name| match (self.member(name), other.member(name)) {
                        (Some(a), Some(b)) => a == b,
                        _ => false,
                    })
            }
            (Self::Signature(a), Self::Signature(b)) => a == b,
            (Self::Signature(expected), Self::Text(hex)) | (Self::Text(hex), Self::Signature(expected)) => {
                let compact = hex::decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
                compact.is_some_and(|compact| expected.check(&compact).is_ok())
            }
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => return Err(format!("{} and {} are never equal", self.kind(), other.kind())),
        })
    }
}

/// As [`Value::equals`]; values of different kinds differ.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.equals(other).unwrap_or(false)
    }
}

/// As YAML would have it, on one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map(_) | Self::Object(_) => {
                f.write_str("{")?;
                for (index, name) in self.names().iter().enumerate() {
                    write!(f, "{}{name}: ", if index == 0 { "" } else { ", " })?;
                    match self.member(name) {
                        Some(value) => write!(f, "{value}")?,
                        None => f.write_str("?")?,
                    }
                }
                f.write_str("}")
            }
            Self::Signature(expected) => {
                write!(f, "(a signature of {} by {})", hex::encode(expected.hash.as_ref()), expected.key)
            }
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Unknown(why) => write!(f, "unknown ({why})"),
            Self::Unreadable(why) => write!(f, "unreadable ({why})"),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
