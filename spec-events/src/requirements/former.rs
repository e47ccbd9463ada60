//! What became of ids that there once were? `specs/requirements/former.yaml`, so that specs that the update of the
//! catalogue did not see can be told what to do.

use super::catalogue::CatalogueError;
use super::difference::Difference;
use super::id::Id;
use super::index::Requirements;
use std::collections::BTreeMap;
use std::fmt;

/// Former ids and their fates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Former(BTreeMap<String, Fate>);

/// What became of a requirement in a later version of the BOLTs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its words stand elsewhere now, under this id.
    Moved(Id),
    /// It was reworded, and has this id now. Whether it still means the same has to be read.
    Changed(Id),
    /// It is gone.
    Removed,
}

impl Former {
    /// The fate of this former id.
    pub fn fate(&self, id: &str) -> Option<&Fate> {
        self.0.get(id)
    }

    /// These and what `difference` adds to them, on the way to the catalogue `new`.
    #[must_use]
    pub fn after(mut self, difference: &Difference<'_>, new: &Requirements) -> Self {
        let mut fates = BTreeMap::new();
        for (old, new) in &difference.moved {
            fates.insert(old.id.to_string(), Fate::Moved(new.id.clone()));
        }
        for (old, new) in &difference.changed {
            fates.insert(old.id.to_string(), Fate::Changed(new.id.clone()));
        }
        for (old, new) in &difference.ambiguous {
            fates.insert(
                old.id.to_string(),
                new.first().map_or(Fate::Removed, |new| Fate::Changed(new.id.clone())),
            );
        }
        for old in &difference.removed {
            fates.insert(old.id.to_string(), Fate::Removed);
        }
        for fate in self.0.values_mut() {
            let later = match &*fate {
                Fate::Moved(now) | Fate::Changed(now) => fates.get(now.as_str()),
                Fate::Removed => None,
            };
            match (&*fate, later) {
                (_, None) => {}
                // What was reworded once stays so.
                (Fate::Changed(_), Some(Fate::Moved(later))) => *fate = Fate::Changed(later.clone()),
                (_, Some(later)) => *fate = later.clone(),
            }
        }
        self.0.extend(fates);
        self.0.retain(|id, _| new.by_id(id).is_none());
        self
    }

    /// The text of `former.yaml`.
    pub fn write(&self) -> String {
        let head = "# Ids that there were, and what became of them, by `cargo xtask requirements`. README.md says more.\n\
                    former:\n";
        let entries = self.0.iter().map(|(id, fate)| match fate {
            Fate::Moved(now) => format!("- {{id: {id}, became: moved, now: {now}}}\n"),
            Fate::Changed(now) => format!("- {{id: {id}, became: changed, now: {now}}}\n"),
            Fate::Removed => format!("- {{id: {id}, became: removed}}\n"),
        });
        head.to_owned() + &entries.collect::<String>()
    }

    /// What such a text says. `name` is what errors call it.
    ///
    /// # Errors
    /// The first line that is none of such a file.
    pub fn read(name: &str, yaml: &str) -> Result<Self, CatalogueError> {
        let mut fates = BTreeMap::new();
        for (number, line) in (1_u32..).zip(yaml.lines()) {
            if line.starts_with('#') || line == "former:" {
                continue;
            }
            let (id, fate) = entry(line).ok_or_else(|| CatalogueError::at(name, number))?;
            fates.insert(id.to_owned(), fate);
        }
        Ok(Self(fates))
    }
}

fn entry(line: &str) -> Option<(&str, Fate)> {
    let (id, rest) = line.strip_prefix("- {id: ")?.strip_suffix('}')?.split_once(", became: ")?;
    let fate = match rest.split_once(", now: ") {
        Some(("moved", now)) => Fate::Moved(Id::from_catalogue(now)),
        Some(("changed", now)) => Fate::Changed(Id::from_catalogue(now)),
        None if rest == "removed" => Fate::Removed,
        _ => return None,
    };
    Some((id, fate))
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved(now) => write!(f, "the same words are now {now}"),
            Self::Changed(now) => write!(f, "it was reworded, and is now {now}"),
            Self::Removed => write!(f, "it is gone from the BOLTs"),
        }
    }
}
