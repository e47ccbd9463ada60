//! What do the BOLTs say? A user's own checkout of them, read when it is asked for and never shipped.

use super::extract::{Item, extract};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The numbers of the BOLTs that have requirements.
pub const BOLTS: [u8; 12] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12];

/// A folder with the BOLTs' markdown files.
#[derive(Clone, Debug)]
pub struct Checkout {
    folder: PathBuf,
}

impl Checkout {
    /// The checkout in `folder`. Its files are read later.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Checkout { folder: folder.into() }
    }

    /// The requirements of BOLT `bolt`, in the order of its text.
    pub fn bolt(&self, bolt: u8) -> Result<Vec<Item>, CheckoutError> {
        let path = self.markdown_of(bolt)?;
        let markdown = fs::read_to_string(&path).map_err(|error| at(&path, error))?;
        Ok(extract(bolt, &file_name(&path), &markdown))
    }

    /// The name of the markdown file of BOLT `bolt`: `02-peer-protocol.md`.
    pub fn file_of(&self, bolt: u8) -> Result<String, CheckoutError> {
        Ok(file_name(&self.markdown_of(bolt)?))
    }

    fn markdown_of(&self, bolt: u8) -> Result<PathBuf, CheckoutError> {
        let prefix = format!("{bolt:02}-");
        let entries = fs::read_dir(&self.folder)
            .map_err(|error| CheckoutError::Folder { folder: self.folder.clone(), error })?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| file_name(path).starts_with(&prefix) && file_name(path).ends_with(".md"))
            .collect();
        files.sort();
        files.into_iter().next().ok_or_else(|| CheckoutError::NoBolt { bolt, folder: self.folder.clone() })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn at(path: &Path, error: io::Error) -> CheckoutError {
    CheckoutError::File { path: path.to_owned(), error }
}

/// Why a checkout of the BOLTs can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// A file can't be read, or is not UTF-8.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder can't be read.
    #[error("{}: {error}: name a folder with the BOLTs' markdown files", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder lacks a BOLT.
    #[error("{}: no file `{bolt:02}-*.md`: is this a checkout of the BOLTs?", folder.display())]
    NoBolt {
        /// The number of the BOLT.
        bolt: u8,
        /// Where it was looked for.
        folder: PathBuf,
    },
}
