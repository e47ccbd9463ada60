//! Where do the nodes of a run live?

use lnprototest_runner_api::{Runner, StartCost};
use rustix::fs::statvfs;
use std::env;
use std::io::{self, PipeWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

use super::UsageError;
use crate::ground::ChainSource;

/// A file system in memory that Linux has for everybody. Nodes write and sync a lot, and keep nothing.
const IN_MEMORY: &str = "/dev/shm";

/// What a run of daemons may need at a time.
const ENOUGH: u64 = 1 << 30;

/// A folder for the nodes of one run. It goes when the value does, and when this process ends in any other way.
pub(super) struct WorkDir {
    // In this order: the guard goes once there is nothing left to guard.
    dir: TempDir,
    _guard: Option<Guard>,
}

impl WorkDir {
    /// One where there is room for `runner`'s nodes.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(runner: &dyn Runner, chain: &ChainSource) -> Result<Self, UsageError> {
        let has_daemons = runner.start_cost() == StartCost::High || *chain != ChainSource::Embedded;
        let parent = has_daemons.then(roomy_memory).flatten().unwrap_or_else(env::temp_dir);
        let work_dir = Self::made_in(&parent, has_daemons).map_err(|reason| UsageError::Io {
            what: format!(
                "no folder for the nodes can be made in {} (TMPDIR names another)",
                parent.display()
            ),
            reason,
        })?;
        // What runners prepare belongs there too. A process has one run, so nothing was set before.
        let _was_set = tempfile::env::override_temp_dir(work_dir.path());
        Ok(work_dir)
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    fn made_in(parent: &Path, has_daemons: bool) -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("lnprototest-").tempdir_in(parent)?;
        let guard = has_daemons.then(|| Guard::over(dir.path())).transpose()?;
        Ok(Self { dir, _guard: guard })
    }
}

/// A shell that waits for this process to end. If that comes before this is dropped, it kills whoever was started with
/// a path below the folder, and removes that.
struct Guard {
    shell: Child,
    /// The shell's input: it ends when we do.
    lifeline: PipeWriter,
}

impl Guard {
    /// A word on the input tells that nothing is left. No command line here has the folder in it, which would be killed
    /// too. What is killed may get to write once more.
    const SCRIPT: &str = r#"
        read -r word && exit
        for pause in 0.1 1 5; do
            for process in $(printf %s "$FOLDER" | grep -alsF -f - /proc/[0-9]*/cmdline); do
                process=${process#/proc/}
                kill -s KILL "${process%/cmdline}"
            done
            rm -rf -- "$FOLDER" && exit
            sleep $pause
        done
    "#;

    fn over(folder: &Path) -> io::Result<Self> {
        let (input, lifeline) = io::pipe()?;
        let shell = Command::new("/bin/sh")
            .args(["-c", Self::SCRIPT, "lnprototest-guard"])
            .env("FOLDER", folder)
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is not for it.
            .process_group(0)
            .spawn()?;
        Ok(Self { shell, lifeline })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // A shell that is gone has nothing to be told, nor is there a remedy.
        let _gone = self.lifeline.write_all(b"done\n");
        let _ended = self.shell.wait();
    }
}

/// Memory to keep files in, unless the user says where, or containers have but a little.
fn roomy_memory() -> Option<PathBuf> {
    let there = statvfs(Path::new(IN_MEMORY)).ok()?;
    let is_roomy = there.f_bavail.saturating_mul(there.f_frsize) >= ENOUGH;
    (env::var_os("TMPDIR").is_none() && is_roomy).then(|| IN_MEMORY.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn nothing_is_left_of_one_whose_process_ends() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("of a run");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("data"), "of a node").unwrap();
        let mut daemon = Command::new("/bin/sh");
        let daemon =
            daemon.args(["-c", "read -r word", "daemon"]).arg(folder.join("0")).stdin(Stdio::piped());
        let mut daemon = daemon.spawn().unwrap();
        let mut guard = Guard::over(&folder).unwrap();

        guard.lifeline = io::pipe().unwrap().1;

        assert!(guard.shell.wait().unwrap().success());
        assert!(!folder.exists());
        assert_eq!(daemon.wait().unwrap().signal(), Some(9));
    }

    #[test]
    fn one_that_is_told_harms_nobody() {
        let folder = tempfile::tempdir().unwrap();
        drop(Guard::over(folder.path()).unwrap());
        assert!(folder.path().exists());
    }
}
