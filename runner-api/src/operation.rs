//! What a node can be asked to do that no message of a peer brings about.

use bitcoin::{Amount, ScriptBuf, SignedAmount, Txid};
use secp256k1::PublicKey;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::pipe::{PipeDialer, PipeEnd};
use crate::{Capability, NodeError};

/// One request to the node, as its user would make it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Put so much of the wallet's money into each channel that a peer opens with dual funding from now on. Answers
    /// [`Outcome::Done`].
    AcceptDualFunding {
        /// What to contribute.
        amount: Amount,
    },
    /// Offer an HTLC to the peer, over its channel with the node. Answers [`Outcome::Done`] once it is on its way.
    AddHtlc(AddHtlc),
    /// Let this much time pass for its timers, where [`Capability::Clock`] is there. Answers [`Outcome::Done`].
    AdvanceTime(Duration),
    /// Replace the funding transaction of a dual-funded channel by one that pays more (RBF). Answers
    /// [`Outcome::Funded`].
    BumpFunding {
        /// The channel.
        channel: ChannelRef,
        /// The new transaction's, in sat per 1000 weight.
        feerate_per_kw: u32,
    },
    /// Close a channel cooperatively. Answers [`Outcome::Done`] once the close has begun.
    CloseChannel(ChannelRef),
    /// Dial a peer. Answers [`Outcome::Done`] once the bytes of act one are on their way.
    ConnectOut {
        /// Whom it expects there.
        node_id: PublicKey,
        /// Where.
        address: Address,
    },
    /// Make an invoice (BOLT 11). Answers [`Outcome::Invoice`].
    CreateInvoice {
        /// What it asks for, in msat; any amount if `None`.
        amount_msat: Option<u64>,
        /// Whose hash it names; the node's own choice if `None`.
        preimage: Option<[u8; 32]>,
    },
    /// Close a channel by publishing the node's own commitment transaction. Answers [`Outcome::Done`].
    ForceClose(ChannelRef),
    /// Open and fund a channel with a connected peer. Answers [`Outcome::Funded`] once its funding transaction
    /// was broadcast.
    FundChannel(FundChannel),
    /// Pay an invoice (BOLT 11). Answers [`Outcome::Paid`] once the preimage is there.
    Pay {
        /// The invoice.
        invoice: String,
    },
    /// Take this for the network's feerate from now on. Answers [`Outcome::Done`].
    SetFeerate {
        /// In sat per 1000 weight.
        per_kw: u32,
    },
    /// Forward over a channel on these terms from now on. Answers [`Outcome::Done`].
    SetPolicy(SetPolicy),
    /// Add to a channel's capacity from the node's wallet, or pay it out. Answers [`Outcome::Funded`] with the new
    /// funding.
    Splice {
        /// The channel.
        channel: ChannelRef,
        /// Above zero to splice in, below to splice out.
        amount: SignedAmount,
    },
}

impl Operation {
    /// The capability that a node needs for it.
    pub fn capability(&self) -> Capability {
        match self {
            Self::AcceptDualFunding { .. } => Capability::AcceptDualFunding,
            Self::AddHtlc(_) => Capability::AddHtlc,
            Self::AdvanceTime(_) => Capability::Clock,
            Self::BumpFunding { .. } => Capability::BumpFunding,
            Self::CloseChannel(_) => Capability::CloseChannel,
            Self::ConnectOut { .. } => Capability::ConnectOut,
            Self::CreateInvoice { preimage: Some(_), .. } => Capability::ChosenPreimage,
            Self::CreateInvoice { preimage: None, .. } => Capability::CreateInvoice,
            Self::ForceClose(_) => Capability::ForceClose,
            Self::FundChannel(_) => Capability::FundChannel,
            Self::Pay { .. } => Capability::Pay,
            Self::SetFeerate { .. } => Capability::SetFeerate,
            Self::SetPolicy(policy) => match (policy.htlc_minimum_msat, policy.htlc_maximum_msat) {
                (None, None) => Capability::SetPolicy,
                _ => Capability::SetHtlcLimits,
            },
            Self::Splice { .. } => Capability::Splice,
        }
    }
}

/// Where a node can dial us: it takes the way that it can go.
#[derive(Clone)]
pub struct Address {
    pipe: PipeDialer,
    listen: Rc<dyn Fn() -> io::Result<SocketAddr>>,
}

impl Address {
    /// One behind which both are awaited: a pipe, and a TCP connection to where `listen` listens once it is called.
    pub fn new(pipe: PipeDialer, listen: impl Fn() -> io::Result<SocketAddr> + 'static) -> Self {
        Self { pipe, listen: Rc::new(listen) }
    }

    /// Dials in this process, for a node without sockets: its end of a new pipe.
    pub fn pipe(&self) -> PipeEnd {
        self.pipe.dial()
    }

    /// Listens on the loopback interface, for a node that dials by TCP.
    ///
    /// # Errors
    /// The system's, if no port is to be had.
    pub fn tcp(&self) -> io::Result<SocketAddr> {
        (self.listen)()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

/// One channel of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelRef {
    /// With this peer.
    pub peer: PublicKey,
    /// Its id (BOLT 2, "Definition of `channel_id`").
    pub channel_id: [u8; 32],
}

/// An HTLC for the node to offer, with the peer as the payment's final node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddHtlc {
    /// The channel it goes over.
    pub channel: ChannelRef,
    /// What it pays.
    pub amount_msat: u64,
    /// Whose preimage settles it.
    pub payment_hash: [u8; 32],
    /// Of the payment's onion (BOLT 4, `payment_data`).
    pub payment_secret: [u8; 32],
    /// How many blocks from the tip until it times out.
    pub cltv_delta: u16,
}

/// On what terms a node forwards over a channel (BOLT 7, `channel_update`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetPolicy {
    /// The channel.
    pub channel: ChannelRef,
    /// `fee_base_msat`.
    pub fee_base_msat: u32,
    /// `fee_proportional_millionths`.
    pub fee_proportional_millionths: u32,
    /// `htlc_minimum_msat`, where it is to change.
    pub htlc_minimum_msat: Option<u64>,
    /// `htlc_maximum_msat`, where it is to change.
    pub htlc_maximum_msat: Option<u64>,
}

/// A channel to open from the node's own wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundChannel {
    /// With this connected peer.
    pub peer: PublicKey,
    /// Its whole capacity.
    pub amount: Amount,
    /// What the peer starts with, in msat.
    pub push_msat: u64,
    /// The commitment transaction's feerate in sat per 1000 weight, where the node lets one choose.
    pub feerate_per_kw: Option<u32>,
    /// Whether the channel is to be announced.
    pub announce: bool,
    /// `channel_type` as feature bits in wire form, where the node lets one choose.
    pub channel_type: Option<Vec<u8>>,
    /// Where its share must go on a cooperative close (`upfront_shutdown_script`).
    pub close_to: Option<ScriptBuf>,
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Done, nothing more to say.
    Done,
    /// A channel was funded.
    Funded {
        /// The funding transaction.
        txid: Txid,
        /// The output that is the channel.
        output_index: u16,
    },
    /// An invoice was made.
    Invoice {
        /// As a payer takes it (BOLT 11).
        invoice: String,
        /// The hash that it names.
        payment_hash: [u8; 32],
        /// The secret that a payment must show.
        payment_secret: [u8; 32],
    },
    /// A payment went through.
    Paid {
        /// What was paid for.
        preimage: [u8; 32],
    },
}

/// Why an operation came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// The node tried, and says no.
    #[error("the node says: {0}")]
    Failed(String),
    /// The node itself is at fault.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// This runner's nodes can't: the spec is skipped.
    #[error("unsupported: {0}")]
    Unsupported(Capability),
}
