//! What is a Lampo node to the harness?

use lnprototest_daemon::PeerStream;
use lnprototest_runner_api::{
    ByteStream, Chain, Identity, LocalFuture, Node, NodeError, Operation, OperationError, Outcome, Settled,
    World,
};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use crate::coins;
use crate::lampod::{Lampod, Start};
use crate::operations::perform;
use crate::prepared::Prepared;

/// How many of its lines are looked through for those that tell something.
const NOISY_LINES: usize = 1_000;
/// Parts of lines that tell nothing: its log has to be at its most talkative.
const NOISE: [&str; 4] = [" TRACE mio::", " TRACE actix", " TRACE want", " DEBUG tokio_cron_scheduler"];

/// A Lampo node, running or not.
pub(crate) struct LampoNode {
    prepared: Arc<Prepared>,
    chain: Rc<dyn Chain>,
    dir: PathBuf,
    wallet_from: u32,
    state: RefCell<State>,
}

enum State {
    /// It was ended, with HTLCs that it had not dealt with or without.
    Down { why: &'static str, last_words: Vec<String>, htlcs_wait: bool },
    /// It runs, or has ended by itself.
    Running(Rc<Lampod>),
}

impl LampoNode {
    /// A fresh node in `world`.
    pub(crate) async fn start(world: World, prepared: Arc<Prepared>) -> Result<Self, NodeError> {
        let wallet_from = coins::pay_to(&*world.chain, &prepared.wallet_script).await?;
        prepared.unpack(&world.dir)?;
        let down = State::Down { why: "it has not started yet", last_words: Vec::new(), htlcs_wait: false };
        let node =
            Self { prepared, chain: world.chain, dir: world.dir, wallet_from, state: RefCell::new(down) };
        node.start_again().await?;
        Ok(node)
    }

    async fn start_again(&self) -> Result<(), NodeError> {
        let start = Start {
            program: &self.prepared.program,
            dir: &self.dir,
            chain: Rc::clone(&self.chain),
            keys: self.prepared.keys.as_ref(),
            wallet_from: self.wallet_from,
            htlcs_wait: matches!(&*self.state.borrow(), State::Down { htlcs_wait: true, .. }),
        };
        let lampod = start.ready().await?;
        self.state.replace(State::Running(Rc::new(lampod)));
        Ok(())
    }

    fn running(&self) -> Result<Rc<Lampod>, NodeError> {
        match &*self.state.borrow() {
            State::Down { why, .. } => Err(NodeError::Down((*why).to_owned())),
            State::Running(lampod) => Ok(Rc::clone(lampod)),
        }
    }

    /// Running, and not ended by itself.
    fn alive(&self) -> Result<Rc<Lampod>, NodeError> {
        let lampod = self.running()?;
        match lampod.end() {
            Some(how) => Err(NodeError::Down(how)),
            None => Ok(lampod),
        }
    }

    /// Takes note that it was ended.
    fn is_down(&self, lampod: &Lampod, why: &'static str) {
        let last_words = lampod.daemon.last_words(NOISY_LINES);
        let htlcs_wait = lampod.batches().htlcs_wait();
        self.state.replace(State::Down { why, last_words, htlcs_wait });
    }
}

impl Node for LampoNode {
    fn identity(&self) -> Identity {
        let Prepared { version, node_id, .. } = &*self.prepared;
        Identity { name: "Lampo".to_owned(), version: version.clone(), node_id: *node_id }
    }

    fn dial(&self) -> LocalFuture<'_, Result<Box<dyn ByteStream>, NodeError>> {
        Box::pin(async {
            let lampod = self.alive()?;
            let stream = PeerStream::connect(lampod.peer_address()).await;
            let stream = stream.map_err(|error| {
                NodeError::Down(lampod.end().unwrap_or_else(|| format!("it takes no connection: {error}")))
            })?;
            lampod.quiescence.watch(&stream);
            Ok(Box::new(stream) as Box<dyn ByteStream>)
        })
    }

    fn settle(&self) -> LocalFuture<'_, Result<Settled, NodeError>> {
        Box::pin(async { self.running()?.rest().await })
    }

    fn perform(&self, operation: Operation) -> LocalFuture<'_, Result<Outcome, OperationError>> {
        Box::pin(async { perform(&*self.alive()?, operation).await })
    }

    fn restart(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async {
            if let Ok(lampod) = self.running() {
                lampod.stop().await?;
                self.is_down(&lampod, "it was stopped for a restart");
            }
            self.start_again().await
        })
    }

    fn kill(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async {
            let lampod = self.alive()?;
            lampod.kill().await?;
            self.is_down(&lampod, "it was killed");
            Ok(())
        })
    }

    fn stop(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async {
            let Ok(lampod) = self.running() else { return Ok(()) };
            lampod.stop().await?;
            self.is_down(&lampod, "it was stopped");
            Ok(())
        })
    }

    fn log_tail(&self, lines: usize) -> Vec<String> {
        let said = match &*self.state.borrow() {
            State::Down { last_words, .. } => last_words.clone(),
            State::Running(lampod) => lampod.daemon.last_words(NOISY_LINES),
        };
        let telling = |line: &String| !NOISE.iter().any(|noise| line.contains(noise));
        let said: Vec<String> = said.into_iter().filter(telling).collect();
        let from = said.len().saturating_sub(lines);
        said[from..].to_vec()
    }
}
