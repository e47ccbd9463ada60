//! What did new BOLTs do to the requirements, and to which specs? A report for people, and the specs mended.

use lnprototest_spec_events::requirements::{Difference, Explanation, Item, Requirement, covers, renamed};
use lnprototest_spec_events::{Diagnostics, Source, Tree};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// The specs that may name requirements.
pub struct Specs {
    files: Vec<Arc<Source>>,
    /// Where each id is named: `file:line:column`.
    places: HashMap<String, Vec<String>>,
}

impl Specs {
    /// Those in these folders, and below them.
    pub fn read(folders: &[PathBuf]) -> Result<Self, Diagnostics> {
        let mut files = Vec::new();
        for folder in folders {
            files.extend(Tree::read(folder)?.spec_sources().cloned());
        }
        let mut places: HashMap<String, Vec<String>> = HashMap::new();
        for id in files.iter().flat_map(covers) {
            places.entry(id.value.clone()).or_default().push(id.at.to_string());
        }
        Ok(Self { files, places })
    }

    /// Writes the new id of what has moved into each spec that covers it, and gives the number of files it changed.
    pub fn migrate(&self, difference: &Difference<'_>) -> Result<usize, (PathBuf, io::Error)> {
        let now: HashMap<&str, &str> =
            difference.moved.iter().map(|(old, new)| (old.id.as_str(), new.id.as_str())).collect();
        let mut changed = 0;
        for file in &self.files {
            let text = renamed(file, |id| now.get(id).copied());
            if text != file.text {
                let path = Path::new(&file.name);
                fs::write(path, text).map_err(|error| (path.to_owned(), error))?;
                changed += 1;
            }
        }
        Ok(changed)
    }

    fn places(&self, requirement: &Requirement) -> &[String] {
        self.places.get(requirement.id.as_str()).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The difference in words, with the places in specs that each part of it touches. Of what is changed or may be
/// meant, `items` have the new wording.
pub fn report(difference: &Difference<'_>, items: &[&Item], specs: &Specs) -> String {
    let Difference { added, removed, moved, changed, ambiguous } = difference;
    let mut report = Report { text: String::new(), items, specs };
    report.heading("added", added.len(), "new");
    added.iter().for_each(|new| report.line(&placed(new)));
    report.heading("removed", removed.len(), "nothing like them is left: take them out of the specs");
    for old in removed {
        report.line(old.id.as_str());
        report.touched(old);
    }
    report.heading("moved", moved.len(), "the same words in another place: specs get the new id");
    for (old, new) in moved {
        report.line(&format!("{} -> {}", old.id, placed(new)));
        report.touched(old);
    }
    report.heading("changed", changed.len(), "read the new words, adapt the specs, take the new id");
    for (old, new) in changed {
        report.line(old.id.as_str());
        report.touched(old);
        report.wording(new);
    }
    report.heading("ambiguous", ambiguous.len(), "the same words in several places: say which is meant");
    for (old, new) in ambiguous {
        report.line(old.id.as_str());
        report.touched(old);
        new.iter().for_each(|new| report.wording(new));
    }
    let mut text = report.text;
    if difference.is_empty() {
        text.push_str("requirements: none is added, removed, moved or changed\n");
        return text;
    }
    let left = removed.iter().copied().chain(changed.iter().map(|(old, _)| *old));
    let left = left.chain(ambiguous.iter().map(|(old, _)| *old));
    let to_adapt: BTreeSet<&str> =
        left.flat_map(|old| specs.places(old)).map(|place| file_of(place)).collect();
    text + &format!("\nspecs to adapt: {}\n", to_adapt.len())
}

struct Report<'a> {
    text: String,
    items: &'a [&'a Item],
    specs: &'a Specs,
}

impl Report<'_> {
    fn heading(&mut self, what: &str, count: usize, remedy: &str) {
        if count > 0 {
            let gap = if self.text.is_empty() { "" } else { "\n" };
            self.text.push_str(&format!("{gap}{what}: {count} ({remedy})\n"));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(&format!("  {line}\n"));
    }

    /// Where specs name `old`.
    fn touched(&mut self, old: &Requirement) {
        for place in self.specs.places(old) {
            self.text.push_str(&format!("    in {place}\n"));
        }
    }

    /// What the checkout says.
    fn wording(&mut self, new: &Requirement) {
        let item = self.items.iter().find(|item| item.requirement.id == new.id);
        let wording = item.map_or_else(|| placed(new), |item| Explanation::from(*item).to_string());
        for (n, line) in wording.lines().enumerate() {
            self.text.push_str(&format!("    {}{line}\n", if n == 0 { "-> " } else { "   " }));
        }
    }
}

/// `B02-...  MUST, sender  02-peer-protocol.md:220`.
fn placed(requirement: &Requirement) -> String {
    let Requirement { id, level, role, file, line, .. } = requirement;
    format!("{id}  {level}, {role}  {file}:{line}")
}

/// The file of `file:line:column`.
fn file_of(place: &str) -> &str {
    place.rsplitn(3, ':').last().unwrap_or(place)
}
