//! Which processes are there, of whomever?
//!
//! To look at them all takes longer than most of what a daemon does between two looks. So one list serves all daemons, and
//! only processes that are new are looked at. Numbers are given out in ascending order: one can only have been given out
//! anew if they have begun again from below.

use rustix::process::Pid;
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::procfs::{self, Stat};

/// All processes that can be seen, each as it was when first seen.
pub(crate) type Processes = HashMap<Pid, Stat>;

static LAST: Mutex<Option<Census>> = Mutex::new(None);

struct Census {
    /// The number that was given out last before it was taken.
    last_made: u64,
    processes: Arc<Processes>,
}

/// All processes that were there when `last_made` was the [last one made](procfs::last_made), and some that came since. A
/// number is given out before its process can be seen, so that some may be missing; not if they were made by one that
/// slept when this was called `anew`.
///
/// # Errors
/// If there is no list of processes.
pub(crate) fn since(last_made: u64, anew: bool) -> io::Result<Arc<Processes>> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(census) = last.as_ref().filter(|census| census.last_made == last_made && !anew) {
        return Ok(Arc::clone(&census.processes));
    }
    let known = last.take().filter(|census| census.last_made <= last_made);
    let mut processes = known.map(|census| Arc::unwrap_or_clone(census.processes)).unwrap_or_default();
    update(&mut processes, &procfs::processes()?);
    let processes = Arc::new(processes);
    *last = Some(Census { last_made, processes: Arc::clone(&processes) });
    Ok(processes)
}

/// The processes that started when `oldest` did, or later.
///
/// # Errors
/// If there is no list of processes.
pub(crate) fn not_older(oldest: &Stat) -> io::Result<Vec<Pid>> {
    let all = since(procfs::last_made()?, true)?;
    Ok(all.iter().filter(|(_, one)| one.started >= oldest.started).map(|(pid, _)| *pid).collect())
}

fn update(known: &mut Processes, now: &HashSet<Pid>) {
    known.retain(|pid, _| now.contains(pid));
    for pid in now {
        // One that can't be looked at has ended since.
        if !known.contains_key(pid)
            && let Ok(stat) = procfs::process(*pid)
        {
            known.insert(*pid, stat);
        }
    }
}
