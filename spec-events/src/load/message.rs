//! Whether a message's fields, as a step writes them, are those of its definition.

use lnprototest_bolt::gossip::signature_fields;
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{BuildError, BuildProblem, Extent, MessageDef};
use std::sync::Arc;

use super::Reader;
use super::infer::fits;
use super::shape::{Member, Shape};
use crate::event::{Msg, Name};
use crate::expr::{Body, Literal};
use crate::{Diagnostic, Location, Template, TemplateKind};

impl Reader<'_> {
    /// Looks through the fields of a message; those of `signed` come from elsewhere. `at` is where the message is
    /// named.
    pub(super) fn check_fields(
        &mut self,
        message: &Arc<MessageDef>,
        fields: Option<&Template>,
        signed: &[&str],
        extent: Extent,
        at: &Location,
    ) {
        let mut plain = fields.map_or_else(|| Plain::map([]), plain);
        if let Plain::Map(map) = &mut plain {
            for field in signed.iter().filter(|field| message.is_field(field)) {
                map.entry((*field).to_owned()).or_insert(Plain::Deferred);
            }
        }
        let (missing, wrong): (Vec<_>, Vec<_>) =
            message.check(&plain, extent).into_iter().partition(|error| {
                matches!(error.problem, BuildProblem::MissingField { .. }) && !error.path.contains('.')
            });
        self.report_missing(message, &missing, at);
        for error in wrong {
            self.report_field(message, fields, &error, at);
        }
        if let Some(fields) = fields {
            self.check_kinds(fields, &Shape::Message(message.clone()));
        }
    }

    /// Looks through the fields that are to be signed, and what is to be wrong with them.
    pub(super) fn check_signed(&mut self, message: &MessageDef, event: &Msg) {
        for (field, secret) in &event.sign {
            let mut known = signature_fields(&message.name).peekable();
            if known.peek().is_none() {
                let problem = format!("{} has no signature over itself", message.name);
                let help = "channel_announcement, channel_update and node_announcement have";
                self.report(Diagnostic::new(&key(&secret.at, field), problem).help(help));
            } else if !known.any(|known| *known == **field) {
                let problem = format!("{} has no signature `{field}`", message.name);
                let known = signature_fields(&message.name);
                self.report(Diagnostic::new(&key(&secret.at, field), problem).nearest(field, known));
            } else if let Some(written) = event.with.as_ref().and_then(|with| with.entry(field)) {
                let problem = format!("`{field}` is to be signed, and stands under `with` too");
                self.report(Diagnostic::new(&key(&written.at, field), problem));
            }
        }
        for (field, flaw) in &event.flaw {
            if !event.sign.iter().any(|(signed, _)| signed == field) {
                let problem = format!("`{field}` is not under `sign`: there is no signature to have a flaw");
                let known = event.sign.iter().map(|(signed, _)| &**signed);
                self.report(Diagnostic::new(&key(&flaw.at, field), problem).nearest(field, known));
            }
        }
    }

    /// Looks through the names of fields and records that must not be there.
    pub(super) fn check_absent(&mut self, message: &Arc<MessageDef>, absent: &[Name], at: &Location) {
        let records = message.tlvs().map(|stream| stream.records.as_slice()).unwrap_or_default();
        for name in absent {
            if !message.is_field(name) && !records.iter().any(|record| *record.name == **name) {
                let fields = message.fields.iter().map(|field| &*field.name);
                let known = fields.chain(records.iter().map(|record| &*record.name));
                let problem = format!("`absent`: {} has no field or record `{name}`", message.name);
                self.report(Diagnostic::new(at, problem).nearest(name, known));
            }
        }
    }

    /// The fields as a whole are many lines: the message's name, `at`, stands for them.
    fn report_missing(&mut self, message: &MessageDef, missing: &[BuildError], at: &Location) {
        let problem = match missing {
            [] => return,
            [one] => format!("{} needs its field {one}", message.name).replace(": missing", ""),
            all => {
                let names: Vec<&str> = all.iter().map(|error| error.path.as_str()).collect();
                format!("{} needs its fields {}", message.name, names.join(", "))
            }
        };
        let diagnostic = Diagnostic::new(at, problem);
        let mut signatures = signature_fields(&message.name);
        self.report(match signatures.find(|field| missing.iter().any(|error| error.path == *field)) {
            Some(field) => diagnostic.help(format!("a signature can be made: `sign: {{ {field}: SECRET }}`")),
            None => diagnostic,
        });
    }

    fn report_field(
        &mut self,
        message: &MessageDef,
        fields: Option<&Template>,
        error: &BuildError,
        at: &Location,
    ) {
        let at = fields.map_or(at, |fields| find(fields, &error.path));
        let name = error.path.rsplit('.').next().unwrap_or(&error.path);
        let owner = match error.path.rsplit_once('.') {
            Some((owner, _)) => format!("{}.{owner}", message.name),
            None => message.name.to_string(),
        };
        let diagnostic = match &error.problem {
            BuildProblem::MissingField { expected } => {
                Diagnostic::new(at, format!("{owner} needs its field `{name}`: {expected}"))
            }
            BuildProblem::UnknownField { candidates } => {
                let known = candidates.iter().map(String::as_str);
                Diagnostic::new(&key(at, name), format!("{owner} has no field `{name}`")).nearest(name, known)
            }
            BuildProblem::DerivedField { array } => {
                let problem = format!("`{name}` is not written: it follows from `{array}`");
                Diagnostic::new(&key(at, name), problem)
            }
            BuildProblem::Unquoted { expected, .. } => {
                let written = at.text();
                Diagnostic::new(at, format!("`{name}` is {expected}, and {written} is a number to YAML"))
                    .help(format!("quote it: '{written}'"))
            }
            problem if error.path.is_empty() => Diagnostic::new(at, format!("{}: {problem}", message.name)),
            problem => Diagnostic::new(at, format!("`{name}`: {problem}")),
        };
        self.report(diagnostic);
    }

    /// Whether the expressions come to values of the right kinds. (The literals were looked at with the fields.)
    fn check_kinds(&mut self, template: &Template, shape: &Shape) {
        match &template.kind {
            TemplateKind::List(items) => {
                let item_shape = shape.item();
                items.iter().for_each(|item| self.check_kinds(item, &item_shape));
            }
            TemplateKind::Map(entries) => {
                for (name, template) in entries {
                    if let Member::Is(shape) = shape.member(name, self.language.catalogue) {
                        self.check_kinds(template, &shape);
                    }
                }
            }
            TemplateKind::Scalar(expr) => {
                let found = self.shape(template).kind();
                if matches!(expr.body, Body::Compiled(_)) && !fits(shape.kind(), found) {
                    self.error(&template.at, format!("{} is needed here, not {found}", shape.kind()));
                }
            }
        }
    }
}

/// The tree that the codec checks; what is to be evaluated fits everywhere.
fn plain(template: &Template) -> Plain {
    match &template.kind {
        TemplateKind::List(items) => Plain::List(items.iter().map(plain).collect()),
        TemplateKind::Map(entries) => {
            Plain::Map(entries.iter().map(|(name, template)| (name.clone(), plain(template))).collect())
        }
        TemplateKind::Scalar(expr) => match &expr.body {
            Body::Compiled(_) => Plain::Deferred,
            Body::Literal(Literal::Bool(value)) => Plain::Bool(*value),
            Body::Literal(Literal::Int(value)) => Plain::Int(*value),
            Body::Literal(Literal::Text(text)) => Plain::from(&**text),
        },
    }
}

/// Where the key `name` of a value stands: right before it.
fn key(value: &Location, name: &str) -> Location {
    let before = &value.source().text[..value.span().start];
    let key = before.trim_end().trim_end_matches(':').trim_end().trim_end_matches(['\'', '"']);
    match key.strip_suffix(name) {
        Some(start) => Location::new(value.source(), start.len()..key.len()),
        None => value.clone(),
    }
}

/// Where the part `path` of a template stands, such as `tlvs.unknown[0].type`; if it is not there, what should hold it.
fn find<'t>(mut template: &'t Template, path: &str) -> &'t Location {
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        let part = match (&template.kind, step.strip_suffix(']').map(str::parse::<usize>)) {
            (TemplateKind::List(items), Some(Ok(index))) => items.get(index),
            _ => template.entry(step),
        };
        match part {
            Some(part) => template = part,
            None => break,
        }
    }
    &template.at
}
