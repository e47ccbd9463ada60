//! What people can get wrong on a command line, and what to do about it.

use lnprototest_chain::BitcoindError;
use lnprototest_runner_api::{ArgumentError, ChainKind, NodeError};
use lnprototest_spec_events::Diagnostics;
use std::io::Write;

use super::terminal::has_colour;
use crate::exit::Exit;
use crate::expectations::ExpectationsError;
use crate::mutants::JudgedError;

/// A run that can't begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// There is no bitcoind to be had.
    #[error(transparent)]
    Bitcoind(#[from] BitcoindError),
    /// A catalogue of further messages can't be read.
    #[error("{0}")]
    Catalogue(String),
    /// A runner's nodes can't follow a chain.
    #[error("the runner {runner} can't follow the chain {asked:?}: leave --chain out")]
    Chain {
        /// The runner's name.
        runner: String,
        /// What was asked for.
        asked: ChainKind,
    },
    /// Known failures can't be read.
    #[error(transparent)]
    Expectations(#[from] ExpectationsError),
    /// The system did not do something that it should.
    #[error("{what}: {reason}")]
    Io {
        /// What.
        what: String,
        /// The system's words.
        reason: std::io::Error,
    },
    /// What is said of fields can't be read.
    #[error(transparent)]
    Judged(#[from] JudgedError),
    /// Two specs have one name.
    #[error("'{name}' is the name of two specs, {one} and {other}: name each once, or move one")]
    NameTwice {
        /// Their name.
        name: String,
        /// Where one is.
        one: String,
        /// Where the other is.
        other: String,
    },
    /// There are no nodes to be had.
    #[error(transparent)]
    Node(NodeError),
    /// There is nothing to run.
    #[error("there is no spec in {0}: a spec is a file that ends in .yaml")]
    NoSpecs(String),
    /// A spec has no such path.
    #[error("{0}")]
    Path(String),
    /// There is no such runner.
    #[error("there is no runner '{name}': {}", known_runners(known))]
    Runner {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A runner does not know an argument.
    #[error("the runner {runner} takes no argument '{name}'{}: {}", meant(nearest), taken(known))]
    RunnerArgument {
        /// The runner's name.
        runner: String,
        /// As on the command line.
        name: String,
        /// What it may mean.
        nearest: Option<String>,
        /// What there is.
        known: Vec<String>,
    },
    /// A runner's argument was given twice.
    #[error("--runner-arg {0} is there twice: once is enough")]
    RunnerArgumentTwice(String),
    /// A runner's argument has a value that makes no sense.
    #[error(transparent)]
    RunnerArgumentValue(#[from] ArgumentError),
    /// Spec files have mistakes.
    #[error("{0}")]
    Specs(Diagnostics),
    /// A name that is neither a file nor a bundled spec.
    #[error(
        "'{what}' is neither a file, nor a folder, nor a bundled spec or folder of specs{}",
        meant(nearest)
    )]
    Unknown {
        /// As on the command line.
        what: String,
        /// What it may mean.
        nearest: Option<String>,
    },
}

impl UsageError {
    /// Tells people, and says how the program ends. Where standard error is gone, nobody listens.
    pub(super) fn tell(&self) -> Exit {
        let mut err = std::io::stderr();
        let _unheard = match self {
            Self::Specs(mistakes) => writeln!(err, "{}", mistakes.rendered(has_colour(&err))),
            _ => writeln!(err, "error: {self}"),
        };
        self.exit()
    }

    /// How the program ends for it.
    fn exit(&self) -> Exit {
        match self {
            Self::Bitcoind(_) | Self::Io { .. } | Self::Node(_) => Exit::Environment,
            _ => Exit::BadUsage,
        }
    }
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(": did you mean '{name}'?")).unwrap_or_default()
}

fn taken(known: &[String]) -> String {
    match known {
        [] => "it takes none".to_owned(),
        known => format!("it takes {}", known.join(", ")),
    }
}

fn known_runners(known: &[String]) -> String {
    match known {
        [] => "this program was built without any".to_owned(),
        known => format!("this program has {}", known.join(", ")),
    }
}
