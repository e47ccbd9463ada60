//! From a tree back to text that reads as people write it.

use super::{Entry, Scalar, Yaml, YamlKind};

/// Lines longer than this are broken up into blocks.
const WIDTH: usize = 100;

/// The tree as a YAML document.
pub(crate) fn print(yaml: &Yaml) -> String {
    let mut out = String::new();
    block(yaml, 0, &mut out);
    out
}

/// Prints with every line indented, the last one ended.
fn block(yaml: &Yaml, indent: usize, out: &mut String) {
    match &yaml.kind {
        YamlKind::List(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&" ".repeat(indent));
                out.push_str("- ");
                nested(item, indent, out);
            }
        }
        YamlKind::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                out.push_str(&" ".repeat(indent));
                self::entry(entry, indent, out);
            }
        }
        _ => {
            out.push_str(&" ".repeat(indent));
            flow(yaml, out);
            out.push('\n');
        }
    }
}

/// What stands behind `- `: a mapping's first key on the same line.
fn nested(item: &Yaml, indent: usize, out: &mut String) {
    match &item.kind {
        YamlKind::Map(entries) if !entries.is_empty() => {
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(&" ".repeat(indent + 2));
                }
                self::entry(entry, indent + 2, out);
            }
        }
        YamlKind::List(items) if !items.is_empty() && !fits(item, indent + 2) => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(&" ".repeat(indent + 2));
                }
                out.push_str("- ");
                nested(item, indent + 2, out);
            }
        }
        _ => {
            flow(item, out);
            out.push('\n');
        }
    }
}

fn entry(entry: &Entry, indent: usize, out: &mut String) {
    let key_start = out.len();
    scalar(&Scalar::Text(entry.key.as_str().into()), out);
    out.push(':');
    let used = indent + out.len() - key_start + 1;
    if fits(&entry.value, used) && !holds_steps(&entry.value) {
        out.push(' ');
        flow(&entry.value, out);
        out.push('\n');
    } else {
        out.push('\n');
        block(&entry.value, indent + 2, out);
    }
}

/// Whether it fits on one line, in flow style, behind `used` characters.
fn fits(yaml: &Yaml, used: usize) -> bool {
    let mut line = String::new();
    flow(yaml, &mut line);
    used + line.chars().count() <= WIDTH
}

/// A list with mappings or lists in it is easier read as a block.
fn holds_steps(yaml: &Yaml) -> bool {
    yaml.items().is_some_and(|items| items.iter().any(|item| !matches!(item.kind, YamlKind::Scalar(_))))
}

fn flow(yaml: &Yaml, out: &mut String) {
    match &yaml.kind {
        YamlKind::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                flow(item, out);
            }
            out.push(']');
        }
        YamlKind::Map(entries) => {
            out.push('{');
            for (index, entry) in entries.iter().enumerate() {
                out.push_str(if index == 0 { " " } else { ", " });
                scalar(&Scalar::Text(entry.key.as_str().into()), out);
                out.push_str(": ");
                flow(&entry.value, out);
            }
            out.push_str(if entries.is_empty() { "}" } else { " }" });
        }
        YamlKind::Scalar(value) => scalar(value, out),
    }
}

fn scalar(scalar: &Scalar, out: &mut String) {
    match scalar {
        Scalar::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Scalar::Int(value) => out.push_str(&value.to_string()),
        Scalar::Null => out.push('~'),
        Scalar::Number(text) => out.push_str(text),
        Scalar::Text(text) if is_word(text) => out.push_str(text),
        Scalar::Text(text) if text.chars().any(char::is_control) => double_quoted(text, out),
        Scalar::Text(text) => {
            out.push('\'');
            out.push_str(&text.replace('\'', "''"));
            out.push('\'');
        }
    }
}

/// Text that needs no quotes wherever it stands.
fn is_word(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | ' ' | '.' | '(' | ')');
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(safe)
        && !text.ends_with(' ')
        && matches!(Scalar::plain(text), Scalar::Text(_))
}

fn double_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
