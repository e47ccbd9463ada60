//! Why an expression has no value.

use std::fmt;

use crate::Location;

/// An expression that came to nothing, and where.
#[derive(Clone, Debug)]
pub struct EvalError {
    /// Where it was written: the part of the expression that failed.
    pub at: Location,
    /// The whole expression, without `${ }`; a literal as YAML has it.
    pub expression: String,
    /// Why.
    pub kind: EvalErrorKind,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalErrorKind {
    /// A function does not take these arguments.
    #[error("{function}: {problem}")]
    Function {
        /// Its name.
        function: &'static str,
        /// What is wrong with its arguments.
        problem: String,
    },
    /// A value of another kind is needed.
    #[error("{0}")]
    Type(String),
    /// A name or member that has no value (yet).
    #[error("`{name}` is not there{}", there_is(.names))]
    Undefined {
        /// The path to it, such as `rcvd.accept_channel`.
        name: String,
        /// What there is in its place.
        names: Vec<String>,
    },
    /// The value exists, but this runner can't say what it is. A check that needs it is to be skipped.
    #[error("not known with this runner: {0}")]
    Unknown(String),
    /// Bytes that the node sent are not what they should be: why.
    #[error("{0}")]
    Unreadable(String),
}

fn there_is(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" (there is {})", names.join(", ")) }
}

impl EvalError {
    /// Whether the runner's lack of knowledge is the only reason.
    pub fn is_unknown(&self) -> bool {
        matches!(self.kind, EvalErrorKind::Unknown(_))
    }
}

/// `file:line:column: expression: reason`.
impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`: {}", self.at, self.expression, self.kind)
    }
}

impl std::error::Error for EvalError {}
