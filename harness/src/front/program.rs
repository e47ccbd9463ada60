//! The `lnprototest` program: its commands.

use clap::Parser;
use lnprototest_bolt::wire::Catalogue;
use lnprototest_runner_api::{Runner, StartCost};
use lnprototest_spec_events::{PathChoices, requirements, schema};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::arguments::{Arguments, Command, Explain, Judging, List, Run, What};
use super::coverage::coverage;
use super::ready::Planned;
use super::replayed::replayed_flags;
use super::selection::Selection;
use super::{Product, UsageError, terminal};
use crate::engine::Engine;
use crate::exit::Exit;
use crate::expectations::Expectations;
use crate::interrupt::Interrupt;
use crate::report::{FrontEnd, Human, Progress, Replay, Reporter, Style, Transcripts};

pub(super) fn main(product: &Product) -> ExitCode {
    log_as_asked();
    let arguments = Arguments::parse();
    let exit = match arguments.command {
        Command::Check(arguments) => check(product, &arguments.what),
        Command::Coverage(arguments) => coverage(product, &arguments),
        Command::Explain(arguments) => explain(&arguments),
        Command::List(arguments) => list(product, &arguments),
        Command::Mutants(arguments) => super::mutants::main(product, &arguments),
        Command::Run(arguments) => run_command(product, &arguments),
        Command::Runners => runners(product),
        Command::Schema => say(&format!("{:#}", schema::json_schema(Catalogue::bolts()))),
    };
    exit.unwrap_or_else(|error| error.tell()).into()
}

fn check(product: &Product, what: &What) -> Result<Exit, UsageError> {
    let specs = Selection::load(product, what)?.specs;
    let paths: usize = specs.iter().map(|spec| PathChoices::each(spec).len()).sum();
    say(&format!("{} specs with {paths} paths: no mistakes", specs.len()))
}

fn explain(arguments: &Explain) -> Result<Exit, UsageError> {
    match requirements::explain(&arguments.id, arguments.bolts.as_deref()) {
        Ok(explanation) => say(&explanation.to_string()),
        Err(error) => Err(UsageError::Path(error.to_string())),
    }
}

fn list(product: &Product, arguments: &List) -> Result<Exit, UsageError> {
    let selection = Selection::load(product, &arguments.what)?;
    let mut text = String::new();
    for spec in &selection.specs {
        let paths = PathChoices::each(spec);
        if arguments.all_paths {
            text.extend(paths.iter().map(|path| format!("{} {path}\n", spec.name)));
            continue;
        }
        let many = if paths.len() > 1 { format!(" ({} paths)", paths.len()) } else { String::new() };
        text.push_str(&format!("{}{many}: {}\n", spec.name, spec.about.trim()));
    }
    say(text.trim_end())
}

fn runners(product: &Product) -> Result<Exit, UsageError> {
    let mut text = String::new();
    for runner in &product.runners {
        let capabilities: Vec<_> = runner.capabilities().iter().map(|one| one.name()).collect();
        text.push_str(&format!("{}: {}\n", runner.name(), capabilities.join(", ")));
        for argument in runner.arguments() {
            text.push_str(&format!("  --runner-arg {}=...: {}\n", argument.name, argument.about));
        }
    }
    say(text.trim_end())
}

fn run_command(product: &Product, arguments: &Run) -> Result<Exit, UsageError> {
    let running = &arguments.running;
    let planned = Planned::new(product, running, arguments.path.as_deref())?;
    let to_update = running.judging.expectations.as_deref().filter(|_| arguments.update_expectations);
    if let Some(file) = to_update {
        // The first time there is none; and if it can't be written, that is to be known before the run.
        File::options().append(true).create(true).open(file).map_err(|reason| unwritten(file, reason))?;
    }
    let ready = planned.ready(product, running, arguments.verbose)?;
    let style = Style { colour: terminal::has_colour(&std::io::stdout()), verbose: arguments.verbose };
    let flags = replayed_flags(&running.target, &running.judging, &running.what.proposals);
    let replay = Replay::new(FrontEnd::Program, ready.engine.runner.name(), flags);
    let human = Human::new(std::io::stdout().lock(), style, replay);
    let mut told = Progress::around(human, terminal::has_progress());
    let mut transcripts = running.judging.transcripts.as_deref().map(Transcripts::new);
    let mut reporters: Vec<&mut dyn Reporter> = vec![&mut told];
    if let Some(transcripts) = &mut transcripts {
        reporters.push(transcripts);
    }
    let outcome = ready.run(&mut reporters)?;
    if let Some(file) = to_update {
        let updated = outcome.updated(&ready.engine.expectations);
        std::fs::write(file, updated.to_string()).map_err(|reason| unwritten(file, reason))?;
    }
    Ok(outcome.summary.exit())
}

pub(super) fn unwritten(file: &Path, reason: std::io::Error) -> UsageError {
    UsageError::Io { what: format!("{} can't be written", file.display()), reason }
}

/// The engine for a run: the runner's known failures, the bounds, the messages.
pub(super) fn engine(
    product: &Product,
    judging: &Judging,
    selection: Selection,
    runner: Arc<dyn Runner>,
    work_dir: &Path,
) -> Result<Engine, UsageError> {
    let expectations = expectations(product, judging, &selection, runner.name())?;
    if let Some(dir) = &judging.transcripts {
        Transcripts::new(dir).prepare().map_err(|reason| UsageError::Io {
            what: format!("transcripts can't be written to {}", dir.display()),
            reason,
        })?;
    }
    let mut engine = Engine::new(runner, work_dir.to_owned());
    engine.extended = selection.extended;
    engine.expectations = expectations;
    engine.strict = judging.strict;
    engine.timeout_scale = judging.timeout_scale;
    engine.all_transcripts = judging.transcripts.is_some();
    Ok(engine)
}

/// Known failures: of the file that was named, else the product's own, else the bundled ones for this runner.
fn expectations(
    product: &Product,
    judging: &Judging,
    selection: &Selection,
    runner: &str,
) -> Result<Expectations, UsageError> {
    let file = judging.expectations.as_ref().or(product.expectations.as_ref());
    let (name, expectations) = match file {
        Some(file) => (file.display().to_string(), Expectations::read(file)?),
        // The bundled ones are for the bundled suite.
        None if product.specs.is_some() => return Ok(Expectations::default()),
        None => {
            let name = format!("expectations/{runner}.yaml");
            let text = lnprototest_specs::file(&name).map_or("", |file| file.text);
            let expectations = Expectations::parse(&name, text)?;
            (name, expectations)
        }
    };
    if selection.is_whole {
        expectations.check_names(&name, selection.specs.iter().map(|spec| spec.name.as_str()))?;
    }
    Ok(expectations)
}

/// What ends the run in good order on Ctrl-C and the like, and the program at once when that comes again. Wanted before
/// anything is there that would be left behind.
pub(super) fn interrupt_on_signal() -> Result<Interrupt, UsageError> {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let handler = move || match raised.is_raised() {
        false => raised.raise(),
        true => std::process::exit(Exit::Interrupted as i32),
    };
    ctrlc::set_handler(handler).map(|()| interrupt).map_err(|error| UsageError::Io {
        what: "signals can't be listened to".to_owned(),
        reason: std::io::Error::other(error),
    })
}

/// How many paths run at a time where nobody says so: one a core, or two where a path waits for daemons half of its time.
pub(super) fn workers(runner: &dyn Runner) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    match runner.start_cost() {
        StartCost::High => 2 * cores,
        StartCost::Low => cores,
    }
}

/// `RUST_LOG=lnprototest_harness=trace` shows what the harness does.
fn log_as_asked() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

pub(super) fn say(text: &str) -> Result<Exit, UsageError> {
    writeln!(std::io::stdout(), "{text}").map(|()| Exit::Expected).or_else(|reason| match reason.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(Exit::Expected),
        _ => Err(UsageError::Io { what: "standard output".to_owned(), reason }),
    })
}
