//! What is found out about a lampod-cli, and made of it, once and for all starts?

use bitcoin::{Address, Network, PublicKey, ScriptBuf};
use lnprototest_daemon::{Launch, Program};
use lnprototest_runner_api::{NodeError, NodeKeys};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crate::config::{self, Config};
use crate::genesis::Genesis;
use crate::lampod::{Lampod, Start};

/// How long it may take to make a wallet, or to tell its version.
const ONCE_WITHIN: Duration = Duration::from_secs(20);
/// What `lampod-cli new-wallet` leaves in its folder.
const WALLET: [&str; 2] = ["wallet.dat", "bdk-wallet.db"];
/// What it says when it is given channel secrets that its build does not take.
const TAKES_NO_SECRETS: &str = "lacks the `unsafe_channel_keys` feature";

/// A lampod-cli with its keys: each node with the same keys starts from the same wallet.
pub(crate) struct Prepared {
    pub(crate) program: Program,
    pub(crate) version: String,
    /// Its BOLT 8 static key.
    pub(crate) node_id: secp256k1::PublicKey,
    /// What its wallet is paid to.
    pub(crate) wallet_script: ScriptBuf,
    /// The secrets that it runs with; its own if none.
    pub(crate) keys: Option<NodeKeys>,
    wallet: Vec<(&'static str, Vec<u8>)>,
}

impl Prepared {
    /// Makes a wallet, and runs lampod-cli once to learn who it is with it. `None` if it does not take `keys`.
    ///
    /// # Errors
    /// [`NodeError::Start`]
    pub(crate) async fn new(program: Program, keys: Option<NodeKeys>) -> Result<Option<Self>, NodeError> {
        let version = program.version(ONCE_WITHIN).await.map_err(failed)?;
        let version = version.rsplit(' ').next().unwrap_or_default().to_owned();
        let dir = tempfile::Builder::new().prefix("lnprototest-lampo-").tempdir().map_err(failed)?;
        let wallet = new_wallet(&program, dir.path(), keys.as_ref()).await?;
        let lampod = Start {
            program: &program,
            dir: dir.path(),
            chain: Rc::new(Genesis::default()),
            keys: keys.as_ref(),
            wallet_from: 0,
            htlcs_wait: false,
        };
        let lampod = lampod.ready().await?;
        let node_id = asked(&lampod, "getinfo", "node_id").await?;
        let node_id: PublicKey = node_id.parse().map_err(failed)?;
        let address = asked(&lampod, "new_addr", "address").await?;
        let address: Address<_> = address.parse().map_err(failed)?;
        let address = address.require_network(Network::Regtest).map_err(failed)?;
        let refuses_secrets =
            lampod.daemon.last_words(usize::MAX).iter().any(|line| line.contains(TAKES_NO_SECRETS));
        lampod.stop().await?;
        if let Some(keys) = &keys
            && (refuses_secrets || config::node_id(keys) != Some(node_id.inner))
        {
            return Ok(None);
        }
        Ok(Some(Self {
            program,
            version,
            node_id: node_id.inner,
            wallet_script: address.script_pubkey(),
            keys,
            wallet,
        }))
    }

    /// Makes `dir` a data directory with the wallet in it.
    ///
    /// # Errors
    /// [`NodeError::Start`]
    pub(crate) fn unpack(&self, dir: &Path) -> Result<(), NodeError> {
        let folder = dir.join(config::NETWORK);
        let unpacked = fs::create_dir_all(&folder).and_then(|()| {
            self.wallet.iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
        });
        unpacked.map_err(|error| NodeError::Start(format!("no data directory at {}: {error}", dir.display())))
    }
}

async fn new_wallet(
    program: &Program,
    dir: &Path,
    keys: Option<&NodeKeys>,
) -> Result<Vec<(&'static str, Vec<u8>)>, NodeError> {
    let folder = dir.join(config::NETWORK);
    fs::create_dir_all(&folder).map_err(failed)?;
    // It connects to nothing, but wants to know where it would.
    let config = Config { peer_port: 1, api_port: 1, bitcoind_port: 1, keys, wallet_from: 0 };
    fs::write(folder.join(config::FILE), config.to_string()).map_err(failed)?;
    let maker = Launch::new(program).arg("-d").arg(dir).args(["-n", config::NETWORK, "new-wallet"]);
    let maker = maker.spawn().map_err(failed)?;
    let status = maker.wait_exit(ONCE_WITHIN).await.map_err(failed)?;
    let read = |name| fs::read(folder.join(name)).map(|bytes| (name, bytes));
    let wallet: Result<Vec<_>, _> = WALLET.into_iter().map(read).collect();
    match wallet {
        Ok(wallet) if status.success() => Ok(wallet),
        _ => Err(failed(format!(
            "`lampod-cli new-wallet` made no wallet and ended with {status}, having said:\n{}",
            maker.last_words(10).join("\n")
        ))),
    }
}

/// One field of what a method without parameters answers.
async fn asked(lampod: &Lampod, method: &str, field: &str) -> Result<String, NodeError> {
    let none = json!({});
    let call = tokio::time::timeout(ONCE_WITHIN, lampod.api.call(method, &none, || ()));
    let answer = call.await.map_err(failed)?.map_err(failed)?;
    let text = answer[field].as_str();
    text.map(str::to_owned).ok_or_else(|| failed(format!("Lampo's {method} tells no {field}: {answer}")))
}

fn failed(error: impl ToString) -> NodeError {
    NodeError::Start(error.to_string())
}
