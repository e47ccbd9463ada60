//! What reporters hear of a run.

use lnprototest_spec_events::Spec;
use std::sync::Arc;

use super::Summary;
use crate::engine::PathReport;
use crate::verdict::{Verdict, VerdictKind};

/// One thing that happened in a run, in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunEvent<'a> {
    /// The run begins.
    Started {
        /// The runner's name.
        runner: &'a str,
        /// How many specs there are to run.
        specs: usize,
        /// How many paths they have in all.
        paths: usize,
    },
    /// A path has ended, in whatever order they end.
    PathFinished(&'a PathReport),
    /// A spec's last path has ended, and so have all specs before it.
    SpecFinished(&'a SpecReport),
    /// The run is over.
    Finished(&'a Summary),
}

/// Somebody who tells people or programs of a run.
pub trait Reporter {
    /// Takes note of `event`.
    ///
    /// # Errors
    /// The system's, if what it says can't be written.
    fn hear(&mut self, event: &RunEvent<'_>) -> std::io::Result<()>;
}

/// What came of one spec.
#[derive(Clone, Debug)]
pub struct SpecReport {
    /// The spec.
    pub spec: Arc<Spec>,
    /// Its paths, in their own order.
    pub paths: Vec<PathReport>,
}

impl SpecReport {
    /// The verdict that weighs most among its paths'.
    pub fn kind(&self) -> VerdictKind {
        self.weightiest().map_or(VerdictKind::Skip, |path| path.verdict.kind())
    }

    /// The first path with the verdict that weighs most.
    pub fn weightiest(&self) -> Option<&PathReport> {
        self.paths.iter().rev().max_by_key(|path| path.verdict.kind())
    }

    /// Why it is what it is, in a line, where that is not plain.
    pub fn reason(&self) -> Option<String> {
        match &self.weightiest()?.verdict {
            Verdict::Error(fault) => Some(fault.to_string()),
            Verdict::Fail(failure) | Verdict::Warn(failure) => Some(failure.code.to_string()),
            Verdict::Fixed { because } => Some(format!("passes against its expectation: {because}")),
            Verdict::Known { because, .. } => Some(because.clone()),
            Verdict::Pass => None,
            Verdict::Skip(lack) => Some(lack.to_string()),
        }
    }
}
