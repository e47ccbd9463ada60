//! Which lightningd is run, and in what way?

use lnprototest_daemon::{Program, ProgramError};
use lnprototest_runner_api::{Argument, ArgumentError, Arguments};
use std::path::{Path, PathBuf};

/// What `--runner-arg` may say.
pub(crate) const ARGUMENTS: &[Argument] = &[
    Argument {
        name: "dual_fund",
        about: "yes: it offers option_dual_fund, a block at its start gives it confirmed coins, and it can do \
                accept_dual_funding and bump_funding; no (the default): none of these",
    },
    Argument {
        name: "flags",
        about: "further flags for lightningd, separated by blanks, such as --fee-base=0",
    },
    Argument {
        name: "keys",
        about: "known (the default): the harness's, for which lightningd runs with --developer; own: as released, \
                with the keys that it makes. It then looks for new blocks every 30 seconds only",
    },
    Argument {
        name: "lightningd",
        about: "the program's path; otherwise LIGHTNINGD names it, or it is found on PATH",
    },
];

/// What `dual_fund` stands for.
pub(crate) const DUAL_FUND: &str = "--experimental-dual-fund";

/// The same for all nodes of a runner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Whether it offers `option_dual_fund`.
    pub(crate) dual_fund: bool,
    /// Further flags.
    pub(crate) flags: Vec<String>,
    /// Whose keys.
    pub(crate) keys: Keys,
    lightningd: Option<PathBuf>,
}

/// Whose keys a node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    /// The harness's.
    #[default]
    Known,
    /// Its own; then nothing tells it from a node in the wild.
    Own,
}

impl Settings {
    /// Those that `arguments` give.
    ///
    /// # Errors
    /// [`ArgumentError`] for a value that makes no sense.
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, ArgumentError> {
        let mut settings = Self::default();
        for (name, value) in arguments.iter() {
            match name {
                "dual_fund" => settings.dual_fund = dual_fund(value)?,
                "flags" => settings.flags = flags(value)?,
                "keys" => settings.keys = keys(value)?,
                "lightningd" => settings.lightningd = Some(PathBuf::from(value)),
                _ => return Err(wrong(name, "the runner clightning has no such argument")),
            }
        }
        Ok(settings)
    }

    /// The program to run.
    ///
    /// # Errors
    /// [`ProgramError`] if there is none.
    pub(crate) fn program(&self) -> Result<Program, ProgramError> {
        Program::find("lightningd", self.lightningd.as_deref().map(Path::new), "LIGHTNINGD")
    }
}

fn dual_fund(value: &str) -> Result<bool, ArgumentError> {
    match value {
        "no" => Ok(false),
        "yes" => Ok(true),
        _ => Err(wrong("dual_fund", format!("{value:?} is neither yes nor no"))),
    }
}

fn flags(value: &str) -> Result<Vec<String>, ArgumentError> {
    let flags: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
    if flags.iter().any(|flag| flag == DUAL_FUND) {
        let reason =
            format!("say dual_fund=yes in place of {DUAL_FUND}: that comes with coins that it can use");
        return Err(wrong("flags", reason));
    }
    match flags.iter().find(|flag| !flag.starts_with("--")) {
        Some(flag) => Err(wrong("flags", format!("{flag:?} is no flag; one looks like --fee-base=0"))),
        None => Ok(flags),
    }
}

fn keys(value: &str) -> Result<Keys, ArgumentError> {
    match value {
        "known" => Ok(Keys::Known),
        "own" => Ok(Keys::Own),
        _ => Err(wrong("keys", format!("{value:?} is neither known nor own"))),
    }
}

fn wrong(name: &str, reason: impl Into<String>) -> ArgumentError {
    ArgumentError { name: name.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arguments: &[(&str, &str)]) -> Result<Settings, ArgumentError> {
        let pairs = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::new(&pairs.collect())
    }

    #[test]
    fn each_argument_is_understood() {
        let read = settings(&[
            ("dual_fund", "yes"),
            ("flags", "--a --b=c"),
            ("keys", "own"),
            ("lightningd", "/opt/lightningd"),
        ])
        .unwrap();
        assert_eq!((read.flags, read.keys), (vec!["--a".to_owned(), "--b=c".to_owned()], Keys::Own));
        assert!(read.dual_fund && !settings(&[("dual_fund", "no")]).unwrap().dual_fund);
        assert_eq!(read.lightningd, Some(PathBuf::from("/opt/lightningd")));
    }

    #[test]
    fn nonsense_is_refused_with_what_would_be_right() {
        for (name, value, reason) in [
            ("dual_fund", "true", "--runner-arg dual_fund: \"true\" is neither yes nor no"),
            (
                "flags",
                "--experimental-dual-fund",
                "--runner-arg flags: say dual_fund=yes in place of --experimental-dual-fund: \
                 that comes with coins that it can use",
            ),
            ("flags", "--a b", "--runner-arg flags: \"b\" is no flag; one looks like --fee-base=0"),
            ("keys", "mine", "--runner-arg keys: \"mine\" is neither known nor own"),
            ("key", "own", "--runner-arg key: the runner clightning has no such argument"),
        ] {
            assert_eq!(settings(&[(name, value)]).unwrap_err().to_string(), reason);
        }
    }
}
