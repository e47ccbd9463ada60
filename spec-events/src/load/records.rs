//! Are the records right that an expression gives a function as a map: `payload({ 'amt_to_forward': 1000 })`?

use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{BuildError, BuildProblem, Catalogue};

use super::infer::fits;
use super::shape::{Member, Shape};
use crate::Diagnostic;
use crate::expr::{Literal, Node, NodeKind, Program};

/// Judges what is literal in `node` by the definition of the stream, and the kinds of the rest.
pub(super) fn check(
    stream: &str,
    node: &Node,
    shape: &Shape,
    program: &Program,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let catalogue = Catalogue::bolts();
    let (Some(stream), NodeKind::Map(_)) = (catalogue.tlv_stream(stream), &node.kind) else { return };
    for error in stream.check(&plain(node)) {
        diagnostics.push(told(&stream.name, &error, node, program));
    }
    check_kinds("", node, shape, &Shape::Tlvs(stream.clone()), program, diagnostics);
}

fn told(stream: &str, error: &BuildError, whole: &Node, program: &Program) -> Diagnostic {
    let part = find(whole, &error.path);
    let name = error.path.rsplit('.').next().unwrap_or(&error.path);
    let owner = match error.path.rsplit_once('.') {
        Some((owner, _)) => format!("{stream}.{owner}"),
        None => stream.to_owned(),
    };
    let at = |node: &Node| program.location(&node.span);
    match &error.problem {
        BuildProblem::MissingField { expected } => {
            Diagnostic::new(&at(part.value), format!("{owner} needs its field `{name}`: {expected}"))
        }
        BuildProblem::UnknownField { candidates } => {
            let kind = if owner == stream { "record" } else { "field" };
            Diagnostic::new(&at(part.key), format!("{owner} has no {kind} `{name}`"))
                .nearest(name, candidates.iter().map(String::as_str))
        }
        problem => Diagnostic::new(&at(part.value), format!("`{name}`: {problem}")),
    }
}

/// Whether what is not literal comes to values of the right kinds.
fn check_kinds(
    name: &str,
    node: &Node,
    found: &Shape,
    needed: &Shape,
    program: &Program,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|item| {
            check_kinds(name, item, &found.item(), &needed.item(), program, diagnostics);
        }),
        NodeKind::Literal(_) => {}
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                let Some(name) = text(key) else { continue };
                let members = [found, needed].map(|shape| shape.member(name, Catalogue::bolts()));
                if let [Member::Is(found), Member::Is(needed)] = members {
                    check_kinds(name, value, &found, &needed, program, diagnostics);
                }
            }
        }
        _ if !fits(needed.kind(), found.kind()) => {
            let problem = format!("`{name}` is {}, not {}", needed.kind(), found.kind());
            diagnostics.push(Diagnostic::new(&program.location(&node.span), problem));
        }
        _ => {}
    }
}

/// The tree that the codec checks; what is to be evaluated fits everywhere.
fn plain(node: &Node) -> Plain {
    match &node.kind {
        NodeKind::List(items) => Plain::List(items.iter().map(plain).collect()),
        NodeKind::Literal(Literal::Bool(value)) => Plain::Bool(*value),
        NodeKind::Literal(Literal::Int(value)) => Plain::Int(*value),
        NodeKind::Literal(Literal::Text(text)) => Plain::from(&**text),
        NodeKind::Map(entries) => {
            let entry = |(key, value): &(Node, Node)| Some((text(key)?.to_owned(), plain(value)));
            entries.iter().map(entry).collect::<Option<_>>().map_or(Plain::Deferred, Plain::Map)
        }
        _ => Plain::Deferred,
    }
}

/// A part of a map, and its name there.
struct Part<'n> {
    key: &'n Node,
    value: &'n Node,
}

/// The part `path` of a map, such as `unknown[0].type`; if it is not there, what should hold it.
fn find<'n>(whole: &'n Node, path: &str) -> Part<'n> {
    let mut found = Part { key: whole, value: whole };
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        let index = step.strip_suffix(']').and_then(|index| index.parse::<usize>().ok());
        let part = match (&found.value.kind, index) {
            (NodeKind::List(items), Some(index)) => {
                items.get(index).map(|item| Part { key: item, value: item })
            }
            (NodeKind::Map(entries), _) => entries
                .iter()
                .find(|(key, _)| text(key) == Some(step))
                .map(|(key, value)| Part { key, value }),
            _ => None,
        };
        match part {
            Some(part) => found = part,
            None => break,
        }
    }
    found
}

fn text(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Literal(Literal::Text(text)) => Some(text),
        _ => None,
    }
}
