//! How does one lightningd come up, and what belongs to it while it runs?

use lnprototest_daemon::{Daemon, Launch, PeerStream, Port, Program, Quiescence};
use lnprototest_runner_api::{Identity, NodeError, NodeKeys};
use secp256k1::PublicKey;
use serde_json::{Value, json};
use std::cell::Cell;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::OnceCell;

use crate::backend::{Backend, ChainPlugin};
use crate::command_line::{Since, Start, command_line};
use crate::log::Log;
use crate::network::Network;
use crate::plugins::Payers;
use crate::rpc::{Rpc, RpcError};
use crate::settings::Settings;

/// How often another port is tried, if someone else was faster to bind the one that was free.
const PORTS: usize = 3;
/// How long it may take to come up: less than the harness waits (unless told otherwise), which could not tell its last
/// words.
const START_BOUND: Duration = Duration::from_secs(50);
/// How long plugins that were started may take to come to rest.
const READY_BOUND: Duration = Duration::from_secs(10);
/// How long it may take to end in good order.
const STOP_BOUND: Duration = Duration::from_secs(10);
/// How long it may take to be gone, once its end is known.
const END_BOUND: Duration = Duration::from_secs(5);

/// A lightningd that runs, or has ended by itself.
pub(crate) struct Process {
    pub(crate) identity: Identity,
    pub(crate) rpc: Rpc,
    pub(crate) quiescence: Quiescence,
    pub(crate) log: Rc<Log>,
    daemon: Daemon,
    plugin: ChainPlugin,
    port: Port,
    payers: Payers,
    payers_run: OnceCell<()>,
    /// How many things are begun on it.
    begun: Rc<Cell<usize>>,
}

/// Something that is begun on a lightningd, and over once this one is gone.
pub(crate) struct Begun(Rc<Cell<usize>>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What is the same for each start of one node.
pub(crate) struct Home<'a> {
    pub(crate) program: &'a Program,
    pub(crate) settings: &'a Settings,
    pub(crate) keys: &'a NodeKeys,
    pub(crate) network: &'a Rc<Network>,
    pub(crate) dir: &'a Path,
    pub(crate) log: &'a Rc<Log>,
    /// Plugins that are started when they are needed.
    pub(crate) payers: &'a Payers,
}

impl Process {
    /// Starts lightningd in a directory that exists, and waits until it knows the chain's tip and accepts peers.
    ///
    /// # Errors
    /// [`NodeError::Start`] if it does not come up, with its last words; [`NodeError::Chain`] if that failed meanwhile.
    pub(crate) async fn start(home: &Home<'_>, since: Since) -> Result<Self, NodeError> {
        let mut tries = PORTS;
        loop {
            tries -= 1;
            match Self::start_once(home, since).await {
                Err(NodeError::Start(how)) if tries > 0 && how.contains("Address already in use") => {}
                started => return started,
            }
        }
    }

    async fn start_once(home: &Home<'_>, since: Since) -> Result<Self, NodeError> {
        let unable = |error: io::Error| NodeError::Start(format!("{}: {error}", home.dir.display()));
        let mut port = Port::take().map_err(start)?;
        let plugin = ChainPlugin::install(home.dir, home.network.clone()).map_err(unable)?;
        let line = command_line(
            home.settings,
            &Start {
                dir: home.dir,
                address: port.address(),
                chain_plugin: plugin.program(),
                keys: home.keys,
                since,
                payers: home.payers,
            },
        );
        port.release();
        let daemon = Launch::new(home.program)
            .args(line)
            // It reads all its plugins, and would take the memory for each of them from the system, and give it back.
            .env("MALLOC_MMAP_THRESHOLD_", "1073741824")
            .env("MALLOC_TRIM_THRESHOLD_", "1073741824")
            .spawn()
            .map_err(start)?;
        let ended = |status| NodeError::Start(last_words(status, &daemon, home.log));
        tokio::select! {
            known = plugin.backend().catch_up() => if !known? {
                return Err(ended(daemon.wait_exit(END_BOUND).await.map_err(start)?));
            },
            status = daemon.wait_exit(START_BOUND) => return Err(match status {
                Ok(status) => ended(status),
                Err(_) => NodeError::Start(format!(
                    "after {START_BOUND:?} it does not know the chain's tip, having said:\n{}",
                    home.log.tail(10).join("\n")
                )),
            }),
        }
        let rpc = Rpc::new(home.dir.join("regtest/lightning-rpc"));
        let info = rpc.call("getinfo", json!({})).await.map_err(start)?;
        Ok(Self {
            identity: identity(&info)?,
            rpc,
            quiescence: Quiescence::of(&daemon),
            log: home.log.clone(),
            daemon,
            plugin,
            port,
            payers: home.payers.clone(),
            payers_run: OnceCell::default(),
            begun: Rc::default(),
        })
    }

    /// Makes sure that the plugins run with which it pays, and know what those know that have run from the start.
    ///
    /// # Errors
    /// [`RpcError`]
    pub(crate) async fn ready_to_pay(&self) -> Result<(), RpcError> {
        let start = async || {
            self.payers.start(&self.rpc).await?;
            // They ask for the block height once they have started; who does not come to rest goes on by itself.
            let _ = self.quiescence.asleep(READY_BOUND).await;
            Ok(())
        };
        self.payers_run.get_or_try_init(start).await.copied()
    }

    /// Notes that something is begun on it, until the value is dropped: it has not settled before.
    pub(crate) fn begin(&self) -> Begun {
        self.begun.set(self.begun.get() + 1);
        Begun(Rc::clone(&self.begun))
    }

    /// Whether something is begun on it that is not over.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.get() > 0
    }

    /// Connects to its port.
    ///
    /// # Errors
    /// The system's.
    pub(crate) async fn dial(&self) -> io::Result<PeerStream> {
        let stream = PeerStream::connect(self.port.address()).await?;
        self.quiescence.watch(&stream);
        Ok(stream)
    }

    /// Who gives it the chain.
    pub(crate) fn backend(&self) -> &Rc<Backend> {
        self.plugin.backend()
    }

    /// How it or one of its subdaemons ended, if by itself.
    pub(crate) fn death(&self) -> Option<String> {
        // In this order: once it has ended, its log tells all.
        let exited = self.daemon.exited();
        match (exited, self.log.crash()) {
            (Some(status), Some(crash)) => Some(format!("lightningd ended ({status}):\n{crash}")),
            (Some(status), None) => Some(last_words(status, &self.daemon, &self.log)),
            (None, Some(crash)) => Some(crash),
            (None, None) => None,
        }
    }

    /// Waits until it has ended, which it is known to be about to.
    pub(crate) async fn wait_end(&self) -> Option<ExitStatus> {
        self.daemon.wait_exit(END_BOUND).await.ok()
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// [`NodeError::Down`] if it ends otherwise than it should, [`NodeError::Hangs`] if it has to be killed.
    pub(crate) async fn stop(&self) -> Result<(), NodeError> {
        let asked = self.rpc.send("stop", json!({})).await;
        let status = self.daemon.wait_exit(STOP_BOUND).await;
        // Whatever is left of it must go.
        let killed = self.daemon.kill().await.map_err(|error| NodeError::Down(error.to_string()))?;
        match (asked, status) {
            (Ok(_), Ok(status)) if status.success() => Ok(()),
            (Ok(_), Ok(status)) => Err(NodeError::Down(last_words(status, &self.daemon, &self.log))),
            (Err(error), _) => {
                Err(NodeError::Down(format!("{error}; {}", last_words(killed, &self.daemon, &self.log))))
            }
            (Ok(_), Err(error)) => Err(NodeError::Hangs(format!("it was asked to stop, but {error}"))),
        }
    }

    /// Kills it.
    ///
    /// # Errors
    /// [`NodeError::Down`] if that does not end it.
    pub(crate) async fn kill(&self) -> Result<(), NodeError> {
        self.daemon.kill().await.map(drop).map_err(|error| NodeError::Down(error.to_string()))
    }
}

/// How it ended and what it said last, of what tells why: errors of its start go to standard error alone.
fn last_words(status: ExitStatus, daemon: &Daemon, log: &Log) -> String {
    let mut words = log.tail(200);
    words.retain(|line| line.contains("BROKEN"));
    words.truncate(5);
    let mut said = daemon.last_words(20);
    // Each of its plugins says so at its end.
    said.retain(|line| !line.contains("Lost connection to the RPC socket"));
    words.extend(said.split_off(said.len().saturating_sub(10)));
    if words.is_empty() {
        format!("lightningd ended ({status}) without a word")
    } else {
        format!("lightningd ended ({status}):\n{}", words.join("\n"))
    }
}

fn identity(info: &Value) -> Result<Identity, NodeError> {
    let field = |name: &str| {
        let value = info[name].as_str();
        value.ok_or_else(|| NodeError::Start(format!("its answer to getinfo has no {name}")))
    };
    let node_id: PublicKey =
        field("id")?.parse().map_err(|_| NodeError::Start("its id is no public key".to_owned()))?;
    Ok(Identity { name: "Core Lightning".to_owned(), version: field("version")?.to_owned(), node_id })
}

fn start(error: impl std::fmt::Display) -> NodeError {
    NodeError::Start(error.to_string())
}
