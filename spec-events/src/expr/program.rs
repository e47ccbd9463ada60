//! A compiled expression: the syntax tree that is checked when a file is loaded and walked when it runs.

use std::ops::Range;
use std::sync::Arc;

use super::Literal;
use super::functions::Function;
use crate::Location;

/// An expression of a spec. CEL gives it its syntax (through the `cel` crate's parser); the values are our own, so
/// that members are only made when asked for, integers do not fall into two types, and an error knows its place.
#[derive(Debug)]
pub(crate) struct Program {
    /// Without `${ }`.
    pub text: String,
    /// Of the whole scalar.
    pub at: Location,
    /// Where `text` begins in the source, if the scalar was written without escapes.
    pub start: Option<usize>,
    pub root: Arc<Node>,
}

/// A part of an expression.
#[derive(Debug)]
pub(crate) struct Node {
    pub kind: NodeKind,
    /// Its bytes in [`Program::text`].
    pub span: Range<usize>,
}

#[derive(Debug)]
pub(crate) enum NodeKind {
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Call(&'static Function, Vec<Node>),
    Compare(Comparison, Box<[Node; 2]>),
    /// Condition, then, else.
    Conditional(Box<[Node; 3]>),
    /// Whether the first has a member of this name.
    Has(Box<Node>, String),
    /// Whether the first is an item or key of the second.
    In(Box<[Node; 2]>),
    Index(Box<[Node; 2]>),
    List(Vec<Node>),
    Literal(Literal),
    /// Both or either, the second only if the first leaves it open.
    Logic(Logic, Box<[Node; 2]>),
    Loop(Box<Loop>),
    Map(Vec<(Node, Node)>),
    Member(Box<Node>, Arc<str>),
    Name(Arc<str>),
    Negate(Box<Node>),
    Not(Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Divide,
    Modulo,
    Multiply,
    Subtract,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    NotEqual,
}

impl Comparison {
    /// Whether it asks for an order.
    pub fn is_of_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logic {
    And,
    Or,
}

/// What CEL's macros `all`, `exists`, `filter`, `map` and their like become.
#[derive(Debug)]
pub(crate) struct Loop {
    pub range: Node,
    pub variable: Arc<str>,
    pub result_variable: Arc<str>,
    pub start: Node,
    pub condition: Node,
    pub step: Node,
    pub result: Node,
}

impl Program {
    /// Where `span` of the text stands in the source.
    pub fn location(&self, span: &Range<usize>) -> Location {
        match self.start {
            Some(start) => Location::new(self.at.source(), start + span.start..start + span.end),
            None => self.at.clone(),
        }
    }
}

impl Node {
    /// Calls `visit` on this node's direct parts.
    pub fn for_each_part<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        match &self.kind {
            NodeKind::Arithmetic(_, pair)
            | NodeKind::Compare(_, pair)
            | NodeKind::In(pair)
            | NodeKind::Index(pair)
            | NodeKind::Logic(_, pair) => pair.iter().for_each(visit),
            NodeKind::Call(_, parts) | NodeKind::List(parts) => parts.iter().for_each(visit),
            NodeKind::Conditional(parts) => parts.iter().for_each(visit),
            NodeKind::Has(part, _)
            | NodeKind::Member(part, _)
            | NodeKind::Negate(part)
            | NodeKind::Not(part) => {
                visit(part);
            }
            NodeKind::Literal(_) | NodeKind::Name(_) => {}
            NodeKind::Loop(inner) => {
                [&inner.range, &inner.start, &inner.condition, &inner.step, &inner.result]
                    .into_iter()
                    .for_each(visit);
            }
            NodeKind::Map(entries) => {
                for (key, value) in entries {
                    visit(key);
                    visit(value);
                }
            }
        }
    }
}
