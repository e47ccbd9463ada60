//! `cargo xtask mutants`: can the specs fail? The program measures it; this builds it to be fast.

use clap::Args;
use std::io;
use std::process::{Command, ExitStatus};

/// The arguments of `cargo xtask mutants`.
#[derive(Args)]
pub struct Mutants {
    /// Those of `lnprototest mutants`: --runner NAME, specs, --jobs N, ...
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Mutants {
    /// Runs it, and ends as it does.
    ///
    /// # Errors
    /// [`MutantsError`] if the program can't be started, or says that the suite can't fail as it should.
    pub fn run(&self) -> Result<(), MutantsError> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["run", "--quiet", "--release", "--package", "lnprototest", "--", "mutants"]);
        let status = cargo.args(&self.arguments).status().map_err(MutantsError::Cargo)?;
        if status.success() { Ok(()) } else { Err(MutantsError::Failed(status)) }
    }
}

/// Why the chore failed.
#[derive(Debug, thiserror::Error)]
pub enum MutantsError {
    /// There is no cargo.
    #[error("cargo can't be started: {0}")]
    Cargo(io::Error),
    /// The suite can't fail as it should, or the program could not tell.
    #[error("lnprototest mutants: {0}")]
    Failed(ExitStatus),
}
