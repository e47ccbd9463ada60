//! The conversation of one path, in the order in which it happened.

use lnprototest_bolt::wire::plain::Plain;
use lnprototest_spec_events::Location;
use std::fmt;
use std::rc::Rc;

use crate::session::Recorded;

/// Everything that happened on one path.
#[derive(Default)]
pub(crate) struct Transcript {
    entries: Vec<Entry>,
}

/// One thing that happened.
pub(crate) enum Entry {
    /// The chain grew or shrank.
    Chain(String),
    /// A connection ended, and by whose hand.
    Closed { session: Rc<str>, by: By },
    /// Something else worth knowing, such as a check that could not be made.
    Note(String),
    /// The node did something on request.
    Node(String),
    /// Bytes below or beside the messages: acts, broken frames.
    Raw { session: Rc<str>, by: By, bytes: Vec<u8>, what: &'static str },
    /// A message.
    Message { session: Rc<str>, by: By, message: Rc<Recorded> },
    /// A step began.
    Step { at: Location, event: &'static str },
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Node,
    Us,
}

impl Transcript {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}

/// Indented below the step in which it happened; messages decoded, a field a line.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            writeln!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(what) => write!(f, "  # {what}"),
            Self::Closed { session, by } => write!(f, "  {} {session}: closed", by.arrow()),
            Self::Message { session, by, message } => {
                let message = message.message();
                write!(f, "  {} {session}: {}", by.arrow(), message.name())?;
                match message.to_plain() {
                    Plain::Map(fields) => {
                        fields.iter().try_for_each(|(name, value)| write!(f, "\n      {name}: {value}"))
                    }
                    other => write!(f, " {other}"),
                }
            }
            Self::Node(what) => write!(f, "  ! {what}"),
            Self::Note(what) => write!(f, "  ~ {what}"),
            Self::Raw { session, by, bytes, what } => {
                write!(f, "  {} {session}: {what}, {} bytes: {}", by.arrow(), bytes.len(), shortened(bytes))
            }
            Self::Step { at, event } => {
                let file = at.source().name.rsplit('/').next().unwrap_or_default();
                write!(f, "{file}:{}:{} {event}", at.line(), at.column())
            }
        }
    }
}

impl By {
    /// `<` came from the node, `>` went to it.
    fn arrow(self) -> char {
        match self {
            Self::Node => '<',
            Self::Us => '>',
        }
    }
}

/// Hex of `bytes`, its middle left out where it is long.
pub(crate) fn shortened(bytes: &[u8]) -> String {
    const SHOWN: usize = 80;
    match bytes.len() {
        0..=SHOWN => hex::encode(bytes),
        length => {
            let (head, tail) = (&bytes[..SHOWN / 2], &bytes[length - SHOWN / 4..]);
            format!("{}...{}", hex::encode(head), hex::encode(tail))
        }
    }
}
