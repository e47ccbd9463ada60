//! Chores of the workspace: `cargo xtask <chore>`.

mod docs;
mod extract;
mod mutants;
mod requirements;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Chores of the lnprototest workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Write the generated parts of docs/language.md
    Docs(docs::Docs),
    /// Extract the message catalogue from the BOLTs' markdown
    Extract(extract::Extract),
    /// Measure whether the bundled specs can fail, as `lnprototest mutants` in a fast build
    Mutants(mutants::Mutants),
    /// Write the requirement catalogue from the BOLTs' markdown, or search the requirements
    Requirements(requirements::Requirements),
}

fn main() -> ExitCode {
    let outcome: Result<(), Box<dyn std::error::Error>> = match Xtask::parse().chore {
        Chore::Docs(docs) => docs.run().map_err(Into::into),
        Chore::Extract(extract) => extract.run().map_err(Into::into),
        Chore::Mutants(mutants) => mutants.run().map_err(Into::into),
        Chore::Requirements(requirements) => requirements.run().map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
