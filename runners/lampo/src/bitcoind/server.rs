//! How does Lampo reach its bitcoind, and how does it see a new block at once?
//!
//! Lampo polls `getblockchaininfo`, sleeps a second, and polls again. An answer that would only repeat the last one is
//! withheld until the tip changes. Meanwhile nothing else must wait behind it: Lampo sends its calls down one connection,
//! pipelined, unless it has been told (`Keep-Alive: max=1`) that the connection takes only one more. So it is told that
//! with the answer before the poll that will be withheld, and only such a poll is.

use bitcoin::BlockHash;
use lnprototest_runner_api::{Chain, ChainError};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet, spawn_local};

use super::blocks::Blocks;
use super::methods::{Call, Refusal};
use crate::http::Connection;

/// How long an answer is withheld at most. Lampo itself gives up after five minutes.
const WITHHELD_AT_MOST: Duration = Duration::from_secs(60);

/// What becomes of a poll that has nothing new to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polls {
    /// As bitcoind does.
    AnsweredAtOnce,
    /// The answer waits until there is something new.
    Withheld,
}

/// A bitcoind's RPC server over a chain, as tasks of the current `LocalSet`. It ends when it is dropped.
pub(crate) struct Bitcoind {
    port: u16,
    shared: Rc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    blocks: Blocks,
    polls: Polls,
    /// The chain's tip when it was last looked at.
    tip: Cell<BlockHash>,
    tip_changed: Notify,
    /// The tip when the node was started: it knows it, and asks for its header only.
    first_tip: BlockHash,
    /// The tip that the node's follower was last told.
    told: Cell<Option<BlockHash>>,
    /// The blocks whose headers it has asked for: it knows of them.
    known: RefCell<BTreeSet<BlockHash>>,
    known_changed: Notify,
    /// Whether the follower polls: it has caught up.
    followed: Cell<bool>,
    followed_changed: Notify,
    /// How many calls came.
    calls: Cell<u64>,
    /// How many are being answered, those apart whose answer is withheld.
    in_hand: Cell<u64>,
}

impl Bitcoind {
    /// Begins to serve `chain`.
    ///
    /// # Errors
    /// The chain's, or the system's, if there is no port.
    pub(crate) async fn serve(chain: Rc<dyn Chain>, polls: Polls) -> Result<Self, ServeError> {
        let (_, tip) = chain.tip().await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Rc::new(Shared {
            blocks: Blocks::new(chain),
            polls,
            tip: Cell::new(tip),
            tip_changed: Notify::new(),
            first_tip: tip,
            told: Cell::default(),
            known: RefCell::default(),
            known_changed: Notify::new(),
            followed: Cell::default(),
            followed_changed: Notify::new(),
            calls: Cell::default(),
            in_hand: Cell::default(),
        });
        let accepting = spawn_local(accept(listener, Rc::clone(&shared))).abort_handle();
        Ok(Self { port, shared, accepting })
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many calls have come so far.
    pub(crate) fn calls(&self) -> u64 {
        self.shared.calls.get()
    }

    /// Whether the node waits for an answer that is not withheld.
    pub(crate) fn owes_an_answer(&self) -> bool {
        self.shared.in_hand.get() > 0
    }

    /// Looks at the chain's tip: if it is new, the withheld answer goes out.
    pub(crate) async fn look(&self) -> Result<(), ChainError> {
        self.shared.look().await
    }

    /// Waits until the node has caught up with the chain and polls for more.
    pub(crate) async fn followed(&self) {
        loop {
            let changed = self.shared.followed_changed.notified();
            if self.shared.followed.get() {
                return;
            }
            changed.await;
        }
    }

    /// Waits until the node knows the tip as of the last [`look`](Self::look): it has asked for its header. What else it
    /// asks about it follows at once.
    pub(crate) async fn tip_known(&self) {
        loop {
            let changed = self.shared.known_changed.notified();
            if self.shared.known.borrow().contains(&self.shared.tip.get()) {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Bitcoind {
    fn drop(&mut self) {
        self.accepting.abort();
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
        let mut only_one_more = false;
        while let Some(body) = connection.request().await? {
            self.calls.set(self.calls.get() + 1);
            let call = match Call::parse(&body) {
                Ok(call) => call,
                Err(refusal) => {
                    let (status, body) = refusal.response(&Value::Null);
                    respond(&mut connection, status, &body, false).await?;
                    continue;
                }
            };
            tracing::trace!(method = %call.method, params = ?call.params, "Lampo asks its bitcoind");
            if self.is_idle_poll(&call) {
                self.followed.set(true);
                self.followed_changed.notify_waiters();
                if only_one_more && self.polls == Polls::Withheld {
                    self.withhold(&mut connection).await?;
                }
            }
            let _in_hand = InHand::one(&self.in_hand);
            // Without a look, a tip that is new is told all the same.
            let _failed = self.look().await;
            only_one_more = self.poll_follows(&call);
            let answer = self.blocks.answer(&call).await;
            self.note(&call, answer.as_ref());
            let (status, body) = match answer {
                Ok(result) => ("200 OK", json!({ "result": result, "error": null, "id": call.id })),
                Err(refusal) => refusal.response(&call.id),
            };
            respond(&mut connection, status, &body, only_one_more).await?;
        }
        Ok(())
    }

    /// Waits until there is something new to tell, or something else is asked on the connection.
    async fn withhold(&self, connection: &mut Connection<TcpStream>) -> io::Result<()> {
        tokio::select! {
            () = self.tip_other_than_told() => Ok(()),
            more = connection.more() => more,
            () = tokio::time::sleep(WITHHELD_AT_MOST) => Ok(()),
        }
    }

    async fn look(&self) -> Result<(), ChainError> {
        let (_, tip) = self.blocks.chain().tip().await?;
        if self.tip.replace(tip) != tip {
            self.tip_changed.notify_waiters();
        }
        Ok(())
    }

    /// Whether it is the follower's poll, and there is nothing new to tell.
    fn is_idle_poll(&self, call: &Call) -> bool {
        call.by_follower && call.method == "getblockchaininfo" && self.told.get() == Some(self.tip.get())
    }

    /// Whether the follower's next call, as far as one can know, is its poll.
    fn poll_follows(&self, call: &Call) -> bool {
        let asks_for = |tip: BlockHash| call.block_hash() == Some(tip);
        call.by_follower
            && match call.method.as_str() {
                "getblock" => asks_for(self.tip.get()),
                "getblockchaininfo" => self.is_idle_poll(call),
                "getblockheader" => asks_for(self.first_tip),
                _ => false,
            }
    }

    async fn tip_other_than_told(&self) {
        loop {
            let changed = self.tip_changed.notified();
            if self.told.get() != Some(self.tip.get()) {
                return;
            }
            changed.await;
        }
    }

    /// Takes note of what the follower has learned.
    fn note(&self, call: &Call, answer: Result<&Value, &Refusal>) {
        let Ok(answer) = answer else { return };
        if !call.by_follower {
            return;
        }
        match call.method.as_str() {
            "getblockchaininfo" => {
                self.told.set(answer["bestblockhash"].as_str().and_then(|hash| hash.parse().ok()))
            }
            "getblockheader" => {
                self.known.borrow_mut().extend(call.block_hash());
                self.known_changed.notify_waiters();
            }
            _ => {}
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

async fn respond(
    connection: &mut Connection<TcpStream>,
    status: &str,
    body: &Value,
    only_one_more: bool,
) -> io::Result<()> {
    let mut headers = vec!["Content-Type: application/json", "Connection: keep-alive"];
    if only_one_more {
        headers.push("Keep-Alive: max=1");
    }
    connection.send(&format!("HTTP/1.1 {status}"), &headers, body.to_string().as_bytes()).await
}

/// Why no chain is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("no port of 127.0.0.1 to serve its chain at: {0}")]
    Port(#[from] io::Error),
}
