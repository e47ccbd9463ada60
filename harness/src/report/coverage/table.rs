//! Coverage for people: a table, what the node broke, what was skipped and why, and a line that sums it up.

use std::collections::BTreeMap;
use std::fmt;

use super::{Counts, Coverage, Entry, Obligation, State, sections};

/// The report as text.
pub struct Table<'a> {
    /// What it tells of.
    pub coverage: &'a Coverage<'a>,
    /// Whether each BOLT is broken down by section.
    pub by_section: bool,
    /// Whether the requirements that no spec covers are listed.
    pub missing: bool,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>4}  {:6}{:>6}{:>10}{:>8}{:>8}{:>8}{:>8}{:>9}{:>13}",
            "BOLT", "", "all", "executed", "passed", "failed", "known", "error", "skipped", "not covered"
        )?;
        for bolt in self.coverage.bolts() {
            rows(f, &bolt[0].requirement.bolt.to_string(), bolt)?;
            if self.by_section {
                for (section, entries) in sections(bolt) {
                    writeln!(f, "      {}", section.join(" > "))?;
                    rows(f, "", entries.iter().copied())?;
                }
            }
        }
        rows(f, "sum", self.coverage.entries())?;
        for state in [State::Failed, State::Known, State::Error] {
            self.blamed(f, state)?;
        }
        self.skipped(f)?;
        if self.missing {
            self.uncovered(f)?;
        }
        self.sum(f)
    }
}

impl Table<'_> {
    /// The requirements of this state, each with the specs that say so.
    fn blamed(&self, f: &mut fmt::Formatter<'_>, state: State) -> fmt::Result {
        for (n, entry) in self.coverage.of_state(state).enumerate() {
            if n == 0 {
                writeln!(f, "\n{state}:")?;
            }
            place(f, entry)?;
            for covering in entry.specs.iter().filter(|covering| covering.state() == state) {
                writeln!(f, "    {}: {}", covering.spec, covering.reason.as_deref().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// How many were skipped for which reason.
    fn skipped(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in self.coverage.of_state(State::Skipped) {
            let mut reasons: Vec<&str> =
                entry.specs.iter().filter_map(|covering| covering.reason.as_deref()).collect();
            reasons.sort_unstable();
            reasons.dedup();
            for reason in reasons {
                *counts.entry(reason).or_default() += 1;
            }
        }
        for (n, (reason, count)) in counts.iter().enumerate() {
            if n == 0 {
                writeln!(f, "\nskipped:")?;
            }
            writeln!(f, "{count:>5}  {reason}")?;
        }
        Ok(())
    }

    fn uncovered(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, entry) in self.coverage.of_state(State::Uncovered).enumerate() {
            if n == 0 {
                writeln!(f, "\nnot covered:")?;
            }
            place(f, entry)?;
        }
        Ok(())
    }

    fn sum(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_each = Obligation::ALL.map(|obligation| {
            let counts = Counts::of(self.coverage.entries(), obligation);
            (obligation, counts.executed(), counts.all())
        });
        let executed: usize = of_each.iter().map(|(_, executed, _)| executed).sum();
        let plural = if executed == 1 { "" } else { "s" };
        write!(f, "\n{executed} distinct requirement{plural} executed of {}", self.coverage.entries().len())?;
        for (n, (obligation, executed, all)) in of_each.iter().enumerate() {
            write!(f, "{} {} {executed} of {all}", if n == 0 { ":" } else { "," }, obligation.name())?;
        }
        writeln!(f)
    }
}

/// A row for each obligation that there is among `entries`, the first called `name`.
fn rows<'e, 'r: 'e>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    entries: impl IntoIterator<Item = &'e Entry<'r>> + Clone,
) -> fmt::Result {
    let counts = Obligation::ALL.map(|obligation| (obligation, Counts::of(entries.clone(), obligation)));
    for (n, (obligation, counts)) in counts.iter().filter(|(_, counts)| counts.all() > 0).enumerate() {
        let name = if n == 0 { name } else { "" };
        write!(f, "{name:>4}  {:6}{:>6}{:>10}", obligation.name(), counts.all(), cell(counts.executed()))?;
        for (state, width) in State::ALL.into_iter().zip([8, 8, 8, 8, 9, 13]) {
            write!(f, "{:>width$}", cell(counts.count(state)))?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// A number that a person looks for: not nothing.
fn cell(count: usize) -> String {
    if count == 0 { ".".to_owned() } else { count.to_string() }
}

/// `  B01-init-f3865515  MUST, sender  01-messaging.md:100`.
fn place(f: &mut fmt::Formatter<'_>, entry: &Entry<'_>) -> fmt::Result {
    let requirement = entry.requirement;
    let (id, level, role) = (&requirement.id, requirement.level, &requirement.role);
    writeln!(f, "  {id}  {level}, {role}  {}:{}", requirement.file, requirement.line)
}
