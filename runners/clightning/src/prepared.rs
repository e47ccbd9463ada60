//! What need not be done again for each node?
//!
//! A lightningd that starts in an empty directory makes its database first, which takes as long as all the rest. So
//! that is done once for each set of keys; the database holds no block, so it fits any chain.

use lnprototest_daemon::{PrepareError, PreparedDir};
use lnprototest_runner_api::{NodeError, NodeKeys};
use std::fs;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use crate::log::Log;
use crate::process::{Home, Process};
use crate::settings::Keys;

/// The seed of its wallet, if it has the harness's keys: any other bytes would do. 32 bytes make an old-fashioned
/// wallet, which all versions have; without, newer ones choose twelve words by chance.
const WALLET_SEED: [u8; 32] = [0x77; 32];

/// Directories in which a lightningd has been before, by the keys that it had.
#[derive(Default)]
pub(crate) struct Prepared {
    dirs: Mutex<Vec<(NodeKeys, Arc<PreparedDir>)>>,
}

impl Prepared {
    /// Makes `home.dir`, which does not exist yet, ready for a node.
    ///
    /// # Errors
    /// [`NodeError::Start`] if lightningd does not come up, or there is no room.
    pub(crate) async fn furnish(&self, home: &Home<'_>) -> Result<(), NodeError> {
        let prepared = self.with(home.keys);
        let made = prepared.copy_to(home.dir, async |dir| {
            let log = Rc::new(Log::new(dir));
            prepare(&Home { dir, log: &log, ..*home }).await
        });
        made.await.map_err(|error| match error {
            PrepareError::Make(error) => error,
            error => NodeError::Start(error.to_string()),
        })
    }

    fn with(&self, keys: &NodeKeys) -> Arc<PreparedDir> {
        let mut dirs = self.dirs.lock().unwrap_or_else(PoisonError::into_inner);
        match dirs.iter().find(|(known, _)| known == keys) {
            Some((_, dir)) => Arc::clone(dir),
            None => {
                let dir = Arc::<PreparedDir>::default();
                dirs.push((keys.clone(), Arc::clone(&dir)));
                dir
            }
        }
    }
}

async fn prepare(home: &Home<'_>) -> Result<(), NodeError> {
    let unable = |error: io::Error| NodeError::Start(format!("{}: {error}", home.dir.display()));
    if home.settings.keys == Keys::Known {
        let regtest = home.dir.join("regtest");
        fs::create_dir_all(&regtest).map_err(unable)?;
        fs::write(regtest.join("hsm_secret"), WALLET_SEED).map_err(unable)?;
    }
    Process::start(home, false).await?.stop().await?;
    keep_data_only(home.dir).map_err(unable)
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
