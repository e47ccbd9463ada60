//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

use super::mutants::Mutants;
use super::target::Target;

/// Does a Lightning node speak the protocol as the BOLTs demand?
#[derive(Debug, Parser)]
#[command(name = "lnprototest", version, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all as expected, 1 a node failed, 2 bad usage or bad spec files, \
                          3 the environment (a node that does not start), 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check spec files without starting a node
    Check(Check),
    /// Run specs against a node, and tell which requirements of the BOLTs it was put to
    Coverage(Box<Coverage>),
    /// Say where a requirement stands in the BOLTs
    Explain(Explain),
    /// List specs, and what each is about
    List(List),
    /// Measure whether specs can fail: run each against a node whose words are disturbed, one at a time
    Mutants(Box<Mutants>),
    /// Run specs against a node
    Run(Box<Run>),
    /// List the runners, what their nodes can do, and which arguments they take
    Runners,
    /// Print the JSON schema of spec files, for editors
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) what: What,
}

#[derive(Debug, Args)]
pub(super) struct Coverage {
    #[command(flatten)]
    pub(super) running: Running,
    /// Break each BOLT down by section
    #[arg(long)]
    pub(super) sections: bool,
    /// List the requirements that no spec of the run covers, and where they stand
    #[arg(long)]
    pub(super) missing: bool,
    /// Write all there is to know as JSON; `-` writes it to standard output, in place of the table
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The requirement's id, such as B01-the-init-message-1a2b3c4d
    pub(super) id: String,
    /// A checkout of the BOLTs, to print the text from
    #[arg(long, value_name = "DIR", env = "LNPROTOTEST_BOLTS")]
    pub(super) bolts: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) what: What,
    /// A line for each path, not for each spec
    #[arg(long)]
    pub(super) all_paths: bool,
}

/// Which specs, and what they may speak of.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct What {
    /// Files, folders, or names of bundled specs or folders of them such as bolt01/init [default: all bundled]
    pub(super) what: Vec<String>,
    #[command(flatten)]
    pub(super) proposals: Proposals,
}

/// What specs may speak of beyond the BOLTs.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Proposals {
    /// Further messages, as CSV (a proposal's)
    #[arg(long, value_name = "FILE")]
    pub(super) messages: Vec<PathBuf>,
}

/// Which specs run, on which node, and how: the same for each command that runs specs.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Running {
    #[command(flatten)]
    pub(super) what: What,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) judging: Judging,
    /// How many ways through a spec's choices are tried
    #[arg(long, value_enum, default_value_t)]
    pub(super) paths: Paths,
    /// How many paths run at a time [default: one a core, two with daemons]
    #[arg(long, short, value_name = "N", visible_alias = "test-threads")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) running: Running,
    /// Only this path of the spec, as a failure names it
    #[arg(long, value_name = "PATH", conflicts_with = "paths")]
    pub(super) path: Option<String>,
    /// The whole conversation of each path, failed or not
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Write known failures back as this run found them
    #[arg(long, requires = "expectations")]
    pub(super) update_expectations: bool,
}

/// How a run is judged and recorded: the same for the program and for `cargo test`.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Judging {
    /// Known failures, in place of the bundled ones
    #[arg(long, value_name = "FILE", env = "LNPROTOTEST_EXPECTATIONS")]
    pub(super) expectations: Option<PathBuf>,
    /// Do not fail for what passes against its expectation
    #[arg(long)]
    pub(super) allow_fixed: bool,
    /// A SHOULD that is not kept is a failure too
    #[arg(long)]
    pub(super) strict: bool,
    /// Wait longer by this factor, for slow machines and valgrind
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive, env = "LNPROTOTEST_TIMEOUT_SCALE")]
    pub(super) timeout_scale: f64,
    /// Write the conversation of each path to DIR/<spec>/<path>.txt
    #[arg(long, value_name = "DIR", env = "LNPROTOTEST_TRANSCRIPTS")]
    pub(super) transcripts: Option<PathBuf>,
}

/// How many paths of a spec run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Paths {
    /// The product of all choices
    All,
    /// Each alternative of each choice at least once
    #[default]
    Each,
}

/// The command line of a test binary: libtest's, and ours.
#[derive(Debug, Parser)]
#[command(name = "conformance")]
pub(super) struct TestArguments {
    #[command(flatten)]
    pub(super) libtest: libtest_mimic::Arguments,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) proposals: Proposals,
    /// Only this path of each spec, as a failure names it
    #[arg(long, value_name = "PATH")]
    pub(super) path: Option<String>,
    #[command(flatten)]
    pub(super) judging: Judging,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(factor),
        _ => Err("a factor above zero, such as 10".to_owned()),
    }
}
