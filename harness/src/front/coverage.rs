//! `lnprototest coverage`: runs specs as `run` does, and reports by requirement rather than by spec.

use lnprototest_runner_api::Identity;
use lnprototest_spec_events::requirements::Requirements;
use std::fs::File;
use std::io;
use std::path::Path;

use super::arguments::Coverage as Arguments;
use super::program::{say, unwritten};
use super::ready::{Planned, unreported};
use super::{Product, UsageError, terminal};
use crate::exit::Exit;
use crate::report::coverage::{Coverage, Table, json};
use crate::report::{Progress, Reporter, Silent, Transcripts};
use crate::run::RunOutcome;

/// What stands for standard output where a file is named.
const STANDARD_OUTPUT: &str = "-";

pub(super) fn coverage(product: &Product, arguments: &Arguments) -> Result<Exit, UsageError> {
    let planned = Planned::new(product, &arguments.running, None)?;
    let file = arguments.json.as_deref().filter(|file| *file != Path::new(STANDARD_OUTPUT));
    if let Some(file) = file {
        // If it can't be written, that is to be known before the run. What is in it stays until there is better.
        File::options().append(true).create(true).open(file).map_err(|reason| unwritten(file, reason))?;
    }
    let ready = planned.ready(product, &arguments.running, false)?;
    let mut progress = Progress::around(Silent, terminal::has_progress());
    let mut transcripts = arguments.running.judging.transcripts.as_deref().map(Transcripts::new);
    let mut reporters: Vec<&mut dyn Reporter> = vec![&mut progress];
    if let Some(transcripts) = &mut transcripts {
        reporters.push(transcripts);
    }
    let outcome = ready.run(&mut reporters)?;
    let coverage = Coverage::new(Requirements::bundled(), &ready.specs, &outcome.reports);
    let runner = ready.engine.runner.name();
    let document = match &arguments.json {
        Some(_) => json(&coverage, runner, identity(&outcome), &outcome.summary)
            .map_err(|error| unreported(io::Error::other(error)))?,
        None => String::new(),
    };
    match (&arguments.json, file) {
        (Some(_), None) => say(document.trim_end())?,
        (_, file) => {
            if let Some(file) = file {
                std::fs::write(file, document).map_err(|reason| unwritten(file, reason))?;
            }
            let table =
                Table { coverage: &coverage, by_section: arguments.sections, missing: arguments.missing };
            say(&format!("{table}{runner}: {}", outcome.summary))?
        }
    };
    Ok(outcome.summary.exit())
}

/// The node, as the first path that started one knows it.
fn identity(outcome: &RunOutcome) -> Option<&Identity> {
    let paths = outcome.reports.iter().flat_map(|report| &report.paths);
    paths.filter_map(|path| path.identity.as_ref()).next()
}
