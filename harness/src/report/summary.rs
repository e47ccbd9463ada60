//! The sum of a run, and how the program ends for it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::SpecReport;
use crate::exit::Exit;
use crate::verdict::{Blame, Verdict, VerdictKind};

/// How many specs came to what.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    counts: BTreeMap<VerdictKind, usize>,
    paths: usize,
    exit: Option<Exit>,
    allow_fixed: bool,
    unfinished: usize,
    /// How long the run took.
    pub took: Duration,
}

impl Summary {
    /// Nothing yet; `allow_fixed` tolerates what passes against its expectation.
    pub fn new(allow_fixed: bool) -> Self {
        Self { allow_fixed, ..Self::default() }
    }

    /// Adds one spec.
    pub fn add(&mut self, report: &SpecReport) {
        *self.counts.entry(report.kind()).or_default() += 1;
        self.paths += report.paths.len();
        for path in &report.paths {
            let exit = match &path.verdict {
                Verdict::Error(fault) if fault.blame == Blame::Environment => Exit::Environment,
                Verdict::Error(_) => Exit::BadUsage,
                Verdict::Fail(_) => Exit::NodeFailed,
                Verdict::Fixed { .. } if !self.allow_fixed => Exit::NodeFailed,
                _ => Exit::Expected,
            };
            self.exit = self.exit.max(Some(exit));
        }
    }

    /// Takes note that the run was ended before so many specs had all their verdicts.
    pub(crate) fn interrupted(&mut self, unfinished: usize) {
        self.unfinished = unfinished;
        self.exit = Some(Exit::Interrupted);
    }

    /// How many specs came to `kind`.
    pub fn count(&self, kind: VerdictKind) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// Whether the run was ended before its specs had all their verdicts.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.unfinished > 0
    }

    /// How the program ends: the gravest of what happened.
    pub fn exit(&self) -> Exit {
        self.exit.unwrap_or(Exit::Expected)
    }
}

/// `61 pass, 0 fail, 2 known, 0 fixed, 1 skip, 0 warn, 0 error (70 paths in 0.81 s)`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, kind) in VerdictKind::ALL.into_iter().enumerate() {
            write!(f, "{}{} {kind}", if n == 0 { "" } else { ", " }, self.count(kind))?;
        }
        let plural = if self.paths == 1 { "" } else { "s" };
        write!(f, " ({} path{plural} in {:.2} s)", self.paths, self.took.as_secs_f64())?;
        match self.unfinished {
            0 => Ok(()),
            unfinished => write!(f, "; interrupted: {unfinished} not run to their end"),
        }
    }
}
