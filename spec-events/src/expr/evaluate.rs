//! Walks a compiled expression in a scope.

use std::rc::Rc;
use std::sync::Arc;

use super::program::{Arithmetic, Comparison, Logic, Loop, Node, NodeKind, Program};
use super::{EvalError, EvalErrorKind, Scope};
use crate::Value;

/// A loop over more items is a fault of the spec.
const MOST_ITEMS: usize = 100_000;

impl Program {
    /// Its value in `scope`.
    ///
    /// # Errors
    /// The first part, from left to right, that has no value.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        Walk { program: self, scope }.value(&self.root, None)
    }

    /// The value of one of its parts, if that is the same in every scope.
    ///
    /// # Errors
    /// It has none in any.
    pub fn constant(&self, part: &Node) -> Option<Result<Value, EvalError>> {
        has_no_names(part).then(|| Walk { program: self, scope: &NoNames }.value(part, None))
    }
}

fn has_no_names(node: &Node) -> bool {
    let mut none = !matches!(node.kind, NodeKind::Name(_));
    node.for_each_part(&mut |part| none = none && has_no_names(part));
    none
}

/// The scope of what needs none.
struct NoNames;

impl Scope for NoNames {
    fn lookup(&self, _: &str) -> Option<Value> {
        None
    }
}

struct Walk<'a> {
    program: &'a Program,
    scope: &'a dyn Scope,
}

/// The variables of the loops that are being walked.
struct Locals<'a> {
    variable: (&'a str, Value),
    result: (&'a str, Value),
    outer: Option<&'a Locals<'a>>,
}

impl Walk<'_> {
    fn value(&self, node: &Node, locals: Option<&Locals<'_>>) -> Result<Value, EvalError> {
        let value = match &node.kind {
            NodeKind::Arithmetic(operator, pair) => {
                let (left, right) = self.pair(pair, locals)?;
                arithmetic(*operator, left, right).map_err(|problem| self.type_error(node, problem))?
            }
            NodeKind::Call(function, parts) => {
                let arguments =
                    parts.iter().map(|part| self.value(part, locals)).collect::<Result<Vec<_>, _>>()?;
                (function.call)(&arguments).map_err(|problem| {
                    self.error(node, EvalErrorKind::Function { function: function.name, problem })
                })?
            }
            NodeKind::Compare(comparison, pair) => {
                let (left, right) = self.pair(pair, locals)?;
                let holds =
                    compare(*comparison, &left, &right).map_err(|problem| self.type_error(node, problem))?;
                Value::Bool(holds)
            }
            NodeKind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                self.value(if self.bool(condition, locals)? { then } else { otherwise }, locals)?
            }
            NodeKind::Has(operand, name) => Value::Bool(self.value(operand, locals)?.member(name).is_some()),
            NodeKind::In(pair) => {
                let (item, whole) = self.pair(pair, locals)?;
                Value::Bool(contains(&whole, &item).map_err(|problem| self.type_error(node, problem))?)
            }
            NodeKind::Index(pair) => {
                let (whole, index) = self.pair(pair, locals)?;
                self.index(node, &whole, &index)?
            }
            NodeKind::List(parts) => Value::List(
                parts.iter().map(|part| self.value(part, locals)).collect::<Result<Rc<[_]>, _>>()?,
            ),
            NodeKind::Literal(literal) => Value::from(literal),
            NodeKind::Logic(logic, pair) => {
                let decided_by = *logic == Logic::Or;
                let [left, right] = &**pair;
                Value::Bool(if self.bool(left, locals)? == decided_by {
                    decided_by
                } else {
                    self.bool(right, locals)?
                })
            }
            NodeKind::Loop(inner) => self.run_loop(inner, locals)?,
            NodeKind::Map(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    map.push((self.text(key, locals)?.to_string(), self.value(value, locals)?));
                }
                Value::map(map)
            }
            NodeKind::Member(operand, name) => {
                let whole = self.value(operand, locals)?;
                whole.member(name).ok_or_else(|| self.no_member(node, &whole))?
            }
            NodeKind::Name(name) => {
                local(name, locals).or_else(|| self.scope.lookup(name)).ok_or_else(|| {
                    self.error(node, EvalErrorKind::Undefined { name: name.to_string(), names: Vec::new() })
                })?
            }
            NodeKind::Negate(operand) => match self.value(operand, locals)? {
                Value::Int(int) => Value::Int(-int),
                other => {
                    return Err(
                        self.type_error(node, format!("only a number has a negative, not {}", other.kind()))
                    );
                }
            },
            NodeKind::Not(operand) => Value::Bool(!self.bool(operand, locals)?),
        };
        match value {
            Value::Unknown(why) => Err(self.error(node, EvalErrorKind::Unknown(why.to_string()))),
            Value::Unreadable(why) => Err(self.error(node, EvalErrorKind::Unreadable(why.to_string()))),
            value => Ok(value),
        }
    }

    fn pair(&self, pair: &[Node; 2], locals: Option<&Locals<'_>>) -> Result<(Value, Value), EvalError> {
        Ok((self.value(&pair[0], locals)?, self.value(&pair[1], locals)?))
    }

    fn bool(&self, node: &Node, locals: Option<&Locals<'_>>) -> Result<bool, EvalError> {
        match self.value(node, locals)? {
            Value::Bool(value) => Ok(value),
            other => Err(self.type_error(node, format!("true or false is needed, not {}", other.kind()))),
        }
    }

    fn text(&self, node: &Node, locals: Option<&Locals<'_>>) -> Result<Arc<str>, EvalError> {
        match self.value(node, locals)? {
            Value::Text(text) => Ok(text),
            other => Err(self.type_error(node, format!("text is needed, not {}", other.kind()))),
        }
    }

    fn index(&self, node: &Node, whole: &Value, index: &Value) -> Result<Value, EvalError> {
        match (whole, index) {
            (Value::List(items), Value::Int(at)) => {
                usize::try_from(*at).ok().and_then(|at| items.get(at)).cloned().ok_or_else(|| {
                    let problem = format!("there is no item {at}: the list has {}", items.len());
                    self.type_error(node, problem)
                })
            }
            (Value::Map(_) | Value::Object(_), Value::Text(name)) => {
                whole.member(name).ok_or_else(|| self.no_member(node, whole))
            }
            _ => Err(self.type_error(node, format!("{} can't be indexed by {}", whole.kind(), index.kind()))),
        }
    }

    fn run_loop(&self, inner: &Loop, outer: Option<&Locals<'_>>) -> Result<Value, EvalError> {
        let items: Vec<Value> = match self.value(&inner.range, outer)? {
            Value::List(items) => items.to_vec(),
            map @ (Value::Map(_) | Value::Object(_)) => map.names().into_iter().map(Value::from).collect(),
            other => {
                return Err(
                    self.type_error(&inner.range, format!("a list or map is needed, not {}", other.kind()))
                );
            }
        };
        if items.len() > MOST_ITEMS {
            return Err(self.type_error(&inner.range, format!("more than {MOST_ITEMS} items")));
        }
        let mut locals = Locals {
            variable: (&inner.variable, Value::Bool(false)),
            result: (&inner.result_variable, self.value(&inner.start, outer)?),
            outer,
        };
        for item in items {
            locals.variable.1 = item;
            if !self.bool(&inner.condition, Some(&locals))? {
                break;
            }
            locals.result.1 = self.value(&inner.step, Some(&locals))?;
        }
        self.value(&inner.result, Some(&locals))
    }

    fn no_member(&self, node: &Node, whole: &Value) -> EvalError {
        match whole {
            Value::Map(_) | Value::Object(_) => {
                let name = self.program.text[node.span.clone()].to_owned();
                self.error(node, EvalErrorKind::Undefined { name, names: whole.names() })
            }
            _ => self.type_error(node, format!("{} has no members", whole.kind())),
        }
    }

    fn type_error(&self, node: &Node, problem: String) -> EvalError {
        self.error(node, EvalErrorKind::Type(problem))
    }

    fn error(&self, node: &Node, kind: EvalErrorKind) -> EvalError {
        EvalError {
            at: self.program.location(&node.span),
            expression: self.program.text.trim().to_owned(),
            kind,
        }
    }
}

fn local(name: &str, mut locals: Option<&Locals<'_>>) -> Option<Value> {
    while let Some(here) = locals {
        if here.variable.0 == name {
            return Some(here.variable.1.clone());
        }
        if here.result.0 == name {
            return Some(here.result.1.clone());
        }
        locals = here.outer;
    }
    None
}

fn arithmetic(operator: Arithmetic, left: Value, right: Value) -> Result<Value, String> {
    match (operator, left, right) {
        (_, Value::Int(left), Value::Int(right)) => {
            let result = match operator {
                Arithmetic::Add => left.checked_add(right),
                Arithmetic::Divide => left.checked_div(right),
                Arithmetic::Modulo => left.checked_rem(right),
                Arithmetic::Multiply => left.checked_mul(right),
                Arithmetic::Subtract => left.checked_sub(right),
            };
            result.map(Value::Int).ok_or_else(|| match right {
                0 => "division by zero".to_owned(),
                _ => "the result is too large".to_owned(),
            })
        }
        (Arithmetic::Add, Value::Text(left), Value::Text(right)) => {
            Ok(Value::Text(format!("{left}{right}").into()))
        }
        (Arithmetic::Add, Value::List(left), Value::List(right)) => {
            Ok(Value::List(left.iter().chain(right.iter()).cloned().collect()))
        }
        (_, left, right) => Err(format!("{} and {} can't be reckoned with so", left.kind(), right.kind())),
    }
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<bool, String> {
    match comparison {
        Comparison::Equal => return left.equals(right),
        Comparison::NotEqual => return left.equals(right).map(|equal| !equal),
        _ => {}
    }
    let order = match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        _ => return Err(format!("{} and {} have no order", left.kind(), right.kind())),
    };
    Ok(match comparison {
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::More => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn contains(whole: &Value, item: &Value) -> Result<bool, String> {
    match (whole, item) {
        (Value::List(items), item) => Ok(items.contains(item)),
        (Value::Map(_) | Value::Object(_), Value::Text(name)) => Ok(whole.member(name).is_some()),
        _ => Err(format!("{} can't be in {}", item.kind(), whole.kind())),
    }
}
