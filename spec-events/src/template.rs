//! Arguments of any shape: literals and expressions in lists and maps.

use std::rc::Rc;

use crate::expr::{EvalError, Expr, Scope};
use crate::{Location, Value};

/// A tree with literals and expressions as leaves.
#[derive(Clone, Debug)]
pub struct Template {
    /// What it is.
    pub kind: TemplateKind,
    /// Where it was written.
    pub at: Location,
}

/// The kinds of [`Template`].
#[derive(Clone, Debug)]
pub enum TemplateKind {
    /// Templates in order.
    List(Vec<Template>),
    /// Templates by name, in the order written.
    Map(Vec<(String, Template)>),
    /// A literal or expression.
    Scalar(Expr<Value>),
}

impl Template {
    /// Its value in `scope`: leaves from left to right.
    ///
    /// # Errors
    /// The first leaf that has no value.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        Ok(match &self.kind {
            TemplateKind::List(items) => {
                Value::List(items.iter().map(|item| item.evaluate(scope)).collect::<Result<Rc<[_]>, _>>()?)
            }
            TemplateKind::Map(entries) => Value::Map(Rc::new(
                entries
                    .iter()
                    .map(|(name, template)| Ok((name.clone(), template.evaluate(scope)?)))
                    .collect::<Result<_, _>>()?,
            )),
            TemplateKind::Scalar(expr) => expr.evaluate(scope)?,
        })
    }

    /// The part under `name`, if this is a map that has one.
    pub fn entry(&self, name: &str) -> Option<&Template> {
        match &self.kind {
            TemplateKind::Map(entries) => entries.iter().find(|entry| entry.0 == name).map(|entry| &entry.1),
            _ => None,
        }
    }
}
