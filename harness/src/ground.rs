//! What a path runs on: a node that follows a chain.

use bitcoin::BlockHash;
use lnprototest_chain::{Bitcoind, BitcoindProgram, EmbeddedChain};
use lnprototest_runner_api::{Chain, ChainError, Node, NodeKeys, World};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::Rc;

use crate::engine::{Engine, START_BOUND};
use crate::verdict::Fault;

/// A node on a chain of its own. To drop it ends the node at once, and removes what it has left.
pub(crate) struct Ground {
    pub(crate) node: Rc<dyn Node>,
    pub(crate) land: Land,
    /// Whether a path ran on it before, without leaving a trace.
    pub(crate) is_used: bool,
    /// Behind the node, so that nobody writes there any more when it goes.
    _dir: NodeDir,
}

/// A node's directory, which is removed when this goes.
struct NodeDir(PathBuf);

/// Where the chains of a run come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ChainSource {
    /// A bitcoind for each.
    Bitcoind(BitcoindProgram),
    /// This process.
    #[default]
    Embedded,
}

impl ChainSource {
    /// A chain at its prepared tip, which may use `dir`.
    async fn start(&self, dir: PathBuf) -> Result<Rc<dyn Chain>, Fault> {
        match self {
            Self::Bitcoind(program) => {
                let program = program.clone();
                // It waits for the daemon, and this thread's other tasks shall not.
                let started = tokio::task::spawn_blocking(move || Bitcoind::start(&program, dir)).await;
                let bitcoind = started.map_err(Fault::environment)?.map_err(Fault::environment)?;
                Ok(Rc::new(bitcoind))
            }
            Self::Embedded => Ok(Rc::new(EmbeddedChain::new())),
        }
    }
}

/// A chain at its prepared tip.
#[derive(Clone)]
pub(crate) struct Land {
    pub(crate) chain: Rc<dyn Chain>,
    tip: (u32, BlockHash),
}

impl Ground {
    /// A fresh node on `land`.
    ///
    /// # Errors
    /// A fault of the environment.
    pub(crate) async fn start(engine: &Engine, land: Land) -> Result<Self, Fault> {
        let dir = NodeDir(engine.own_dir());
        let world =
            World { chain: land.chain.clone(), tip: land.tip, keys: NodeKeys::classic(), dir: dir.0.clone() };
        let bound = engine.scaled(START_BOUND);
        match tokio::time::timeout(bound, engine.runner.start(world)).await {
            Ok(Ok(node)) => {
                // A runner may have coins mined for the node's wallet.
                let tip = land.chain.tip().await.map_err(Fault::environment)?;
                Ok(Self { node, land: Land { tip, ..land }, is_used: false, _dir: dir })
            }
            Ok(Err(error)) => Err(Fault::environment(error)),
            Err(_) => Err(Fault::environment(format!("the node does not start within {bound:?}"))),
        }
    }
}

impl Drop for NodeDir {
    fn drop(&mut self) {
        match std::fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::debug!(%error, dir = %self.0.display(), "what a node has left can't be removed");
            }
            _ => {}
        }
    }
}

impl Land {
    /// A fresh chain, of the kind that `engine` is set to.
    ///
    /// # Errors
    /// A fault of the environment.
    pub(crate) async fn new(engine: &Engine) -> Result<Self, Fault> {
        let chain = engine.chain.start(engine.own_dir()).await?;
        let tip = chain.tip().await.map_err(Fault::environment)?;
        Ok(Self { chain, tip })
    }

    /// Whether it is as it was at first: no block more or less, nothing waiting for one.
    ///
    /// # Errors
    /// The chain's.
    pub(crate) async fn is_untouched(&self) -> Result<bool, ChainError> {
        Ok(self.chain.tip().await? == self.tip && self.chain.mempool().await?.is_empty())
    }
}
