//! What a runner's nodes can be made to do, known before any node starts.

use std::collections::BTreeSet;
use std::fmt;

/// Something that a runner's nodes can do beyond speaking the protocol.
///
/// Protocol features are not among them: the harness reads those from the node's own `init`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// It contributes on request to channels that a peer opens with dual funding.
    AcceptDualFunding,
    /// It offers an HTLC on request, with hash and amount as told.
    AddHtlc,
    /// It replaces the funding transaction of a dual-funded channel on request.
    BumpFunding,
    /// Its invoices take a preimage of our choice.
    ChosenPreimage,
    /// Its timers can be advanced without waiting: [`Operation::AdvanceTime`](crate::Operation::AdvanceTime).
    Clock,
    /// It closes a channel cooperatively on request.
    CloseChannel,
    /// It dials an address on request, and is the BOLT 8 initiator then.
    ConnectOut,
    /// It makes invoices (BOLT 11) on request.
    CreateInvoice,
    /// It closes a channel on request without its peer.
    ForceClose,
    /// It funds a channel on request, from an own wallet.
    FundChannel,
    /// It runs with the node key, the channel secrets and the seed of [`NodeKeys`](crate::NodeKeys).
    KnownKeys,
    /// It pays invoices on request.
    Pay,
    /// It restarts and keeps its data.
    Restart,
    /// It takes the feerate that it is told for the network's.
    SetFeerate,
    /// It changes the least and the most that an HTLC over a channel may pay on request.
    SetHtlcLimits,
    /// It changes its forwarding terms on request.
    SetPolicy,
    /// It splices on request.
    Splice,
}

impl Capability {
    /// Every capability, in alphabetical order.
    pub const ALL: [Capability; 17] = [
        Self::AcceptDualFunding,
        Self::AddHtlc,
        Self::BumpFunding,
        Self::ChosenPreimage,
        Self::Clock,
        Self::CloseChannel,
        Self::ConnectOut,
        Self::CreateInvoice,
        Self::ForceClose,
        Self::FundChannel,
        Self::KnownKeys,
        Self::Pay,
        Self::Restart,
        Self::SetFeerate,
        Self::SetHtlcLimits,
        Self::SetPolicy,
        Self::Splice,
    ];

    /// Its name in specs and reports, such as `known_keys`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AcceptDualFunding => "accept_dual_funding",
            Self::AddHtlc => "add_htlc",
            Self::BumpFunding => "bump_funding",
            Self::ChosenPreimage => "chosen_preimage",
            Self::Clock => "clock",
            Self::CloseChannel => "close_channel",
            Self::ConnectOut => "connect_out",
            Self::CreateInvoice => "create_invoice",
            Self::ForceClose => "force_close",
            Self::FundChannel => "fund_channel",
            Self::KnownKeys => "known_keys",
            Self::Pay => "pay",
            Self::Restart => "restart",
            Self::SetFeerate => "set_feerate",
            Self::SetHtlcLimits => "set_htlc_limits",
            Self::SetPolicy => "set_policy",
            Self::Splice => "splice",
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
