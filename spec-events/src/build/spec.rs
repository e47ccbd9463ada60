//! A spec in the making.

use std::panic::Location as Caller;
use std::sync::Arc;

use super::{AnyDraft, Raw};
use crate::load::{Language, Tree, check_spec};
use crate::yaml::Entry;
use crate::{Diagnostics, Location, Source, Spec};

/// A spec in the making. [`build`](Self::build) checks it as the loader would a file.
#[derive(Clone, Debug)]
pub struct SpecBuilder {
    name: String,
    at: Location,
    about: Option<Raw>,
    covers: Option<Raw>,
    features: Option<Raw>,
    capabilities: Option<Raw>,
    matrix: Vec<(String, Raw)>,
    lets: Vec<(String, Raw)>,
    steps: Vec<AnyDraft>,
}

/// Begins a spec of this name: `mine/pong`.
#[track_caller]
pub fn spec(name: &str) -> SpecBuilder {
    let caller = Caller::caller();
    let source = Arc::new(Source { name: caller.file().to_owned(), text: String::new() });
    SpecBuilder {
        name: name.to_owned(),
        at: Location::bare(&source, caller.line(), caller.column()),
        about: None,
        covers: None,
        features: None,
        capabilities: None,
        matrix: Vec::new(),
        lets: Vec::new(),
        steps: Vec::new(),
    }
}

impl SpecBuilder {
    /// What the node does if it passes, in one sentence.
    #[must_use]
    pub fn about(mut self, about: &str) -> Self {
        self.about = Some(about.into());
        self
    }

    /// The ids of the requirements that it covers.
    #[must_use]
    pub fn covers<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.covers = Some(Raw::list(ids));
        self
    }

    /// Features that the node's `init` must have, by BOLT 9 name; else the spec is skipped.
    #[must_use]
    pub fn features<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.features = Some(Raw::list(names));
        self
    }

    /// Capabilities that the runner must have; else the spec is skipped.
    #[must_use]
    pub fn capabilities<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.capabilities = Some(Raw::list(names));
        self
    }

    /// A name with the values that it takes in turn: a path for each, and for each combination of several.
    #[must_use]
    pub fn matrix<T: Into<Raw>>(mut self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        self.matrix.push((name.to_owned(), Raw::list(values)));
        self
    }

    /// A name with what it stands for, evaluated when a path begins.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Raw>) -> Self {
        self.lets.push((name.to_owned(), value.into()));
        self
    }

    /// What happens next.
    #[must_use]
    pub fn step(mut self, step: impl Into<AnyDraft>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// What happens next, in order. [`steps!`](crate::steps) makes such a list.
    #[must_use]
    pub fn steps(mut self, steps: impl IntoIterator<Item = AnyDraft>) -> Self {
        self.steps.extend(steps);
        self
    }

    /// The spec, checked. Fragments are looked for in `fragments`.
    ///
    /// # Errors
    /// All mistakes in it, each with the place of its step.
    pub fn build(self, language: Language<'_>, fragments: &Tree) -> Result<Spec, Diagnostics> {
        let requires = [("features", self.features), ("capabilities", self.capabilities)];
        let requires: Vec<_> = requires.into_iter().filter_map(|(key, names)| Some((key, names?))).collect();
        let some = |entries: Vec<(String, Raw)>| (!entries.is_empty()).then(|| Raw::map(entries));
        let entries = [
            ("about", self.about),
            ("covers", self.covers),
            ("requires", (!requires.is_empty()).then(|| Raw::map(requires))),
            ("matrix", some(self.matrix)),
            ("let", some(self.lets)),
            ("steps", Some(Raw::list(self.steps))),
        ];
        let entry = |(key, value): (&str, Option<Raw>)| {
            Some(Entry { key: key.to_owned(), key_at: self.at.clone(), value: value?.at(&self.at) })
        };
        let entries = entries.into_iter().filter_map(entry).collect();
        check_spec(&self.name, entries, &self.at, fragments, language)
    }
}
