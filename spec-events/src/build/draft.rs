//! A step in the making.

use std::marker::PhantomData;
use std::panic::Location as Caller;
use std::sync::Arc;

use super::Raw;
use crate::yaml::{Entry, Scalar, Yaml, YamlKind};
use crate::{Location, Source};

/// A step with an event `E`. Its arguments are methods, under the names of the event's fields.
#[derive(Clone, Debug)]
pub struct Draft<E> {
    event: &'static str,
    at: Location,
    arguments: Vec<Entry>,
    of_step: Vec<Entry>,
    kind: PhantomData<fn() -> E>,
}

/// A step with any event.
#[derive(Clone, Debug)]
pub struct AnyDraft(pub(super) Yaml);

impl<E> Draft<E> {
    #[track_caller]
    pub(crate) fn new(event: &'static str) -> Self {
        let caller = Caller::caller();
        let source = Arc::new(Source { name: caller.file().to_owned(), text: String::new() });
        let at = Location::bare(&source, caller.line(), caller.column());
        Self { event, at, arguments: Vec::new(), of_step: Vec::new(), kind: PhantomData }
    }

    /// How expectations and reports name this step.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.of_step.push(self.entry("label", label.into()));
        self
    }

    /// It only happens if this holds.
    #[must_use]
    pub fn when(mut self, condition: impl Into<Raw>) -> Self {
        self.of_step.push(self.entry("when", condition.into()));
        self
    }

    pub(crate) fn argument(mut self, name: &str, value: Raw) -> Self {
        self.arguments.push(self.entry(name, value));
        self
    }

    fn entry(&self, key: &str, value: Raw) -> Entry {
        Entry { key: key.to_owned(), key_at: self.at.clone(), value: value.at(&self.at) }
    }
}

impl<E> From<Draft<E>> for AnyDraft {
    fn from(draft: Draft<E>) -> Self {
        let Draft { event, at, mut arguments, of_step, .. } = draft;
        // `Set` takes any names: its mapping is what it is given, not its arguments.
        let whole = crate::Event::ALL.iter().find(|info| info.name == event).and_then(|info| {
            info.arguments.iter().find(|argument| argument.role == crate::event::Role::Whole)
        });
        let value = match whole.and_then(|whole| arguments.iter().position(|entry| entry.key == whole.name)) {
            Some(at) => arguments.swap_remove(at).value,
            None if arguments.is_empty() => Yaml { kind: YamlKind::Scalar(Scalar::Null), at: at.clone() },
            None => Yaml { kind: YamlKind::Map(arguments), at: at.clone() },
        };
        let mut entries = vec![Entry { key: event.to_owned(), key_at: at.clone(), value }];
        entries.extend(of_step);
        Self(Yaml { kind: YamlKind::Map(entries), at })
    }
}
