//! What lnprototest asks of the world it tests: a [`Runner`] that starts [`Node`]s, and the [`Chain`] they follow.
//!
//! An implementation that wants to be tested implements [`Runner`] and [`Node`], and nothing else. The harness
//! speaks BOLT 8 and everything above it over the byte stream that [`Node::dial`] returns, so a runner holds no
//! cryptography and no state of any conversation.

mod capability;
mod chain;
mod keys;
mod node;
mod operation;
pub mod pipe;
mod runner;

pub use capability::{Capabilities, Capability};
pub use chain::{BlockAt, Chain, ChainError, RejectCode, Rejection, RpcAccess};
pub use keys::NodeKeys;
pub use lnprototest_bolt::channel::Keyset;
pub use node::{ByteStream, Identity, LocalFuture, Node, NodeError, Settled};
pub use operation::{
    AddHtlc, Address, ChannelRef, FundChannel, Operation, OperationError, Outcome, SetPolicy,
};
pub use runner::{Argument, ArgumentError, Arguments, ChainKind, Runner, StartCost, World};
/// What [`Identity`] and [`NodeKeys`] hold keys of, for runners to use the same version.
pub use secp256k1;

/// The README's runner, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
