//! The contract of an implementation under test.

use secp256k1::PublicKey;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{ChainError, Operation, OperationError, Outcome};

/// A future that stays on its thread.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// One running implementation. It owns itself, not the conversation; nothing in it needs `Send`.
///
/// To drop it ends it at once, with all that it has started: so ends a path that panics, or that a user interrupts.
pub trait Node {
    /// Who it is.
    fn identity(&self) -> Identity;

    /// Opens a byte stream to its BOLT 8 port, as a peer that dials it would.
    fn dial(&self) -> LocalFuture<'_, Result<Box<dyn ByteStream>, NodeError>>;

    /// Runs until there is nothing left to do for what was sent and mined so far, or says that it can't tell.
    ///
    /// The harness drops the future when something comes meanwhile, and asks again: it must do no harm to be dropped
    /// at any point.
    fn settle(&self) -> LocalFuture<'_, Result<Settled, NodeError>>;

    /// Does something that no message can bring about. It may take as long as the conversation goes on: the
    /// harness polls it beside its own steps.
    ///
    /// # Errors
    /// [`OperationError::Unsupported`], the default of every operation, or [`OperationError::Failed`].
    fn perform(&self, operation: Operation) -> LocalFuture<'_, Result<Outcome, OperationError>>;

    /// Stops it cleanly, if it was not killed before, and starts it again from its data. All connections end.
    fn restart(&self) -> LocalFuture<'_, Result<(), NodeError>>;

    /// Ends it at once, as a crash would. [`restart`](Node::restart) starts it again from its data.
    fn kill(&self) -> LocalFuture<'_, Result<(), NodeError>>;

    /// Ends it in good order and frees what it holds. One that was killed has nothing left to end.
    fn stop(&self) -> LocalFuture<'_, Result<(), NodeError>>;

    /// The last `lines` lines that it logged, oldest first.
    fn log_tail(&self, lines: usize) -> Vec<String>;
}

/// A two-way stream of bytes between a peer and the node.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> ByteStream for S {}

/// Who a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Of the implementation, such as `LDK` or `Core Lightning`.
    pub name: String,
    /// As git-describe would say it, such as `0.2.7` or `v26.06-12-gabcdef0`.
    pub version: String,
    /// Its public key: BOLT 8's static key.
    pub node_id: PublicKey,
}

/// What is known about a node after [`Node::settle`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled {
    /// There was more to do when the runner's own bound was reached.
    Busy {
        /// What it waited for, and how long.
        waited: String,
    },
    /// It ended by itself.
    Died {
        /// Its exit status, signal or panic.
        how: String,
    },
    /// It has nothing left to do until it hears something new.
    Proved,
    /// It was silent for as long as this runner can say: not proof.
    Within {
        /// How long it was watched.
        bound: Duration,
        /// What the bound rests on, such as `channeld's log line of the last message`.
        fence: String,
    },
}

/// Why a node did not do what every node must.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The chain failed it.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It is not running (any more).
    #[error("the node is not running: {0}")]
    Down(String),
    /// It does not do in time what it was told to, such as to stop: whoever is slow, it is no answer to a peer.
    #[error("the node hangs: {0}")]
    Hangs(String),
    /// It does not come up.
    #[error("the node does not start: {0}")]
    Start(String),
    /// This runner can't do it at all.
    #[error("this runner can't {0}")]
    Unsupported(&'static str),
}
