//! What a runner's nodes can be made to do, known before any node starts.

use std::collections::BTreeSet;
use std::fmt;

/// Something that a runner's nodes can do beyond speaking the protocol.
///
/// Protocol features are not among them: the harness reads those from the node's own `init`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Its timers can be advanced without waiting: [`Operation::AdvanceTime`](crate::Operation::AdvanceTime).
    Clock,
    /// It closes a channel cooperatively on request.
    CloseChannel,
    /// It dials an address on request, and is the BOLT 8 initiator then.
    ConnectOut,
    /// It funds a channel on request, from an own wallet.
    FundChannel,
    /// It runs with the node key, the channel secrets and the seed of [`NodeKeys`](crate::NodeKeys).
    KnownKeys,
    /// It restarts and keeps its data.
    Restart,
}

impl Capability {
    /// Every capability, in alphabetical order.
    pub const ALL: [Capability; 6] = [
        Self::Clock,
        Self::CloseChannel,
        Self::ConnectOut,
        Self::FundChannel,
        Self::KnownKeys,
        Self::Restart,
    ];

    /// Its name in specs and reports, such as `known_keys`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::CloseChannel => "close_channel",
            Self::ConnectOut => "connect_out",
            Self::FundChannel => "fund_channel",
            Self::KnownKeys => "known_keys",
            Self::Restart => "restart",
        }
    }

    /// The capability of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The capabilities of one runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<Capability>);

impl Capabilities {
    /// Whether `capability` is among them.
    pub fn has(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }

    /// All of them, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = Capability> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self(capabilities.into_iter().collect())
    }
}
