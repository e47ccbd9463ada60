//! The contract of an adapter: how nodes of one kind are made.

use bitcoin::BlockHash;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use crate::{Capabilities, Chain, LocalFuture, Node, NodeError, NodeKeys};

/// The adapter to one kind of node. One value serves all workers; the nodes it makes stay on the worker's thread.
pub trait Runner: Send + Sync {
    /// As in `--runner NAME`.
    fn name(&self) -> &str;

    /// What its nodes can do beyond speaking the protocol.
    fn capabilities(&self) -> Capabilities;

    /// Starts a fresh node that follows `world.chain` from its tip, with an empty data directory. It may mine blocks
    /// before, such as one with coins for the node's wallet. To drop the future gives the node up: nothing of it goes
    /// on.
    ///
    /// # Errors
    /// [`NodeError::Start`] if it does not come up: a fault of the environment.
    fn start(&self, world: World) -> LocalFuture<'_, Result<Rc<dyn Node>, NodeError>>;

    /// What `--runner-arg NAME=VALUE` may say to it.
    fn arguments(&self) -> &[Argument] {
        &[]
    }

    /// The same runner with these arguments, all of which are among [`Runner::arguments`].
    ///
    /// # Errors
    /// [`ArgumentError`] for a value that makes no sense.
    fn configured(&self, arguments: &Arguments) -> Result<Arc<dyn Runner>, ArgumentError> {
        let name = arguments.iter().next().map_or_else(String::new, |(name, _)| name.to_owned());
        Err(ArgumentError { name, reason: format!("the runner {} takes no arguments", self.name()) })
    }

    /// Whether nodes can be had here at all: asked once before a run, so that a program that is missing or too old is
    /// told once and not by each path. It may take a moment.
    ///
    /// # Errors
    /// [`NodeError::Start`], with what is missing and what to do.
    fn check(&self) -> Result<(), NodeError> {
        Ok(())
    }

    /// The chains that its nodes can follow, the preferred one first.
    fn chains(&self) -> &[ChainKind] {
        &[ChainKind::Embedded, ChainKind::Bitcoind]
    }

    /// Whether a fresh node for each path is worth its price.
    fn start_cost(&self) -> StartCost {
        StartCost::Low
    }
}

/// All that a node is given.
#[derive(Clone)]
pub struct World {
    /// The chain to follow.
    pub chain: Rc<dyn Chain>,
    /// The tip when the node starts; nothing below needs to be read.
    pub tip: (u32, BlockHash),
    /// Its secrets.
    pub keys: NodeKeys,
    /// Its own directory, which does not exist yet; a runner that needs one makes it. The harness removes it.
    pub dir: PathBuf,
}

/// The chains that a harness can offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainKind {
    /// A real bitcoind of its own: [`Chain::rpc`] says where it answers.
    Bitcoind,
    /// In the harness's own process.
    Embedded,
}

/// What it takes to start a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartCost {
    /// Processes and files: nodes are started ahead of need, and one on which a path has left no trace serves the
    /// next.
    High,
    /// Next to nothing: each path has a node of its own.
    Low,
}

/// Something that `--runner-arg NAME=VALUE` may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The part before the `=`.
    pub name: &'static str,
    /// What it is about, and which values there are.
    pub about: &'static str,
}

/// The arguments of a run, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// The value of the argument `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names and values, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, String)> for Arguments {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(arguments: I) -> Self {
        Self(arguments.into_iter().collect())
    }
}

/// A `--runner-arg` that makes no sense to the runner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--runner-arg {name}: {reason}")]
pub struct ArgumentError {
    /// The argument's.
    pub name: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}
