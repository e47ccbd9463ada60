//! Coverage for programs. docs/coverage.md describes this document; what is described there stays.

use lnprototest_runner_api::Identity;
use lnprototest_spec_events::requirements::Requirement;
use serde::Serialize;
use std::collections::BTreeMap;

use super::{Counts, Coverage, Covering, Entry, Obligation, State, sections};
use crate::report::Summary;
use crate::verdict::VerdictKind;

/// Raised when a key changes its meaning or goes; a new key does not raise it.
const FORMAT: u32 = 1;

/// The document, of a run by this runner.
///
/// # Errors
/// None that happens: all keys are texts.
pub fn json(
    coverage: &Coverage<'_>,
    runner: &str,
    node: Option<&Identity>,
    summary: &Summary,
) -> serde_json::Result<String> {
    let document = Document {
        format: FORMAT,
        runner,
        node: node.map(|node| Node { name: &node.name, version: &node.version }),
        specs: VerdictKind::ALL.into_iter().map(|kind| (kind.name(), summary.count(kind))).collect(),
        interrupted: summary.is_interrupted(),
        requirements: by_obligation(coverage.entries()),
        bolts: coverage.bolts().map(bolt).collect(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    runner: &'a str,
    node: Option<Node<'a>>,
    specs: BTreeMap<&'static str, usize>,
    interrupted: bool,
    requirements: ByObligation,
    bolts: Vec<Bolt<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Bolt<'a> {
    bolt: u8,
    file: &'a str,
    requirements: ByObligation,
    sections: Vec<Section<'a>>,
}

#[derive(Serialize)]
struct Section<'a> {
    section: &'a [String],
    requirements: ByObligation,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    line: u32,
    role: &'a str,
    level: &'static str,
    state: State,
    specs: &'a [Covering],
}

#[derive(Serialize)]
struct ByObligation {
    must: BTreeMap<&'static str, usize>,
    should: BTreeMap<&'static str, usize>,
    may: BTreeMap<&'static str, usize>,
}

fn bolt<'a>(entries: &'a [Entry<'_>]) -> Bolt<'a> {
    let Requirement { bolt, file, .. } = entries[0].requirement;
    let sections = sections(entries).into_iter().map(|(section, entries)| Section {
        section,
        requirements: by_obligation(entries.iter().copied()),
        items: entries.into_iter().map(item).collect(),
    });
    Bolt { bolt: *bolt, file, requirements: by_obligation(entries), sections: sections.collect() }
}

fn item<'a>(entry: &'a Entry<'_>) -> Item<'a> {
    let Requirement { id, line, role, level, .. } = entry.requirement;
    Item {
        id: id.as_str(),
        line: *line,
        role,
        level: level.as_str(),
        state: entry.state,
        specs: &entry.specs,
    }
}

fn by_obligation<'e, 'r: 'e>(entries: impl IntoIterator<Item = &'e Entry<'r>> + Clone) -> ByObligation {
    let counts = |obligation| {
        let counts = Counts::of(entries.clone(), obligation);
        let states = State::ALL.into_iter().map(|state| (state.name(), counts.count(state)));
        states.chain([("all", counts.all()), ("executed", counts.executed())]).collect()
    };
    ByObligation {
        must: counts(Obligation::Must),
        should: counts(Obligation::Should),
        may: counts(Obligation::May),
    }
}
