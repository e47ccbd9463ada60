//! How does one lampod-cli run, from its start to its end?

use lnprototest_daemon::{Daemon, DaemonError, Launch, Port, Program, Quiescence, Signal};
use lnprototest_runner_api::{Chain, NodeError, NodeKeys};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::api::{Api, ApiError};
use crate::batches::Batches;
use crate::bitcoind::Bitcoind;
use crate::config::{self, Config};

/// How long it may take until it listens and follows the chain: 0.1 s on an idle machine. Once in some thousand starts on
/// a busy one it was seen to hang.
const READY_WITHIN: Duration = Duration::from_secs(15);
/// How long its API may take to answer: a few milliseconds on an idle machine.
const API_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to end in good order: 0.1 s on an idle machine.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked whether it has ended, where something else is waited for.
const LOOK_EACH: Duration = Duration::from_millis(5);
/// How often it is started if somebody took its port before it could, or it hangs.
const TRIES: usize = 3;

/// A lampod-cli that listens and follows the chain, with the bitcoind that it asks.
pub(crate) struct Lampod {
    pub(crate) daemon: Daemon,
    pub(crate) quiescence: Quiescence,
    pub(crate) bitcoind: Bitcoind,
    pub(crate) api: Api,
    heard: Rc<Heard>,
    requests: Rc<Requests>,
    /// Whether it was asked to dial.
    pub(crate) dials: Cell<bool>,
    /// Whether it was asked to fund a channel.
    pub(crate) funds: Cell<bool>,
    /// Told each time it was found at rest.
    pub(crate) rested: Notify,
    peer_port: Port,
    _api_port: Port,
}

/// What is known of it from its log.
#[derive(Default)]
struct Heard {
    batches: Batches,
    /// What it said when a thread of it panicked.
    panic: RefCell<Option<String>>,
    /// Whether the next line tells why a thread panicked.
    reason_follows: Cell<bool>,
}

/// Why it is not ready.
enum NotReady {
    /// For a reason that the next start will have too.
    Failed(String),
    /// Somebody else has taken a port before it could, or it hangs.
    TryAgain(String),
}

/// What a lampod-cli is started with.
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Program,
    /// Its data directory, with its wallet in it.
    pub(crate) dir: &'a Path,
    pub(crate) chain: Rc<dyn Chain>,
    /// The secrets that it is given; its own if none.
    pub(crate) keys: Option<&'a NodeKeys>,
    /// The height above which its wallet looks for its coins.
    pub(crate) wallet_from: u32,
    /// Whether there are HTLCs in its data that wait to be dealt with.
    pub(crate) htlcs_wait: bool,
}

impl Start<'_> {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// [`NodeError::Start`], or the chain's.
    pub(crate) async fn ready(&self) -> Result<Lampod, NodeError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let lampod = self.launch().await?;
            match lampod.wait_until_ready().await {
                Ok(()) => {
                    lampod.first_look().await;
                    return Ok(lampod);
                }
                Err(NotReady::TryAgain(how)) if tries < TRIES => {
                    tracing::debug!(how, "it is started once more, with other ports");
                }
                Err(NotReady::Failed(how) | NotReady::TryAgain(how)) => return Err(NodeError::Start(how)),
            }
        }
    }

    async fn launch(&self) -> Result<Lampod, NodeError> {
        let no_port =
            |error| NodeError::Start(format!("no port of 127.0.0.1 to serve its chain at: {error}"));
        let bitcoind = Bitcoind::serve(Rc::clone(&self.chain)).await.map_err(no_port)?;
        let mut peer_port = Port::take().map_err(start_failed)?;
        let mut api_port = Port::take().map_err(start_failed)?;
        let config = Config {
            peer_port: peer_port.number(),
            api_port: api_port.number(),
            bitcoind_port: bitcoind.port(),
            keys: self.keys,
            wallet_from: self.wallet_from,
        };
        write_config(self.dir, &config)?;
        peer_port.release();
        api_port.release();
        let daemon = Launch::new(self.program)
            .arg("-d")
            .arg(self.dir)
            .args(["-n", config::NETWORK])
            .env("RUST_BACKTRACE", "0")
            .spawn()
            .map_err(start_failed)?;
        let batches = Batches::of_a_start(self.htlcs_wait);
        let heard = Rc::new(Heard { batches, ..Heard::default() });
        let ear = Rc::clone(&heard);
        daemon.on_line(move |line| ear.take_in(line));
        Ok(Lampod {
            quiescence: Quiescence::of(&daemon),
            daemon,
            bitcoind,
            api: Api::new(api_port.number()),
            heard,
            requests: Rc::default(),
            dials: Cell::default(),
            funds: Cell::default(),
            rested: Notify::new(),
            peer_port,
            _api_port: api_port,
        })
    }
}

impl Lampod {
    /// Where its peers reach it.
    pub(crate) fn peer_address(&self) -> SocketAddr {
        self.peer_port.address()
    }

    /// How it ended, if it has. A thread that panicked is an end too: what it held is lost, and the rest goes on without.
    pub(crate) fn end(&self) -> Option<String> {
        let status = self.daemon.exited();
        // Whatever it said last is read before it is looked at.
        self.daemon.last_words(0);
        match (status, self.heard.panic.borrow().as_ref()) {
            (None, None) => None,
            (None, Some(panic)) => Some(panic.clone()),
            (Some(status), None) => Some(status.to_string()),
            (Some(status), Some(panic)) => Some(format!("{status}: {panic}")),
        }
    }

    /// Its batches of HTLCs, by all that it has said.
    pub(crate) fn batches(&self) -> &Batches {
        self.daemon.last_words(0);
        &self.heard.batches
    }

    /// Notes a request to its API, until the value is dropped: once it is on its way.
    pub(crate) fn transit(&self) -> Transit {
        self.requests.in_transit.set(self.requests.in_transit.get() + 1);
        Transit(Rc::clone(&self.requests))
    }

    /// Whether a request to its API is not on its way yet.
    pub(crate) fn in_transit(&self) -> bool {
        self.requests.in_transit.get() > 0
    }

    /// Waits until all requests to its API are on their way.
    pub(crate) async fn requests_sent(&self) {
        while self.in_transit() {
            self.requests.one_sent.notified().await;
        }
    }

    /// Waits for `event`, unless it ends before.
    ///
    /// # Errors
    /// How it ended.
    pub(crate) async fn unless_it_ends<T>(&self, event: impl Future<Output = T>) -> Result<T, String> {
        tokio::pin!(event);
        loop {
            if let Some(how) = self.end() {
                return Err(how);
            }
            if let Ok(done) = tokio::time::timeout(LOOK_EACH, &mut event).await {
                return Ok(done);
            }
        }
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// [`NodeError::Down`] if it ends in any other way.
    pub(crate) async fn stop(&self) -> Result<(), NodeError> {
        if let Some(how) = self.end() {
            return Err(NodeError::Down(how));
        }
        // Its other signals end its API only.
        let status = self.daemon.terminate(Signal::INT, ENDS_WITHIN).await.map_err(down)?;
        match status.success() {
            true => Ok(()),
            false => Err(NodeError::Down(self.end().unwrap_or_else(|| status.to_string()))),
        }
    }

    /// Ends it at once.
    ///
    /// # Errors
    /// [`NodeError::Down`] if not even that is possible.
    pub(crate) async fn kill(&self) -> Result<(), NodeError> {
        self.daemon.kill().await.map(|_| ()).map_err(down)
    }

    async fn wait_until_ready(&self) -> Result<(), NotReady> {
        let ready = async {
            self.bitcoind.followed().await;
            while !self.listens().await? {
                tokio::time::sleep(LOOK_EACH).await;
            }
            Ok(())
        };
        match tokio::time::timeout(READY_WITHIN, self.unless_it_ends(ready)).await {
            Ok(Ok(ready)) => ready,
            Ok(Err(how)) if self.says_port_is_taken() => Err(NotReady::TryAgain(how)),
            Ok(Err(how)) => {
                Err(NotReady::Failed(self.with_last_words(&format!("it ended by itself ({how})"))))
            }
            Err(_) => {
                let calls = self.bitcoind.calls();
                let what = format!(
                    "after {READY_WITHIN:?} and {calls} calls it does not follow the chain, or does not listen at its ports"
                );
                Err(NotReady::TryAgain(self.with_last_words(&what)))
            }
        }
    }

    /// Whether it listens at both its ports. It goes on without an API if somebody else has taken that one.
    async fn listens(&self) -> Result<bool, NotReady> {
        if TcpStream::connect(self.peer_address()).await.is_err() {
            return Ok(false);
        }
        let none = json!({});
        let call = self.api.call("channels", &none, || ());
        match tokio::time::timeout(API_ANSWERS_WITHIN, call).await {
            Ok(Ok(answer)) if answer["channels"].is_array() => Ok(true),
            Ok(Err(ApiError::Connection(_))) => Ok(false),
            _ => Err(NotReady::TryAgain("somebody else listens at its API's port".to_owned())),
        }
    }

    fn with_last_words(&self, what: &str) -> String {
        format!("{what}, having said:\n{}", self.daemon.last_words(20).join("\n"))
    }

    fn says_port_is_taken(&self) -> bool {
        self.daemon.last_words(50).iter().any(|line| line.contains("Address already in use"))
    }
}

/// Those to Lampo's API.
#[derive(Default)]
struct Requests {
    /// How many are not on their way yet.
    in_transit: Cell<usize>,
    one_sent: Notify,
}

/// A request to Lampo's API that is not on its way yet.
pub(crate) struct Transit(Rc<Requests>);

impl Drop for Transit {
    fn drop(&mut self) {
        self.0.in_transit.set(self.0.in_transit.get() - 1);
        self.0.one_sent.notify_waiters();
    }
}

impl Heard {
    fn take_in(&self, line: &str) {
        self.batches.take_in(line);
        if line.starts_with("thread '") && line.contains(" panicked at ") {
            let mut panic = self.panic.borrow_mut();
            self.reason_follows.set(panic.is_none());
            panic.get_or_insert_with(|| line.to_owned());
        } else if self.reason_follows.take()
            && let Some(panic) = self.panic.borrow_mut().as_mut()
        {
            panic.push_str(&format!(" {line}"));
        }
    }
}

fn write_config(dir: &Path, config: &Config<'_>) -> Result<(), NodeError> {
    let file = dir.join(config::NETWORK).join(config::FILE);
    fs::write(&file, config.to_string())
        .map_err(|error| NodeError::Start(format!("{} can't be written: {error}", file.display())))
}

fn start_failed(error: impl ToString) -> NodeError {
    NodeError::Start(error.to_string())
}

fn down(error: DaemonError) -> NodeError {
    match error {
        DaemonError::Running { .. } => NodeError::Hangs(error.to_string()),
        error => NodeError::Down(error.to_string()),
    }
}
