//! `cargo xtask requirements`: from the BOLTs' markdown to the requirement catalogue, what that changes, and a search.

mod changes;
#[cfg(test)]
mod tests;

use clap::Args;
use lnprototest_spec_events::Diagnostics;
use lnprototest_spec_events::requirements::{
    BOLTS, CatalogueError, Checkout, CheckoutError, Explanation, Former, Item, Level, Requirements as Index,
    difference, search, write,
};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use changes::{Specs, report};

/// What became of former ids, beside the catalogue.
const FORMER: &str = "former.yaml";

/// The arguments of `cargo xtask requirements`.
#[derive(Args)]
pub struct Requirements {
    /// The folder with the BOLTs' markdown files
    bolts: PathBuf,
    /// Where the catalogue's YAML files go
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs/requirements"))]
    catalogue: PathBuf,
    /// Write nothing: fail if a file would change
    #[arg(long, conflicts_with_all = ["find", "diff"])]
    check: bool,
    /// Write nothing: say which requirements are added, removed, moved and changed, and which specs that touches
    #[arg(long, conflicts_with = "find")]
    diff: bool,
    /// Folders with specs, in which what has moved gets its new id
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs"))]
    specs: Vec<PathBuf>,
    /// Write nothing: print the requirements with all these words, in id, headings, role, level, conditions or text
    #[arg(long, value_name = "WORDS")]
    find: Option<String>,
}

impl Requirements {
    /// Searches, or compares the BOLTs with the catalogue, prints what is different, and brings catalogue and specs up
    /// to date.
    pub fn run(&self) -> Result<(), RequirementsError> {
        let bolts = self.read()?;
        if let Some(words) = &self.find {
            return find(&bolts, words);
        }
        let Told { text, stale } = self.catalogue(&bolts)?;
        print(&text)?;
        if stale.is_empty() { Ok(()) } else { Err(RequirementsError::Stale(stale)) }
    }

    fn read(&self) -> Result<Vec<Bolt>, RequirementsError> {
        let checkout = Checkout::new(&self.bolts);
        let bolts = BOLTS.map(|number| {
            let items = checkout.bolt(number)?;
            let file = checkout.file_of(number)?;
            if items.is_empty() {
                // Or each of its requirements would count as removed.
                return Err(RequirementsError::Empty { path: self.bolts.join(file) });
            }
            Ok(Bolt { number, file, items })
        });
        bolts.into_iter().collect()
    }

    /// Says what is different, and writes it, unless it is only to be looked at.
    fn catalogue(&self, bolts: &[Bolt]) -> Result<Told, RequirementsError> {
        let items: Vec<&Item> = bolts.iter().flat_map(|bolt| &bolt.items).collect();
        let new = Index::new(items.iter().map(|item| item.requirement.clone()).collect());
        let (old, former) = self.known()?;
        let specs = Specs::read(&self.specs).map_err(RequirementsError::Specs)?;
        let difference = difference(&old, &new);
        let mut text = report(&difference, &items, &specs);
        let mut files: Vec<_> = bolts.iter().map(Bolt::catalogue_file).collect();
        files.push((FORMER.to_owned(), former.after(&difference, &new).write()));
        let mut stale = Vec::new();
        if self.check {
            stale = self.stale(&files);
        } else if !self.diff {
            self.write(&files)?;
            let migrated = specs.migrate(&difference).map_err(|(path, error)| at(&path, error))?;
            text.push_str(&format!("specs migrated: {migrated}\n"));
        }
        Ok(Told { text: text + "\n" + &counts(bolts), stale })
    }

    /// The catalogue as it is, and what became of the ids before it. A file that is missing is an empty one.
    fn known(&self) -> Result<(Index, Former), RequirementsError> {
        let read = |name: String| {
            let path = self.catalogue.join(&name);
            match fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((name, String::new())),
                read => read.map(|text| (name, text)).map_err(|error| at(&path, error)),
            }
        };
        let files = BOLTS.map(|bolt| read(catalogue_name(bolt)));
        let files = files.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (former, text) = read(FORMER.to_owned())?;
        let texts = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        Ok((Index::from_catalogue(texts)?, Former::read(&former, &text)?))
    }

    fn write(&self, files: &[(String, String)]) -> Result<(), RequirementsError> {
        files.iter().try_for_each(|(name, text)| {
            let target = self.catalogue.join(name);
            fs::write(&target, text).map_err(|error| at(&target, error))
        })
    }

    /// The files that are not as they should be.
    fn stale(&self, files: &[(String, String)]) -> Vec<String> {
        let targets = files.iter().map(|(name, text)| (self.catalogue.join(name), text));
        let differs =
            |(target, text): &(PathBuf, &String)| fs::read_to_string(target).ok().as_ref() != Some(*text);
        targets.filter(differs).map(|(target, _)| target.display().to_string()).collect()
    }
}

/// What came of a comparison.
struct Told {
    text: String,
    /// The files that `--check` found out of date.
    stale: Vec<String>,
}

/// A BOLT of a checkout.
struct Bolt {
    number: u8,
    file: String,
    items: Vec<Item>,
}

impl Bolt {
    /// The name and text of its catalogue file.
    fn catalogue_file(&self) -> (String, String) {
        let requirements: Vec<_> = self.items.iter().map(|item| &item.requirement).collect();
        (catalogue_name(self.number), write(self.number, &self.file, &requirements))
    }
}

fn catalogue_name(bolt: u8) -> String {
    format!("bolt{bolt:02}.yaml")
}

fn find(bolts: &[Bolt], words: &str) -> Result<(), RequirementsError> {
    let found: Vec<&Item> = bolts.iter().flat_map(|bolt| search(&bolt.items, words)).collect();
    if found.is_empty() {
        return Err(RequirementsError::NotFound(words.to_owned()));
    }
    let explained: String = found.iter().map(|item| format!("{}\n\n", Explanation::from(*item))).collect();
    print(&format!("{explained}found: {}\n", found.len()))
}

/// A table of how many requirements of each level each BOLT has.
fn counts(bolts: &[Bolt]) -> String {
    let row = |name: &str, items: &[&Item]| {
        let of = |level| items.iter().filter(|item| item.requirement.level == level).count();
        let counts = Level::ALL.map(|level| format!("{:>12}", of(level)));
        format!("{name:>5}{:>7}{}\n", items.len(), counts.concat())
    };
    let levels = Level::ALL.map(|level| format!("{level:>12}"));
    let mut table = format!("{:>5}{:>7}{}\n", "BOLT", "all", levels.concat());
    for bolt in bolts {
        table += &row(&bolt.number.to_string(), &bolt.items.iter().collect::<Vec<_>>());
    }
    table + &row("sum", &bolts.iter().flat_map(|bolt| &bolt.items).collect::<Vec<_>>())
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
    /// The catalogue there is can't be compared.
    #[error("{0}, once the old one is taken away")]
    Catalogue(#[from] CatalogueError),
    /// The BOLTs can't be read.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// A BOLT without any requirement.
    #[error("{}: there is no requirement in it: is this a checkout of the BOLTs?", path.display())]
    Empty {
        /// The BOLT's file.
        path: PathBuf,
    },
    /// A file of the catalogue or a spec can't be read or written.
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
    /// The specs can't be read.
    #[error("{0}")]
    Specs(Diagnostics),
    /// `--check` found files that differ.
    #[error("not up to date: {}: run `cargo xtask requirements` without --check", .0.join(", "))]
    Stale(Vec<String>),
}
