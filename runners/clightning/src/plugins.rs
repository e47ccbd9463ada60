//! Which of its plugins does lightningd run only once its user asks for what they do?

use serde_json::json;
use std::path::{Path, PathBuf};

use crate::rpc::{Rpc, RpcError};

/// The plugin that funds channels together with a peer.
pub(crate) const FUNDER: &str = "funder";

/// Those with which it pays, the newest way first, each with what it needs: `xpay` came with version 24.11.
const PAYERS: [&[&str]; 2] = [&["cln-askrene", "cln-xpay"], &["pay"]];

/// The plugins with which a lightningd pays, by their paths; none where it is not known where they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payers(Vec<PathBuf>);

impl Payers {
    /// Those of a lightningd that runs all of them.
    ///
    /// # Errors
    /// [`RpcError`]
    pub(crate) async fn of(rpc: &Rpc) -> Result<Self, RpcError> {
        let listed = rpc.call("plugin", json!({ "subcommand": "list" })).await?;
        let plugins = listed["plugins"].as_array().into_iter().flatten();
        let can_wait = plugins.filter(|plugin| plugin["dynamic"] == true);
        let paths = can_wait.filter_map(|plugin| plugin["name"].as_str()).map(PathBuf::from);
        Ok(Self(paths.filter(|path| PAYERS.concat().contains(&name(path))).collect()))
    }

    /// Their names, as `--disable-plugin` takes them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|path| name(path))
    }

    /// Has lightningd, which runs none of them, start those that it pays with.
    ///
    /// # Errors
    /// [`RpcError`]
    pub(crate) async fn start(&self, rpc: &Rpc) -> Result<(), RpcError> {
        let find = |wanted: &&str| self.0.iter().find(|path| name(path) == *wanted);
        let newest = PAYERS.into_iter().find(|way| way.iter().all(|wanted| find(wanted).is_some()));
        for path in newest.into_iter().flatten().filter_map(find) {
            rpc.call("plugin", json!({ "subcommand": "start", "plugin": path })).await?;
        }
        Ok(())
    }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
