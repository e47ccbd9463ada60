//! One run: a plan of specs and paths, performed by a pool, told to reporters spec by spec in the plan's order.

use lnprototest_spec_events::{PathChoices, Spec};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::{Engine, PathReport};
use crate::expectations::{Expectation, Expectations};
use crate::front::UsageError;
use crate::pool::Pool;
use crate::report::{Reporter, RunEvent, SpecReport, Summary};
use crate::verdict::Verdict;

/// What is to be run, in order.
pub struct Plan {
    specs: Vec<(Arc<Spec>, Vec<PathChoices>)>,
}

/// What came of a run.
pub struct RunOutcome {
    /// The reports, in the plan's order.
    pub reports: Vec<SpecReport>,
    /// Their sum.
    pub summary: Summary,
}

impl Plan {
    /// These specs, each with the paths that `paths_of` gives it.
    ///
    /// # Errors
    /// The first that `paths_of` has.
    pub fn new<E>(
        specs: &[Arc<Spec>],
        paths_of: impl Fn(&Spec) -> Result<Vec<PathChoices>, E>,
    ) -> Result<Self, E> {
        let specs = specs.iter().map(|spec| Ok((spec.clone(), paths_of(spec)?)));
        Ok(Self { specs: specs.collect::<Result<_, E>>()? })
    }

    /// One path of one spec, by name.
    ///
    /// # Errors
    /// [`UsageError::Path`] if there is more than one spec, or it has no such path.
    pub fn one_path(specs: &[Arc<Spec>], path: &str) -> Result<Self, UsageError> {
        match specs {
            [spec] => {
                let choices =
                    PathChoices::parse(path, spec).map_err(|error| UsageError::Path(error.to_string()))?;
                Ok(Self { specs: vec![(spec.clone(), vec![choices])] })
            }
            specs => Err(UsageError::Path(format!(
                "--path {path} names a path of one spec, and there are {}: name the spec too",
                specs.len()
            ))),
        }
    }

    fn paths(&self) -> usize {
        self.specs.iter().map(|(_, paths)| paths.len()).sum()
    }
}

/// Performs `plan` with `jobs` workers.
///
/// # Errors
/// The system's, if there are no workers to be had or a reporter can't write.
pub fn run(
    engine: &Arc<Engine>,
    plan: &Plan,
    jobs: usize,
    allow_fixed: bool,
    reporters: &mut [&mut dyn Reporter],
) -> io::Result<RunOutcome> {
    let begun = Instant::now();
    let mut summary = Summary::new(allow_fixed);
    let mut tell = |event: &RunEvent<'_>| reporters.iter_mut().try_for_each(|reporter| reporter.hear(event));
    tell(&RunEvent::Started { runner: engine.runner.name(), specs: plan.specs.len(), paths: plan.paths() })?;

    let pool = Pool::start(engine.clone(), jobs.min(plan.paths()))?;
    let flat =
        plan.specs.iter().flat_map(|(spec, paths)| paths.iter().map(|path| (spec.clone(), path.clone())));
    let arriving = pool.submit(flat);
    let mut slots: VecDeque<Option<PathReport>> = (0..plan.paths()).map(|_| None).collect();
    let mut taken = 0;
    let mut reports = Vec::with_capacity(plan.specs.len());
    let mut waiting = plan.specs.iter().peekable();
    loop {
        while let Some((spec, paths)) =
            waiting.next_if(|(_, paths)| slots.iter().take(paths.len()).all(Option::is_some))
        {
            let report =
                SpecReport { spec: spec.clone(), paths: slots.drain(..paths.len()).flatten().collect() };
            taken += paths.len();
            summary.add(&report);
            tell(&RunEvent::SpecFinished(&report))?;
            reports.push(report);
        }
        let Ok((index, report)) = arriving.recv() else { break };
        tell(&RunEvent::PathFinished(&report))?;
        slots[index - taken] = Some(report);
    }
    match waiting.count() {
        0 => {}
        unfinished if engine.interrupt.is_raised() => summary.interrupted(unfinished),
        _ => return Err(io::Error::other("a worker ended before all of its paths had a verdict")),
    }
    summary.took = begun.elapsed();
    tell(&RunEvent::Finished(&summary))?;
    Ok(RunOutcome { reports, summary })
}

impl RunOutcome {
    /// `expectations` as this run would have them: what was fixed or fails otherwise goes, what failed comes, to be
    /// explained. Where this is so of one of an entry's paths, the others keep its reason.
    pub fn updated(&self, expectations: &Expectations) -> Expectations {
        let mut updated = expectations.clone();
        let paths = || self.reports.iter().flat_map(|report| &report.paths);
        let applies = |entry: &Expectation, path: &PathReport| {
            let version = path.identity.as_ref().map(|identity| identity.version.as_str());
            entry.applies(&path.spec.name, &path.path, version)
        };
        let contradicts =
            |path: &PathReport| matches!(path.verdict, Verdict::Fail(_) | Verdict::Fixed { .. });
        updated.retain(|entry| !paths().any(|path| contradicts(path) && applies(entry, path)));
        for path in paths() {
            let (Verdict::Fail(failure) | Verdict::Known { failure, .. }) = &path.verdict else { continue };
            let describes = |entry: &&Expectation| applies(entry, path) && entry.describes(failure);
            if updated.iter().any(|entry| describes(&entry)) {
                continue;
            }
            updated.push(match expectations.iter().find(describes) {
                Some(known) => Expectation { path: path.path.clone(), ..known.clone() },
                None => Expectation::of_failure(&path.spec.name, &path.path, failure),
            });
        }
        updated
    }
}
