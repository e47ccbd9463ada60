//! A shell script as a daemon, with pipes of its own to talk through.

#![allow(dead_code, reason = "each test uses some of it")]

use lnprototest_daemon::{Daemon, Launch, Program};
use rustix::process::Pid;
use std::fs;
use std::future::Future;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::unix::pipe::{OpenOptions, Receiver, Sender};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Far more than anything here takes.
pub const LONG: Duration = Duration::from_secs(20);

/// Runs a test as a worker of the harness runs a path.
pub fn on_a_worker<F: Future>(test: F) -> F::Output {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

/// What runs `script`.
pub fn shell(name: &str, script: &str) -> Launch {
    Launch::new(&Program::find(name, None, "LNPROTOTEST_NO_SUCH_VARIABLE").unwrap()).args(["-c", script])
}

/// A daemon that reads from the pipe `in` of its directory and writes to `out`.
pub struct Rig {
    pub daemon: Daemon,
    pub dir: TempDir,
    into: Sender,
    out: Receiver,
}

impl Rig {
    pub fn new(script: &str) -> Self {
        Self::launch(shell("sh", script))
    }

    pub fn launch(launch: Launch) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["in", "out", "between"] {
            assert!(Command::new("mkfifo").arg(dir.path().join(name)).status().unwrap().success());
        }
        // Both ends, so that opening waits for nobody.
        let both = OpenOptions::new().read_write(true).clone();
        let into = both.open_sender(dir.path().join("in")).unwrap();
        let out = both.open_receiver(dir.path().join("out")).unwrap();
        let daemon = launch.dir(dir.path()).spawn().unwrap();
        Self { daemon, dir, into, out }
    }

    /// Sends it a line.
    pub fn tell(&self, line: &str) {
        let line = format!("{line}\n");
        let written = rustix::io::write(&self.into, line.as_bytes()).unwrap();
        assert_eq!(written, line.len());
    }

    /// Its third pipe, to read.
    pub fn between(&self) -> Receiver {
        OpenOptions::new().read_write(true).open_receiver(self.dir.path().join("between")).unwrap()
    }

    /// What has already come out.
    pub fn heard(&self) -> String {
        let mut bytes = [0; 4096];
        match rustix::io::read(&self.out, &mut bytes) {
            Ok(read) => String::from_utf8_lossy(&bytes[..read]).into_owned(),
            Err(rustix::io::Errno::AGAIN) => String::new(),
            Err(error) => panic!("{}", io::Error::from(error)),
        }
    }
}

/// Whether such a process exists and has not ended.
pub fn is_alive(pid: Pid) -> bool {
    fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").unwrap().1.starts_with(['Z', 'X']))
}
