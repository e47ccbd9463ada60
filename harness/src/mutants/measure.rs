//! Runs a path as it is, and then once for each of its mutants.

use futures_util::FutureExt;
use lnprototest_spec_events::{PathChoices, Spec};
use std::collections::BTreeSet;
use std::io;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use super::judged::Judged;
use super::plan::{Claims, plan};
use super::score::{Score, SpecScore};
use crate::engine::{Engine, PathReport};
use crate::panics::last_panic;
use crate::pool::Pool;
use crate::tamper::Notes;
use crate::verdict::Verdict;
use crate::worker::{Manner, Worker};

/// One thing that a broken node does otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mutant {
    /// What is disturbed: a message's name, a field as `accept_channel.to_self_delay`, `silence`, `close`, `bytes`.
    pub what: String,
    /// How: `dropped`, `+1`, `high S`.
    pub change: String,
}

impl Mutant {
    /// Whether it is a message with another value of a field.
    pub fn is_of_field(&self) -> bool {
        self.what.contains('.')
    }
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The spec was called faulty in place of the node: noticed, but nobody can tell by whom.
    Faulted(String),
    /// The spec fails it.
    Killed,
    /// What it disturbs did not come this time, or the node now lacks what the spec needs.
    NotApplied,
    /// The spec passes it by another alternative of a `OneOf` or `AnyOrder`: it leaves the node this choice.
    Permitted,
    /// The spec passes it.
    Survived,
}

/// What became of the mutants of one path.
#[derive(Clone, Debug)]
pub struct PathMutants {
    /// The path as it is. What does not pass undisturbed has no mutants.
    pub undisturbed: PathReport,
    /// Each mutant with its fate.
    pub mutants: Vec<(Mutant, Fate)>,
    /// The fields that its spec's requirements constrain in what came.
    pub fields: BTreeSet<String>,
}

/// Measures these paths of these specs with `jobs` workers. Where the run is interrupted, paths are missing.
///
/// # Errors
/// The system's, if there are no workers to be had, or one is lost.
pub fn measure(
    engine: &Arc<Engine>,
    specs: &[(Arc<Spec>, Vec<PathChoices>)],
    jobs: usize,
    judged: Judged,
    is_whole: bool,
) -> io::Result<Score> {
    let flat: Vec<(usize, &PathChoices)> = specs
        .iter()
        .enumerate()
        .flat_map(|(n, (_, paths))| paths.iter().map(move |path| (n, path)))
        .collect();
    let judged = Arc::new(judged);
    let pool = Pool::start(engine.clone(), jobs.min(flat.len()))?;
    let submitted = flat.iter().map(|(n, path)| (specs[*n].0.clone(), (*path).clone()));
    let mut measured: Vec<(usize, PathMutants)> = pool.measure(submitted, &judged).iter().collect();
    if measured.len() < flat.len() && !engine.interrupt.is_raised() {
        return Err(io::Error::other("a worker ended before all of its paths were measured"));
    }
    measured.sort_by_key(|(index, _)| *index);
    let scores = specs.iter().map(|(spec, _)| SpecScore { spec: spec.clone(), paths: Vec::new() });
    let mut scores: Vec<SpecScore> = scores.collect();
    for (index, path) in measured {
        scores[flat[index].0].paths.push(path);
    }
    Ok(Score { specs: scores, judged: Arc::unwrap_or_clone(judged), is_whole })
}

impl PathMutants {
    /// Of a path that has no mutants.
    pub(crate) fn none(undisturbed: PathReport) -> Self {
        Self { undisturbed, mutants: Vec::new(), fields: BTreeSet::new() }
    }
}

impl Worker {
    /// Measures one path.
    pub(crate) async fn measure(&self, spec: &Arc<Spec>, path: &PathChoices, judged: &Judged) -> PathMutants {
        let as_it_is = Manner { disturbance: None, in_bulk: true };
        let (undisturbed, notes) = self.run_path_in(spec, path, true, &as_it_is).await;
        let mut measured = PathMutants::none(undisturbed);
        if matches!(measured.undisturbed.verdict, Verdict::Pass) {
            let nodes_key = self.known_keys().map(|keys| keys.node_key);
            let plan = plan(spec, &Claims::of(spec), &notes, self.catalogue(), judged, nodes_key);
            measured.fields = plan.fields;
            for (mutant, disturbance) in plan.mutants {
                let disturbed = Manner { disturbance: Some(Rc::new(disturbance)), in_bulk: true };
                let run = AssertUnwindSafe(self.run_path_in(spec, path, true, &disturbed)).catch_unwind();
                let fate = match run.await {
                    Ok((report, disturbed)) => fate(&report.verdict, &notes, &disturbed),
                    Err(_) => {
                        Fate::Faulted(last_panic().unwrap_or_else(|| "the harness panicked".to_owned()))
                    }
                };
                measured.mutants.push((mutant, fate));
            }
        }
        measured
    }
}

/// `before` is what came undisturbed.
fn fate(verdict: &Verdict, before: &Notes, disturbed: &Notes) -> Fate {
    match verdict {
        _ if !disturbed.disturbed => Fate::NotApplied,
        Verdict::Error(fault) => Fate::Faulted(fault.to_string()),
        Verdict::Fail(_) | Verdict::Known { .. } | Verdict::Warn(_) => Fate::Killed,
        Verdict::Pass if before.choices != disturbed.choices => Fate::Permitted,
        Verdict::Fixed { .. } | Verdict::Pass => Fate::Survived,
        Verdict::Skip(_) => Fate::NotApplied,
    }
}
