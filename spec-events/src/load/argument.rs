//! How an argument of each type is read, left out, written and described.

use serde_json::{Value as Json, json};

use super::{Arguments, Reader};
use crate::expr::{Body, Expr, Kind, Literal, Typed};
use crate::yaml::{Entry, Scalar, Yaml, YamlKind};
use crate::{Location, Source, Template, TemplateKind};

/// A type of arguments. The table of events names the types; all that is done with arguments follows from here.
pub(crate) trait Argument: Sized {
    /// Reads it. `None` if it is wrong, which has been reported.
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self>;

    /// Reads it as an event's first argument, which may tell something about the others.
    fn read_main(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        Self::read(yaml, reader)
    }

    /// What it is if it is not written; `None` if it must be.
    fn absent(event: &Arguments<'_>, reader: &mut Reader<'_>) -> Absent<Self> {
        let _ = (event, reader);
        Absent::Needed
    }

    /// As YAML; `None` if there is nothing to write.
    fn write(&self) -> Option<Written>;

    /// Its JSON schema.
    fn schema() -> Json;

    /// Whether it can be left out.
    const OPTIONAL: bool = false;
}

/// What an argument is that was not written.
pub(crate) enum Absent<T> {
    Is(T),
    Needed,
}

/// YAML without places.
pub(crate) struct Written(YamlKind);

impl Written {
    pub fn text(text: impl AsRef<str>) -> Self {
        Self(YamlKind::Scalar(Scalar::Text(text.as_ref().into())))
    }

    pub fn literal(literal: &Literal) -> Self {
        Self(YamlKind::Scalar(match literal {
            Literal::Bool(value) => Scalar::Bool(*value),
            Literal::Int(value) => Scalar::Int(*value),
            Literal::Text(text) => Scalar::Text(text.clone()),
        }))
    }

    pub fn list(items: impl IntoIterator<Item = Written>) -> Self {
        Self(YamlKind::List(items.into_iter().map(Written::into_yaml).collect()))
    }

    pub fn map<K: AsRef<str>>(entries: impl IntoIterator<Item = (K, Written)>) -> Self {
        let entry = |(key, value): (K, Written)| Entry {
            key: key.as_ref().to_owned(),
            key_at: nowhere(),
            value: value.into_yaml(),
        };
        Self(YamlKind::Map(entries.into_iter().map(entry).collect()))
    }

    pub fn into_yaml(self) -> Yaml {
        Yaml { kind: self.0, at: nowhere() }
    }
}

/// Of what was never written.
fn nowhere() -> Location {
    static NOWHERE: std::sync::LazyLock<std::sync::Arc<Source>> =
        std::sync::LazyLock::new(|| Source { name: "(written)".to_owned(), text: String::new() }.into());
    Location::bare(&NOWHERE, 0, 0)
}

impl<A: Argument> Argument for Option<A> {
    const OPTIONAL: bool = true;

    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        A::read(yaml, reader).map(Some)
    }

    fn absent(_: &Arguments<'_>, _: &mut Reader<'_>) -> Absent<Self> {
        Absent::Is(None)
    }

    fn write(&self) -> Option<Written> {
        self.as_ref()?.write()
    }

    fn schema() -> Json {
        A::schema()
    }
}

/// A switch: off unless it is on.
impl Argument for bool {
    const OPTIONAL: bool = true;

    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        match &yaml.kind {
            YamlKind::Scalar(Scalar::Bool(value)) => Some(*value),
            _ => {
                reader.error(&yaml.at, format!("true or false is needed here, not {}", yaml.describe()));
                None
            }
        }
    }

    fn absent(_: &Arguments<'_>, _: &mut Reader<'_>) -> Absent<Self> {
        Absent::Is(false)
    }

    fn write(&self) -> Option<Written> {
        self.then(|| Written::literal(&Literal::Bool(true)))
    }

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }
}

impl<T: Typed> Argument for Expr<T> {
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        Some(reader.expr(yaml))
    }

    fn write(&self) -> Option<Written> {
        Some(write_expr(self))
    }

    fn schema() -> Json {
        let literal = match T::KIND {
            Kind::Any => json!({ "type": ["boolean", "integer", "string"] }),
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::Bytes => json!({ "type": "string", "pattern": "^([0-9a-fA-F]{2})*$" }),
            Kind::Int => json!({ "type": "integer" }),
            Kind::Keyset | Kind::List | Kind::Made(_) | Kind::Map | Kind::Records(_) => {
                return json!({ "$ref": "#/$defs/expression" });
            }
            Kind::Text => json!({ "type": "string" }),
        };
        json!({ "description": T::NAME, "anyOf": [literal, { "$ref": "#/$defs/expression" }] })
    }
}

impl Argument for Template {
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        Some(reader.template(yaml))
    }

    fn write(&self) -> Option<Written> {
        Some(write_template(self))
    }

    fn schema() -> Json {
        json!({})
    }
}

pub(crate) fn write_expr<T: Typed>(expr: &Expr<T>) -> Written {
    match &expr.body {
        Body::Compiled(program) => Written::text(format!("${{ {} }}", program.text.trim())),
        Body::Literal(literal) => Written::literal(literal),
    }
}

pub(crate) fn write_template(template: &Template) -> Written {
    match &template.kind {
        TemplateKind::List(items) => Written::list(items.iter().map(write_template)),
        TemplateKind::Map(entries) => {
            Written::map(entries.iter().map(|(name, template)| (name, write_template(template))))
        }
        TemplateKind::Scalar(expr) => write_expr(expr),
    }
}
