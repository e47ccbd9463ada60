//! Which processes belong to a daemon?
//!
//! Its children and theirs, all that share their process groups, and whatever was seen to belong before.

use rustix::process::Pid;
use std::collections::{HashMap, HashSet};
use std::io;

use crate::census;
use crate::procfs::Stat;

/// A daemon with its descendants.
#[derive(Default)]
pub(crate) struct Family {
    members: HashMap<Pid, Stat>,
}

impl Family {
    /// Looks who belongs to it since process or thread `last_made` was made: `roots`, and all who come of them or of a
    /// former member. `anew` as for the [census](census::since).
    ///
    /// # Errors
    /// If there is no list of processes.
    pub(crate) fn refresh(&mut self, roots: &[Pid], last_made: u64, anew: bool) -> io::Result<()> {
        let all = census::since(last_made, anew)?;
        let mut belong: HashSet<Pid> = roots.iter().copied().filter(|root| all.contains_key(root)).collect();
        belong.extend(
            self.members
                .iter()
                .filter(|(pid, known)| all.get(pid).is_some_and(|now| now.started == known.started))
                .map(|(pid, _)| *pid),
        );
        let mut groups: HashSet<Pid> = roots.iter().copied().collect();
        loop {
            let before = (belong.len(), groups.len());
            for (pid, stat) in all.iter() {
                let parent = stat.parent.is_some_and(|parent| belong.contains(&parent));
                let group = stat.group.is_some_and(|group| groups.contains(&group));
                if parent || group {
                    belong.insert(*pid);
                }
            }
            // A group that a member leads; the group that a root was started in is not its own.
            groups.extend(belong.iter().copied());
            if before == (belong.len(), groups.len()) {
                break;
            }
        }
        self.members = belong.iter().filter_map(|pid| Some((*pid, all.get(pid)?.clone()))).collect();
        Ok(())
    }

    /// All of them, the dead included: a process whose first thread has ended looks dead, and may have others.
    pub(crate) fn members(&self) -> impl Iterator<Item = Pid> {
        self.members.keys().copied()
    }
}
