//! What need not be done again for each node?
//!
//! A lightningd that starts in an empty directory makes its database first, which takes as long as all the rest. So
//! that is done once for each set of keys; the database holds no block, so it fits any chain.

use bitcoin::ScriptBuf;
use lnprototest_daemon::{PrepareError, PreparedDir};
use lnprototest_runner_api::{NodeError, NodeKeys};
use std::fs;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::command_line::Since;
use crate::log::Log;
use crate::plugins::Payers;
use crate::process::{Home, Process};
use crate::settings::Keys;
use crate::wallet;

/// Directories in which a lightningd has been before, by the keys that it had.
#[derive(Default)]
pub(crate) struct Prepared {
    dirs: Mutex<Vec<(NodeKeys, Arc<Furniture>)>>,
}

#[derive(Default)]
struct Furniture {
    dir: PreparedDir,
    found: OnceLock<Found>,
}

/// What was asked of the first lightningd of all.
#[derive(Clone, Default)]
pub(crate) struct Found {
    /// Where its wallet can be paid to, if its coins are to be there from the start.
    pub(crate) wallet: Option<ScriptBuf>,
    /// Plugins that can be started later.
    pub(crate) payers: Payers,
}

impl Prepared {
    /// Makes `home.dir`, which does not exist yet, ready for a node.
    ///
    /// # Errors
    /// [`NodeError::Start`] if lightningd does not come up, or there is no room.
    pub(crate) async fn furnish(&self, home: &Home<'_>) -> Result<Found, NodeError> {
        let prepared = self.with(home.keys);
        let made = prepared.dir.copy_to(home.dir, async |dir| {
            let log = Rc::new(Log::new(dir));
            let found = prepare(&Home { dir, log: &log, ..*home }).await?;
            prepared.found.get_or_init(|| found);
            Ok(())
        });
        made.await.map_err(|error| match error {
            PrepareError::Make(error) => error,
            error => NodeError::Start(error.to_string()),
        })?;
        Ok(prepared.found.get().cloned().unwrap_or_default())
    }

    fn with(&self, keys: &NodeKeys) -> Arc<Furniture> {
        let mut dirs = self.dirs.lock().unwrap_or_else(PoisonError::into_inner);
        match dirs.iter().find(|(known, _)| known == keys) {
            Some((_, dir)) => Arc::clone(dir),
            None => {
                let dir = Arc::<Furniture>::default();
                dirs.push((keys.clone(), Arc::clone(&dir)));
                dir
            }
        }
    }
}

async fn prepare(home: &Home<'_>) -> Result<Found, NodeError> {
    let start = |error: &dyn std::fmt::Display| NodeError::Start(error.to_string());
    let unable = |error: io::Error| NodeError::Start(format!("{}: {error}", home.dir.display()));
    if home.settings.keys == Keys::Known {
        let regtest = home.dir.join("regtest");
        fs::create_dir_all(&regtest).map_err(unable)?;
        // Its wallet's seed: any bytes would do that no other node has. 32 make an old-fashioned wallet, which all versions
        // have; without, newer ones choose twelve words by chance.
        fs::write(regtest.join("hsm_secret"), home.keys.node_key.secret_bytes()).map_err(unable)?;
    }
    let process = Process::start(home, Since::Tip).await?;
    let mut found = Found::default();
    if home.settings.dual_fund {
        found.wallet = Some(wallet::script(&process.rpc).await.map_err(|error| start(&error))?);
    }
    // A flag may be a plugin's, which must run then.
    if home.settings.flags.is_empty() {
        found.payers = Payers::of(&process.rpc).await.map_err(|error| start(&error))?;
    }
    process.stop().await?;
    keep_data_only(home.dir).map_err(unable)?;
    Ok(found)
}

/// All that a fresh node must not find lies beside the folder of its network.
fn keep_data_only(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
