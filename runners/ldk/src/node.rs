//! What is an LDK node to the harness?

use bitcoin::BlockHash;
use lnprototest_runner_api::pipe::pipe;
use lnprototest_runner_api::{
    ByteStream, Chain, Identity, LocalFuture, Node, NodeError, Operation, OperationError, Outcome, SetPolicy,
    Settled, World,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::chain_view::ChainView;
use crate::ends::End;
use crate::engine::{Engine, Fault, caught};
use crate::fees::Fees;
use crate::funding::Fundings;
use crate::node_keys::{KeyMaterial, Keys, SignerSource};
use crate::stack::{Disk, Surroundings};
use crate::wallet::Wallet;

/// Of the `lightning` crate that this runner is built with: `Cargo.toml` pins it.
const VERSION: &str = "0.2.7";

/// An LDK node, running or not.
pub(crate) struct LdkNode {
    around: Rc<Surroundings>,
    chain: Rc<dyn Chain>,
    fundings: Rc<Fundings>,
    state: RefCell<State>,
}

enum State {
    /// It ended by itself.
    Died { how: String },
    /// It was ended; what is on its disk, if it may be started again.
    Down { why: &'static str, disk: Option<(Disk, ChainView)> },
    /// It runs.
    Running(Rc<Engine>),
}

impl LdkNode {
    /// A fresh node in `world`.
    pub(crate) async fn start(world: World, material: Arc<KeyMaterial>) -> Result<Self, NodeError> {
        let wallet = Wallet::new(material.wallet.clone());
        if let Some(at) = world.chain.block_at(<dyn Chain>::NODE_COINBASE_HEIGHT).await? {
            wallet.own_coinbase(&at.block, at.height);
        }
        let keys = Arc::new(Keys::new(material));
        let around = Rc::new(Surroundings {
            fees: Arc::new(Fees::default()),
            log: Arc::default(),
            outbox: Arc::default(),
            payments: Rc::default(),
            signers: Arc::new(SignerSource::new(Arc::clone(&keys))),
            utxos: Arc::default(),
            wallet: Arc::new(wallet),
            keys,
        });
        let time = time_of(&*world.chain, world.tip).await?;
        let fundings = Rc::default();
        let chain = Rc::clone(&world.chain);
        let engine = Engine::fresh(Rc::clone(&around), chain, Rc::clone(&fundings), world.tip, time);
        let engine = Rc::new(engine.map_err(start_fault)?);
        Ok(Self { around, chain: world.chain, fundings, state: RefCell::new(State::Running(engine)) })
    }

    pub(crate) fn running(&self) -> Result<Rc<Engine>, NodeError> {
        match &*self.state.borrow() {
            State::Died { how } => Err(NodeError::Down(how.clone())),
            State::Down { why, .. } => Err(NodeError::Down((*why).to_owned())),
            State::Running(engine) => Ok(Rc::clone(engine)),
        }
    }

    /// What `fault` comes to. After a panic LDK's locks are poisoned: the node is dead.
    pub(crate) fn fault(&self, fault: Fault) -> NodeError {
        match fault {
            Fault::Chain(error) => NodeError::Chain(error),
            Fault::Panic(words) => {
                let how = format!("panicked: {words}");
                self.around.log.note(format_args!("{how}"));
                self.end(State::Died { how: how.clone() });
                NodeError::Down(how)
            }
        }
    }

    /// Ends a running node in `state`, which is one of the other two.
    fn end(&self, state: State) {
        let why = match &state {
            State::Died { how } => how.clone(),
            State::Down { why, .. } => (*why).to_owned(),
            State::Running(_) => return,
        };
        let State::Running(engine) = self.state.replace(state) else { return };
        engine.hang_up();
        self.fundings.all_failed(&format!("{why} before the funding transaction was published"));
        // A part that panicked may panic again when it is dropped; the node is dead anyway.
        let _ = caught(move || drop(engine));
    }

    /// Puts an older disk into a node that is down.
    #[cfg(test)]
    pub(crate) fn put_back(&self, older: Disk) {
        if let State::Down { disk: Some((disk, _)), .. } = &mut *self.state.borrow_mut() {
            *disk = older;
        }
    }

    async fn run(&self) -> Result<Settled, NodeError> {
        let engine = match &*self.state.borrow() {
            State::Died { how } => return Ok(Settled::Died { how: how.clone() }),
            State::Down { why, .. } => return Err(NodeError::Down((*why).to_owned())),
            State::Running(engine) => Rc::clone(engine),
        };
        match engine.run().await {
            Ok(true) => Ok(Settled::Proved),
            Ok(false) => Ok(Settled::Busy { waited: "a thousand rounds of its event loop".to_owned() }),
            Err(fault) => match self.fault(fault) {
                NodeError::Down(how) => Ok(Settled::Died { how }),
                error => Err(error),
            },
        }
    }

    async fn carry_out(&self, operation: Operation) -> Result<Outcome, OperationError> {
        let engine = self.running()?;
        let done = match operation {
            Operation::AddHtlc(request) => {
                let begun = self.call(|| engine.add_htlc(&request))?;
                return outcome(engine, begun).await;
            }
            Operation::AdvanceTime(time) => self.call(|| engine.advance(time)).map(Ok)?,
            Operation::CloseChannel(request) => self.call(|| engine.close_channel(&request))?,
            Operation::ConnectOut { node_id, address } => {
                engine.connect_out(node_id, address.pipe()).map_err(|fault| self.fault(fault))?;
                Ok(())
            }
            Operation::CreateInvoice { amount_msat, preimage } => {
                let made = self.call(|| engine.create_invoice(amount_msat, preimage))?;
                return made.map_err(OperationError::Failed);
            }
            Operation::ForceClose(request) => self.call(|| engine.force_close(&request))?,
            Operation::FundChannel(request) => {
                let begun = self.call(|| engine.open_channel(&request))?;
                return outcome(engine, begun).await;
            }
            Operation::Pay { invoice } => {
                let begun = self.call(|| engine.pay(&invoice))?;
                return outcome(engine, begun).await;
            }
            Operation::SetFeerate { per_kw } => self.call(|| engine.set_feerate(per_kw)).map(Ok)?,
            Operation::SetPolicy(
                ref policy @ SetPolicy { htlc_minimum_msat: None, htlc_maximum_msat: None, .. },
            ) => self.call(|| engine.set_policy(policy))?,
            other => return Err(OperationError::Unsupported(other.capability())),
        };
        done.map(|()| Outcome::Done).map_err(OperationError::Failed)
    }

    /// Calls into LDK for an operation.
    fn call<T>(&self, call: impl FnOnce() -> T) -> Result<T, NodeError> {
        caught(call).map_err(|fault| self.fault(fault))
    }

    /// Ends it in good order, or at once; its disk stays for a restart.
    fn shut_down(&self, why: &'static str, in_order: bool) -> Result<(), NodeError> {
        let engine = self.running()?;
        let disk = caught(|| {
            if in_order {
                engine.disconnect();
            }
            engine.stack.disk()
        })
        .map_err(|fault| self.fault(fault))?;
        let view = engine.view.borrow().clone();
        drop(engine);
        self.end(State::Down { why, disk: Some((disk, view)) });
        Ok(())
    }

    async fn start_again(&self) -> Result<(), NodeError> {
        if matches!(*self.state.borrow(), State::Running(_)) {
            self.shut_down("it was stopped for a restart", true)?;
        }
        let (disk, view) = match &mut *self.state.borrow_mut() {
            State::Died { how } => return Err(NodeError::Down(how.clone())),
            State::Down { why, disk } => disk.take().ok_or_else(|| NodeError::Down((*why).to_owned()))?,
            State::Running(_) => return Err(NodeError::Start("it runs already".to_owned())),
        };
        let time = time_of(&*self.chain, view.tip()).await?;
        let around = Rc::clone(&self.around);
        let read = Engine::read(around, Rc::clone(&self.chain), Rc::clone(&self.fundings), &disk, view, time);
        let engine = read
            .map_err(start_fault)?
            .map_err(|error| NodeError::Start(format!("LDK can't read what it wrote: {error:?}")))?;
        self.state.replace(State::Running(Rc::new(engine)));
        Ok(())
    }
}

/// How an operation ended that goes on beside the conversation. The node is free to restart or end meanwhile.
async fn outcome<K: Copy + Ord>(
    engine: Rc<Engine>,
    begun: Result<End<K>, String>,
) -> Result<Outcome, OperationError> {
    drop(engine);
    begun.map_err(OperationError::Failed)?.await.map_err(OperationError::Failed)
}

/// The time in the header of the block `tip`.
async fn time_of(chain: &dyn Chain, tip: (u32, BlockHash)) -> Result<u32, NodeError> {
    let at = chain.block_at(tip.0).await?;
    at.map(|at| at.block.header.time)
        .ok_or_else(|| NodeError::Start(format!("the chain has no block at height {}", tip.0)))
}

fn start_fault(fault: Fault) -> NodeError {
    match fault {
        Fault::Chain(error) => NodeError::Chain(error),
        Fault::Panic(words) => NodeError::Start(format!("it panicked: {words}")),
    }
}

impl Node for LdkNode {
    fn identity(&self) -> Identity {
        let node_id = self.around.keys.material.node_id;
        Identity { name: "LDK".to_owned(), version: VERSION.to_owned(), node_id }
    }

    fn dial(&self) -> LocalFuture<'_, Result<Box<dyn ByteStream>, NodeError>> {
        Box::pin(async {
            let engine = self.running()?;
            let (stream, end) = pipe();
            engine.connected(end).map_err(|fault| self.fault(fault))?;
            Ok(Box::new(stream) as Box<dyn ByteStream>)
        })
    }

    fn settle(&self) -> LocalFuture<'_, Result<Settled, NodeError>> {
        Box::pin(self.run())
    }

    fn perform(&self, operation: Operation) -> LocalFuture<'_, Result<Outcome, OperationError>> {
        Box::pin(self.carry_out(operation))
    }

    fn restart(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(self.start_again())
    }

    fn kill(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async { self.shut_down("it was killed", false) })
    }

    fn stop(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async {
            if let State::Down { disk, .. } = &mut *self.state.borrow_mut() {
                *disk = None;
                return Ok(());
            }
            let engine = self.running()?;
            caught(|| engine.disconnect()).map_err(|fault| self.fault(fault))?;
            drop(engine);
            self.end(State::Down { why: "it was stopped", disk: None });
            Ok(())
        })
    }

    fn log_tail(&self, lines: usize) -> Vec<String> {
        self.around.log.tail(lines)
    }
}
