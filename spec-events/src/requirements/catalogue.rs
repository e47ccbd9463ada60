//! How is the catalogue written down? `specs/requirements/boltNN.yaml`, with hashes where the BOLT has words.
//!
//! It is YAML that any parser reads, but always of one shape, a requirement a line. So it is scanned rather than
//! parsed: the catalogue is read at each start, and a YAML parser would take longer for it than most specs run.

use super::fields::MessageField;
use super::id::{Id, TextHash};
use super::index::Requirement;
use std::fmt::{Display, Write as _};
use std::sync::Arc;

/// The catalogue file of one BOLT, whose requirements these are, in the order of its text.
pub fn write(bolt: u8, file: &str, requirements: &[&Requirement]) -> String {
    let mut yaml = format!(
        "# The requirements of BOLT {bolt}, by `cargo xtask requirements`. README.md says what the fields mean.\n\
         bolt: {bolt}\nfile: {file}\nsections:\n"
    );
    for section in requirements.chunk_by(|one, next| one.section == next.section) {
        let titles = joined(section[0].section.iter().map(|title| quoted(title)));
        push(&mut yaml, format_args!("- section: [{titles}]\n  items:\n"));
        for requirement in section {
            let Requirement { id, line, role, level, text, fields, .. } = requirement;
            let under = joined(requirement.under.iter().map(|hash| format!("'{hash}'")));
            let fields = joined(fields.iter().map(MessageField::to_string));
            push(
                &mut yaml,
                format_args!(
                    "  - {{id: {id}, line: {line}, role: {role}, level: {level}, under: [{under}], text: '{text}', \
                     fields: [{fields}]}}\n"
                ),
            );
        }
    }
    yaml
}

/// The requirements in the text of a catalogue file. `name` is what errors call it.
pub fn read(name: &str, yaml: &str) -> Result<Vec<Requirement>, CatalogueError> {
    let mut reader = Reader { bolt: None, file: None, section: None, requirements: Vec::new() };
    for (number, line) in (1_u32..).zip(yaml.lines()) {
        reader.line(line).ok_or_else(|| CatalogueError { name: name.to_owned(), line: number })?;
    }
    Ok(reader.requirements)
}

/// A catalogue file that is not as `cargo xtask requirements` writes it.
#[derive(Debug, thiserror::Error)]
#[error(
    "{name}:{line}: not a line of a requirement catalogue: write it anew with `cargo xtask requirements`"
)]
pub struct CatalogueError {
    name: String,
    line: u32,
}

struct Reader {
    bolt: Option<u8>,
    file: Option<Arc<str>>,
    section: Option<Arc<[String]>>,
    requirements: Vec<Requirement>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Option<()> {
        if let Some(fields) = line.strip_prefix("  - {id: ") {
            let requirement = self.requirement(fields)?;
            self.requirements.push(requirement);
        } else if let Some(titles) = line.strip_prefix("- section: [") {
            self.section = Some(unquoted(titles)?.into());
        } else if let Some(bolt) = line.strip_prefix("bolt: ") {
            self.bolt = Some(bolt.parse().ok()?);
        } else if let Some(file) = line.strip_prefix("file: ") {
            self.file = Some(file.into());
        } else if !(line.starts_with('#') || line == "sections:" || line == "  items:") {
            return None;
        }
        Some(())
    }

    fn requirement(&self, fields: &str) -> Option<Requirement> {
        let (id, rest) = fields.split_once(", line: ")?;
        let (line, rest) = rest.split_once(", role: ")?;
        let (role, rest) = rest.split_once(", level: ")?;
        let (level, rest) = rest.split_once(", under: [")?;
        let (under, rest) = rest.split_once("], text: ")?;
        let (text, rest) = rest.split_once(", fields: [")?;
        let fields = rest.strip_suffix("]}")?;
        Some(Requirement {
            id: Id::from_catalogue(id),
            bolt: self.bolt?,
            file: self.file.clone()?,
            line: line.parse().ok()?,
            section: self.section.clone()?,
            role: role.into(),
            level: level.parse().ok()?,
            under: under.split_terminator(", ").map(hash).collect::<Option<_>>()?,
            text: hash(text)?,
            fields: fields.split_terminator(", ").map(MessageField::from_catalogue).collect::<Option<_>>()?,
        })
    }
}

fn hash(quoted: &str) -> Option<TextHash> {
    quoted.strip_prefix('\'')?.strip_suffix('\'')?.parse().ok()
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

/// `title` as a double-quoted YAML string.
fn quoted(title: &str) -> String {
    format!("\"{}\"", title.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The titles of `"one", "two"]`.
fn unquoted(titles: &str) -> Option<Vec<String>> {
    let mut rest = titles;
    let mut found = Vec::new();
    while rest != "]" {
        let mut title = String::new();
        let mut chars = rest.trim_start_matches(", ").strip_prefix('"')?.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => title.push(chars.next()?),
                c => title.push(c),
            }
        }
        found.push(title);
        rest = chars.as_str();
    }
    Some(found)
}

fn push(yaml: &mut String, text: impl Display) {
    // Writing to a string can't fail.
    let _ = write!(yaml, "{text}");
}
