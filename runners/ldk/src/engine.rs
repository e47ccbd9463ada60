//! How is a node run until it has nothing left to do?
//!
//! LDK's callbacks only put things into queues. [`Engine::run`] carries them on: bytes to LDK, LDK's events to
//! [`events`](crate::events), transactions to the chain and blocks back, until a whole round moves nothing.

use bitcoin::{BlockHash, Txid};
use lightning::chain::BestBlock;
use lightning::events::{Event, EventsProvider};
use lightning::ln::msgs::DecodeError;
use lnprototest_runner_api::pipe::PipeEnd;
use lnprototest_runner_api::{Chain, ChainError};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::chain_view::ChainView;
use crate::config::NO_ADDRESS;
use crate::funding::Fundings;
use crate::socket::Socket;
use crate::stack::{Disk, Stack, Surroundings};
use crate::timers::Timers;
use crate::utxo;

/// How many rounds a node gets to come to rest. A round passes on all there is, so an exchange of n messages
/// between LDK's parts takes about n; a thousand is a loop.
const ROUNDS: usize = 1_000;

/// A running node: LDK, its connections and its view of the chain.
pub(crate) struct Engine {
    pub(crate) around: Rc<Surroundings>,
    pub(crate) chain: Rc<dyn Chain>,
    pub(crate) fundings: Rc<Fundings>,
    pub(crate) stack: Stack,
    pub(crate) timers: Timers,
    pub(crate) view: RefCell<ChainView>,
    sockets: RefCell<Vec<Socket>>,
    next_socket: Cell<u64>,
}

/// Why a node stopped running.
pub(crate) enum Fault {
    /// The chain failed.
    Chain(ChainError),
    /// LDK panicked, saying so.
    Panic(String),
}

impl From<ChainError> for Fault {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl Engine {
    /// A fresh node at `tip`.
    pub(crate) fn fresh(
        around: Rc<Surroundings>,
        chain: Rc<dyn Chain>,
        fundings: Rc<Fundings>,
        tip: (u32, BlockHash),
        time: u32,
    ) -> Result<Self, Fault> {
        let stack = caught(|| Stack::fresh(&around, BestBlock::new(tip.1, tip.0), time))?;
        Ok(Self::with(around, chain, fundings, stack, ChainView::new(tip)))
    }

    /// The node that `disk` was taken from, as if started anew. `view` is the chain as it knew it then.
    pub(crate) fn read(
        around: Rc<Surroundings>,
        chain: Rc<dyn Chain>,
        fundings: Rc<Fundings>,
        disk: &Disk,
        view: ChainView,
        time: u32,
    ) -> Result<Result<Self, DecodeError>, Fault> {
        let stack = caught(|| Stack::read(&around, disk, time))?;
        Ok(stack.map(|stack| Self::with(around, chain, fundings, stack, view)))
    }

    fn with(
        around: Rc<Surroundings>,
        chain: Rc<dyn Chain>,
        fundings: Rc<Fundings>,
        stack: Stack,
        view: ChainView,
    ) -> Self {
        Self {
            around,
            chain,
            fundings,
            stack,
            timers: Timers::default(),
            view: RefCell::new(view),
            sockets: RefCell::default(),
            next_socket: Cell::new(0),
        }
    }

    /// A peer dialled us: `end` is our end of the connection.
    pub(crate) fn connected(&self, end: PipeEnd) -> Result<(), Fault> {
        let socket = self.add_socket(end);
        if caught(|| self.stack.peers.new_inbound_connection(socket.clone(), NO_ADDRESS))?.is_err() {
            socket.hang_up();
        }
        Ok(())
    }

    /// We dialled `peer`: `end` is our end of the connection. Act one is on its way.
    pub(crate) fn connect_out(&self, peer: bitcoin::secp256k1::PublicKey, end: PipeEnd) -> Result<(), Fault> {
        let socket = self.add_socket(end);
        match caught(|| self.stack.peers.new_outbound_connection(peer, socket.clone(), NO_ADDRESS))? {
            Ok(act_one) => socket.send(&act_one),
            Err(_) => socket.hang_up(),
        }
        Ok(())
    }

    /// Takes leave of all peers.
    pub(crate) fn disconnect(&self) {
        self.stack.peers.disconnect_all_peers();
        self.step();
    }

    /// Closes all connections, without LDK knowing.
    pub(crate) fn hang_up(&self) {
        for socket in self.sockets.borrow().iter() {
            socket.hang_up();
        }
    }

    /// Runs until a whole round has moved nothing; `false` if it did not come to that.
    pub(crate) async fn run(&self) -> Result<bool, Fault> {
        for _ in 0..ROUNDS {
            let mut moved = caught(|| self.step())?;
            moved |= self.publish().await?;
            moved |= self.look_up().await?;
            moved |= self.follow().await?;
            if !moved {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One round of what needs no chain; whether anything moved.
    pub(crate) fn step(&self) -> bool {
        let mut moved = self.read_sockets();
        self.stack.peers.process_events();
        for event in self.take_events() {
            moved = true;
            self.handle(event);
        }
        moved |= self.forward();
        self.stack.peers.process_events();
        moved | self.tidy_sockets()
    }

    /// Forwards what is to be forwarded, and tries again what is to be tried again; whether there was anything. LDK says
    /// that there may be for as long as a payment could be tried again, should it fail.
    fn forward(&self) -> bool {
        let manager = &self.stack.manager;
        if !manager.needs_pending_htlc_processing() {
            return false;
        }
        // What it has done is worth writing to disk.
        manager.get_and_clear_needs_persistence();
        manager.process_pending_htlc_forwards();
        manager.get_and_clear_needs_persistence()
    }

    fn add_socket(&self, end: PipeEnd) -> Socket {
        let id = self.next_socket.get();
        self.next_socket.set(id + 1);
        let socket = Socket::new(id, end);
        self.sockets.borrow_mut().push(socket.clone());
        socket
    }

    /// Gives LDK what its peers sent, oldest connection first.
    fn read_sockets(&self) -> bool {
        let mut moved = false;
        let sockets = self.sockets.borrow().clone();
        for mut socket in sockets {
            while let Some(chunk) = socket.next_chunk() {
                moved = true;
                if self.stack.peers.read_event(&mut socket, &chunk).is_err() {
                    socket.hang_up();
                }
                self.stack.peers.process_events();
                if socket.is_hung_up() {
                    break;
                }
            }
            if !socket.is_hung_up() && socket.is_at_end() {
                moved = true;
                self.stack.peers.socket_disconnected(&socket);
                socket.hang_up();
            }
        }
        moved
    }

    /// Lets go of the connections that ended; whether bytes went out on any.
    fn tidy_sockets(&self) -> bool {
        let mut sockets = self.sockets.borrow_mut();
        let wrote = sockets.iter().fold(false, |wrote, socket| wrote | socket.take_wrote());
        sockets.retain(|socket| !socket.is_hung_up());
        wrote
    }

    fn take_events(&self) -> Vec<Event> {
        let events = RefCell::new(Vec::new());
        let take = |event| {
            events.borrow_mut().push(event);
            Ok(())
        };
        self.stack.monitors.process_pending_events(&take);
        self.stack.manager.process_pending_events(&take);
        self.stack.onions.process_pending_events(&take);
        events.into_inner()
    }

    /// Hands the outbox to the chain.
    async fn publish(&self) -> Result<bool, Fault> {
        let mut moved = false;
        while let Some(transaction) = self.around.outbox.first() {
            moved = true;
            let txid = transaction.compute_txid();
            match self.chain.broadcast(&transaction).await {
                Ok(()) => self.fundings.published(txid),
                Err(ChainError::Rejected(rejection)) => self.refused(txid, &rejection.to_string()),
                Err(error) => return Err(error.into()),
            }
            self.around.outbox.done(&transaction);
        }
        Ok(moved)
    }

    fn refused(&self, txid: Txid, why: &str) {
        self.around.log.note(format_args!("the chain refused a transaction: {why}"));
        self.around.wallet.abandon(txid);
        self.fundings.refused(txid, why);
    }

    /// Answers LDK's questions about announced channels.
    async fn look_up(&self) -> Result<bool, Fault> {
        let mut moved = false;
        while let Some((short_channel_id, answer)) = self.around.utxos.next() {
            moved = true;
            let output = utxo::funding_output(&*self.chain, short_channel_id).await?;
            caught(|| answer.resolve(&self.stack.graph, &*self.stack.gossip, output))?;
        }
        Ok(moved)
    }
}

/// Calls into LDK, and catches its panics.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| Fault::Panic(words(&*payload)))
}

fn words(payload: &(dyn Any + Send)) -> String {
    if let Some(words) = payload.downcast_ref::<&str>() {
        (*words).to_owned()
    } else if let Some(words) = payload.downcast_ref::<String>() {
        words.clone()
    } else {
        "no words".to_owned()
    }
}
