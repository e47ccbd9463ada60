//! A libtest look-alike: a spec is a test, and a skip or known failure is an ignored one, with its reason.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use libtest_mimic::{Completion, Failed, Trial};
use lnprototest_spec_events::{PathChoices, Spec};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::arguments::{Judging, TestArguments, What};
use super::replayed::replayed_flags;
use super::selection::Selection;
use super::{Product, UsageError};
use crate::engine::Engine;
use crate::exit::Exit;
use crate::lack::lacking_capability;
use crate::pool::Pool;
use crate::report::{FrontEnd, Replay, SpecReport, Story, Summary, Transcripts};
use crate::verdict::{Verdict, VerdictKind};

pub(super) fn main(product: &Product) -> ExitCode {
    let arguments = TestArguments::parse();
    if arguments.libtest.test_threads == Some(0) {
        TestArguments::command().error(ErrorKind::InvalidValue, "--test-threads must be 1 or more").exit()
    }
    run(product, arguments).unwrap_or_else(|error| error.tell().into())
}

fn run(product: &Product, arguments: TestArguments) -> Result<ExitCode, UsageError> {
    let TestArguments { libtest, target, proposals, path, judging } = arguments;
    let what = What { proposals, ..What::default() };
    // So nextest runs each test, in a process of its own.
    let is_one = libtest.exact && !libtest.list && target.partition.is_none();
    let only = libtest.filter.as_deref().filter(|_| is_one);
    let selection = Selection::load_only(product, &what, only)?;
    let specs = target.part_of(&selection.specs);
    let interrupt = super::program::interrupt_on_signal()?;
    let runner = target.runner(product)?;
    if libtest.list {
        runner.check().map_err(UsageError::Node)?;
        let capabilities = runner.capabilities();
        let listed = specs.iter().map(|spec| {
            let lacks = lacking_capability(spec, &capabilities).is_some();
            Trial::test(&spec.name, || Ok(())).with_ignored_flag(lacks)
        });
        let listed = listed.collect();
        return Ok(libtest_mimic::run(&libtest, listed).exit_code());
    }
    let chain = target.chain(&*runner)?;
    let work_dir = super::work_dir::WorkDir::new(&*runner, &chain)?;
    runner.check().map_err(UsageError::Node)?;
    let mut engine = super::program::engine(product, &judging, selection, runner, work_dir.path())?;
    engine.chain = chain;
    engine.interrupt = interrupt;
    let engine = Arc::new(engine);
    let flags = replayed_flags(&target, &judging, &what.proposals);
    let front = FrontEnd::Test { target: test_target() };
    let replay = Replay::new(front, engine.runner.name(), flags);
    let workers = libtest.test_threads.unwrap_or_else(|| super::program::workers(&*engine.runner));
    let pool = Pool::start(engine.clone(), workers)
        .map_err(|reason| UsageError::Io { what: "workers can't be started".to_owned(), reason })?;
    let summary = Mutex::new(Summary::new(judging.allow_fixed));
    let runs = Arc::new(Runs { engine, pool, path, judging, replay, summary });
    let trials = specs.iter().map(|spec| trial(&runs, spec.clone())).collect();
    let conclusion = libtest_mimic::run(&libtest, trials);
    let failed = if conclusion.has_failed() { Exit::NodeFailed } else { Exit::Expected };
    let interrupted = if runs.engine.interrupt.is_raised() { Exit::Interrupted } else { Exit::Expected };
    Ok(runs.summary().exit().max(failed).max(interrupted).into())
}

/// What all trials share.
struct Runs {
    engine: Arc<Engine>,
    pool: Pool,
    path: Option<String>,
    judging: Judging,
    replay: Replay,
    summary: Mutex<Summary>,
}

/// What only shows when it runs, a lacking feature or a known failure, is told with its reason.
fn trial(runs: &Arc<Runs>, spec: Arc<Spec>) -> Trial {
    let name = spec.name.clone();
    let runs = runs.clone();
    Trial::ignorable_test(name, move || runs.run(&spec))
}

impl Runs {
    fn run(&self, spec: &Arc<Spec>) -> Result<Completion, Failed> {
        let paths = match &self.path {
            Some(path) => vec![PathChoices::parse(path, spec).map_err(|error| error.to_string())?],
            None => PathChoices::each(spec),
        };
        let count = paths.len();
        let reports = self.pool.submit(paths.into_iter().map(|path| (spec.clone(), path)));
        let mut paths: Vec<_> = reports.iter().collect();
        if paths.len() < count && self.engine.interrupt.is_raised() {
            return Ok(Completion::ignored_with("interrupted"));
        }
        if paths.len() < count {
            return Err("fault of the harness: a worker ended before all paths were run".into());
        }
        paths.sort_by_key(|(index, _)| *index);
        let report =
            SpecReport { spec: spec.clone(), paths: paths.into_iter().map(|(_, path)| path).collect() };
        self.summary().add(&report);
        if let Some(dir) = &self.judging.transcripts {
            Transcripts::new(dir).write(&report)?;
        }
        self.complete(&report)
    }

    fn summary(&self) -> MutexGuard<'_, Summary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complete(&self, report: &SpecReport) -> Result<Completion, Failed> {
        let reason = report.reason().unwrap_or_default();
        match report.kind() {
            VerdictKind::Fixed if self.judging.allow_fixed => Ok(Completion::Completed),
            VerdictKind::Pass | VerdictKind::Warn => Ok(Completion::Completed),
            kind @ (VerdictKind::Known | VerdictKind::Skip) => {
                Ok(Completion::ignored_with(format!("{kind}: {reason}")))
            }
            VerdictKind::Error | VerdictKind::Fail | VerdictKind::Fixed => Err(self.story(report).into()),
        }
    }

    fn story(&self, report: &SpecReport) -> String {
        let failed = report.paths.iter().filter(|path| {
            matches!(path.verdict, Verdict::Error(_) | Verdict::Fail(_) | Verdict::Fixed { .. })
        });
        let stories: Vec<_> =
            failed.map(|path| Story { report: path, replay: &self.replay }.to_string()).collect();
        stories.join("\n")
    }
}

/// What cargo calls this test binary: its file's name without the hash.
fn test_target() -> String {
    let file = std::env::current_exe().unwrap_or_default();
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    stem.rsplit_once('-').map_or(&*stem, |(target, _hash)| target).to_owned()
}
