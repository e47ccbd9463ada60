//! How does a running daemon end, and what did it say until then?

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, test_kill_process_group, waitid,
};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, spawn_local};

use crate::census;
use crate::look::{EACH, look_for, look_for_blocking};
use crate::procfs::{self, Stat};
use crate::tail::{Outlet, Tail};

/// How long processes may take to vanish that the kernel has been told to kill.
const KILLED_WITHIN: Duration = Duration::from_secs(5);

/// A process that was [`Launch`](crate::Launch)ed, with all that it starts.
///
/// Dropped, it and its process group are killed and gone, also during a panic and without a running runtime.
pub struct Daemon {
    program: PathBuf,
    pid: Pid,
    /// What it was like when it was started, where that can be seen.
    born: Option<Stat>,
    child: RefCell<Child>,
    ended: Cell<Option<ExitStatus>>,
    /// Whether its number may be another process's by now.
    number_is_free: Cell<bool>,
    mark: String,
    cleared: Cell<bool>,
    tail: Rc<Tail>,
    outlets: Vec<Rc<Outlet>>,
    readers: Vec<AbortHandle>,
}

impl Daemon {
    pub(crate) fn new(program: PathBuf, mark: String, mut child: Child) -> io::Result<Self> {
        let pipes = [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)];
        let pid = Pid::from_child(&child);
        let mut daemon = Self {
            program,
            pid,
            born: procfs::process(pid).ok(),
            child: RefCell::new(child),
            ended: Cell::default(),
            number_is_free: Cell::default(),
            mark,
            cleared: Cell::default(),
            tail: Rc::default(),
            outlets: Vec::new(),
            readers: Vec::new(),
        };
        for pipe in pipes.into_iter().flatten() {
            let outlet = Rc::new(Outlet::new(pipe, daemon.tail.clone())?);
            let reader = outlet.clone();
            daemon.readers.push(spawn_local(async move { reader.drain().await }).abort_handle());
            daemon.outlets.push(outlet);
        }
        Ok(daemon)
    }

    /// Its process id, which is that of its process group too.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// How it ended, if it has. What was left of its process group is killed then.
    pub fn exited(&self) -> Option<ExitStatus> {
        if self.ended.get().is_none() {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            match waitid(WaitId::Pid(self.pid), options) {
                Ok(None) | Err(Errno::INTR) => return None,
                // As long as nobody has taken note of its end, its number can't become another group's.
                Ok(Some(_)) => self.signal_group(Signal::KILL),
                // The kernel has taken note of it for us, as it does where SIGCHLD is ignored.
                Err(_) => self.number_is_free.set(true),
            }
            self.ended.set(self.child.borrow_mut().try_wait().ok().flatten());
        }
        self.ended.get()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// [`DaemonError::Running`] if it still runs after `bound`.
    pub async fn wait_exit(&self, bound: Duration) -> Result<ExitStatus, DaemonError> {
        let ended = look_for(bound, || self.exited()).await;
        ended.ok_or_else(|| DaemonError::Running { program: self.program.clone(), waited: bound })
    }

    /// Sends it a signal, on which it is to end by itself. In any case nothing of it is left then.
    ///
    /// # Errors
    /// [`DaemonError::Running`] if it did not end within `bound`, and so was killed; [`DaemonError::Survived`] if not
    /// even that helped.
    pub async fn terminate(&self, signal: Signal, bound: Duration) -> Result<ExitStatus, DaemonError> {
        if self.exited().is_none() {
            // It may have ended in between, which is what the signal is for.
            let _gone = kill_process(self.pid, signal);
        }
        let ended = self.wait_exit(bound).await;
        self.kill().await?;
        ended
    }

    /// Kills it and all that it started, at once and for good, and tells how it ended.
    ///
    /// # Errors
    /// [`DaemonError::Survived`] if some process of it is still there after five seconds.
    pub async fn kill(&self) -> Result<ExitStatus, DaemonError> {
        self.kill_all();
        let cleared = look_for(KILLED_WITHIN, || self.cleared()).await;
        cleared.ok_or_else(|| DaemonError::Survived { program: self.program.clone(), who: self.survivors() })
    }

    /// The last `lines` lines that it said on standard output and standard error, oldest first; at most 2,000 are
    /// kept, of 8 KiB each.
    pub fn last_words(&self, lines: usize) -> Vec<String> {
        self.catch_up();
        let mut words = self.tail.last(lines);
        words.extend(self.outlets.iter().filter_map(|outlet| outlet.unfinished()));
        words.split_off(words.len().saturating_sub(lines))
    }

    /// Calls `heard` with each line that it says from now on, as it is read: at the latest when
    /// [`last_words`](Self::last_words) are asked for.
    pub fn on_line(&self, heard: impl FnMut(&str) + 'static) {
        self.tail.listen(heard);
    }

    /// Waits for a line, which it may have said already (if it is among those kept), and returns it.
    ///
    /// # Errors
    /// [`DaemonError::Ended`] if it ends before, [`DaemonError::NoLine`] if there is none within `bound`.
    pub async fn wait_for_line(
        &self,
        wanted: impl FnMut(&str) -> bool + 'static,
        bound: Duration,
    ) -> Result<String, DaemonError> {
        self.catch_up();
        let line = self.tail.watch(wanted);
        self.line_or_end(line, bound).await
    }

    /// Waits for a line that it says from now on. The watch begins with this call, not with the first poll: call, do
    /// what makes it speak, then await.
    ///
    /// # Errors
    /// As [`wait_for_line`](Self::wait_for_line).
    pub fn next_line(
        &self,
        wanted: impl FnMut(&str) -> bool + 'static,
        bound: Duration,
    ) -> impl Future<Output = Result<String, DaemonError>> {
        self.catch_up();
        let line = self.tail.watch_next(wanted);
        self.line_or_end(line, bound)
    }

    async fn line_or_end(
        &self,
        mut line: oneshot::Receiver<String>,
        bound: Duration,
    ) -> Result<String, DaemonError> {
        let deadline = Instant::now() + bound;
        loop {
            let ended = self.exited();
            if ended.is_some() {
                self.catch_up();
            }
            if let Ok(line) = line.try_recv() {
                return Ok(line);
            }
            if let Some(status) = ended {
                return Err(self.ended_error(status));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(DaemonError::NoLine { program: self.program.clone(), waited: bound });
            }
            // Its end shows in no line, so it is looked for now and then.
            if let Ok(Ok(line)) = tokio::time::timeout(left.min(EACH * 10), &mut line).await {
                return Ok(line);
            }
        }
    }

    /// That it ended, with its last words, for a caller that waits for something else of it.
    ///
    /// # Errors
    /// [`DaemonError::Ended`] if it has.
    pub fn running(&self) -> Result<(), DaemonError> {
        self.exited().map_or(Ok(()), |status| Err(self.ended_error(status)))
    }

    fn ended_error(&self, status: ExitStatus) -> DaemonError {
        DaemonError::Ended {
            program: self.program.clone(),
            status,
            last_words: self.last_words(10).join("\n"),
        }
    }

    fn catch_up(&self) {
        for outlet in &self.outlets {
            outlet.catch_up();
        }
    }

    fn kill_all(&self) {
        if self.cleared.get() {
            return;
        }
        if self.ended.get().is_none() && !self.number_is_free.get() {
            self.signal_group(Signal::KILL);
        }
        self.kill_strays();
    }

    /// How it ended, once nothing of it is left.
    fn cleared(&self) -> Option<ExitStatus> {
        let status = self.exited()?;
        if !self.cleared.get() && self.group_is_empty() && !self.kill_strays() {
            self.cleared.set(true);
        }
        self.cleared.get().then_some(status)
    }

    fn group_is_empty(&self) -> bool {
        if test_kill_process_group(self.pid) == Err(Errno::SRCH) {
            return true;
        }
        // Those whose new parent has not taken note of their end are no harm.
        self.contemporaries().is_some_and(|all| !all.iter().any(|(_, one)| self.shares_group(one)))
    }

    /// All living processes that can have come of it, as they are now; None where they can't be seen.
    fn contemporaries(&self) -> Option<Vec<(Pid, Stat)>> {
        let all = census::not_older(self.born.as_ref()?).ok()?;
        // One that can't be looked at has ended since.
        let now = all.into_iter().filter_map(|pid| Some((pid, procfs::process(pid).ok()?)));
        Some(now.filter(|(_, one)| !one.dead()).collect())
    }

    fn shares_group(&self, one: &Stat) -> bool {
        one.group == Some(self.pid)
    }

    fn is_stray(&self, pid: Pid) -> bool {
        procfs::is_marked(pid, &self.mark)
    }

    /// Kills those outside its process group, again and again: one may have started another in its last moment. Tells
    /// whether there were any.
    fn kill_strays(&self) -> bool {
        let mut all = self.contemporaries().unwrap_or_default();
        all.retain(|(pid, _)| self.is_stray(*pid));
        for (stray, _) in &all {
            // It may have ended since.
            let _gone = kill_process(*stray, Signal::KILL);
        }
        !all.is_empty()
    }

    fn survivors(&self) -> String {
        let all = self.contemporaries().unwrap_or_default().into_iter();
        let its = all.filter(|(pid, one)| self.shares_group(one) || self.is_stray(*pid));
        let names = its.map(|(pid, one)| format!("{} ({pid}, {})", one.name, one.state));
        names.collect::<Vec<_>>().join(", ")
    }

    fn signal_group(&self, signal: Signal) {
        // An empty group is what this is for.
        let _empty = kill_process_group(self.pid, signal);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
        self.kill_all();
        // Nobody can be told if it is not.
        let _cleared = look_for_blocking(KILLED_WITHIN, || self.cleared());
    }
}

/// What goes wrong with a daemon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// It ended while something was still expected of it.
    #[error("{} ended by itself ({status}), having said:\n{last_words}", program.display())]
    Ended {
        /// The executable.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// Its last ten lines.
        last_words: String,
    },
    /// It did not say what was waited for.
    #[error("{} did not say what was waited for within {waited:?}", program.display())]
    NoLine {
        /// The executable.
        program: PathBuf,
        /// The bound.
        waited: Duration,
    },
    /// It has not ended.
    #[error("{} still runs after {waited:?}", program.display())]
    Running {
        /// The executable.
        program: PathBuf,
        /// The bound.
        waited: Duration,
    },
    /// It does not start.
    #[error("{} does not start{}: {source}", program.display(), place(dir.as_ref()))]
    Spawn {
        /// The executable.
        program: PathBuf,
        /// The directory it should have started in, if another than ours.
        dir: Option<PathBuf>,
        /// Why.
        source: io::Error,
    },
    /// It was killed, and some of it is still there.
    #[error("{} was killed, but some of it is still there: {who}", program.display())]
    Survived {
        /// The executable.
        program: PathBuf,
        /// Names, process ids and states.
        who: String,
    },
}

fn place(dir: Option<&PathBuf>) -> String {
    dir.map(|dir| format!(" in {}", dir.display())).unwrap_or_default()
}
