//! Where do the nodes of a run live?

use lnprototest_runner_api::{Runner, StartCost};
use rustix::fs::statvfs;
use std::env;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use super::UsageError;
use crate::ground::ChainSource;

/// A file system in memory that Linux has for everybody. Nodes write and sync a lot, and keep nothing.
const IN_MEMORY: &str = "/dev/shm";

/// What a run of daemons may need at a time.
const ENOUGH: u64 = 1 << 30;

/// A folder for the nodes of one run; it goes when the value does.
///
/// # Errors
/// The system's.
pub(super) fn work_dir(runner: &dyn Runner, chain: &ChainSource) -> Result<TempDir, UsageError> {
    let has_daemons = runner.start_cost() == StartCost::High || *chain != ChainSource::Embedded;
    let parent = has_daemons.then(roomy_memory).flatten().unwrap_or_else(env::temp_dir);
    tempfile::Builder::new().prefix("lnprototest-").tempdir_in(&parent).map_err(|reason| UsageError::Io {
        what: format!("no folder for the nodes can be made in {} (TMPDIR names another)", parent.display()),
        reason,
    })
}

/// Memory to keep files in, unless the user says where, or containers have but a little.
fn roomy_memory() -> Option<PathBuf> {
    let there = statvfs(Path::new(IN_MEMORY)).ok()?;
    let is_roomy = there.f_bavail.saturating_mul(there.f_frsize) >= ENOUGH;
    (env::var_os("TMPDIR").is_none() && is_roomy).then(|| IN_MEMORY.into())
}
