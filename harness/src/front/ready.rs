//! From a command line to a run that can begin: the same for each command that runs specs.

use lnprototest_spec_events::Spec;
use std::io;
use std::sync::Arc;

use super::arguments::Running;
use super::program::{engine, interrupt_on_signal, workers};
use super::selection::Selection;
use super::work_dir::WorkDir;
use super::{Product, UsageError};
use crate::engine::Engine;
use crate::report::Reporter;
use crate::run::{Plan, RunOutcome, run};

/// What is to be run, before anything else is looked at.
pub(super) struct Planned {
    selection: Selection,
    pub(super) specs: Vec<Arc<Spec>>,
    plan: Plan,
}

impl Planned {
    /// The specs that `running` names, all of their paths or the one of this name.
    ///
    /// # Errors
    /// [`UsageError`] for specs that are wrong or not there.
    pub(super) fn new(product: &Product, running: &Running, path: Option<&str>) -> Result<Self, UsageError> {
        let selection = Selection::load(product, &running.what)?;
        let specs = running.target.part_of(&selection.specs);
        let plan = match path {
            Some(path) => Plan::one_path(&specs, path)?,
            None => Plan::new(&specs, |spec| Selection::paths_of(spec, running.paths))?,
        };
        Ok(Self { selection, specs, plan })
    }

    /// With runner, chain and a place to work. `all_transcripts` keeps those of paths that pass.
    ///
    /// # Errors
    /// [`UsageError`] for whatever is lacking.
    pub(super) fn ready(
        self,
        product: &Product,
        running: &Running,
        all_transcripts: bool,
    ) -> Result<Ready, UsageError> {
        let interrupt = interrupt_on_signal()?;
        let runner = running.target.runner(product)?;
        let chain = running.target.chain(&*runner)?;
        let work_dir = WorkDir::new(&*runner, &chain)?;
        runner.check().map_err(UsageError::Node)?;
        let mut engine = engine(product, &running.judging, self.selection, runner, work_dir.path())?;
        engine.chain = chain;
        engine.interrupt = interrupt;
        engine.all_transcripts |= all_transcripts;
        Ok(Ready {
            jobs: running.jobs.map_or_else(|| workers(&*engine.runner), Into::into),
            engine: Arc::new(engine),
            specs: self.specs,
            plan: self.plan,
            allow_fixed: running.judging.allow_fixed,
            _work_dir: work_dir,
        })
    }
}

/// A run that can begin.
pub(super) struct Ready {
    pub(super) engine: Arc<Engine>,
    pub(super) specs: Vec<Arc<Spec>>,
    plan: Plan,
    jobs: usize,
    allow_fixed: bool,
    _work_dir: WorkDir,
}

impl Ready {
    /// Runs it.
    ///
    /// # Errors
    /// [`UsageError::Io`] if a reporter can't write, or the system refuses a worker.
    pub(super) fn run(&self, reporters: &mut [&mut dyn Reporter]) -> Result<RunOutcome, UsageError> {
        run(&self.engine, &self.plan, self.jobs, self.allow_fixed, reporters).map_err(unreported)
    }
}

/// A report that the system does not take.
pub(super) fn unreported(reason: io::Error) -> UsageError {
    UsageError::Io { what: "the report can't be written".to_owned(), reason }
}
