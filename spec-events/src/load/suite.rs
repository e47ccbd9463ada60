//! Loads all specs of some trees.

use super::fragments::Fragments;
use super::head::read_spec;
use super::{Language, Reader, Tree};
use crate::yaml::{Entry, Yaml, YamlKind, parse};
use crate::{Diagnostic, Diagnostics, Location, Spec};

/// Checked specs, in the order of the trees and of their names.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// Each of them.
    pub specs: Vec<Spec>,
}

/// Reads all specs of `trees`. Fragments come from a spec's own tree, then from `bundled`.
///
/// Fragments that no spec includes are looked through as well.
///
/// # Errors
/// All mistakes of all files.
pub fn load(trees: &[Tree], bundled: &Tree, language: Language<'_>) -> Result<Suite, Diagnostics> {
    let mut suite = Suite::default();
    let mut diagnostics = Vec::new();
    for tree in trees {
        let fragments = Fragments::new(vec![tree, bundled]);
        for (name, file) in tree.specs() {
            let mut wrong = file.diagnostics.clone();
            let root = parse(&file.source, &mut wrong);
            match root {
                Some(root) => {
                    let (spec, mistakes) =
                        read_spec(name, &Location::new(&file.source, 0..0), &root, language, &fragments);
                    wrong.extend(mistakes);
                    suite.specs.extend(spec);
                }
                None if wrong.is_empty() => {
                    let whole = Location::new(&file.source, 0..0);
                    wrong.push(Diagnostic::new(&whole, "this file is empty"));
                }
                None => {}
            }
            diagnostics.append(&mut wrong);
        }
        for name in fragments.unused() {
            let mut reader = Reader::new(language, &fragments, true);
            reader.fragment_by_itself(&name);
            diagnostics.append(&mut reader.diagnostics);
        }
    }
    if diagnostics.is_empty() { Ok(suite) } else { Err(Diagnostics::sorted(diagnostics)) }
}

/// The spec with these keys, which were not read from a file.
///
/// # Errors
/// All mistakes in it.
pub(crate) fn check_spec(
    name: &str,
    entries: Vec<Entry>,
    at: &Location,
    fragments: &Tree,
    language: Language<'_>,
) -> Result<Spec, Diagnostics> {
    let root = Yaml { kind: YamlKind::Map(entries), at: at.clone() };
    match read_spec(name, at, &root, language, &Fragments::new(vec![fragments])) {
        (Some(spec), _) => Ok(spec),
        (None, diagnostics) => Err(Diagnostics::sorted(diagnostics)),
    }
}
