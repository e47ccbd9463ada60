//! How is lightningd started, and why so?

use hex::encode;
use lnprototest_runner_api::NodeKeys;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use crate::log::LOG;
use crate::plugins::{FUNDER, Payers};
use crate::settings::{DUAL_FUND, Keys, Settings};

/// Plugins that no message of a peer reaches, which only cost time. A name that a version does not have does no harm.
///
/// `bcli` gives way to ours.
const SWITCHED_OFF: [&str; 13] = [
    "autoclean",
    "bcli",
    "bookkeeper",
    "bwatch",
    "cln-renepay",
    "commando",
    "exposesecret",
    "fetchinvoice",
    "recklessrpc",
    "recover",
    "sql",
    "topology",
    "txprepare",
];

/// Lightningd's defaults on the main network.
const AS_ON_MAINNET: [&str; 6] = [
    "--ignore-fee-limits=false",
    "--cltv-delta=34",
    "--cltv-final=18",
    "--funding-confirms=3",
    "--max-concurrent-htlcs=30",
    "--watchtime-blocks=144",
];

/// What one start of lightningd differs in from others.
pub(crate) struct Start<'a> {
    /// Its directory.
    pub(crate) dir: &'a Path,
    /// Where its peers find it.
    pub(crate) address: SocketAddr,
    /// Its chain backend.
    pub(crate) chain_plugin: &'a Path,
    /// The harness's keys.
    pub(crate) keys: &'a NodeKeys,
    /// From where on it looks at the chain.
    pub(crate) since: Since,
    /// Plugins that are started when they are needed.
    pub(crate) payers: &'a Payers,
}

/// Where lightningd begins with the chain.
#[derive(Clone, Copy)]
pub(crate) enum Since {
    /// Fresh, with coins in a block above this height.
    Height(u32),
    /// Where it was when it went down, or some blocks before that.
    LastRun,
    /// Fresh, without anything in the chain.
    Tip,
}

/// All arguments of lightningd:
///
/// | flag | why |
/// | --- | --- |
/// | `--disable-plugin` | each plugin that runs makes its start longer, and each look at whether it sleeps |
/// | `--log-level=debug`, `--log-file` | a failure's report shows the log's end |
/// | `--disable-dns`, `--autoconnect-seeker-peers=0` | it talks to nobody but us |
/// | `--rescan` | a fresh node begins at the tip, or with the block that has its coins |
/// | `--commit-time=1` | it signs a batch of changes after a millisecond, not ten |
/// | `--commit-feerate-offset=0` | it has no reason for an `update_fee` unless the network's feerate changes |
/// | `--ignore-fee-limits`, `--cltv-...`, `--funding-confirms`, `--max-concurrent-htlcs`, `--watchtime-blocks` | what it has on the main network: regtest's defaults trust everyone |
/// | `--dev-bitcoind-poll=0` | it asks for the next block at once, see `backend::follower` |
/// | `--dev-fast-gossip` | it passes gossip on after a second, not a minute |
/// | `--dev-no-reconnect` | it dials only when told to |
/// | `--dev-no-version-checks` | it does not run each subdaemon once before, which takes 40 ms |
/// | `--dev-force-...` | the harness's keys |
/// | `--experimental-dual-fund` | it is to offer `option_dual_fund` |
///
/// Those that begin with `--dev` need `--developer`, and are left out where it is to have its own keys. `further` flags
/// come last, so that they win.
pub(crate) fn command_line(settings: &Settings, start: &Start<'_>) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec!["--network=regtest".into()];
    if settings.keys == Keys::Known {
        line.push("--developer".into());
    }
    line.push(joined("--lightning-dir=", start.dir.as_os_str()));
    line.push(joined("--plugin=", start.chain_plugin.as_os_str()));
    let funder = [FUNDER].into_iter().filter(|_| !settings.dual_fund);
    let off = SWITCHED_OFF.into_iter().chain(funder).chain(start.payers.names());
    line.extend(off.map(|name| format!("--disable-plugin={name}").into()));
    line.push(joined("--log-file=", start.dir.join(LOG).as_os_str()));
    line.push(format!("--bind-addr={}", start.address).into());
    line.extend(
        [
            "--log-level=debug",
            "--disable-dns",
            "--autoconnect-seeker-peers=0",
            "--commit-time=1",
            "--commit-feerate-offset=0",
        ]
        .map(OsString::from),
    );
    line.extend(AS_ON_MAINNET.map(OsString::from));
    match start.since {
        // Lightningd takes what is below zero for a height.
        Since::Height(height) => line.push(format!("--rescan=-{height}").into()),
        Since::LastRun => {}
        Since::Tip => line.push("--rescan=0".into()),
    }
    if settings.dual_fund {
        line.push(DUAL_FUND.into());
    }
    if settings.keys == Keys::Known {
        line.extend(for_developers(start.keys).map(OsString::from));
    }
    line.extend(settings.flags.iter().map(OsString::from));
    line
}

fn for_developers(keys: &NodeKeys) -> [String; 6] {
    let channel = &keys.channel;
    let secrets = [
        encode(channel.funding.secret_bytes()),
        encode(channel.revocation_base.secret_bytes()),
        encode(channel.payment_base.secret_bytes()),
        encode(channel.delayed_payment_base.secret_bytes()),
        encode(channel.htlc_base.secret_bytes()),
        encode(channel.commitment_seed),
    ];
    [
        "--dev-bitcoind-poll=0".to_owned(),
        "--dev-fast-gossip".to_owned(),
        "--dev-no-reconnect".to_owned(),
        "--dev-no-version-checks".to_owned(),
        format!("--dev-force-privkey={}", encode(keys.node_key.secret_bytes())),
        format!("--dev-force-channel-secrets={}", secrets.join("/")),
    ]
}

fn joined(flag: &str, value: &std::ffi::OsStr) -> OsString {
    let mut joined = OsString::from(flag);
    joined.push(value);
    joined
}
