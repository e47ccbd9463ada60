//! The types of arguments that are not expressions: names, references, lists of steps.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::Step;
use crate::expr::Expr;

/// A name that a spec gives to something: `[a-z][a-z0-9_]*`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(pub(crate) Arc<str>);

/// The name of a message of the catalogue, such as `open_channel`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageName(pub(crate) Arc<str>);

/// The session that an event is about: as written, or the one that was named last.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRef {
    /// Its name.
    pub name: Name,
    /// It was not written.
    pub implied: bool,
}

/// The channel that an event is about: as written, or the one that was named last.
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelRef {
    /// Its name.
    pub name: Name,
    /// It was not written.
    pub implied: bool,
}

/// Fields of a message, each with an expression.
pub type ByField<T> = Vec<(Name, Expr<T>)>;

/// Lists of steps to choose from.
pub type Alternatives = Vec<Vec<Step>>;

macro_rules! name_like {
    ($($name:ident => $text:expr),+) => {$(
        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                let text: fn(&Self) -> &str = $text;
                text(self)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self)
            }
        }
    )+};
}

name_like!(
    ChannelRef => |channel| &channel.name,
    MessageName => |message| &message.0,
    Name => |name| &name.0,
    SessionRef => |session| &session.name
);
