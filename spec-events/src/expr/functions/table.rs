//! What functions there are, with what they take and give.

use super::{bytes, features, gossip, invoice, keys, onion, scripts};
use crate::Value;
use crate::expr::{Kind, Typed};

/// A function of the language.
#[derive(Debug)]
pub(crate) struct Function {
    pub name: &'static str,
    pub parameters: &'static [(&'static str, Kind)],
    /// The last parameter can be given any number of times.
    pub repeats: bool,
    pub result: Kind,
    pub doc: &'static str,
    pub call: fn(&[Value]) -> Result<Value, String>,
}

/// What is told about a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionInfo {
    /// How it is called: `slice(hex, from, to)`.
    pub signature: String,
    /// What it gives.
    pub doc: &'static str,
}

impl FunctionInfo {
    /// All functions, by group and name.
    pub fn all() -> impl Iterator<Item = FunctionInfo> {
        all().map(|function| FunctionInfo { signature: function.signature(), doc: function.doc })
    }
}

impl Function {
    /// `slice(hex, from, to)`.
    pub fn signature(&self) -> String {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| *name).collect();
        format!("{}({}{})", self.name, names.join(", "), if self.repeats { ", ..." } else { "" })
    }

    /// Whether it can be called with so many arguments.
    pub fn takes(&self, count: usize) -> bool {
        count == self.parameters.len() || (self.repeats && count > self.parameters.len())
    }

    /// What its argument of this index has to be.
    pub fn parameter(&self, index: usize) -> Option<&(&'static str, Kind)> {
        self.parameters.get(index).or(if self.repeats { self.parameters.last() } else { None })
    }
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// The names of all functions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name)
}

fn all() -> impl Iterator<Item = &'static Function> {
    let groups = [
        bytes::FUNCTIONS,
        features::FUNCTIONS,
        gossip::FUNCTIONS,
        invoice::FUNCTIONS,
        keys::FUNCTIONS,
        scripts::FUNCTIONS,
    ];
    groups.into_iter().chain(onion::GROUPS).flatten()
}

/// The argument of this index as a `T`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn argument<T: Typed>(arguments: &[Value], index: usize) -> Result<T, String> {
    let value = arguments.get(index).ok_or_else(|| format!("argument {} is missing", index + 1))?;
    T::from_value(value.clone())
}
