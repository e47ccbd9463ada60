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
        for path in self.newest() {
            rpc.call("plugin", json!({ "subcommand": "start", "plugin": path })).await?;
        }
        Ok(())
    }

    fn newest(&self) -> Vec<&Path> {
        let find = |wanted: &&str| self.0.iter().map(PathBuf::as_path).find(|path| name(path) == *wanted);
        let ways = PAYERS.into_iter().map(|way| way.iter().map(find).collect::<Option<_>>());
        ways.flatten().next().unwrap_or_default()
    }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(names: &[&str]) -> Vec<String> {
        let payers = Payers(names.iter().map(|name| PathBuf::from("plugins").join(name)).collect());
        payers.newest().into_iter().map(|path| name(path).to_owned()).collect()
    }

    #[test]
    fn what_a_plugin_needs_comes_before_it() {
        assert_eq!(newest(&["pay", "cln-xpay", "cln-askrene"]), ["cln-askrene", "cln-xpay"]);
    }

    #[test]
    fn old_versions_pay_the_old_way() {
        assert_eq!(newest(&["pay", "cln-askrene"]), ["pay"]);
        assert_eq!(newest(&[]), [""; 0]);
    }
}
