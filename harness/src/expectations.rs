//! Known failures of one runner: they still run, must fail as described, and are a failure themselves once they pass.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

use crate::verdict::{Code, Failure, Verdict};
use crate::version::VersionRange;

/// The known failures of one runner, in the order of their file.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    entries: Vec<Expectation>,
}

/// One known failure.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The spec's name.
    pub spec: String,
    /// The path's name, `*` in place of a part for any (`0.*`, `*.1`), or `*` alone for each path of the spec.
    #[serde(default = "every_path")]
    pub path: String,
    /// The label of the step that fails, or its event and main argument (`ExpectMsg accept_channel`), or its main
    /// argument alone; `end` for what shows only when all is settled at the path's end.
    pub step: String,
    /// The failure's [`Code`], in full.
    pub code: String,
    /// Of the node; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// Why it is known to fail: what the node does, and that the BOLTs forbid it.
    pub because: String,
    /// Where the node's makers track it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

fn every_path() -> String {
    "*".to_owned()
}

/// An expectation file that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectationsError {
    /// An entry's code is none.
    #[error("{file}: {spec}: '{code}' is no failure code; the nearest is '{nearest}'")]
    Code {
        /// The file.
        file: String,
        /// The entry's spec.
        spec: String,
        /// What it says.
        code: String,
        /// What it may mean.
        nearest: String,
    },
    /// The file can't be read.
    #[error("{file}: can't be read: {reason}")]
    Read {
        /// The file.
        file: String,
        /// The system's words.
        reason: std::io::Error,
    },
    /// An entry is for a spec that the run does not know.
    #[error("{file}: there is no spec '{spec}'{}", nearest.as_ref().map(|n| format!("; the nearest is '{n}'")).unwrap_or_default())]
    Spec {
        /// The file.
        file: String,
        /// What it says.
        spec: String,
        /// What it may mean.
        nearest: Option<String>,
    },
    /// Not YAML, or not of this shape.
    #[error("{file}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong and where.
        reason: String,
    },
    /// An entry's version range is none.
    #[error("{file}: {spec}: {reason}")]
    Versions {
        /// The file.
        file: String,
        /// The entry's spec.
        spec: String,
        /// What is wrong.
        reason: crate::version::BadRange,
    },
}

impl Expectations {
    /// Reads a file from the disk.
    pub fn read(file: &Path) -> Result<Self, ExpectationsError> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|reason| ExpectationsError::Read { file: name.clone(), reason })?;
        Self::parse(&name, &text)
    }

    /// Reads a file's text; `file` is its name for errors. An empty file holds no expectation.
    pub fn parse(file: &str, text: &str) -> Result<Self, ExpectationsError> {
        let entries: Option<Vec<Expectation>> = serde_saphyr::from_str(text).map_err(|error| {
            ExpectationsError::Syntax { file: file.to_owned(), reason: error.to_string() }
        })?;
        let entries = entries.unwrap_or_default();
        for entry in &entries {
            entry.validate(file)?;
        }
        Ok(Self { entries })
    }

    /// Checks that each entry is for a spec that `names` has.
    pub fn check_names<'a>(
        &self,
        file: &str,
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), ExpectationsError> {
        match self.entries.iter().find(|entry| !names.clone().any(|name| name == entry.spec)) {
            None => Ok(()),
            Some(entry) => Err(ExpectationsError::Spec {
                file: file.to_owned(),
                spec: entry.spec.clone(),
                nearest: crate::nearest::nearest(&entry.spec, names),
            }),
        }
    }

    /// The verdict that `verdict`, as it came from a run, is in the light of what was expected.
    pub fn judge(&self, spec: &str, path: &str, version: Option<&str>, verdict: Verdict) -> Verdict {
        let mut applicable =
            self.entries.iter().filter(|entry| entry.applies(spec, path, version)).peekable();
        match verdict {
            Verdict::Fail(failure) => match applicable.find(|entry| entry.describes(&failure)) {
                Some(entry) => Verdict::Known { because: entry.reason(), failure },
                None => Verdict::Fail(failure),
            },
            Verdict::Pass => match applicable.peek() {
                Some(entry) => Verdict::Fixed { because: entry.because.clone() },
                None => Verdict::Pass,
            },
            other => other,
        }
    }

    /// The entries, in the order of their file.
    pub fn iter(&self) -> impl Iterator<Item = &Expectation> {
        self.entries.iter()
    }

    /// Takes out the entries that `keep` refuses.
    pub fn retain(&mut self, keep: impl FnMut(&Expectation) -> bool) {
        self.entries.retain(keep);
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Expectation) {
        self.entries.push(entry);
    }
}

impl fmt::Display for Expectations {
    /// As YAML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return f.write_str("[]\n");
        }
        f.write_str(&serde_saphyr::to_string(&self.entries).map_err(|_| fmt::Error)?)
    }
}

impl Expectation {
    /// What would turn this failure into a known one.
    pub fn of_failure(spec: &str, path: &str, failure: &Failure) -> Self {
        Self {
            spec: spec.to_owned(),
            path: path.to_owned(),
            step: failure.step.clone(),
            code: failure.code.to_string(),
            versions: None,
            because: format!("to be explained: expected {}, got {}", failure.expected, failure.got),
            link: None,
        }
    }

    /// Whether it speaks of this path of a node of this version.
    pub fn applies(&self, spec: &str, path: &str, version: Option<&str>) -> bool {
        self.spec == spec
            && self.speaks_of(path)
            && self.range().is_none_or(|range| version.is_none_or(|version| range.contains(version)))
    }

    fn speaks_of(&self, path: &str) -> bool {
        let parts = |name: &'_ str| name.split('.').count();
        let agrees = |(pattern, part): (&str, &str)| pattern == "*" || pattern == part;
        self.path == "*"
            || (parts(&self.path) == parts(path) && self.path.split('.').zip(path.split('.')).all(agrees))
    }

    /// Whether the node failed as it says.
    pub fn describes(&self, failure: &Failure) -> bool {
        let main_argument = failure.step.split_once(' ').map(|(_, main)| main);
        (self.step == failure.step || main_argument == Some(&self.step))
            && self.code == failure.code.to_string()
    }

    fn reason(&self) -> String {
        match &self.link {
            Some(link) => format!("{} ({link})", self.because),
            None => self.because.clone(),
        }
    }

    fn range(&self) -> Option<VersionRange> {
        self.versions.as_deref().and_then(|text| text.parse().ok())
    }

    fn validate(&self, file: &str) -> Result<(), ExpectationsError> {
        if let Some(reason) = self.versions.as_deref().and_then(|text| text.parse::<VersionRange>().err()) {
            return Err(ExpectationsError::Versions {
                file: file.to_owned(),
                spec: self.spec.clone(),
                reason,
            });
        }
        Code::check(&self.code).map_err(|nearest| ExpectationsError::Code {
            file: file.to_owned(),
            spec: self.spec.clone(),
            code: self.code.clone(),
            nearest,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test that unwraps has failed.
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_part_or_for_all() {
        let applies = |pattern: &str, path| {
            let text = format!("[{{spec: s, path: '{pattern}', step: end, code: crash, because: b}}]");
            let expectations = Expectations::parse("f", &text).unwrap();
            expectations.iter().any(|entry| entry.applies("s", path, None))
        };
        for (pattern, path, expected) in [
            ("*", "2.0.1", true),
            ("2.*.1", "2.0.1", true),
            ("2.*", "2.0.1", false),
            ("2.*", "2.0", true),
            ("*.0", "2.0", true),
            ("*.0", "2.1", false),
            ("2", "2", true),
            ("2", "20", false),
        ] {
            assert_eq!(applies(pattern, path), expected, "{pattern} {path}");
        }
    }
}
