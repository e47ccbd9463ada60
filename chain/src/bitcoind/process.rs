//! How does bitcoind live, and how does it end whatever happens?

use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::fs;
use std::io::{self, PipeWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::log::Log;

/// How long a daemon whose connection broke may take to be gone.
const DYING: Duration = Duration::from_secs(2);

/// A directory that goes when this is dropped.
pub(super) struct OwnDir {
    path: PathBuf,
}

/// A running daemon with its directory. Both go when this is dropped, and when the process that holds it ends in any
/// other way.
pub(super) struct Process {
    child: Mutex<Child>,
    log: Log,
    // In this order: the directory goes once nothing writes to it, the guard once there is nothing left to guard.
    _dir: OwnDir,
    _guard: Guard,
}

impl OwnDir {
    /// Makes the directory, which must not exist.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::create_dir(path)?;
        Ok(Self { path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for OwnDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, dir = %self.path.display(), "can't remove bitcoind's directory");
        }
    }
}

impl Process {
    /// Starts `program` with `arguments`.
    pub(super) fn start(program: &Path, arguments: &[OsString], dir: OwnDir) -> io::Result<Self> {
        let (output, input) = io::pipe()?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            // What a terminal sends to us, such as Ctrl-C, is ours to handle first.
            .process_group(0)
            .spawn()?;
        match Guard::over(&child, dir.path()) {
            Ok(guard) => {
                Ok(Self { child: Mutex::new(child), log: Log::of(output), _dir: dir, _guard: guard })
            }
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn id(&self) -> u32 {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// How it ended, if it is about to, or has.
    pub(super) fn obituary(&self) -> Option<String> {
        self.log.await_end(DYING).then(|| end(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let how = end(self.child.get_mut().unwrap_or_else(PoisonError::into_inner));
        tracing::debug!(how, "bitcoind has ended");
    }
}

/// Kills what is left of a daemon's process group, and says how the daemon ended. Nothing that it holds is worth a
/// clean end.
fn end(child: &mut Child) -> String {
    // Once it has been waited for, its id may be another's.
    if let Ok(None) = child.try_wait() {
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group
            && let Err(error) = kill_process_group(group, Signal::KILL)
        {
            tracing::warn!(%error, "can't kill bitcoind");
        }
    }
    child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// A shell that waits for this process to end. If that comes before this is dropped, it kills the daemon and removes
/// its directory.
struct Guard {
    shell: Child,
    /// The shell's input: it ends when we do.
    lifeline: Option<PipeWriter>,
}

impl Guard {
    /// `$1` is the process group, `$2` the directory. A word on the input tells that neither is left. What is killed may
    /// get to write once more.
    const SCRIPT: &str = r#"
        read -r word && exit
        kill -s KILL -- "-$1"
        rm -rf -- "$2" || { sleep 1; rm -rf -- "$2"; }
    "#;

    fn over(child: &Child, dir: &Path) -> io::Result<Self> {
        let (input, lifeline) = io::pipe()?;
        let shell = Command::new("/bin/sh")
            .args(["-c", Self::SCRIPT, "lnprototest-guard", &child.id().to_string()])
            .arg(dir)
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { shell, lifeline: Some(lifeline) })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut lifeline) = self.lifeline.take() {
            // A shell that is gone has nothing to be told.
            let _gone = lifeline.write_all(b"done\n");
        }
        if let Err(error) = self.shell.wait() {
            tracing::warn!(%error, "can't wait for bitcoind's guard");
        }
    }
}
