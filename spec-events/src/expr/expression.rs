//! One expression or literal of a spec.

use std::marker::PhantomData;
use std::sync::Arc;

use super::program::Program;
use super::{EvalError, EvalErrorKind, Typed};
use crate::{Location, Value};

/// The names that expressions can use, as the harness knows them at one moment of a path.
pub trait Scope {
    /// The value of a root name: `sent`, `alice`, `ours`.
    fn lookup(&self, name: &str) -> Option<Value>;
}

/// A literal or a `${ ... }`, whose value is a `T`.
pub struct Expr<T: Typed = Value> {
    pub(crate) body: Body,
    pub(crate) at: Location,
    value: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Compiled(Arc<Program>),
    Literal(Literal),
}

/// A scalar as YAML has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// An integer in decimal or as `0x..`.
    Int(i128),
    /// Anything else.
    Text(Arc<str>),
}

impl<T: Typed> Expr<T> {
    pub(crate) fn new(body: Body, at: Location) -> Self {
        Self { body, at, value: PhantomData }
    }

    /// Where it was written.
    pub fn at(&self) -> &Location {
        &self.at
    }

    /// Its value in `scope`.
    ///
    /// # Errors
    /// A name that is not there, a function that does not take its arguments, or a value that is no `T`.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<T, EvalError> {
        let value = match &self.body {
            Body::Compiled(program) => program.evaluate(scope)?,
            Body::Literal(literal) => Value::from(literal),
        };
        T::from_value(value).map_err(|problem| EvalError {
            at: self.at.clone(),
            expression: self.to_string(),
            kind: EvalErrorKind::Type(problem),
        })
    }
}

/// Without `${ }`.
impl<T: Typed> std::fmt::Display for Expr<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.body {
            Body::Compiled(program) => f.write_str(program.text.trim()),
            Body::Literal(literal) => write!(f, "{}", Value::from(literal)),
        }
    }
}

impl<T: Typed> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Self::new(self.body.clone(), self.at.clone())
    }
}

impl<T: Typed> std::fmt::Debug for Expr<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl From<&Literal> for Value {
    fn from(literal: &Literal) -> Self {
        match literal {
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Int(value) => Self::Int(*value),
            Literal::Text(text) => Self::Text(text.clone()),
        }
    }
}
