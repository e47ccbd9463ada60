//! `cargo xtask requirements`: from the BOLTs' markdown to the requirement catalogue, and a search in it.

use clap::Args;
use lnprototest_spec_events::requirements::{
    BOLTS, Checkout, CheckoutError, Explanation, Item, Level, search, write,
};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The arguments of `cargo xtask requirements`.
#[derive(Args)]
pub struct Requirements {
    /// The folder with the BOLTs' markdown files
    bolts: PathBuf,
    /// Where the catalogue's YAML files go
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs/requirements"))]
    catalogue: PathBuf,
    /// Write nothing: fail if a file would change
    #[arg(long, conflicts_with = "find")]
    check: bool,
    /// Write nothing: print the requirements with all these words, in id, headings, role, level, conditions or text
    #[arg(long, value_name = "WORDS")]
    find: Option<String>,
}

impl Requirements {
    /// Searches, or writes or checks each BOLT's catalogue file and prints a table of what they hold.
    pub fn run(&self) -> Result<(), RequirementsError> {
        let checkout = Checkout::new(&self.bolts);
        let bolts = BOLTS.map(|bolt| Ok((bolt, checkout.bolt(bolt)?)));
        let bolts = bolts.into_iter().collect::<Result<Vec<_>, CheckoutError>>()?;
        match &self.find {
            Some(words) => find(&bolts, words),
            None => self.catalogue(&checkout, &bolts),
        }
    }

    fn catalogue(&self, checkout: &Checkout, bolts: &[(u8, Vec<Item>)]) -> Result<(), RequirementsError> {
        let mut stale = Vec::new();
        for (bolt, items) in bolts {
            let requirements: Vec<_> = items.iter().map(|item| &item.requirement).collect();
            let yaml = write(*bolt, &checkout.file_of(*bolt)?, &requirements);
            let target = self.catalogue.join(format!("bolt{bolt:02}.yaml"));
            if !self.check {
                fs::write(&target, yaml).map_err(|error| at(&target, error))?;
            } else if fs::read_to_string(&target).ok().as_deref() != Some(yaml.as_str()) {
                stale.push(target.display().to_string());
            }
        }
        print(&counts(bolts))?;
        if stale.is_empty() { Ok(()) } else { Err(RequirementsError::Stale(stale)) }
    }
}

fn find(bolts: &[(u8, Vec<Item>)], words: &str) -> Result<(), RequirementsError> {
    let found: Vec<&Item> = bolts.iter().flat_map(|(_, items)| search(items, words)).collect();
    if found.is_empty() {
        return Err(RequirementsError::NotFound(words.to_owned()));
    }
    let explained: String = found.iter().map(|item| format!("{}\n\n", Explanation::from(*item))).collect();
    print(&format!("{explained}found: {}\n", found.len()))
}

/// A table of how many requirements of each level each BOLT has.
fn counts(bolts: &[(u8, Vec<Item>)]) -> String {
    let row = |name: &str, items: &[&Item]| {
        let of = |level| items.iter().filter(|item| item.requirement.level == level).count();
        let counts = Level::ALL.map(|level| format!("{:>12}", of(level)));
        format!("{name:>5}{:>7}{}\n", items.len(), counts.concat())
    };
    let levels = Level::ALL.map(|level| format!("{level:>12}"));
    let mut table = format!("{:>5}{:>7}{}\n", "BOLT", "all", levels.concat());
    for (bolt, items) in bolts {
        table += &row(&bolt.to_string(), &items.iter().collect::<Vec<_>>());
    }
    table + &row("sum", &bolts.iter().flat_map(|(_, items)| items).collect::<Vec<_>>())
}

/// Prints `text`. A reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> Result<(), RequirementsError> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(RequirementsError::Output(error)),
        _ => Ok(()),
    }
}

fn at(path: &Path, error: io::Error) -> RequirementsError {
    RequirementsError::File { path: path.to_owned(), error }
}

/// Why the chore failed.
#[derive(Debug, thiserror::Error)]
pub enum RequirementsError {
    /// The BOLTs can't be read.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// A catalogue file can't be written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// No requirement has all the words.
    #[error("no requirement with all of `{0}`: try fewer words, or parts of words")]
    NotFound(String),
    /// Standard output can't be written to.
    #[error("standard output: {0}")]
    Output(io::Error),
    /// `--check` found files that differ.
    #[error("not up to date: {}: run `cargo xtask requirements` without --check", .0.join(", "))]
    Stale(Vec<String>),
}
