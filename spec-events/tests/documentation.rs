//! Are the examples that people are shown right?

mod common;

use common::load_files;

const README: &str = include_str!("../../README.md");
const REFERENCE: &str = include_str!("../../docs/language.md");

#[test]
fn the_examples_of_whole_files_load() {
    let fragment = only(&files(REFERENCE), "params:");
    for page in [README, REFERENCE] {
        let spec = only(&files(page), "covers:");
        let suite = load_files([("example.yaml", spec), ("fragments/connected.yaml", fragment)]);
        let suite = suite.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        assert_eq!(suite.specs.len(), 1);
    }
}

/// The blocks of YAML that are files of the language, and not parts of one.
fn files(page: &str) -> Vec<&str> {
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains("\nsteps:\n")).collect()
}

fn only<'a>(files: &[&'a str], key: &str) -> &'a str {
    let mut with_key = files.iter().filter(|file| file.contains(&format!("\n{key}")));
    let found = with_key.next().unwrap_or_else(|| panic!("there is no example with {key}"));
    assert!(with_key.next().is_none(), "there are two examples with {key}");
    found
}
