//! A part of a YAML file.

use std::sync::Arc;

use crate::Location;

/// A part of a YAML file, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Yaml {
    pub kind: YamlKind,
    pub at: Location,
}

#[derive(Clone, Debug)]
pub(crate) enum YamlKind {
    List(Vec<Yaml>),
    Map(Vec<Entry>),
    Scalar(Scalar),
}

/// A key of a mapping, and what stands under it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub key_at: Location,
    pub value: Yaml,
}

/// A scalar as YAML 1.2's core schema reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i128),
    Null,
    /// A number that is no integer, or too large for one.
    Number(String),
    Text(Arc<str>),
}

impl Yaml {
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            YamlKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn items(&self) -> Option<&[Yaml]> {
        match &self.kind {
            YamlKind::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&Arc<str>> {
        match &self.kind {
            YamlKind::Scalar(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it is null or an empty mapping: an event without arguments.
    pub fn is_empty(&self) -> bool {
        match &self.kind {
            YamlKind::Map(entries) => entries.is_empty(),
            YamlKind::Scalar(scalar) => *scalar == Scalar::Null,
            YamlKind::List(_) => false,
        }
    }

    /// What it is, in words for a message.
    pub fn describe(&self) -> String {
        match &self.kind {
            YamlKind::List(items) if items.is_empty() => "an empty list".to_owned(),
            YamlKind::List(_) => "a list".to_owned(),
            YamlKind::Map(_) => "a mapping".to_owned(),
            YamlKind::Scalar(Scalar::Bool(value)) => format!("{value}"),
            YamlKind::Scalar(Scalar::Int(value)) => format!("the number {value}"),
            YamlKind::Scalar(Scalar::Null) => "nothing".to_owned(),
            YamlKind::Scalar(Scalar::Number(text)) => format!("the number {text}"),
            YamlKind::Scalar(Scalar::Text(text)) => format!("the text `{text}`"),
        }
    }
}

impl Scalar {
    /// A scalar written without quotes.
    pub fn plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            _ => {}
        }
        let radix = |prefix, radix| {
            text.strip_prefix(prefix).and_then(|digits| i128::from_str_radix(digits, radix).ok())
        };
        let int = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| text.parse().ok());
        match int {
            Some(int) => Self::Int(int),
            None if is_number(text) => Self::Number(text.to_owned()),
            None => Self::Text(text.into()),
        }
    }
}

/// Whether YAML would read it as a number with a fraction or exponent, or as a very large one.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.contains(|digit: char| digit.is_ascii_digit())
        && text.parse::<f64>().is_ok()
}
