//! What an expression comes to, as far as that can be said before it runs; and what is wrong with it.

use lnprototest_bolt::wire::Catalogue;
use std::rc::Rc;
use std::sync::Arc;

use super::names::Names;
use super::records;
use super::shape::{Member, Shape};
use crate::Diagnostic;
use crate::expr::{Arithmetic, Function, Kind, Literal, Loop, Node, NodeKind, Program};

/// The shape of `program`'s value. What is wrong with it goes to `diagnostics`.
pub(crate) fn infer(
    program: &Program,
    names: &Names,
    catalogue: &Catalogue,
    diagnostics: &mut Vec<Diagnostic>,
) -> Shape {
    Inference { program, names, catalogue, diagnostics, locals: Vec::new() }.shape(&program.root)
}

/// Whether a value of kind `found` can be where `needed` is.
pub(crate) fn fits(needed: Kind, found: Kind) -> bool {
    match (needed, found) {
        (Kind::Any, _) | (_, Kind::Any) => true,
        (Kind::Bytes, Kind::Text) | (Kind::Keyset | Kind::Made(_) | Kind::Records(_), Kind::Map) => true,
        _ => needed == found,
    }
}

struct Inference<'a> {
    program: &'a Program,
    names: &'a Names,
    catalogue: &'a Catalogue,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// Of the loops around.
    locals: Vec<(Arc<str>, Shape)>,
}

impl Inference<'_> {
    fn shape(&mut self, node: &Node) -> Shape {
        match &node.kind {
            NodeKind::Arithmetic(operator, pair) => self.arithmetic(node, *operator, pair),
            NodeKind::Call(function, arguments) => self.call(node, function, arguments),
            NodeKind::Compare(comparison, pair) => {
                let (left, right) = (self.shape(&pair[0]).kind(), self.shape(&pair[1]).kind());
                if left != Kind::Any && right != Kind::Any && left != right {
                    self.error(node, format!("{left} and {right} can't be compared"));
                } else if comparison.is_of_order() && !orders(left) {
                    self.error(node, format!("{left} has no order"));
                } else if comparison.is_of_order() && !orders(right) {
                    self.error(node, format!("{right} has no order"));
                }
                Shape::Bool
            }
            NodeKind::Conditional(parts) => {
                self.needed(Kind::Bool, &parts[0]);
                let (then, otherwise) = (self.shape(&parts[1]), self.shape(&parts[2]));
                if then.kind() == otherwise.kind() { then } else { Shape::Any }
            }
            NodeKind::Has(operand, name) => {
                let whole = self.shape(operand);
                self.member(node, &whole, name);
                Shape::Bool
            }
            NodeKind::In(pair) => {
                self.shape(&pair[0]);
                let whole = self.shape(&pair[1]).kind();
                if !matches!(whole, Kind::Any | Kind::List | Kind::Map) {
                    self.error(&pair[1], format!("a list or map is needed here, not {whole}"));
                }
                Shape::Bool
            }
            NodeKind::Index(pair) => {
                let (whole, index) = (self.shape(&pair[0]), self.shape(&pair[1]).kind());
                match (whole.kind(), &pair[1].kind) {
                    (Kind::Map, NodeKind::Literal(Literal::Text(name))) => self.member(node, &whole, name),
                    (Kind::Any, _) => Shape::Any,
                    (Kind::List, _) if fits(Kind::Int, index) => whole.item(),
                    (Kind::Map, _) if fits(Kind::Text, index) => Shape::Any,
                    (kind, _) => {
                        self.error(node, format!("{kind} can't be indexed by {index}"));
                        Shape::Any
                    }
                }
            }
            NodeKind::List(items) => {
                let shapes: Vec<Shape> = items.iter().map(|item| self.shape(item)).collect();
                let same = shapes.windows(2).all(|pair| pair[0].kind() == pair[1].kind());
                Shape::List(Rc::new(shapes.into_iter().next().filter(|_| same).unwrap_or(Shape::Any)))
            }
            NodeKind::Literal(literal) => of_literal(literal),
            NodeKind::Logic(_, pair) => {
                pair.iter().for_each(|part| self.needed(Kind::Bool, part));
                Shape::Bool
            }
            NodeKind::Loop(inner) => self.run_loop(inner),
            NodeKind::Map(entries) => {
                let mut members = indexmap::IndexMap::new();
                let mut known = true;
                for (key, value) in entries {
                    self.needed(Kind::Text, key);
                    let shape = self.shape(value);
                    match &key.kind {
                        NodeKind::Literal(Literal::Text(name)) => {
                            drop(members.insert(name.to_string(), shape))
                        }
                        _ => known = false,
                    }
                }
                if known { Shape::Map(Rc::new(members)) } else { Shape::Any }
            }
            NodeKind::Member(operand, name) => {
                let whole = self.shape(operand);
                self.member(node, &whole, name)
            }
            NodeKind::Name(name) => self.name(node, name),
            NodeKind::Negate(operand) => {
                self.needed(Kind::Int, operand);
                Shape::Int
            }
            NodeKind::Not(operand) => {
                self.needed(Kind::Bool, operand);
                Shape::Bool
            }
        }
    }

    fn name(&mut self, node: &Node, name: &str) -> Shape {
        if let Some((_, shape)) = self.locals.iter().rev().find(|local| *local.0 == *name) {
            return shape.clone();
        }
        if let Some(shape) = self.names.shape(name) {
            return shape;
        }
        let at = self.program.location(&node.span);
        let problem = match name {
            "msg" => "`msg` is only there in the `check` of an ExpectMsg".to_owned(),
            _ => format!("nothing is named `{name}` here"),
        };
        let mut known = self.names.all();
        known.extend(self.locals.iter().map(|local| &*local.0).filter(|name| !name.starts_with('@')));
        self.diagnostics.push(Diagnostic::new(&at, problem).nearest(name, known));
        Shape::Any
    }

    fn member(&mut self, node: &Node, whole: &Shape, name: &str) -> Shape {
        match whole.member(name, self.catalogue) {
            Member::Is(shape) => shape,
            Member::Missing(known) => {
                let at = self.program.location(&node.span);
                let problem = match whole {
                    Shape::Record { .. } => format!("there is no message `{name}`"),
                    Shape::Message(message) => format!("{} has no field `{name}`", message.name),
                    _ => format!("it has no member `{name}`"),
                };
                let known = known.iter().map(String::as_str);
                self.diagnostics.push(Diagnostic::new(&at, problem).nearest(name, known));
                Shape::Any
            }
            Member::NoMap => {
                self.error(node, format!("{} has no members", whole.kind()));
                Shape::Any
            }
        }
    }

    fn call(&mut self, node: &Node, function: &Function, arguments: &[Node]) -> Shape {
        let told_before = self.diagnostics.len();
        for (index, argument) in arguments.iter().enumerate() {
            let shape = self.shape(argument);
            let found = shape.kind();
            let Some((parameter, needed)) = function.parameter(index) else { continue };
            if !fits(*needed, found) {
                let problem = format!("`{parameter}` of {} is {needed}, not {found}", function.signature());
                self.error(argument, problem);
            } else if let Kind::Records(stream) = needed {
                records::check(stream, argument, &shape, self.program, self.diagnostics);
            }
        }
        // What can be called now need not fail on each path.
        if self.diagnostics.len() == told_before
            && let Some(Err(error)) = self.program.constant(node)
        {
            self.diagnostics.push(Diagnostic::new(&error.at, error.kind.to_string()));
        }
        Shape::of_kind(function.result)
    }

    fn arithmetic(&mut self, node: &Node, operator: Arithmetic, pair: &[Node; 2]) -> Shape {
        let (left, right) = (self.shape(&pair[0]), self.shape(&pair[1]));
        match (left.kind(), right.kind()) {
            (Kind::Any, Kind::Any) if operator == Arithmetic::Add => Shape::Any,
            (a, b) if fits(Kind::Int, a) && fits(Kind::Int, b) => Shape::Int,
            (a, b) if operator == Arithmetic::Add && fits(Kind::Text, a) && fits(Kind::Text, b) => {
                Shape::Text
            }
            (a, b) if operator == Arithmetic::Add && fits(Kind::List, a) && fits(Kind::List, b) => {
                Shape::List(Rc::new(Shape::Any))
            }
            (a, b) => {
                self.error(node, format!("{a} and {b} can't be reckoned with so"));
                Shape::Any
            }
        }
    }

    fn run_loop(&mut self, inner: &Loop) -> Shape {
        let range = self.shape(&inner.range);
        let item = match range.kind() {
            Kind::Any => Shape::Any,
            Kind::List => range.item(),
            Kind::Map => Shape::Text,
            kind => {
                self.error(&inner.range, format!("a list or map is needed here, not {kind}"));
                Shape::Any
            }
        };
        let start = self.shape(&inner.start);
        // What is gathered step by step: of a list only that it is one.
        let gathered = match start.kind() {
            Kind::List => Shape::List(Rc::new(Shape::Any)),
            _ => start,
        };
        self.locals.push((inner.variable.clone(), item));
        self.locals.push((inner.result_variable.clone(), gathered));
        self.needed(Kind::Bool, &inner.condition);
        self.shape(&inner.step);
        let result = self.shape(&inner.result);
        self.locals.truncate(self.locals.len() - 2);
        result
    }

    fn needed(&mut self, needed: Kind, node: &Node) {
        let found = self.shape(node).kind();
        if !fits(needed, found) {
            self.error(node, format!("{needed} is needed here, not {found}"));
        }
    }

    fn error(&mut self, node: &Node, problem: String) {
        self.diagnostics.push(Diagnostic::new(&self.program.location(&node.span), problem));
    }
}

fn orders(kind: Kind) -> bool {
    matches!(kind, Kind::Any | Kind::Int | Kind::Text)
}

pub(crate) fn of_literal(literal: &Literal) -> Shape {
    match literal {
        Literal::Bool(_) => Shape::Bool,
        Literal::Int(_) => Shape::Int,
        Literal::Text(_) => Shape::Text,
    }
}
