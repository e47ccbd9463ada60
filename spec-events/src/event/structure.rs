//! Events that order others, name values and compare them.

use super::table::events;
use super::{Alternatives, Name};
use crate::expr::Expr;
use crate::{Step, Template};

events! { Structure:
    /// All alternatives happen, in any order. (A step by itself is an alternative of one step.)
    AnyOrder {
        /// The alternatives.
        [main] alternatives: Alternatives,
    }

    /// Conditions that must hold.
    Check {
        /// One condition, or a list of them.
        [main] conditions: Vec<Expr<bool>>,
    }

    /// Two values are equal.
    CheckEq {
        /// Both.
        [main] values: Pair,
    }

    /// The steps of a fragment happen here.
    Include {
        /// The fragment: its path below `fragments/`, without `.yaml`.
        [main] fragment: String,
        /// Its parameters. Names in the fragment stand for these.
        with: Bindings,
        /// The defaults of parameters that are not given, and what it names by itself, evaluated in it and in order.
        /// (Not written: in the fragment's file.)
        [derived] lets: Vec<(Name, Template)>,
        /// Its steps. (Not written: in the fragment's file.)
        [derived] steps: Vec<Step>,
    }

    /// The node chooses: the first alternative whose first expectation fits what came happens.
    OneOf {
        /// The alternatives.
        [main] alternatives: Alternatives,
    }

    /// Steps in a row, mostly for the sake of one `when`.
    Sequence {
        /// The steps.
        [main] steps: Vec<Step>,
    }

    /// Names get values.
    Set {
        /// Each name with what it stands for, evaluated in order.
        [whole] bindings: Bindings,
    }

    /// The path's choice: one alternative happens, and each has paths of its own.
    TryAll {
        /// The alternatives. An empty one goes straight on.
        [main] alternatives: Alternatives,
        /// Which of the spec's `TryAll`s it is, in the order of writing. (Not written.)
        [derived] site: usize,
    }
}

/// Names with what they stand for, in order.
pub type Bindings = Vec<(Name, Template)>;

/// Two templates to compare.
#[derive(Clone, Debug)]
pub struct Pair(pub Template, pub Template);
