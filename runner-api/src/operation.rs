//! What a node can be asked to do that no message of a peer brings about.

use bitcoin::{Amount, ScriptBuf, Txid};
use secp256k1::PublicKey;
use std::time::Duration;

use crate::pipe::PipeDialer;
use crate::{Capability, NodeError};

/// One request to the node, as its user would make it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Let this much time pass for its timers, where [`Capability::Clock`] is there. Answers [`Outcome::Done`].
    AdvanceTime(Duration),
    /// Close a channel cooperatively. Answers [`Outcome::Done`] once the close has begun.
    CloseChannel(CloseChannel),
    /// Dial a peer. Answers [`Outcome::Done`] once the bytes of act one are on their way.
    ConnectOut {
        /// Whom it expects there.
        node_id: PublicKey,
        /// Where.
        address: Address,
    },
    /// Open and fund a channel with a connected peer. Answers [`Outcome::Funded`] once its funding transaction
    /// was broadcast.
    FundChannel(FundChannel),
}

impl Operation {
    /// The capability that a node needs for it.
    pub fn capability(&self) -> Capability {
        match self {
            Self::AdvanceTime(_) => Capability::Clock,
            Self::CloseChannel(_) => Capability::CloseChannel,
            Self::ConnectOut { .. } => Capability::ConnectOut,
            Self::FundChannel(_) => Capability::FundChannel,
        }
    }
}

/// Where a node can dial us.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Address {
    /// In this process: a node that has no sockets takes the far end of a pipe.
    Pipe(PipeDialer),
    /// A TCP listener of ours on the loopback interface.
    Tcp(std::net::SocketAddr),
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

/// A channel to close cooperatively.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseChannel {
    /// With this peer.
    pub peer: PublicKey,
    /// Its id (BOLT 2, "Definition of `channel_id`").
    pub channel_id: [u8; 32],
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
