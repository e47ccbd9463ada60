//! `lnprototest mutants`: can the specs fail?

use clap::Args;
use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::arguments::{Judging, Paths, What};
use super::program;
use super::selection::Selection;
use super::target::Target;
use super::work_dir::WorkDir;
use super::{Product, UsageError};
use crate::exit::Exit;
use crate::mutants::{Judged, measure, write};

/// The arguments of `lnprototest mutants`.
#[derive(Debug, Args)]
pub(super) struct Mutants {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    target: Target,
    /// Known failures, in place of the bundled ones
    #[arg(long, value_name = "FILE", env = "LNPROTOTEST_EXPECTATIONS")]
    expectations: Option<PathBuf>,
    /// Which fields need not be judged, in place of the bundled file
    #[arg(long, value_name = "FILE")]
    fields: Option<PathBuf>,
    /// How many paths run at a time [default: one a core, two with daemons]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

pub(super) fn main(product: &Product, arguments: &Mutants) -> Result<Exit, UsageError> {
    let begun = Instant::now();
    let judged = judged(arguments)?;
    let selection = Selection::load(product, &arguments.what)?;
    let is_whole = selection.is_whole && product.specs.is_none();
    let specs = arguments.target.part_of(&selection.specs);
    let interrupt = program::interrupt_on_signal()?;
    let runner = arguments.target.runner(product)?;
    let chain = arguments.target.chain(&*runner)?;
    let work_dir = WorkDir::new(&*runner, &chain)?;
    runner.check().map_err(UsageError::Node)?;
    let judging =
        Judging { expectations: arguments.expectations.clone(), timeout_scale: 1.0, ..Judging::default() };
    let mut engine = program::engine(product, &judging, selection, runner, work_dir.path())?;
    engine.chain = chain;
    engine.interrupt = interrupt;
    let engine = Arc::new(engine);
    let specs: Vec<_> = specs
        .into_iter()
        .map(|spec| Selection::paths_of(&spec, Paths::Each).map(|paths| (spec, paths)))
        .collect::<Result<_, _>>()?;
    let jobs = arguments.jobs.map_or_else(|| program::workers(&*engine.runner), Into::into);
    let score = measure(&engine, &specs, jobs, judged, is_whole)
        .map_err(|reason| UsageError::Io { what: "the mutants can't be run".to_owned(), reason })?;
    if engine.interrupt.is_raised() {
        return Ok(Exit::Interrupted);
    }
    let mut out = std::io::stdout().lock();
    write(&mut out, &score)
        .and_then(|()| writeln!(out, "in {:.1} s", begun.elapsed().as_secs_f64()))
        .map_err(|reason| UsageError::Io { what: "the report can't be written".to_owned(), reason })?;
    Ok(score.exit())
}

fn judged(arguments: &Mutants) -> Result<Judged, UsageError> {
    let judged = match &arguments.fields {
        None => Judged::bundled(),
        Some(file) => {
            let name = file.display().to_string();
            let text = fs::read_to_string(file)
                .map_err(|reason| UsageError::Io { what: format!("{name} can't be read"), reason })?;
            Judged::parse(&name, &text)
        }
    };
    Ok(judged?)
}
