//! What did the node say last?

use lightning::util::logger::{Level, Logger, Record};
use std::collections::VecDeque;
use std::fmt::Arguments;
use std::sync::{Mutex, PoisonError};

/// How many lines are kept.
const CAPACITY: usize = 512;

/// The node's log: its last lines, in memory, with no times in them, so that two runs say the same.
///
/// `debug` and above; LDK's `trace` prints every message it handles, which costs more than handling it.
#[derive(Default)]
pub(crate) struct RingLog(Mutex<VecDeque<String>>);

impl RingLog {
    /// The last `lines` lines, oldest first.
    pub(crate) fn tail(&self, lines: usize) -> Vec<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().skip(kept.len().saturating_sub(lines)).cloned().collect()
    }

    /// A line of the runner's own.
    pub(crate) fn note(&self, message: Arguments<'_>) {
        self.push(format!("NOTE  runner: {message}"));
    }

    fn push(&self, line: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == CAPACITY {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}

impl Logger for RingLog {
    fn log(&self, record: Record<'_>) {
        if record.level < Level::Debug {
            return;
        }
        let module = record.module_path.strip_prefix("lightning::").unwrap_or(record.module_path);
        self.push(format!("{:<5} {module}:{}: {}", record.level, record.line, record.args));
    }
}
