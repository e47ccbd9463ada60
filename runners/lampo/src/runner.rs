//! Where do Lampo nodes come from?

use lnprototest_daemon::Program;
use lnprototest_runner_api::{
    Argument, ArgumentError, Arguments, Capabilities, Capability, LocalFuture, Node, NodeError, NodeKeys,
    Runner, StartCost, World,
};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use tokio::task::LocalSet;

use crate::config;
use crate::node::LampoNode;
use crate::prepared::Prepared;

/// The runner `lampo`: a `lampod-cli` for each node.
///
/// Which one: the argument `lampod`, else the environment's `LAMPOD`, else the first on `PATH`. The first thing that is
/// wanted of it runs it once, for a third of a second, to learn its version and whether its build takes our keys; a node
/// starts in a fifth of a second.
#[derive(Default)]
pub struct LampoRunner {
    lampod: Option<PathBuf>,
    keys: Keys,
    /// A handful at most: specs share the classic keys.
    prepared: Mutex<Vec<(NodeKeys, Arc<Prepared>)>>,
}

/// Whose keys nodes run with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keys {
    /// Ours, if the build takes them, else their own.
    #[default]
    AsTheBuildAllows,
    /// Ours; without them there is no node.
    Known,
    /// Its own.
    Own,
}

impl LampoRunner {
    /// A runner that has looked for no program yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What nodes with these keys start from. The first call for them takes a moment.
    fn prepared(&self, keys: &NodeKeys) -> Result<Arc<Prepared>, NodeError> {
        let mut known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, prepared)) = known.iter().find(|(of, _)| of == keys) {
            return Ok(Arc::clone(prepared));
        }
        let prepared = Arc::new(on_a_thread_of_its_own(|| self.prepare(keys))?);
        known.push((keys.clone(), Arc::clone(&prepared)));
        Ok(prepared)
    }

    async fn prepare(&self, keys: &NodeKeys) -> Result<Prepared, NodeError> {
        let program = Program::find("lampod-cli", self.lampod.as_deref(), "LAMPOD")
            .map_err(|error| NodeError::Start(error.to_string()))?;
        if self.keys != Keys::Own
            && config::can_take(keys)
            && let Some(prepared) = Prepared::new(program.clone(), Some(keys.clone())).await?
        {
            return Ok(prepared);
        }
        if self.keys == Keys::Known {
            return Err(NodeError::Start(format!(
                "{} takes no keys: build it for debugging, with the feature lampo-bdk-wallet/unsafe_channel_keys, or \
                 leave out --runner-arg keys=known",
                program.path().display()
            )));
        }
        let prepared = Prepared::new(program, None).await?;
        prepared.ok_or_else(|| NodeError::Start("Lampo does not take its own keys".to_owned()))
    }
}

impl Runner for LampoRunner {
    fn name(&self) -> &str {
        "lampo"
    }

    fn capabilities(&self) -> Capabilities {
        let known_keys = self.prepared(&NodeKeys::classic()).is_ok_and(|prepared| prepared.keys.is_some());
        [
            Capability::CloseChannel,
            Capability::ConnectOut,
            Capability::CreateInvoice,
            Capability::FundChannel,
            Capability::Pay,
            Capability::Restart,
        ]
        .into_iter()
        .chain(known_keys.then_some(Capability::KnownKeys))
        .collect()
    }

    fn start(&self, world: World) -> LocalFuture<'_, Result<Rc<dyn Node>, NodeError>> {
        Box::pin(async {
            let prepared = self.prepared(&world.keys)?;
            Ok(Rc::new(LampoNode::start(world, prepared).await?) as Rc<dyn Node>)
        })
    }

    fn arguments(&self) -> &[Argument] {
        &[
            Argument {
                name: "keys",
                about: "known: the harness's, or fail; own: those that it makes. Default: the harness's if its build takes them",
            },
            Argument {
                name: "lampod",
                about: "the lampod-cli to run. Default: $LAMPOD, else the one on PATH",
            },
        ]
    }

    fn configured(&self, arguments: &Arguments) -> Result<Arc<dyn Runner>, ArgumentError> {
        let keys = match arguments.value("keys") {
            None => self.keys,
            Some("known") => Keys::Known,
            Some("own") => Keys::Own,
            Some(other) => {
                let reason = format!("{other:?} is neither known nor own");
                return Err(ArgumentError { name: "keys".to_owned(), reason });
            }
        };
        let lampod = arguments.value("lampod").map(PathBuf::from).or_else(|| self.lampod.clone());
        Ok(Arc::new(Self { lampod, keys, prepared: Mutex::default() }))
    }

    fn check(&self) -> Result<(), NodeError> {
        self.prepared(&NodeKeys::classic()).map(|_| ())
    }

    fn start_cost(&self) -> StartCost {
        StartCost::High
    }
}

/// Runs a future to its end, wherever it is called from: the caller may have a runtime of its own.
fn on_a_thread_of_its_own<T: Send, F: Future<Output = Result<T, NodeError>>>(
    work: impl FnOnce() -> F + Send,
) -> Result<T, NodeError> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| NodeError::Start(error.to_string()))?;
        LocalSet::new().block_on(&runtime, work())
    };
    thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_| Err(NodeError::Start("the runner itself panicked, see above".to_owned())))
}
