//! Which fields need not be judged, or only in part, though requirements speak of them? A file says so once, with the
//! reasons.

use serde::Deserialize;
use std::collections::BTreeSet;

use super::alter::CHANGES;
use crate::nearest::nearest;

/// What is said of fields, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    entries: Vec<Entry>,
}

/// What is said of one field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// As requirements name it: `accept_channel.to_self_delay`.
    field: String,
    /// The changes that are wrong; without it none is, for the field may have any value.
    #[serde(default)]
    wrong: Vec<String>,
    /// Why.
    #[allow(dead_code)] // For people; that it is there is what counts here.
    because: String,
}

/// A file that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JudgedError {
    /// An entry names a change that is none.
    #[error("{file}: {field}: '{change}' is no change; the nearest is '{nearest}'")]
    Change {
        /// The file.
        file: String,
        /// The entry's field.
        field: String,
        /// What it says.
        change: String,
        /// What it may mean.
        nearest: String,
    },
    /// An entry has no reason.
    #[error("{file}: {field}: `because` says why, and is empty")]
    Reason {
        /// The file.
        file: String,
        /// The entry's field.
        field: String,
    },
    /// Not YAML, or not of this shape.
    #[error("{file}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong and where.
        reason: String,
    },
    /// A field stands there twice.
    #[error("{file}: {field} is there twice: once is enough")]
    Twice {
        /// The file.
        file: String,
        /// The field.
        field: String,
    },
}

impl Judged {
    /// The bundled file, which is about the bundled suite.
    ///
    /// # Errors
    /// [`JudgedError`] if it is wrong.
    pub fn bundled() -> Result<Self, JudgedError> {
        const FILE: &str = "mutants/fields.yaml";
        Self::parse(FILE, lnprototest_specs::file(FILE).map_or("", |file| file.text))
    }

    /// Reads a file's text; `file` is its name for errors.
    ///
    /// # Errors
    /// [`JudgedError`] says what is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Self, JudgedError> {
        let entries: Option<Vec<Entry>> = serde_saphyr::from_str(text)
            .map_err(|error| JudgedError::Syntax { file: file.to_owned(), reason: error.to_string() })?;
        let entries = entries.unwrap_or_default();
        for (n, entry) in entries.iter().enumerate() {
            let (file, field) = (file.to_owned(), entry.field.clone());
            if let Some(change) = entry.wrong.iter().find(|change| !CHANGES.contains(&change.as_str())) {
                let nearest = nearest(change, CHANGES.iter().copied()).unwrap_or_default();
                return Err(JudgedError::Change { file, field, change: change.clone(), nearest });
            }
            if entry.because.trim().is_empty() {
                return Err(JudgedError::Reason { file, field });
            }
            if entries[..n].iter().any(|other| other.field == entry.field) {
                return Err(JudgedError::Twice { file, field });
            }
        }
        Ok(Self { entries })
    }

    /// Whether a spec has to notice this change of this field.
    pub(super) fn counts(&self, field: &str, change: &str) -> bool {
        self.entry(field).is_none_or(|entry| entry.wrong.iter().any(|wrong| wrong == change))
    }

    /// Whether no spec need judge this field.
    pub(super) fn is_free(&self, field: &str) -> bool {
        self.entry(field).is_some_and(|entry| entry.wrong.is_empty())
    }

    /// Whether only some changes of this field are wrong.
    pub(super) fn is_partly_free(&self, field: &str) -> bool {
        self.entry(field).is_some_and(|entry| !entry.wrong.is_empty())
    }

    /// The entries that are about none of these fields.
    pub(super) fn idle<'a>(&'a self, fields: &BTreeSet<String>) -> Vec<&'a str> {
        self.entries
            .iter()
            .map(|entry| entry.field.as_str())
            .filter(|field| !fields.contains(*field))
            .collect()
    }

    fn entry(&self, field: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.field == field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_is_wrong_with_it() {
        let told = |text| Judged::parse("fields.yaml", text).unwrap_err().to_string();
        assert_eq!(
            told("[{ field: pong.ignored, wrong: [shortr], because: x }]"),
            "fields.yaml: pong.ignored: 'shortr' is no change; the nearest is 'shorter'"
        );
        assert_eq!(
            told("[{ field: pong.ignored, because: ' ' }]"),
            "fields.yaml: pong.ignored: `because` says why, and is empty"
        );
        assert_eq!(
            told("[{ field: pong.ignored, because: x }, { field: pong.ignored, because: y }]"),
            "fields.yaml: pong.ignored is there twice: once is enough"
        );
    }

    #[test]
    fn the_bundled_file_is_about_fields_that_there_are() {
        let catalogue = lnprototest_bolt::wire::Catalogue::bolts();
        for Entry { field, .. } in Judged::bundled().unwrap().entries {
            let (message, path) = field.split_once('.').unwrap();
            let def = catalogue.message(message).unwrap_or_else(|| panic!("{field}"));
            let is_there = match path.strip_prefix("tlvs.") {
                Some(record) => {
                    let (record, inner) =
                        record.split_once('.').map_or((record, None), |(r, i)| (r, Some(i)));
                    let record = def.tlvs().and_then(|stream| stream.record(record));
                    let has = |name: &str| {
                        record.is_some_and(|record| record.fields.iter().any(|def| *def.name == *name))
                    };
                    inner.map_or(record.is_some(), has)
                }
                None => def.is_field(path),
            };
            assert!(is_there, "{field}");
        }
    }

    #[test]
    fn a_field_counts_but_for_what_may_be_otherwise() {
        let judged = Judged::parse(
            "fields.yaml",
            "[{ field: a.b, because: x }, { field: a.c, wrong: [least], because: y }]",
        )
        .unwrap();
        let counts = |field, change| judged.counts(field, change);
        assert_eq!((counts("a.b", "most"), counts("a.c", "most")), (false, false));
        assert_eq!((counts("a.c", "least"), counts("a.d", "most")), (true, true));
        assert_eq!(judged.idle(&["a.b".to_owned()].into()), ["a.c"]);
    }
}
