//! Expressions: `${ ... }`, compiled once, evaluated against a scope.

mod compile;
mod error;
mod evaluate;
mod expression;
mod functions;
mod kind;
mod program;
mod typed;
mod words;

pub use error::{EvalError, EvalErrorKind};
pub use expression::{Expr, Literal, Scope};
pub use functions::FunctionInfo;
pub use kind::{Fixed, Kind};
pub use typed::{Bytes, Typed};

pub(crate) use compile::{CompileError, compile};
pub(crate) use expression::Body;
pub(crate) use functions::{Function, KEYSET_MEMBERS};
pub(crate) use program::{Arithmetic, Loop, Node, NodeKind, Program};

#[cfg(test)]
mod tests;
