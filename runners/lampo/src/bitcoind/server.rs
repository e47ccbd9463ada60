//! How does Lampo reach its bitcoind, and what has it learned there?

use bitcoin::BlockHash;
use lnprototest_daemon::Port;
use lnprototest_runner_api::{Chain, ChainError};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet, spawn_local};

use super::blocks::Blocks;
use super::methods::Call;
use crate::http::Connection;

/// How many ports are tried.
const TRIES: usize = 5;

/// A bitcoind's RPC server over a chain, as tasks of the current `LocalSet`. It ends when it is dropped.
pub(crate) struct Bitcoind {
    port: Port,
    shared: Rc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    blocks: Blocks,
    /// The tip that the node's follower was last told.
    told: Cell<Option<BlockHash>>,
    /// The blocks whose headers it has asked for: it knows of them.
    known: RefCell<BTreeSet<BlockHash>>,
    /// The block that the node's wallet asked for last: the newest that it knows.
    wallet_at: Cell<Option<BlockHash>>,
    /// Whether it polls: it has caught up.
    followed: Cell<bool>,
    /// Something of these has changed.
    learned: Notify,
    /// How many calls came.
    calls: Cell<u64>,
    /// How many are being answered.
    in_hand: Cell<u64>,
}

impl Bitcoind {
    /// Begins to serve `chain`.
    ///
    /// # Errors
    /// The system's, if there is no port.
    pub(crate) async fn serve(chain: Rc<dyn Chain>) -> io::Result<Self> {
        let (port, listener) = listen().await?;
        let shared = Rc::new(Shared {
            blocks: Blocks::new(chain),
            told: Cell::default(),
            known: RefCell::default(),
            wallet_at: Cell::default(),
            followed: Cell::default(),
            learned: Notify::new(),
            calls: Cell::default(),
            in_hand: Cell::default(),
        });
        let accepting = spawn_local(accept(listener, Rc::clone(&shared))).abort_handle();
        Ok(Self { port, shared, accepting })
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// How many calls have come so far.
    pub(crate) fn calls(&self) -> u64 {
        self.shared.calls.get()
    }

    /// Whether the node waits for an answer.
    pub(crate) fn owes_an_answer(&self) -> bool {
        self.shared.in_hand.get() > 0
    }

    /// Waits until the node has caught up with the chain and polls for more.
    pub(crate) async fn followed(&self) {
        self.shared.until(|shared| shared.followed.get()).await;
    }

    /// Waits until the node knows the chain's tip: it has asked for its header. What else it asks about it follows at
    /// once.
    ///
    /// # Errors
    /// The chain's.
    pub(crate) async fn tip_known(&self) -> Result<(), ChainError> {
        let (_, tip) = self.shared.blocks.chain().tip().await?;
        self.shared.until(|shared| shared.known.borrow().contains(&tip)).await;
        Ok(())
    }

    /// Waits until the node's wallet, which looks at the chain each second, has asked for the chain's tip.
    ///
    /// # Errors
    /// The chain's.
    pub(crate) async fn tip_known_to_wallet(&self) -> Result<(), ChainError> {
        let (_, tip) = self.shared.blocks.chain().tip().await?;
        self.shared.until(|shared| shared.wallet_at.get() == Some(tip)).await;
        Ok(())
    }
}

impl Drop for Bitcoind {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Binds a port that is promised to no daemon.
async fn listen() -> io::Result<(Port, TcpListener)> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut port = Port::take().map_err(io::Error::other)?;
        port.release();
        match TcpListener::bind(port.address()).await {
            Ok(listener) => return Ok((port, listener)),
            Err(error) if tries == TRIES => return Err(error),
            Err(error) => tracing::debug!(%error, "a port was taken by somebody else: another one"),
        }
    }
}

async fn accept(listener: TcpListener, shared: Rc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn_local(converse(stream, Rc::clone(&shared)));
                }
                Err(error) => tracing::debug!(%error, "a connection to the bitcoind of a node came to nothing"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, shared: Rc<Shared>) {
    if let Err(error) = shared.converse(stream).await {
        tracing::debug!(%error, "a connection to the bitcoind of a node broke");
    }
}

impl Shared {
    /// Answers what comes on a connection until the client hangs up.
    async fn converse(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut connection = Connection::new(stream);
        while let Some(body) = connection.request().await? {
            let _in_hand = InHand::one(&self.in_hand);
            self.calls.set(self.calls.get() + 1);
            let (status, answer) = match Call::parse(&body) {
                Ok(call) => self.answer(&call).await,
                Err(refusal) => refusal.response(&Value::Null),
            };
            let headers = ["Content-Type: application/json", "Connection: keep-alive"];
            let answer = answer.to_string();
            connection.send(&format!("HTTP/1.1 {status}"), &headers, answer.as_bytes()).await?;
        }
        Ok(())
    }

    async fn answer(&self, call: &Call) -> (&'static str, Value) {
        tracing::trace!(method = %call.method, params = ?call.params, "Lampo asks its bitcoind");
        match self.blocks.answer(call).await {
            Ok(result) => {
                self.note(call, &result);
                ("200 OK", json!({ "result": result, "error": null, "id": call.id }))
            }
            Err(refusal) => refusal.response(&call.id),
        }
    }

    /// Takes note of what the follower and the wallet learn.
    fn note(&self, call: &Call, result: &Value) {
        match call.method.as_str() {
            "getblock" if !call.by_follower => self.wallet_at.set(call.block_hash()),
            "getblockchaininfo" if call.by_follower => {
                let tip = result["bestblockhash"].as_str().and_then(|hash| hash.parse().ok());
                let nothing_new = tip.is_some() && self.told.replace(tip) == tip;
                if nothing_new && tip.is_some_and(|tip| self.known.borrow().contains(&tip)) {
                    self.followed.set(true);
                }
            }
            "getblockheader" if call.by_follower => self.known.borrow_mut().extend(call.block_hash()),
            _ => return,
        }
        self.learned.notify_waiters();
    }

    async fn until(&self, wanted: impl Fn(&Self) -> bool) {
        loop {
            let learned = self.learned.notified();
            if wanted(self) {
                return;
            }
            learned.await;
        }
    }
}

/// Counts one call as long as it is being answered.
struct InHand<'a>(&'a Cell<u64>);

impl<'a> InHand<'a> {
    fn one(count: &'a Cell<u64>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
