//! Where spec files come from: a folder, one file, or a binary that has them in it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Diagnostic, Diagnostics, Location, Source};

/// The folder of fragments below a root.
const FRAGMENTS: &str = "fragments/";
/// Folders of a root whose YAML files are something else.
const NO_SPECS: [&str; 4] = [FRAGMENTS, "expectations/", "mutants/", "requirements/"];
const ENDING: &str = ".yaml";

/// A root with spec files below it, and `fragments/` beside them.
#[derive(Debug, Default)]
pub struct Tree {
    specs: BTreeMap<String, TreeFile>,
    fragments: BTreeMap<String, TreeFile>,
}

/// A file of a tree, as far as it could be read.
#[derive(Clone, Debug)]
pub struct TreeFile {
    /// Its name and text.
    pub source: Arc<Source>,
    /// What keeps it from being a text.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Tree {
    /// The files of a root that are not on a disk, each as its path below the root and its bytes. `label` is how
    /// people are told where they are: `(bundled) `.
    pub fn embedded<P: AsRef<str>, B: AsRef<[u8]>>(
        label: &str,
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Self {
        let mut tree = Self::default();
        for (path, bytes) in files {
            let path = path.as_ref();
            tree.add(path, TreeFile::new(format!("{label}{path}"), bytes.as_ref()), true);
        }
        tree
    }

    /// What is at `path`: a spec file, or all of them in a folder and below it.
    ///
    /// The root, from which specs get their names, is the nearest folder at or above `path` that has a `fragments/`
    /// folder; else the folder itself.
    ///
    /// # Errors
    /// A file or folder can't be read, or there is no spec in it.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let failed = |path: &Path, error: io::Error| {
            let diagnostic = Diagnostic::new(&unread(path), format!("it can't be read: {error}"));
            Diagnostics(vec![diagnostic])
        };
        let kind = fs::metadata(path).map_err(|error| failed(path, error))?;
        let folder = if kind.is_dir() { path } else { parent(path) };
        let root = folder_with_fragments(folder).unwrap_or_else(|| folder.to_owned());
        let mut files = Vec::new();
        if kind.is_dir() {
            list(path, &mut files).map_err(|(path, error)| failed(&path, error))?;
        } else {
            files.push(path.to_owned());
        }
        let wanted = files.len();
        let fragments = root.join(FRAGMENTS);
        if fragments.is_dir() {
            list(&fragments, &mut files).map_err(|(path, error)| failed(&path, error))?;
        }
        let mut tree = Self::default();
        for (index, file) in files.iter().enumerate() {
            let bytes = fs::read(file).map_err(|error| failed(file, error))?;
            let below = file.strip_prefix(&root).unwrap_or(file);
            let below = below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            tree.add(&below, TreeFile::new(file.display().to_string(), &bytes), index < wanted);
        }
        if tree.specs.is_empty() && tree.fragments.is_empty() {
            let problem = "there is no spec here: a spec is a file that ends in .yaml";
            return Err(Diagnostics(vec![Diagnostic::new(&unread(path), problem)]));
        }
        Ok(tree)
    }

    /// The names of its specs, in order.
    pub fn spec_names(&self) -> impl Iterator<Item = &str> {
        self.specs.keys().map(String::as_str)
    }

    /// The files of its specs, in the order of their names. What is no UTF-8 is left out.
    pub fn spec_sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.specs.values().filter(|file| file.diagnostics.is_empty()).map(|file| &file.source)
    }

    /// Leaves only the specs whose names `keep` wants.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.specs.retain(|name, _| keep(name));
    }

    pub(crate) fn specs(&self) -> impl Iterator<Item = (&str, &TreeFile)> {
        self.specs.iter().map(|(name, file)| (name.as_str(), file))
    }

    pub(crate) fn fragment(&self, name: &str) -> Option<&TreeFile> {
        self.fragments.get(name)
    }

    pub(crate) fn fragment_names(&self) -> Vec<String> {
        self.fragments.keys().cloned().collect()
    }

    fn add(&mut self, path: &str, file: TreeFile, wanted: bool) {
        let Some(name) = path.strip_suffix(ENDING) else { return };
        if let Some(fragment) = name.strip_prefix(FRAGMENTS) {
            self.fragments.insert(fragment.to_owned(), file);
        } else if wanted && !NO_SPECS.iter().any(|folder| path.starts_with(folder)) {
            self.specs.insert(name.to_owned(), file);
        }
    }
}

impl TreeFile {
    fn new(name: String, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let source = Arc::new(Source { name, text });
        let mut diagnostics = Vec::new();
        if let Err(error) = str::from_utf8(bytes) {
            let at = error.valid_up_to();
            let problem = format!("byte {at} is no UTF-8: 0x{:02x}", bytes[at]);
            diagnostics.push(Diagnostic::new(&Location::new(&source, at..at + 1), problem));
        }
        Self { source, diagnostics }
    }
}

/// All files of specs in a folder and below it, in order of their paths.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let failed = |error| (folder.to_owned(), error);
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(failed)?;
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            list(&path, files)?;
        } else if path.to_string_lossy().ends_with(ENDING) && !files.contains(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn folder_with_fragments(folder: &Path) -> Option<PathBuf> {
    // Above a relative folder there is more than its name says.
    let above = fs::canonicalize(folder).ok()?;
    let depth = above.ancestors().position(|ancestor| ancestor.join(FRAGMENTS).is_dir())?;
    let mut root = folder.to_owned();
    for _ in 0..depth {
        let up = root.file_name().and_then(|_| root.parent()).map(Path::to_owned);
        root = up.filter(|up| up != Path::new("")).unwrap_or_else(|| root.join(".."));
    }
    let same = fs::canonicalize(&root).ok().as_deref() == above.ancestors().nth(depth);
    same.then_some(root)
}

fn unread(path: &Path) -> Location {
    Location::bare(&Arc::new(Source { name: path.display().to_string(), text: String::new() }), 0, 0)
}
