//! `cargo xtask extract`: from the BOLTs' markdown to the catalogue's CSV files.
//!
//! A definition in the markdown is a numbered list (`1. type: 16 (`init`)`, `2. data:`) whose bullets are the
//! fields. What it comes to in CSV is told in `bolt/catalogue/README.md`.

mod markdown;
mod rows;

use clap::Args;
use std::path::{Path, PathBuf};
use std::{fs, io};

pub use markdown::MarkdownError;

/// The BOLTs that define messages, TLV streams or subtypes.
const BOLTS: [&str; 5] = ["01", "02", "04", "07", "12"];

/// The arguments of `cargo xtask extract`.
#[derive(Args)]
pub struct Extract {
    /// The folder with the BOLTs' markdown files
    bolts: PathBuf,
    /// Where the CSV files go
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../bolt/catalogue"))]
    catalogue: PathBuf,
    /// Write nothing: fail if a file would change
    #[arg(long)]
    check: bool,
}

impl Extract {
    /// Extracts each BOLT and writes, or checks, its CSV file.
    pub fn run(&self) -> Result<(), ExtractError> {
        let mut stale = Vec::new();
        for bolt in BOLTS {
            let source = self.markdown_of(bolt)?;
            let markdown = fs::read_to_string(&source).map_err(|error| at(&source, error))?;
            let csv = csv(&file_name(&source), &markdown)?;
            let target = self.catalogue.join(format!("bolt{bolt}.csv"));
            if !self.check {
                fs::write(&target, csv).map_err(|error| at(&target, error))?;
            } else if fs::read_to_string(&target).ok().as_deref() != Some(csv.as_str()) {
                stale.push(file_name(&target));
            }
        }
        if stale.is_empty() { Ok(()) } else { Err(ExtractError::Stale(stale)) }
    }

    fn markdown_of(&self, bolt: &str) -> Result<PathBuf, ExtractError> {
        let entries = fs::read_dir(&self.bolts)
            .map_err(|error| ExtractError::Folder { folder: self.bolts.clone(), error })?;
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| {
                let name = file_name(path);
                name.starts_with(&format!("{bolt}-")) && name.ends_with(".md")
            })
            .ok_or_else(|| ExtractError::NoMarkdown { bolt: bolt.to_owned(), folder: self.bolts.clone() })
    }
}

/// The CSV file for one BOLT's markdown.
fn csv(source: &str, markdown: &str) -> Result<String, MarkdownError> {
    let definitions = markdown::definitions(source, markdown)?;
    Ok(format!("# Extracted from {source} by `cargo xtask extract`.\n{}", rows::rows(&definitions)))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn at(path: &Path, error: io::Error) -> ExtractError {
    ExtractError::File { path: path.to_owned(), error }
}

/// Why an extraction failed.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// A file can't be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The folder of the BOLTs can't be read.
    #[error("{}: {error}: name a checkout of the BOLTs", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A definition in the markdown has an unknown form.
    #[error(transparent)]
    Markdown(#[from] MarkdownError),
    /// A BOLT is not there.
    #[error("no {bolt}-*.md in {}: name a checkout of the BOLTs", folder.display())]
    NoMarkdown {
        /// Its number.
        bolt: String,
        /// Where it should be.
        folder: PathBuf,
    },
    /// `--check` found files that differ.
    #[error("out of date: {}; run `cargo xtask extract` without --check", .0.join(", "))]
    Stale(Vec<String>),
}

#[cfg(test)]
mod tests {
    use super::{Extract, csv};

    const MARKDOWN: &str = include_str!("../tests/data/extract.md");
    const CSV: &str = include_str!("../tests/data/extract.csv");

    #[test]
    fn a_folder_that_is_no_checkout_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |bolts: std::path::PathBuf| {
            let extract = Extract { bolts, catalogue: folder.path().to_owned(), check: false };
            extract.run().unwrap_err().to_string().replace(&folder.path().display().to_string(), "FOLDER")
        };
        assert_eq!(refused(folder.path().to_owned()), "no 01-*.md in FOLDER: name a checkout of the BOLTs");
        let missing = refused(folder.path().join("nowhere"));
        assert!(missing.starts_with("FOLDER/nowhere: "), "{missing}");
        assert!(missing.ends_with(": name a checkout of the BOLTs"), "{missing}");
    }

    #[test]
    fn every_form_is_extracted() {
        assert_eq!(csv("extract.md", MARKDOWN).unwrap(), CSV);
    }

    #[test]
    fn a_field_of_unknown_form_is_an_error_with_its_line() {
        let error = csv("x.md", "1. type: 1 (`a`)\n2. data:\n   * [`u16` `b`]\n").unwrap_err();
        assert_eq!(error.to_string(), "x.md:3: a field is written * [`type`:`name`]: * [`u16` `b`]");
    }

    #[test]
    fn a_type_of_unknown_form_is_an_error_with_its_line() {
        let error = csv("x.md", "\n1. type: (`a`)\n").unwrap_err();
        assert!(error.to_string().starts_with("x.md:2: "), "{error}");
    }

    #[test]
    fn a_record_without_a_stream_is_an_error() {
        let error = csv("x.md", "1. type: 1 (`a`)\n2. data:\n   1. type: 2 (`b`)\n").unwrap_err();
        assert!(error.to_string().starts_with("x.md:3: an indented type is a record"), "{error}");
    }
}
