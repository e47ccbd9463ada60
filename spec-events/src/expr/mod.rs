//! Expressions: `${ ... }`, compiled once, evaluated against a scope.

mod compile;
mod error;
mod evaluate;
mod expression;
mod functions;
mod program;
mod typed;

pub use error::{EvalError, EvalErrorKind};
pub use expression::{Expr, Literal, Scope};
pub use functions::FunctionInfo;
pub use typed::{Bytes, Typed};

pub(crate) use compile::{CompileError, compile};
pub(crate) use expression::Body;
pub(crate) use functions::{Function, KEYSET_MEMBERS, Kind, feature};
pub(crate) use program::{Node, NodeKind, Program};

#[cfg(test)]
mod tests;
