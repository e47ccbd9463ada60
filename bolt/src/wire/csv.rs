//! What rows does a CSV file of the catalogue hold?

use std::fmt;
use std::sync::Arc;

/// Where a row stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub source: Arc<str>,
    pub line: usize,
}

impl Place {
    pub(super) fn error(&self, problem: impl fmt::Display) -> CatalogueError {
        CatalogueError { file: self.source.clone(), line: self.line, problem: problem.to_string() }
    }
}

/// A definition that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct CatalogueError {
    file: Arc<str>,
    line: usize,
    problem: String,
}

impl CatalogueError {
    /// The name of the source, as given.
    pub fn source_name(&self) -> &str {
        &self.file
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong there.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

/// A row, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub place: Place,
    pub content: Content,
}

/// A row by its kind.
#[derive(Clone, Debug)]
pub(super) enum Content {
    MsgData { message: Arc<str>, field: FieldRow },
    MsgType { name: Arc<str>, number: u16, failure: bool, option: Option<Arc<str>> },
    Subtype { name: Arc<str> },
    SubtypeData { subtype: Arc<str>, field: FieldRow },
    TlvData { stream: Arc<str>, record: Arc<str>, field: FieldRow },
    TlvType { stream: Arc<str>, name: Arc<str>, number: u64, option: Option<Arc<str>> },
}

/// The columns of a field, the same in every kind of row.
#[derive(Clone, Debug)]
pub(super) struct FieldRow {
    pub name: Arc<str>,
    pub ty: Arc<str>,
    pub count: Option<Arc<str>>,
    pub option: Option<Arc<str>>,
}

/// Reads all rows of one source.
pub(super) fn rows(source: &str, csv: &str) -> Result<Vec<Row>, CatalogueError> {
    let source: Arc<str> = source.into();
    let mut rows = Vec::new();
    for (index, line) in csv.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = Place { source: source.clone(), line: index + 1 };
        let content = content(line).map_err(|problem| place.error(problem))?;
        rows.push(Row { place, content });
    }
    Ok(rows)
}

fn content(line: &str) -> Result<Content, String> {
    let mut columns = Columns { columns: line.split(',') };
    let content = match columns.needed("a row kind")?.as_ref() {
        "msgdata" => Content::MsgData { message: columns.needed("a message")?, field: columns.field()? },
        "msgtype" => {
            let name = columns.needed("a name")?;
            let number = columns.needed("a number")?;
            let failure = number.contains('|');
            let number = message_number(&number).ok_or_else(|| format!("no message number: {number}"))?;
            Content::MsgType { name, number, failure, option: columns.next() }
        }
        "subtype" => Content::Subtype { name: columns.needed("a name")? },
        "subtypedata" => {
            Content::SubtypeData { subtype: columns.needed("a subtype")?, field: columns.field()? }
        }
        "tlvdata" => Content::TlvData {
            stream: columns.needed("a stream")?,
            record: columns.needed("a record")?,
            field: columns.field()?,
        },
        "tlvtype" => {
            let stream = columns.needed("a stream")?;
            let name = columns.needed("a name")?;
            let number = columns.needed("a number")?;
            let number = number.parse().map_err(|_| format!("no record number: {number}"))?;
            Content::TlvType { stream, name, number, option: columns.next() }
        }
        kind => {
            return Err(format!(
                "unknown row kind {kind}: msgtype, msgdata, tlvtype, tlvdata, subtype and subtypedata are there"
            ));
        }
    };
    match columns.columns.find(|column| !column.is_empty()) {
        Some(extra) => Err(format!("a column too many: {extra}")),
        None => Ok(content),
    }
}

/// A number, or the sum of BOLT 4's flags and one.
fn message_number(text: &str) -> Option<u16> {
    text.split('|').try_fold(0, |sum, part| {
        Some(
            sum | match part {
                "BADONION" => 0x8000,
                "FAILURE" => 0,
                "NODE" => 0x2000,
                "PERM" => 0x4000,
                "UPDATE" => 0x1000,
                number => number.parse().ok()?,
            },
        )
    })
}

struct Columns<'a> {
    columns: std::str::Split<'a, char>,
}

impl Columns<'_> {
    /// The next column; nothing if it is empty or not there.
    fn next(&mut self) -> Option<Arc<str>> {
        self.columns.next().map(str::trim).filter(|column| !column.is_empty()).map(Arc::from)
    }

    fn needed(&mut self, what: &str) -> Result<Arc<str>, String> {
        self.next().ok_or_else(|| format!("{what} is missing"))
    }

    fn field(&mut self) -> Result<FieldRow, String> {
        Ok(FieldRow {
            name: self.needed("a field name")?,
            ty: self.needed("a field type")?,
            count: self.next(),
            option: self.next(),
        })
    }
}
