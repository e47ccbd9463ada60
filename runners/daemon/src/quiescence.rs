//! When has a daemon, with all its processes, nothing left to do?
//!
//! On Linux, whoever writes to a pipe, a Unix socket or a TCP connection over loopback wakes the reader within that
//! very system call. So at any instant either some thread of a daemon is runnable, or all of them sleep and none has
//! anything to read. No instant of many threads can be looked at, but a period can, in which all of them slept:
//!
//! 1. Of each thread, note how often it has been given a processor so far, then see it off the processor, in the
//!    middle of a system call (`/proc/PID/task/TID/schedstat`, `syscall`).
//! 2. List them anew and see that none is new: no thread was made meanwhile, nor was being made when they were listed
//!    before. And see that no packet is under way (`/proc/net/softnet_stat`): where there is load, the kernel may put off
//!    what it does for loopback.
//! 3. See that each thread sleeps (`stat`), and has been given a processor no more often than noted.
//!
//! No thread ran between its own first and second look, so between the last of the first and the first of the second
//! all slept at once. Between steps 1 and 3 the other tasks of this thread have a turn, so that what they owe the daemon
//! reaches it. Only a timer can wake it then, and the arguments of the system calls tell when.
//!
//! What this can't see: a disk operation that the kernel finishes behind a thread's back (`io_uring`, AIO), a `timerfd`
//! or `TCP_CORK`, and a connection between two daemons that has Nagle's algorithm on, which may hold bytes back for
//! 40 ms. Our own connections are called in as [`PeerStream`] tells.

use rustix::io::Errno;
use rustix::process::Pid;
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::rc::Weak;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::yield_now;

use crate::family::Family;
use crate::peer::call_in;
use crate::procfs;
use crate::sleeper::{Call, Timer};
use crate::{Daemon, PeerStream};

/// Attempts that follow each other at once.
const AT_ONCE: usize = 3;
/// Between later attempts: the shortest that tokio's timer can.
const PAUSE: Duration = Duration::from_millis(1);
/// Turns that our other tasks get while the daemon must stay asleep: as many as may hand a thing on to each other.
const TURNS: usize = 8;

/// Tells when some daemons have nothing left to do.
pub struct Quiescence {
    roots: Vec<Pid>,
    seen: RefCell<Seen>,
    peers: RefCell<Vec<Weak<TcpStream>>>,
}

impl Quiescence {
    /// Of a daemon with all that it started.
    pub fn of(daemon: &Daemon) -> Self {
        Self { roots: vec![daemon.pid()], seen: RefCell::default(), peers: RefCell::default() }
    }

    /// Of one more daemon, which they work with: as long as one of them is awake, all count as busy.
    #[must_use]
    pub fn and(mut self, daemon: &Daemon) -> Self {
        self.roots.push(daemon.pid());
        self
    }

    /// Minds a connection of ours, so that no byte of the daemon is still held back when it is found asleep. It is
    /// forgotten when the stream is dropped.
    pub fn watch(&self, stream: &PeerStream) {
        let mut peers = self.peers.borrow_mut();
        peers.retain(|peer| peer.strong_count() > 0);
        peers.push(stream.downgrade());
    }

    /// Waits until they have nothing left to do. Then all that they wrote until now can be read, as far as it goes to
    /// us. Tasks of ours that hand things on to each other get eight turns to answer what they are asked by a daemon.
    ///
    /// # Errors
    /// [`NotAsleep`]. After `bound` at the latest, but not before a first look.
    pub async fn asleep(&self, bound: Duration) -> Result<Asleep, NotAsleep> {
        let deadline = Instant::now() + bound;
        let mut attempts = 0;
        loop {
            let stirring = match self.attempt().await {
                Ok(asleep) => return Ok(asleep),
                Err(Awake::Busy(stirring)) => stirring,
                Err(Awake::Gone(pid)) => return Err(NotAsleep::Gone { pid }),
                Err(Awake::Unseen(source)) => return Err(NotAsleep::Unsupported { source }),
            };
            if Instant::now() >= deadline {
                return Err(NotAsleep::StillBusy { who: stirring.named(), waited: bound });
            }
            if let Stirring::Thread { id, .. } = stirring {
                self.seen.borrow_mut().awake = Some(id);
            }
            attempts += 1;
            if attempts < AT_ONCE { yield_now().await } else { tokio::time::sleep(PAUSE).await }
        }
    }

    async fn attempt(&self) -> Result<Asleep, Awake> {
        let sleepers = {
            let mut seen = self.seen.borrow_mut();
            seen.look_at_the_last_awake()?;
            seen.refresh(&self.roots, false)?;
            seen.first_look()?
        };
        for _ in 0..TURNS {
            yield_now().await;
        }
        for peer in self.peers.borrow().iter().filter_map(Weak::upgrade) {
            // One that is closed holds nothing back.
            let _closed = call_in(&peer);
        }
        let undelivered = procfs::undelivered().map_err(Awake::Unseen)?;
        if undelivered > 0 {
            return Err(Awake::Busy(Stirring::Network(undelivered)));
        }
        let mut seen = self.seen.borrow_mut();
        seen.refresh(&self.roots, true)?;
        // Another call may have listed them anew, too.
        if !sleepers.iter().map(|sleeper| &sleeper.thread).eq(&seen.threads) {
            return Err(Awake::Busy(Stirring::Growing));
        }
        seen.second_look(&sleepers, &self.roots)?;
        seen.complete = true;
        Ok(Asleep::of(&sleepers))
    }
}

/// All threads slept at once, with nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asleep {
    /// The shortest time for which one of them sleeps, at most: of some calls only the time as of the call is known. None
    /// if there is none, or none that can be known.
    pub next_timer: Option<Duration>,
    /// Whether there is no timer beyond those: false if some thread may wake at a time that can't be known.
    pub all_timers_known: bool,
    /// Whether some thread sleeps for a time and waits for nothing else (`sleep`). Some daemons do that in the middle of
    /// their work, others between two looks at something.
    pub is_napping: bool,
}

impl Asleep {
    fn of(sleepers: &[Sleeper]) -> Self {
        let is_napping = sleepers.iter().any(|sleeper| sleeper.is_napping);
        let no_timer = Self { next_timer: None, all_timers_known: true, is_napping };
        sleepers.iter().fold(no_timer, |all, sleeper| match sleeper.timer {
            Timer::None => all,
            Timer::Unknown => Self { all_timers_known: false, ..all },
            Timer::Within(time) => {
                Self { next_timer: Some(all.next_timer.map_or(time, |next| next.min(time))), ..all }
            }
        })
    }
}

/// What kept a daemon from being found asleep.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Busy {
    /// New processes or threads came up all the time.
    Growing,
    /// Packets over loopback were under way all the time, of whomever.
    Network {
        /// How many, when last seen.
        packets: u64,
    },
    /// A thread ran, or was about to.
    Thread {
        /// Its name.
        name: String,
        /// Its id.
        id: Pid,
        /// As in `/proc/PID/stat`: `R` runs or is about to, `D` waits for the disk, `T` is stopped, `S` slept but had
        /// just run, `X` has ended.
        state: char,
    },
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Growing => f.write_str("it kept starting processes or threads"),
            Self::Network { packets } => write!(f, "{packets} packets over loopback were under way"),
            Self::Thread { name, id, state } => write!(f, "{name} ({id}, {state}) was running"),
        }
    }
}

/// Why a daemon is not known to have nothing left to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAsleep {
    /// It has ended.
    #[error("process {pid} has ended")]
    Gone {
        /// The one that was launched.
        pid: Pid,
    },
    /// It had more to do.
    #[error("it still worked after {waited:?}: {who}")]
    StillBusy {
        /// What was seen last.
        who: Busy,
        /// The bound.
        waited: Duration,
    },
    /// This system does not show it: a runner has to fall back on a bound, and to say so.
    #[error("this system does not show whether a process sleeps: {source}")]
    Unsupported {
        /// What could not be read.
        source: io::Error,
    },
}

/// Whom we know of.
#[derive(Default)]
struct Seen {
    family: Family,
    threads: Vec<Thread>,
    /// The last process or thread of all when they were listed.
    last_made: Option<u64>,
    /// Whether they were listed while all of them slept. Else one may be missing that was being made: it has a number before
    /// it can be seen.
    complete: bool,
    /// The thread that was found awake last.
    awake: Option<Pid>,
}

#[derive(Clone, PartialEq, Eq)]
struct Thread {
    process: Pid,
    id: Pid,
    folder: String,
}

impl Thread {
    fn busy(&self, state: char) -> Awake {
        Awake::Busy(Stirring::Thread { id: self.id, state })
    }
}

/// A thread as first seen.
struct Sleeper {
    thread: Thread,
    turns: u64,
    timer: Timer,
    is_napping: bool,
}

/// Why an attempt failed.
enum Awake {
    Busy(Stirring),
    Gone(Pid),
    Unseen(io::Error),
}

/// [`Busy`], where nobody has asked for names.
enum Stirring {
    Growing,
    Network(u64),
    Thread { id: Pid, state: char },
}

impl Stirring {
    fn named(self) -> Busy {
        match self {
            Self::Growing => Busy::Growing,
            Self::Network(packets) => Busy::Network { packets },
            Self::Thread { id, state } => {
                let stat = procfs::process(id);
                let name = stat.map_or_else(|_| "a thread that has ended".to_owned(), |stat| stat.name);
                Busy::Thread { name, id, state }
            }
        }
    }
}

impl Seen {
    /// Spares a look at all of them, as long as the one that was awake last still is.
    fn look_at_the_last_awake(&self) -> Result<(), Awake> {
        let known = self.awake.and_then(|id| self.threads.iter().find(|thread| thread.id == id));
        let is_awake = |thread: &&Thread| {
            procfs::line(&format!("{}/syscall", thread.folder)).is_ok_and(|text| Call::parse(&text).is_none())
        };
        known.filter(is_awake).map_or(Ok(()), |thread| Err(thread.busy('R')))
    }

    /// Lists all threads, if none are known; where `all_sleep`, also if the list may not be complete any more.
    fn refresh(&mut self, roots: &[Pid], all_sleep: bool) -> Result<(), Awake> {
        if self.last_made.is_some() && !all_sleep {
            return Ok(());
        }
        let last_made = procfs::last_made().map_err(Awake::Unseen)?;
        if self.last_made == Some(last_made) && self.complete {
            return Ok(());
        }
        self.family.refresh(roots, last_made, all_sleep).map_err(Awake::Unseen)?;
        let mut threads = Vec::new();
        for process in self.family.members() {
            // Without a list it has ended since.
            for id in procfs::threads(process).unwrap_or_default() {
                threads.push(Thread { process, id, folder: format!("/proc/{process}/task/{id}") });
            }
        }
        threads.sort_unstable_by_key(|thread| thread.id.as_raw_nonzero());
        if let Some(gone) = roots.iter().find(|root| !threads.iter().any(|thread| thread.id == **root)) {
            return Err(Awake::Gone(*gone));
        }
        self.last_made = Some(last_made);
        self.complete = false;
        self.threads = threads;
        Ok(())
    }

    fn first_look(&mut self) -> Result<Vec<Sleeper>, Awake> {
        let mut sleepers = Vec::with_capacity(self.threads.len());
        for index in 0..self.threads.len() {
            let thread = &self.threads[index];
            // This order: a turn that begins after it was counted shows as a change.
            let looked = procfs::turns(&thread.folder)
                .and_then(|turns| Ok((turns, procfs::line(&format!("{}/syscall", thread.folder))?)));
            match looked {
                Ok((0, _)) => {
                    // One that is new has had none yet, we have.
                    return Err(match procfs::turns("/proc/thread-self") {
                        Ok(0) => Awake::Unseen(io::Error::other("the kernel does not count turns")),
                        Ok(_) => thread.busy('R'),
                        Err(error) => Awake::Unseen(error),
                    });
                }
                Ok((turns, text)) => match Call::parse(&text) {
                    Some(call) => {
                        let timer = call.timer(thread.process);
                        let is_napping = call.is_nap();
                        sleepers.push(Sleeper { thread: thread.clone(), turns, timer, is_napping });
                    }
                    None => return Err(thread.busy('R')),
                },
                Err(error) => return Err(self.unreadable(index, error)),
            }
        }
        Ok(sleepers)
    }

    fn second_look(&mut self, sleepers: &[Sleeper], roots: &[Pid]) -> Result<(), Awake> {
        for Sleeper { thread, turns, .. } in sleepers {
            // This order: a thread that was woken either still waits for its turn, or has had it.
            let looked = procfs::stat(&format!("{}/stat", thread.folder))
                .and_then(|stat| Ok((stat, procfs::turns(&thread.folder)?)));
            match looked {
                Ok((stat, _)) if stat.dead() => {
                    if roots.contains(&thread.id) {
                        return Err(Awake::Gone(thread.id));
                    }
                }
                Ok((stat, now)) if stat.state == 'S' && now == *turns => {}
                Ok((stat, _)) => return Err(thread.busy(stat.state)),
                Err(error) => {
                    let index = self.threads.iter().position(|known| known == thread).unwrap_or_default();
                    return Err(self.unreadable(index, error));
                }
            }
        }
        Ok(())
    }

    /// What it means that a thread can't be looked at.
    fn unreadable(&mut self, index: usize, error: io::Error) -> Awake {
        let thread = &self.threads[index];
        let ended = error.kind() == io::ErrorKind::NotFound
            || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
            || procfs::stat(&format!("{}/stat", thread.folder)).is_ok_and(|stat| stat.dead());
        if !ended {
            return Awake::Unseen(error);
        }
        let busy = thread.busy('X');
        self.last_made = None;
        busy
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::Command;

    #[tokio::test]
    async fn one_that_was_being_made_when_they_were_listed_is_found() {
        let mut shell = Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let root = Pid::from_child(&shell);
        let quiescence =
            Quiescence { roots: vec![root], seen: RefCell::default(), peers: RefCell::default() };
        let made = async {
            while quiescence.asleep(Duration::from_secs(10)).await.is_err()
                || quiescence.seen.borrow().threads.len() < 2
            {
                yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), made).await.unwrap();
        let sleeping = quiescence.seen.borrow().threads.iter().find(|thread| thread.id != root).unwrap().id;

        let mut seen = quiescence.seen.take();
        seen.threads.retain(|thread| thread.id == root);
        seen.complete = false;
        quiescence.seen.replace(seen);
        quiescence.asleep(Duration::from_secs(10)).await.unwrap();
        let found = quiescence.seen.borrow().threads.len();
        rustix::process::kill_process(sleeping, rustix::process::Signal::KILL).unwrap();
        shell.wait().unwrap();
        assert_eq!(found, 2);
    }
}
