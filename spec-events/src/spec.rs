//! A spec: what it covers, what it needs, its steps.

use indexmap::IndexMap;

use crate::expr::{Expr, Literal};
use crate::{Event, Located, Location, Template};

/// One spec, checked: every name in it is resolved and every fragment expanded.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its path below the specs' root, without `.yaml`: `bolt01/init/echo`.
    pub name: String,
    /// Where it begins.
    pub at: Location,
    /// What the node does if it passes, in one sentence.
    pub about: String,
    /// The ids of the requirements that it covers.
    pub covers: Vec<Located<String>>,
    /// What a node needs to have for it to make sense.
    pub requires: Requires,
    /// Names with the values that they take in turn: one path for each combination.
    pub matrix: IndexMap<String, Vec<Literal>>,
    /// Names with what they stand for, evaluated in order when a path begins.
    pub lets: Vec<(String, Template)>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// What a node needs for a spec; without it the spec is skipped.
#[derive(Clone, Debug, Default)]
pub struct Requires {
    /// Features of the node's `init`, by BOLT 9 name. Those that BOLT 9 calls ASSUMED always hold.
    pub features: Vec<Located<String>>,
    /// Capabilities of the runner, by name.
    pub capabilities: Vec<Located<String>>,
}

/// One event of a spec.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happens.
    pub event: Event,
    /// How expectations and reports name this step.
    pub label: Option<String>,
    /// It only happens if this holds.
    pub when: Option<Expr<bool>>,
    /// Where it stands: the event's name. In an expanded fragment this is the fragment's own file.
    pub at: Location,
}
