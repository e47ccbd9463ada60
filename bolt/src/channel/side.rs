//! The two ends of a channel, and things that each of them has one of.

use std::fmt;
use std::ops::{Index, IndexMut, Not};

/// One end of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Us: the peer that the harness plays.
    Local,
    /// The node under test.
    Remote,
}

/// The other end.
impl Not for Side {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Local => Self::Remote,
            Self::Remote => Self::Local,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Remote => "remote",
        })
    }
}

/// One `T` for each end, indexed by [`Side`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PerSide<T> {
    /// [`Side::Local`]'s.
    pub local: T,
    /// [`Side::Remote`]'s.
    pub remote: T,
}

impl<T> PerSide<T> {
    /// One for each end, from that end.
    pub fn from_fn(mut make: impl FnMut(Side) -> T) -> Self {
        Self { local: make(Side::Local), remote: make(Side::Remote) }
    }
}

impl<T> Index<Side> for PerSide<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::Local => &self.local,
            Side::Remote => &self.remote,
        }
    }
}

impl<T> IndexMut<Side> for PerSide<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Local => &mut self.local,
            Side::Remote => &mut self.remote,
        }
    }
}
