//! What the names in expressions stand for, as a path goes on.

use lnprototest_spec_events::{Scope, Value};
use std::collections::HashMap;

/// All names of a path.
#[derive(Default)]
pub(crate) struct Names {
    /// `let`, `matrix`, `Set`, `as`, sessions, channels, `node`, `chain`.
    path: HashMap<String, Value>,
    /// The parameters and `let`s of the fragments that are running, the innermost last.
    fragments: Vec<HashMap<String, Value>>,
    /// `msg`, while an `ExpectMsg` looks at its checks.
    message: Option<Value>,
    /// The session and the channel named last.
    session: Option<String>,
    channel: Option<String>,
}

impl Names {
    /// Names `value` for the rest of the path.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.path.insert(name.to_owned(), value);
    }

    /// Enters a fragment.
    pub(crate) fn enter(&mut self, parameters: HashMap<String, Value>) {
        self.fragments.push(parameters);
    }

    /// Names `value` for the rest of the fragment that was entered last.
    pub(crate) fn set_in_fragment(&mut self, name: &str, value: Value) {
        if let Some(names) = self.fragments.last_mut() {
            names.insert(name.to_owned(), value);
        }
    }

    /// Leaves the innermost fragment.
    pub(crate) fn leave(&mut self) {
        self.fragments.pop();
    }

    /// Makes `msg` known, or forgets it.
    pub(crate) fn set_message(&mut self, message: Option<Value>) {
        self.message = message;
    }

    /// The session that events without `on` are about.
    pub(crate) fn default_session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    pub(crate) fn set_default_session(&mut self, name: &str) {
        if self.session.as_deref() != Some(name) {
            self.session = Some(name.to_owned());
        }
    }

    /// The channel that events without `chan` are about.
    pub(crate) fn default_channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    pub(crate) fn set_default_channel(&mut self, name: &str) {
        if self.channel.as_deref() != Some(name) {
            self.channel = Some(name.to_owned());
        }
    }

    fn member(&self, owner: Option<&str>, name: &str) -> Option<Value> {
        self.path.get(owner?)?.member(name)
    }
}

impl Scope for Names {
    fn lookup(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.fragments.iter().rev().find_map(|names| names.get(name)) {
            return Some(value.clone());
        }
        match name {
            "closing" | "commit" | "funding" => self.member(self.default_channel(), name),
            "msg" => self.message.clone(),
            "rcvd" | "sent" => self.member(self.default_session(), name),
            _ => self.path.get(name).cloned(),
        }
    }
}
