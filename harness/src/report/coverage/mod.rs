//! Which requirements of the BOLTs did a run put the node to, and what came of each?
//!
//! A spec's verdict counts for each requirement that it covers: one that fails can't tell which of them the node broke.

mod json;
mod table;
#[cfg(test)]
mod tests;

use lnprototest_spec_events::Spec;
use lnprototest_spec_events::requirements::{Level, Requirement, Requirements};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::SpecReport;
use crate::verdict::VerdictKind;

pub use json::json;
pub use table::Table;

/// What a run says of each requirement there is.
pub struct Coverage<'a> {
    entries: Vec<Entry<'a>>,
}

/// What a run says of one requirement.
pub struct Entry<'a> {
    /// The requirement.
    pub requirement: &'a Requirement,
    /// What it came to: the state that weighs most of what its specs say.
    pub state: State,
    /// The specs of the run that cover it.
    pub specs: Vec<Covering>,
}

/// A spec that covers a requirement.
#[derive(Clone, Debug, Serialize)]
pub struct Covering {
    /// Its name.
    pub spec: String,
    /// What it came to; nothing if the run was ended before.
    pub verdict: Option<VerdictKind>,
    /// Why, where that is not plain.
    pub reason: Option<String>,
}

/// What a requirement came to, from the state that weighs least to the one that weighs most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No spec of the run covers it.
    Uncovered,
    /// All specs that cover it were skipped, or not run to their end.
    Skipped,
    /// None that covers it gave a verdict on the node, and at least one for a fault of its own or of the machine.
    Error,
    /// At least one that covers it passed, and none failed.
    Passed,
    /// One failed as the list of known failures says, and none otherwise.
    Known,
    /// One failed, be it for a SHOULD.
    Failed,
}

impl State {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 6] =
        [Self::Passed, Self::Failed, Self::Known, Self::Error, Self::Skipped, Self::Uncovered];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Failed => "failed",
            Self::Known => "known",
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Uncovered => "uncovered",
        }
    }

    /// Whether there is a verdict on the node.
    pub fn is_executed(self) -> bool {
        matches!(self, Self::Passed | Self::Known | Self::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How binding, in three: what a node must, should and may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obligation {
    /// MUST and MUST NOT.
    Must,
    /// SHOULD and SHOULD NOT.
    Should,
    /// MAY.
    May,
}

impl Obligation {
    /// All of them, the most binding first.
    pub const ALL: [Self; 3] = [Self::Must, Self::Should, Self::May];

    /// Which of them a requirement's level is.
    pub fn of(level: Level) -> Self {
        match level {
            Level::Must | Level::MustNot => Self::Must,
            Level::Should | Level::ShouldNot => Self::Should,
            Level::May => Self::May,
        }
    }

    /// As the BOLTs write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

/// How many requirements came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([usize; State::ALL.len()]);

impl Counts {
    /// Those of these entries that are an `obligation`.
    pub fn of<'e, 'r: 'e>(entries: impl IntoIterator<Item = &'e Entry<'r>>, obligation: Obligation) -> Self {
        let mut counts = Self::default();
        for entry in entries {
            if Obligation::of(entry.requirement.level) == obligation {
                counts.0[entry.state as usize] += 1;
            }
        }
        counts
    }

    /// How many came to `state`.
    pub fn count(&self, state: State) -> usize {
        self.0[state as usize]
    }

    /// How many there are.
    pub fn all(&self) -> usize {
        self.0.iter().sum()
    }

    /// On how many there is a verdict.
    pub fn executed(&self) -> usize {
        State::ALL.into_iter().filter(|state| state.is_executed()).map(|state| self.count(state)).sum()
    }
}

impl<'a> Coverage<'a> {
    /// What came of `requirements` in a run of `specs`, of which these are the reports.
    pub fn new(requirements: &'a Requirements, specs: &[Arc<Spec>], reports: &[SpecReport]) -> Self {
        let reports: HashMap<&str, &SpecReport> =
            reports.iter().map(|report| (report.spec.name.as_str(), report)).collect();
        let mut covering: HashMap<&str, Vec<Covering>> = HashMap::new();
        for spec in specs {
            let came_to = Covering::new(spec, reports.get(spec.name.as_str()).copied());
            for id in &spec.covers {
                covering.entry(&id.value).or_default().push(came_to.clone());
            }
        }
        let entries = requirements.iter().map(|requirement| {
            let specs = covering.remove(requirement.id.as_str()).unwrap_or_default();
            let state = specs.iter().map(Covering::state).max().unwrap_or(State::Uncovered);
            Entry { requirement, state, specs }
        });
        Self { entries: entries.collect() }
    }

    /// All requirements, BOLT by BOLT, in the order of the text.
    pub fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }

    /// Those of each BOLT.
    pub fn bolts(&self) -> impl Iterator<Item = &[Entry<'a>]> {
        self.entries.chunk_by(|one, next| one.requirement.bolt == next.requirement.bolt)
    }

    /// Those of one state.
    pub fn of_state(&self, state: State) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(move |entry| entry.state == state)
    }
}

/// `entries` by their sections, in the order of the text. A heading such as "Requirements" is none of its own.
fn sections<'e, 'r>(entries: &'e [Entry<'r>]) -> Vec<(&'r [String], Vec<&'e Entry<'r>>)> {
    const UNTELLING: [&str; 2] = ["Rationale", "Requirements"];
    let mut sections: indexmap::IndexMap<&[String], Vec<&Entry<'_>>> = indexmap::IndexMap::new();
    for entry in entries {
        let headings = &entry.requirement.section[..];
        let section = match headings {
            [above @ .., last] if UNTELLING.contains(&last.as_str()) && !above.is_empty() => above,
            headings => headings,
        };
        sections.entry(section).or_default().push(entry);
    }
    sections.into_iter().collect()
}

impl Covering {
    fn new(spec: &Spec, report: Option<&SpecReport>) -> Self {
        Self {
            spec: spec.name.clone(),
            verdict: report.map(SpecReport::kind),
            reason: report.map_or_else(|| Some("the run was ended before".to_owned()), SpecReport::reason),
        }
    }

    /// What a requirement comes to for this spec alone.
    pub fn state(&self) -> State {
        match self.verdict {
            None | Some(VerdictKind::Skip) => State::Skipped,
            Some(VerdictKind::Error) => State::Error,
            // The node did as the spec demands; that its list of known failures is out of date is no fault of it.
            Some(VerdictKind::Pass | VerdictKind::Fixed) => State::Passed,
            Some(VerdictKind::Known) => State::Known,
            Some(VerdictKind::Warn | VerdictKind::Fail) => State::Failed,
        }
    }
}
