//! Specs on a disk.

mod common;

use common::language;
use lnprototest_spec_events::{Tree, load};
use std::fs;
use std::path::Path;

const SPEC: &str =
    "about: a\ncovers: [B02-tx_add_input-81baa1ce]\nsteps:\n  - Include: hello\n  - ExpectQuiet: {}\n";

/// A root with specs, a fragment, and files that are none of these.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder for the test");
    for (path, text) in [
        ("top.yaml", SPEC),
        ("bolt01/init/echo.yaml", SPEC),
        ("bolt01/init/notes.txt", "no spec"),
        ("bolt01/.hidden.yaml", "no spec"),
        ("expectations/ldk.yaml", "no spec"),
        ("fragments/hello.yaml", "steps:\n  - Connect: alice\n"),
        ("requirements/bolt01.yaml", "no spec"),
    ] {
        let path = root.path().join(path);
        let written = path.parent().map(fs::create_dir_all).transpose().and_then(|_| fs::write(&path, text));
        written.expect("a file for the test");
    }
    root
}

fn names(path: &Path) -> Vec<String> {
    Tree::read(path).unwrap_or_else(|wrong| panic!("{wrong}")).spec_names().map(str::to_owned).collect()
}

fn wrong(path: &Path) -> String {
    match Tree::read(path) {
        Ok(tree) => panic!("{tree:?}"),
        Err(wrong) => wrong.to_string().replace(&path.display().to_string(), "PATH"),
    }
}

#[test]
fn a_spec_is_called_the_same_however_it_is_reached() {
    let root = root();
    assert_eq!(names(root.path()), ["bolt01/init/echo", "top"]);
    assert_eq!(names(&root.path().join("bolt01")), ["bolt01/init/echo"]);
    assert_eq!(names(&root.path().join("bolt01/init/echo.yaml")), ["bolt01/init/echo"]);
    assert_eq!(names(&root.path().join("bolt01/../bolt01/init")), ["bolt01/init/echo"]);
}

#[test]
fn fragments_are_found_above_a_part_of_the_tree() {
    let root = root();
    let tree = Tree::read(&root.path().join("bolt01/init")).unwrap();
    let suite = load(&[tree], &Tree::default(), language()).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(suite.specs.len(), 1);
}

#[test]
fn fragments_of_the_bundle_serve_other_trees() {
    let bundled = Tree::embedded("", [("fragments/hello.yaml", "steps:\n  - Connect: bob\n")]);
    let own = Tree::embedded("", [("a.yaml", SPEC)]);
    assert_eq!(load(&[own], &bundled, language()).map(|suite| suite.specs.len()), Ok(1));
    let own = Tree::embedded("", [("a.yaml", SPEC)]);
    assert!(load(&[own], &Tree::default(), language()).is_err());
}

#[test]
fn a_folder_without_fragments_is_its_own_root() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), SPEC).unwrap();
    assert_eq!(names(folder.path()), ["a"]);
    assert_eq!(names(&folder.path().join("a.yaml")), ["a"]);
}

#[test]
fn nothing_to_read_is_told() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        wrong(empty.path()),
        "error: there is no spec here: a spec is a file that ends in .yaml\n--> PATH\n\n1 mistake in the specs"
    );
    assert!(wrong(&empty.path().join("missing")).contains("it can't be read"));
}
