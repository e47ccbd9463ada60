//! Expressions: `${ ... }`, compiled once, evaluated against a scope.

mod error;
mod expression;
mod typed;

pub use error::{EvalError, EvalErrorKind};
pub use expression::{Expr, Literal, Scope};
pub use typed::{Bytes, Typed};
