//! `lnprototest mutants`: can the specs fail?

use clap::Args;
use std::fs;
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
use crate::mutants::{Judged, Score, SpecScore, write};
use crate::pool::Pool;

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
    /// How many paths run at a time [default: one a core]
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
    let judging = Judging {
        expectations: arguments.expectations.clone(),
        timeout_scale: 1.0,
        ..Judging::default()
    };
    let mut engine = program::engine(product, &judging, selection, runner, work_dir.path())?;
    engine.chain = chain;
    engine.interrupt = interrupt;
    let engine = Arc::new(engine);
    let jobs = arguments.jobs.map_or_else(program::cores, Into::into);
    let pool = Pool::start(engine.clone(), jobs)
        .map_err(|reason| UsageError::Io { what: "workers can't be started".to_owned(), reason })?;
    let mut score = Score { specs: Vec::new(), judged: judged.clone(), is_whole };
    let mut flat = Vec::new();
    for spec in &specs {
        let paths = Selection::paths_of(spec, Paths::Each)?;
        flat.extend(paths.into_iter().map(|path| (spec.clone(), path)));
        score.specs.push(SpecScore { spec: spec.clone(), paths: Vec::new() });
    }
    let mut measured: Vec<_> = pool.measure(flat.clone(), &Arc::new(judged)).iter().collect();
    if engine.interrupt.is_raised() {
        return Ok(Exit::Interrupted);
    }
    if measured.len() < flat.len() {
        let reason = std::io::Error::other("a worker ended before all of its paths were measured");
        return Err(UsageError::Io { what: "fault of the harness".to_owned(), reason });
    }
    measured.sort_by_key(|(index, _)| *index);
    let mut at = 0;
    for (index, path) in measured {
        while !Arc::ptr_eq(&score.specs[at].spec, &flat[index].0) {
            at += 1;
        }
        score.specs[at].paths.push(path);
    }
    let mut out = std::io::stdout().lock();
    write(&mut out, &score)
        .and_then(|()| std::io::Write::write_fmt(&mut out, format_args!("in {:.1?}\n", begun.elapsed())))
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
    judged.map_err(|error| UsageError::Catalogue(error.to_string()))
}
