//! What the readers of all parts share: the words of the language, the names so far, the mistakes so far.

use lnprototest_bolt::wire::MessageDef;
use std::collections::HashMap;
use std::sync::Arc;

use super::Language;
use super::fragments::Fragments;
use super::infer::{fits, infer, of_literal};
use super::names::Names;
use super::shape::Shape;
use crate::event::Name;
use crate::expr::{Body, Expr, Literal, Node, NodeKind, Program, Typed};
use crate::yaml::{Entry, Scalar, Yaml, YamlKind};
use crate::{Diagnostic, Location, Template, TemplateKind};

/// Reads one spec.
pub(crate) struct Reader<'a> {
    pub language: Language<'a>,
    pub fragments: &'a Fragments<'a>,
    pub diagnostics: Vec<Diagnostic>,
    pub names: Names,
    /// The event that is being read.
    pub subject: Subject,
    /// The fragments that are being read, the innermost last.
    pub inclusions: Vec<Inclusion>,
    /// Steps so far, those of fragments included.
    pub steps: usize,
}

/// What the first argument of an event tells its others.
#[derive(Default)]
pub(crate) struct Subject {
    /// Where it stands.
    pub at: Option<Location>,
    pub name: Option<Name>,
    pub message: Option<Arc<MessageDef>>,
}

/// A fragment that is being read.
pub(crate) struct Inclusion {
    pub fragment: String,
    pub at: Location,
    /// What its parameters were given. `None`: it is read by itself.
    pub parameters: HashMap<String, Option<Template>>,
}

impl<'a> Reader<'a> {
    /// A reader for a spec, or for a fragment by itself.
    pub fn new(language: Language<'a>, fragments: &'a Fragments<'a>, by_itself: bool) -> Self {
        Self {
            language,
            fragments,
            diagnostics: Vec::new(),
            names: Names::new(by_itself),
            subject: Subject::default(),
            inclusions: Vec::new(),
            steps: 0,
        }
    }

    /// Notes a mistake, with the `Include`s that led to it.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.included_at = self.inclusions.iter().rev().map(|inclusion| inclusion.at.clone()).collect();
        self.diagnostics.push(diagnostic);
    }

    /// Notes a mistake that explains itself.
    pub fn error(&mut self, at: &Location, problem: impl Into<String>) {
        self.report(Diagnostic::new(at, problem));
    }

    /// A literal or expression whose value is a `T`. What is wrong is reported, and something stands in for it.
    pub fn expr<T: Typed>(&mut self, yaml: &Yaml) -> Expr<T> {
        let (body, shape) = self.body(yaml);
        match &body {
            Body::Compiled(_) if !fits(T::KIND, shape.kind()) => {
                self.error(&yaml.at, format!("{} is needed here, not {}", T::NAME, shape.kind()));
            }
            Body::Literal(literal) => {
                if let Err(problem) = T::from_value(literal.into()) {
                    self.error(&yaml.at, problem);
                }
            }
            Body::Compiled(_) => {}
        }
        Expr::new(body, yaml.at.clone())
    }

    /// Literals and expressions in any shape. What is wrong is reported, and something stands in for it.
    pub fn template(&mut self, yaml: &Yaml) -> Template {
        let kind = match &yaml.kind {
            YamlKind::List(items) => {
                TemplateKind::List(items.iter().map(|item| self.template(item)).collect())
            }
            YamlKind::Map(entries) => {
                let entry = |entry: &Entry| (entry.key.clone(), self.template(&entry.value));
                TemplateKind::Map(entries.iter().map(entry).collect())
            }
            YamlKind::Scalar(_) => TemplateKind::Scalar(Expr::new(self.body(yaml).0, yaml.at.clone())),
        };
        Template { kind, at: yaml.at.clone() }
    }

    /// What is known of a template's value.
    pub fn shape(&self, template: &Template) -> Shape {
        match &template.kind {
            TemplateKind::List(items) => {
                let item = items.first().map_or(Shape::Any, |item| self.shape(item));
                let same = items.iter().all(|other| self.shape(other).kind() == item.kind());
                Shape::List(std::rc::Rc::new(if same { item } else { Shape::Any }))
            }
            TemplateKind::Map(entries) => Shape::Map(std::rc::Rc::new(
                entries.iter().map(|(name, template)| (name.clone(), self.shape(template))).collect(),
            )),
            TemplateKind::Scalar(expr) => match &expr.body {
                // Its mistakes were told when it was read.
                Body::Compiled(program) => {
                    infer(program, &self.names, self.language.catalogue, &mut Vec::new())
                }
                Body::Literal(literal) => of_literal(literal),
            },
        }
    }

    /// Text that has to be known now: written as it is, or, in a fragment, `${ parameter }` with a literal argument.
    pub fn fixed_text(&mut self, yaml: &Yaml, what: &str) -> Option<Arc<str>> {
        let Some(text) = yaml.text() else {
            self.error(&yaml.at, format!("{what} is needed here, not {}", yaml.describe()));
            return None;
        };
        let Some(inner) = inside(text) else { return Some(text.clone()) };
        let parameter = inner.trim();
        let given = self.inclusions.last().and_then(|inclusion| inclusion.parameters.get(parameter));
        let literal = given.and_then(|given| match given.as_ref().map(|template| &template.kind) {
            // Read by itself, a fragment is as good with its parameters' names.
            None => Some(parameter.into()),
            Some(TemplateKind::Scalar(expr)) => match &expr.body {
                Body::Literal(Literal::Text(text)) => Some(text.clone()),
                _ => None,
            },
            Some(_) => None,
        });
        if literal.is_none() {
            let help = "in a fragment it can be `${ parameter }`, if what is given is written out";
            self.report(Diagnostic::new(&yaml.at, format!("{what} can't be computed")).help(help));
        }
        literal
    }

    /// A scalar, and what is known of its value.
    fn body(&mut self, yaml: &Yaml) -> (Body, Shape) {
        let literal = match &yaml.kind {
            YamlKind::List(_) | YamlKind::Map(_) => {
                let problem = format!("one value is needed here, not {}", yaml.describe());
                return self.wrong(yaml, Diagnostic::new(&yaml.at, problem));
            }
            YamlKind::Scalar(Scalar::Bool(value)) => Literal::Bool(*value),
            YamlKind::Scalar(Scalar::Int(value)) => Literal::Int(*value),
            YamlKind::Scalar(Scalar::Null) => {
                return self.wrong(yaml, Diagnostic::new(&yaml.at, "there is no value here"));
            }
            YamlKind::Scalar(Scalar::Number(text)) => {
                let problem = format!("YAML reads {text} as a number that is no integer");
                return self
                    .wrong(yaml, Diagnostic::new(&yaml.at, problem).help("quote it if it is text or bytes"));
            }
            YamlKind::Scalar(Scalar::Text(text)) => match inside(text) {
                Some(inner) => return self.compiled(yaml, inner),
                None if text.trim_start().starts_with("${") && !text.contains('}') => {
                    return self.wrong(yaml, Diagnostic::new(&yaml.at, "this expression has no end: a `}`"));
                }
                None if text.contains("${") => {
                    let diagnostic = Diagnostic::new(&yaml.at, "an expression can't be a part of a text");
                    let help = "write all of it as an expression: `${ 'text' + name }`";
                    return self.wrong(yaml, diagnostic.help(help));
                }
                None => Literal::Text(text.clone()),
            },
        };
        let shape = of_literal(&literal);
        (Body::Literal(literal), shape)
    }

    fn compiled(&mut self, yaml: &Yaml, text: &str) -> (Body, Shape) {
        let start = yaml.at.text().find(text).map(|at| yaml.at.span().start + at);
        let mut program = Program { text: text.to_owned(), at: yaml.at.clone(), start, root: stand_in() };
        match self.fragments.compiled(text) {
            Ok(root) => program.root = root,
            Err(errors) => {
                for error in errors {
                    let diagnostic = Diagnostic::new(&program.location(&error.span), error.problem);
                    self.report(match error.known {
                        Some((wrong, names)) => diagnostic.nearest(&wrong, names),
                        None => diagnostic,
                    });
                }
                return (Body::Compiled(Arc::new(program)), Shape::Any);
            }
        }
        let mut diagnostics = Vec::new();
        let shape = infer(&program, &self.names, self.language.catalogue, &mut diagnostics);
        diagnostics.into_iter().for_each(|diagnostic| self.report(diagnostic));
        (Body::Compiled(Arc::new(program)), shape)
    }

    /// Reports what is wrong with a scalar; something that fits everywhere stands in for it.
    fn wrong(&mut self, yaml: &Yaml, diagnostic: Diagnostic) -> (Body, Shape) {
        self.report(diagnostic);
        let text = yaml.at.text().to_owned();
        let program = Program { text, at: yaml.at.clone(), start: None, root: stand_in() };
        (Body::Compiled(Arc::new(program)), Shape::Any)
    }
}

/// What stands in for an expression that is wrong. It is never evaluated: a spec with a mistake does not run.
fn stand_in() -> Arc<Node> {
    Arc::new(Node { kind: NodeKind::Name("?".into()), span: 0..0 })
}

/// The inside of a `${ ... }`.
fn inside(text: &str) -> Option<&str> {
    text.trim().strip_prefix("${")?.strip_suffix('}')
}
