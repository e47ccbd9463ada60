//! What were its last words?

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many lines are kept.
const KEPT: usize = 100;
/// What bitcoind says when it is ready for everything.
const READY: &str = "init message: Done loading";

/// The end of a daemon's output, which a thread reads as it comes: a pipe that nobody empties would stop the daemon.
#[derive(Clone)]
pub(super) struct Log {
    shared: Arc<(Mutex<Said>, Condvar)>,
}

/// How far a daemon is, by its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It, and all that shares its output, is gone.
    Ended,
    Ready,
    Starting,
}

struct Said {
    lines: VecDeque<String>,
    progress: Progress,
}

impl Log {
    /// Keeps what comes through `output`, to its end.
    pub(super) fn of(output: PipeReader) -> Self {
        let said = Said { lines: VecDeque::with_capacity(KEPT), progress: Progress::Starting };
        let log = Self { shared: Arc::new((Mutex::new(said), Condvar::new())) };
        let reader = log.clone();
        thread::spawn(move || reader.read(output));
        log
    }

    /// The last lines, at most `count`, oldest first.
    pub(super) fn tail(&self, count: usize) -> Vec<String> {
        let said = self.said();
        let skipped = said.lines.len().saturating_sub(count);
        said.lines.iter().skip(skipped).cloned().collect()
    }

    /// The last lines as the end of an error's text: each begins with a line break.
    pub(super) fn last_words(&self) -> String {
        self.tail(8).iter().map(|line| format!("\n    {line}")).collect()
    }

    /// How far it is, as soon as this is no longer `Starting`, or after `bound`.
    pub(super) fn await_ready(&self, bound: Duration) -> Progress {
        self.await_progress(bound, |progress| progress != Progress::Starting)
    }

    /// Whether its output ends within `bound`.
    pub(super) fn await_end(&self, bound: Duration) -> bool {
        self.await_progress(bound, |progress| progress == Progress::Ended) == Progress::Ended
    }

    fn await_progress(&self, bound: Duration, enough: impl Fn(Progress) -> bool) -> Progress {
        let until = Instant::now() + bound;
        let mut said = self.said();
        while !enough(said.progress) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.shared.1.wait_timeout(said, left);
            said = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        said.progress
    }

    fn read(&self, output: PipeReader) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        // An error is an end, too.
        while output.read_until(b'\n', &mut line).is_ok_and(|size| size > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            tracing::trace!(target: "bitcoind", "{text}");
            let mut said = self.said();
            if text.contains(READY) {
                said.progress = Progress::Ready;
                self.shared.1.notify_all();
            }
            if said.lines.len() == KEPT {
                said.lines.pop_front();
            }
            said.lines.push_back(text);
        }
        self.said().progress = Progress::Ended;
        self.shared.1.notify_all();
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
