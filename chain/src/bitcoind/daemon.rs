//! How does a bitcoind come up at the prepared tip?

use bitcoin::consensus::encode::serialize_hex;
use lnprototest_runner_api::{ChainError, RpcAccess};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::BitcoindError;
use super::log::Progress;
use super::options::{CONFIGURATION, arguments};
use super::process::{OwnDir, Process};
use super::program::BitcoindProgram;
use super::rpc::{Rpc, RpcError};
use crate::Regtest;

/// How long it may take to come up. On a machine under load it takes seconds.
const START_BOUND: Duration = Duration::from_secs(60);
/// How long its log may be silent about being ready before it is asked.
const ASK_INTERVAL: Duration = Duration::from_millis(500);
/// How often another port is tried: someone else may take one between our look and the daemon's.
const PORTS: u32 = 5;

/// A running bitcoind with a connection to it.
pub(super) struct Daemon {
    pub(super) access: RpcAccess,
    process: Process,
    rpc: Rpc,
}

impl Daemon {
    /// Starts `program` in `dir`, which must not exist yet, and brings it to the prepared tip.
    pub(super) fn start(program: &BitcoindProgram, dir: &Path) -> Result<Self, BitcoindError> {
        let dir = &std::path::absolute(dir)
            .map_err(|source| BitcoindError::Directory { path: dir.to_owned(), source })?;
        let mut tries = 1;
        let daemon = loop {
            match Self::start_empty(program, dir) {
                Err(BitcoindError::Start { last_words, .. })
                    if last_words.contains("Unable to bind") && tries < PORTS =>
                {
                    tries += 1;
                }
                started => break started?,
            }
        };
        daemon.submit_prepared()?;
        Ok(daemon)
    }

    /// Calls `method`; an error that is an answer is left to the caller.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: Value,
    ) -> Result<Result<T, Refused>, ChainError> {
        self.alive(method, self.rpc.call(method, parameters))
    }

    /// Calls `method`, which has no reason to refuse.
    pub(super) fn get<T: DeserializeOwned>(&self, method: &str, parameters: Value) -> Result<T, ChainError> {
        self.ask(method, parameters)?.map_err(|refused| refused.unexpected(method))
    }

    /// Calls `method`, which has no reason to refuse, with each of `parameters`.
    pub(super) fn get_all<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<T>, ChainError> {
        let results = self.alive(method, self.rpc.batch(method, parameters))?;
        let results = results.map_err(|refused| refused.unexpected(method))?;
        results
            .into_iter()
            .map(|result| self.alive(method, result)?.map_err(|refused| refused.unexpected(method)))
            .collect()
    }

    /// Its process.
    pub(super) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The last lines that it logged, oldest first.
    pub(super) fn log_tail(&self, lines: usize) -> Vec<String> {
        self.process.log().tail(lines)
    }

    /// Starts it with nothing but the genesis block.
    fn start_empty(program: &BitcoindProgram, dir: &Path) -> Result<Self, BitcoindError> {
        let (process, port) = spawn(program, dir)
            .map_err(|source| BitcoindError::Directory { path: dir.to_owned(), source })?;
        let cookie_file = dir.join("regtest/.cookie");
        let failed = |process: &Process, why: String| BitcoindError::Start {
            dir: dir.to_owned(),
            why,
            last_words: process.log().last_words(),
        };
        let began = Instant::now();
        loop {
            let progress = process.log().await_ready(ASK_INTERVAL);
            if progress == Progress::Ended {
                return Err(failed(&process, process.obituary().unwrap_or_default()));
            }
            match connect(port, &cookie_file) {
                Ok((access, rpc)) => return Ok(Self { access, process, rpc }),
                Err(why) if progress == Progress::Ready || began.elapsed() > START_BOUND => {
                    let waited = began.elapsed().as_secs();
                    return Err(failed(&process, format!("no answer after {waited} s ({why})")));
                }
                Err(_) => {}
            }
        }
    }

    fn submit_prepared(&self) -> Result<(), BitcoindError> {
        let prepared = Regtest::new();
        let (height, _) = prepared.tip();
        let blocks = (1..=height).filter_map(|height| prepared.block_at(height));
        let blocks = blocks.map(|at| json!([serialize_hex(&*at.block)]));
        let answers: Vec<Option<String>> =
            self.get_all("submitblock", blocks).map_err(|error| BitcoindError::Blocks(error.to_string()))?;
        match answers.into_iter().flatten().next() {
            Some(reason) => Err(BitcoindError::Blocks(reason)),
            None => Ok(()),
        }
    }

    /// Tells an answer from none; of none, it finds out why.
    fn alive<T>(&self, method: &str, result: Result<T, RpcError>) -> Result<Result<T, Refused>, ChainError> {
        let why = match result {
            Ok(result) => return Ok(Ok(result)),
            Err(RpcError::Refused { code, message }) => return Ok(Err(Refused { code, message })),
            Err(RpcError::Failed(why)) => why,
        };
        let state = match self.process.obituary() {
            Some(how) => format!("bitcoind has ended ({how})"),
            None => format!("bitcoind does not answer {method} ({why})"),
        };
        Err(ChainError::Unavailable(format!("{state}; its last words:{}", self.process.log().last_words())))
    }
}

/// An answer that says no.
#[derive(Debug)]
pub(super) struct Refused {
    /// Bitcoin Core's `RPC_...`.
    pub(super) code: i32,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn unexpected(self, method: &str) -> ChainError {
        ChainError::Unavailable(format!("bitcoind refuses {method}: {} ({})", self.message, self.code))
    }
}

/// Makes the directory and starts the daemon on a port that is free, or was a moment ago.
fn spawn(program: &BitcoindProgram, dir: &Path) -> io::Result<(Process, u16)> {
    let own = OwnDir::create(dir)?;
    fs::write(dir.join("bitcoin.conf"), CONFIGURATION)?;
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    Ok((Process::start(program.path(), &arguments(dir, port), own)?, port))
}

/// A connection that has been answered.
fn connect(port: u16, cookie_file: &Path) -> Result<(RpcAccess, Rpc), String> {
    let cookie = fs::read_to_string(cookie_file).map_err(|error| error.to_string())?;
    let (user, password) = cookie.trim_end().split_once(':').ok_or("its cookie is no user and password")?;
    let access = RpcAccess {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        cookie_file: cookie_file.to_owned(),
        user: user.to_owned(),
        password: password.to_owned(),
    };
    let rpc = Rpc::new(&access).map_err(RpcError::into_words)?;
    rpc.call::<u32>("getblockcount", json!([])).map_err(RpcError::into_words)?;
    Ok((access, rpc))
}
