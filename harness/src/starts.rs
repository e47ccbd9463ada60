//! Is it worth starting one more node?

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::verdict::Fault;

/// So many starts in a row that fail are no accident: all the others would fail too, each after a minute where nodes hang.
const IN_A_ROW: usize = 4;

/// How the starts of nodes went, of all workers together.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    failed: Mutex<Failed>,
}

#[derive(Debug, Default)]
struct Failed {
    in_a_row: usize,
    last: Option<Fault>,
}

impl Starts {
    /// Starts a node with `start`, unless that has failed too often.
    ///
    /// # Errors
    /// As `start`, or the last such fault.
    pub(crate) async fn one_more<T>(
        &self,
        start: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        if let Some(fault) = self.given_up() {
            return Err(fault);
        }
        let started = start.await;
        self.note(started.as_ref().err());
        started
    }

    fn given_up(&self) -> Option<Fault> {
        let failed = self.failed();
        let last = failed.last.as_ref().filter(|_| failed.in_a_row >= IN_A_ROW)?;
        let what =
            format!("none is started any more, for {IN_A_ROW} in a row failed, at last: {}", last.what);
        Some(Fault { what, ..last.clone() })
    }

    fn note(&self, fault: Option<&Fault>) {
        let mut failed = self.failed();
        // Others that were on their way when it was given up may still fail, but not change that.
        if failed.in_a_row >= IN_A_ROW {
            return;
        }
        failed.in_a_row = fault.map_or(0, |_| failed.in_a_row + 1);
        failed.last = fault.cloned();
    }

    fn failed(&self) -> MutexGuard<'_, Failed> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::future::ready;

    fn start(starts: &Starts, end: Result<(), &str>) -> Result<(), String> {
        let node = ready(end.map_err(Fault::environment));
        starts.one_more(node).now_or_never().unwrap().map_err(|fault| fault.what)
    }

    #[test]
    fn what_fails_again_and_again_is_given_up() {
        let starts = Starts::default();
        for _ in 0..IN_A_ROW {
            assert_eq!(start(&starts, Err("no room")).unwrap_err(), "no room");
        }
        for _ in 0..2 {
            let why = start(&starts, Ok(())).unwrap_err();
            assert!(why.starts_with("none is started any more") && why.ends_with(": no room"), "{why}");
        }
    }

    #[test]
    fn what_fails_now_and_then_is_not() {
        let starts = Starts::default();
        for _ in 0..2 {
            for _ in 1..IN_A_ROW {
                start(&starts, Err("a port is taken")).unwrap_err();
            }
            start(&starts, Ok(())).unwrap();
        }
    }
}
