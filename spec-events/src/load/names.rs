//! The names that expressions can use at one place of a spec.

use indexmap::IndexMap;
use std::sync::Arc;

use super::shape::{CHAIN, CHANNEL, CLOSING, COMMIT, FUNDING, NODE, SESSION, Shape};
use crate::event::Name;

/// Names that always mean the same.
pub(crate) const RESERVED: [&str; 9] =
    ["chain", "closing", "commit", "funding", "msg", "node", "now", "rcvd", "sent"];

/// Words that CEL has for something.
const WORDS_OF_CEL: [&str; 4] = ["false", "in", "null", "true"];

/// All names at one place.
#[derive(Clone)]
pub(crate) struct Names {
    /// Of the spec, then of each fragment that is being read, the innermost last.
    frames: Vec<IndexMap<Arc<str>, Named>>,
    /// Sessions, each with its number in the order of naming.
    sessions: Vec<Name>,
    channels: Vec<Channel>,
    pub session: Latest,
    pub channel: Latest,
    /// The shape of `msg`.
    pub message: Option<Shape>,
    /// A fragment is read by itself: what it does not name, its includer may.
    pub open: bool,
}

#[derive(Clone)]
struct Named {
    shape: Shape,
    /// `let`, `matrix` and parameters keep their value; `Set` and `as` can give a name another.
    fixed: bool,
}

#[derive(Clone)]
struct Channel {
    name: Name,
    /// By `FundChannel`, so that `AcceptFunding` names the same one.
    by_node: bool,
}

/// The session or channel that was named last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Latest {
    /// None was.
    #[default]
    None,
    /// This one, on whatever way the spec came here.
    One(Name),
    /// It depends on the way.
    Several,
    /// A step with a mistake may have named it.
    Unclear,
}

impl Names {
    /// Those of an empty spec. `open` for a fragment that is read by itself.
    pub fn new(open: bool) -> Self {
        let (session, channel) = (Latest::default(), Latest::default());
        Self {
            frames: vec![IndexMap::new()],
            sessions: Vec::new(),
            channels: Vec::new(),
            session,
            channel,
            message: None,
            open,
        }
    }

    /// The shape of what `name` stands for.
    pub fn shape(&self, name: &str) -> Option<Shape> {
        if let Some(named) = self.frames.iter().rev().find_map(|frame| frame.get(name)) {
            return Some(named.shape.clone());
        }
        match name {
            "chain" => return Some(CHAIN),
            "closing" => return Some(CLOSING),
            "commit" => return Some(COMMIT),
            "funding" => return Some(FUNDING),
            "msg" => return self.message.clone(),
            "node" => return Some(NODE),
            "now" => return Some(Shape::Int),
            "rcvd" | "sent" => return Some(Shape::Record { all: false }),
            _ => {}
        }
        if self.sessions.iter().any(|session| **session == *name) {
            return Some(SESSION);
        }
        if self.channels.iter().any(|channel| *channel.name == *name) {
            return Some(CHANNEL);
        }
        (self.open || self.session == Latest::Unclear).then_some(Shape::Any)
    }

    /// All names.
    pub fn all(&self) -> Vec<&str> {
        let values = self.frames.iter().flat_map(|frame| frame.keys().map(|name| &**name));
        let sessions = self.sessions.iter().map(|name| &**name);
        let channels = self.channels.iter().map(|channel| &*channel.name);
        let reserved = RESERVED.into_iter().filter(|name| *name != "msg" || self.message.is_some());
        values.chain(sessions).chain(channels).chain(reserved).collect()
    }

    /// Whether this is, or for all we know may be, a session.
    pub fn is_session(&self, name: &str) -> bool {
        self.open || self.session == Latest::Unclear || self.sessions().any(|session| session == name)
    }

    /// Whether this is, or for all we know may be, a channel.
    pub fn is_channel(&self, name: &str) -> bool {
        self.open || self.channel == Latest::Unclear || self.channels().any(|channel| channel == name)
    }

    /// A step with a mistake may have named anything.
    pub fn unclear(&mut self) {
        (self.session, self.channel) = (Latest::Unclear, Latest::Unclear);
    }

    /// The names of all sessions.
    pub fn sessions(&self) -> impl Iterator<Item = &str> {
        self.sessions.iter().map(|name| &**name)
    }

    /// The names of all channels.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().map(|channel| &*channel.name)
    }

    /// The channel that the node was asked to fund last, and that has no funding yet.
    pub fn funded_by_node(&self) -> Option<&Name> {
        self.channels.iter().rev().find(|channel| channel.by_node).map(|channel| &channel.name)
    }

    /// Names a value of the spec or fragment.
    ///
    /// # Errors
    /// The name is taken: by what.
    pub fn add_value(&mut self, name: &str, shape: Shape, fixed: bool) -> Result<(), String> {
        self.free_of_things(name)?;
        let here = self.frames.len() - 1;
        // What a fragment sets stays set after it: only its parameters and its `let`s are its own.
        let frame = if fixed { here } else { self.frame_of(name).unwrap_or(0) };
        let taken = self.frames[frame].get(name).is_some_and(|named| fixed || named.fixed);
        if taken {
            return Err(format!("`{name}` is already named"));
        }
        self.frames[frame].insert(name.into(), Named { shape, fixed });
        Ok(())
    }

    /// Names a session, or the same one anew. Gives its number.
    ///
    /// # Errors
    /// The name is taken: by what.
    pub fn add_session(&mut self, name: &Name) -> Result<usize, String> {
        self.free_of_values(name)?;
        if self.channels.iter().any(|channel| channel.name == *name) {
            return Err(format!("`{name}` is already a channel"));
        }
        self.session = Latest::One(name.clone());
        Ok(self.session_number(name).unwrap_or_else(|| {
            self.sessions.push(name.clone());
            self.sessions.len() - 1
        }))
    }

    /// The number that this session has, or would have.
    pub fn next_session_number(&self, name: &str) -> usize {
        self.session_number(name).unwrap_or(self.sessions.len())
    }

    /// Names a channel; `by_node` if the node is asked to fund it.
    ///
    /// # Errors
    /// The name is taken: by what.
    pub fn add_channel(&mut self, name: &Name, by_node: bool) -> Result<(), String> {
        self.free_of_values(name)?;
        if self.sessions.contains(name) {
            return Err(format!("`{name}` is already a session"));
        }
        match self.channels.iter_mut().find(|channel| channel.name == *name) {
            Some(channel) if channel.by_node && !by_node => channel.by_node = false,
            Some(_) => return Err(format!("there already is a channel `{name}`")),
            None => self.channels.push(Channel { name: name.clone(), by_node }),
        }
        self.channel = Latest::One(name.clone());
        Ok(())
    }

    /// Enters a fragment: until [`leave`](Self::leave), its parameters and `let`s hide others.
    pub fn enter(&mut self) {
        self.frames.push(IndexMap::new());
    }

    /// Leaves it.
    pub fn leave(&mut self) {
        self.frames.pop();
    }

    /// Adds what another way through the spec has named.
    pub fn join(&mut self, other: Self) {
        for (frame, others) in self.frames.iter_mut().zip(other.frames) {
            for (name, named) in others {
                frame.entry(name).or_insert(named);
            }
        }
        for session in other.sessions {
            if !self.sessions.contains(&session) {
                self.sessions.push(session);
            }
        }
        for channel in other.channels {
            if !self.channels.iter().any(|known| known.name == channel.name) {
                self.channels.push(channel);
            }
        }
        self.session = self.session.joined(other.session);
        self.channel = self.channel.joined(other.channel);
    }

    fn session_number(&self, name: &str) -> Option<usize> {
        self.sessions.iter().position(|session| **session == *name)
    }

    fn frame_of(&self, name: &str) -> Option<usize> {
        self.frames.iter().rposition(|frame| frame.contains_key(name))
    }

    fn free_of_things(&self, name: &str) -> Result<(), String> {
        if RESERVED.contains(&name) || WORDS_OF_CEL.contains(&name) {
            return Err(format!("`{name}` has a meaning of its own in expressions"));
        }
        if self.open {
            // By itself, a fragment has its parameters' names in place of those it will be given.
            return Ok(());
        }
        if self.sessions().any(|session| session == name) {
            return Err(format!("`{name}` is already a session"));
        }
        if self.channels().any(|channel| channel == name) {
            return Err(format!("`{name}` is already a channel"));
        }
        Ok(())
    }

    fn free_of_values(&self, name: &str) -> Result<(), String> {
        if RESERVED.contains(&name) || WORDS_OF_CEL.contains(&name) {
            return Err(format!("`{name}` has a meaning of its own in expressions"));
        }
        match self.frame_of(name) {
            Some(_) if !self.open => Err(format!("`{name}` is already the name of a value")),
            _ => Ok(()),
        }
    }
}

impl Latest {
    fn joined(&self, other: Self) -> Self {
        match (self, &other) {
            (Self::Unclear, _) | (_, Self::Unclear) => Self::Unclear,
            _ if *self == other => other,
            _ => Self::Several,
        }
    }
}
