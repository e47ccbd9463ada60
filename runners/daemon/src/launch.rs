//! How does a daemon start?

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::program::on_path;
use crate::{Daemon, DaemonError, Program};

/// What a daemon is started with.
///
/// It gets a process group of its own, so that a terminal's Ctrl-C reaches the harness alone, no standard input, and
/// pipes for what it says. Where there is a `setpriv` (Linux), the kernel kills it when the thread that started it ends.
#[derive(Clone, Debug)]
pub struct Launch {
    program: Program,
    args: Vec<OsString>,
    vars: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
}

impl Launch {
    /// Nothing but the program.
    pub fn new(program: &Program) -> Self {
        Self { program: program.clone(), args: Vec::new(), vars: Vec::new(), dir: None }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// A variable of its environment, which is otherwise ours.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.vars.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The directory that it starts in, otherwise ours.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`DaemonError::Spawn`]
    ///
    /// # Panics
    /// Outside a [`LocalSet`](tokio::task::LocalSet): local tasks read what it says.
    pub fn spawn(self) -> Result<Daemon, DaemonError> {
        let path = self.program.path().to_owned();
        let mark = mark();
        self.command()
            .env(MARK, &mark)
            .spawn()
            .and_then(|child| Daemon::new(path.clone(), format!("{MARK}={mark}"), child))
            .map_err(|source| DaemonError::Spawn { program: path, dir: self.dir.clone(), source })
    }

    fn command(&self) -> Command {
        let mut command = match setpriv() {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(self.program.path());
                command
            }
            None => Command::new(self.program.path()),
        };
        command.args(&self.args).envs(self.vars.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The environment's variable by which all that comes of a daemon can be told.
const MARK: &str = "LNPROTOTEST_DAEMON";

/// Another for each.
fn mark() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// util-linux's program that sets a parent-death signal and becomes another program, keeping the process's id.
fn setpriv() -> Option<&'static PathBuf> {
    static SETPRIV: OnceLock<Option<PathBuf>> = OnceLock::new();
    SETPRIV
        .get_or_init(|| {
            if !cfg!(target_os = "linux") {
                return None;
            }
            let found = on_path("setpriv".as_ref(), &env::var_os("PATH")?)?;
            let works = Command::new(&found)
                .args(["--pdeathsig", "KILL", "--", "true"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            works.is_ok_and(|status| status.success()).then_some(found)
        })
        .as_ref()
}
