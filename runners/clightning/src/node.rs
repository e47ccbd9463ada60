//! What is a lightningd to the harness?

use bitcoin::ScriptBuf;
use lnprototest_daemon::Program;
use lnprototest_runner_api::{
    ByteStream, Identity, LocalFuture, Node, NodeError, NodeKeys, Operation, OperationError, Outcome,
    Settled, World,
};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use crate::command_line::Since;
use crate::log::Log;
use crate::network::Network;
use crate::operations;
use crate::plugins::Payers;
use crate::prepared::{Found, Prepared};
use crate::process::{Home, Process};
use crate::settings::Settings;
use crate::settle::settle;
use crate::wallet::{self, WalletError};

/// A lightningd, running or not.
pub(crate) struct LightningNode {
    program: Program,
    settings: Settings,
    keys: NodeKeys,
    network: Rc<Network>,
    dir: PathBuf,
    log: Rc<Log>,
    payers: Payers,
    identity: Identity,
    /// Whether its wallet has got its coins.
    has_coins: Cell<bool>,
    state: RefCell<State>,
}

enum State {
    /// It, or a part of it, ended by itself.
    Died { how: String },
    /// It was ended.
    Down { why: &'static str },
    /// It runs.
    Running(Rc<Process>),
}

impl LightningNode {
    /// A fresh node in `world`.
    pub(crate) async fn start(
        world: World,
        settings: &Settings,
        prepared: &Prepared,
    ) -> Result<Self, NodeError> {
        let program = settings.program().map_err(|error| NodeError::Start(error.to_string()))?;
        let World { chain, keys, dir, .. } = world;
        let network = Rc::new(Network::new(chain));
        let log = Rc::new(Log::new(&dir));
        let all = Payers::default();
        let home = Home {
            program: &program,
            settings,
            keys: &keys,
            network: &network,
            dir: &dir,
            log: &log,
            payers: &all,
        };
        let Found { wallet, payers } = prepared.furnish(&home).await?;
        let since = match wallet {
            Some(script) => Since::Height(confirmed_coins(&network, script).await?),
            None => Since::Tip,
        };
        let process = Process::start(&Home { payers: &payers, ..home }, since).await?;
        let has_coins = Cell::new(matches!(since, Since::Height(_)));
        let identity = process.identity.clone();
        let state = RefCell::new(State::Running(Rc::new(process)));
        let settings = settings.clone();
        Ok(Self { program, settings, keys, network, dir, log, payers, identity, has_coins, state })
    }

    fn running(&self) -> Result<Rc<Process>, NodeError> {
        match &*self.state.borrow() {
            State::Died { how } => Err(NodeError::Down(how.clone())),
            State::Down { why } => Err(NodeError::Down((*why).to_owned())),
            State::Running(process) => Ok(Rc::clone(process)),
        }
    }

    /// The node must be down; what it was is gone after that.
    fn note_death(&self, how: &str) {
        self.state.replace(State::Died { how: how.to_owned() });
    }

    /// Takes the running process out, as one that is to end because of `why`.
    ///
    /// # Errors
    /// [`NodeError::Down`] if there is none, or it has died.
    fn end(&self, why: &'static str) -> Result<Rc<Process>, NodeError> {
        let process = self.running()?;
        if let Some(how) = process.death() {
            self.note_death(&how);
            return Err(NodeError::Down(how));
        }
        self.state.replace(State::Down { why });
        Ok(process)
    }

    async fn start_again(&self) -> Result<(), NodeError> {
        if matches!(*self.state.borrow(), State::Running(_)) {
            self.end("it was stopped for a restart")?.stop().await?;
        }
        if let State::Died { how } = &*self.state.borrow() {
            return Err(NodeError::Down(how.clone()));
        }
        let home = Home {
            program: &self.program,
            settings: &self.settings,
            keys: &self.keys,
            network: &self.network,
            dir: &self.dir,
            log: &self.log,
            payers: &self.payers,
        };
        let process = Process::start(&home, Since::LastRun).await?;
        self.state.replace(State::Running(Rc::new(process)));
        Ok(())
    }
}

/// Has its coins in a block, above the height that comes back.
async fn confirmed_coins(network: &Network, script: ScriptBuf) -> Result<u32, NodeError> {
    wallet::confirm(network, script).await.map_err(|error| match error {
        WalletError::Chain(error) => NodeError::Chain(error),
        error => NodeError::Start(error.to_string()),
    })
}

impl Node for LightningNode {
    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn dial(&self) -> LocalFuture<'_, Result<Box<dyn ByteStream>, NodeError>> {
        Box::pin(async {
            let process = self.running()?;
            match process.dial().await {
                Ok(stream) => Ok(Box::new(stream) as Box<dyn ByteStream>),
                Err(error) => {
                    process.wait_end().await;
                    Err(NodeError::Down(process.death().unwrap_or_else(|| format!("its port: {error}"))))
                }
            }
        })
    }

    fn settle(&self) -> LocalFuture<'_, Result<Settled, NodeError>> {
        Box::pin(async {
            if let State::Died { how } = &*self.state.borrow() {
                return Ok(Settled::Died { how: how.clone() });
            }
            let settled = settle(&*self.running()?).await?;
            if let Settled::Died { how } = &settled {
                self.note_death(how);
            }
            Ok(settled)
        })
    }

    fn perform(&self, operation: Operation) -> LocalFuture<'_, Result<Outcome, OperationError>> {
        Box::pin(async {
            let process = self.running()?;
            let can_dual_fund = self.settings.dual_fund;
            operations::perform(process, &self.network, &self.has_coins, can_dual_fund, operation).await
        })
    }

    fn restart(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(self.start_again())
    }

    fn kill(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async { self.end("it was killed")?.kill().await })
    }

    fn stop(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async {
            if matches!(*self.state.borrow(), State::Down { .. }) {
                return Ok(());
            }
            self.end("it was stopped")?.stop().await
        })
    }

    fn log_tail(&self, lines: usize) -> Vec<String> {
        self.log.tail(lines)
    }
}
