//! Which definitions does a BOLT's markdown hold?
//!
//! Irregularities of the BOLTs that this copes with: any indentation of records and fields, lists directly after
//! one another, subtypes written as a `type` without a number, data blocks without a name, fields and records
//! without data, and failure codes whose numbers collide with those of messages.

/// One definition, in the order of the document.
#[derive(Debug, PartialEq)]
pub enum Definition {
    Message(Message),
    Subtype { name: String, fields: Vec<Field> },
    TlvStream { name: String, records: Vec<Record> },
}

/// A message, or an onion failure message.
#[derive(Debug, PartialEq)]
pub struct Message {
    pub name: String,
    /// As written: a number, or flags and a number (`PERM|8`).
    pub number: String,
    /// Whether it is a BOLT 4 failure, whose numbers are a namespace of their own.
    pub failure: bool,
    pub option: Option<String>,
    pub fields: Vec<Field>,
}

/// A record of a TLV stream.
#[derive(Debug, PartialEq)]
pub struct Record {
    pub name: String,
    pub number: String,
    pub option: Option<String>,
    pub fields: Vec<Field>,
}

/// A field of any of them.
#[derive(Debug, PartialEq)]
pub struct Field {
    pub name: String,
    /// A number, `...` or the name of the field that counts.
    pub count: Option<String>,
    pub ty: String,
    pub option: Option<String>,
}

/// A definition that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {problem}: {text}")]
pub struct MarkdownError {
    file: String,
    line: usize,
    problem: &'static str,
    text: String,
}

/// All definitions of one file.
pub fn definitions(file: &str, markdown: &str) -> Result<Vec<Definition>, MarkdownError> {
    let mut parser = Parser::default();
    for (index, line) in markdown.lines().enumerate() {
        parser.line(line).map_err(|problem| MarkdownError {
            file: file.to_owned(),
            line: index + 1,
            problem,
            text: line.trim().to_owned(),
        })?;
    }
    Ok(parser.definitions)
}

/// Where the next bullet belongs.
#[derive(Default, PartialEq)]
enum Place {
    /// Inside a definition, after its `data:`.
    Data,
    /// Inside a definition.
    Head,
    /// In prose.
    #[default]
    Prose,
}

#[derive(Default)]
struct Parser {
    definitions: Vec<Definition>,
    place: Place,
    in_code: bool,
    in_failures: bool,
    /// The last term set in italics, for a block without a name.
    last_term: Option<String>,
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let text = line.trim();
        if text.starts_with("```") {
            self.in_code = !self.in_code;
        }
        if self.in_code || text.is_empty() {
            return Ok(());
        }
        if let Some(heading) = text.strip_prefix('#') {
            self.in_failures = heading.trim_matches(['#', ' ']) == "Failure Messages"
                || (self.in_failures && heading.starts_with("##"));
            self.place = Place::Prose;
            return Ok(());
        }
        if let Some(item) = numbered(text) {
            return self.item(item, line.starts_with(char::is_whitespace));
        }
        if text.starts_with("* ") && self.place != Place::Prose {
            return self.bullet(&text[2..]);
        }
        self.place = Place::Prose;
        self.last_term = italic(text).or(self.last_term.take());
        Ok(())
    }

    fn item(&mut self, item: &str, indented: bool) -> Result<(), &'static str> {
        if let Some(name) = item.strip_prefix("`tlv_stream`:") {
            let name = quoted(name).ok_or("a stream is written `tlv_stream`: `name`")?;
            self.begin(Definition::TlvStream { name, records: Vec::new() });
        } else if let Some(name) = item.strip_prefix("subtype:") {
            let name = quoted(name).ok_or("a subtype is written subtype: `name`")?;
            self.begin(Definition::Subtype { name, fields: Vec::new() });
        } else if let Some(rest) = item.strip_prefix("type:") {
            self.typed(rest.trim(), indented)?;
        } else if item == "data:" {
            self.data();
        } else if item != "types:" {
            self.place = Place::Prose;
        }
        Ok(())
    }

    fn begin(&mut self, definition: Definition) {
        self.definitions.push(definition);
        self.place = Place::Head;
    }

    fn typed(&mut self, rest: &str, indented: bool) -> Result<(), &'static str> {
        if let Some(name) = quoted(rest) {
            self.begin(Definition::Subtype { name, fields: Vec::new() });
            return Ok(());
        }
        const FORM: &str = "a type is written type: number (`name`)";
        let (number, names) = rest.split_once(' ').ok_or(FORM)?;
        if !number.ends_with(|c: char| c.is_ascii_digit()) {
            return Err(FORM);
        }
        let mut names = names.split_whitespace().map(parenthesised);
        let name = names.next().flatten().ok_or(FORM)?;
        let option = names.next().flatten();
        let number = number.to_owned();
        if indented {
            let Some(Definition::TlvStream { records, .. }) = self.definitions.last_mut() else {
                return Err("an indented type is a record, and there is no stream");
            };
            records.push(Record { name, number, option, fields: Vec::new() });
            self.place = Place::Head;
        } else {
            let failure = self.in_failures;
            self.begin(Definition::Message(Message { name, number, failure, option, fields: Vec::new() }));
        }
        Ok(())
    }

    fn data(&mut self) {
        if self.place == Place::Prose
            && let Some(term) = self.last_term.take()
        {
            self.begin(Definition::Subtype { name: term.replace(' ', "_"), fields: Vec::new() });
        }
        if self.place == Place::Head {
            self.place = Place::Data;
        }
    }

    fn bullet(&mut self, bullet: &str) -> Result<(), &'static str> {
        if !bullet.starts_with('[') {
            return Ok(());
        }
        const FORM: &str = "a field is written * [`type`:`name`]";
        let field = field(bullet).ok_or(FORM)?;
        let fields = match self.definitions.last_mut() {
            Some(Definition::Message(message)) => Some(&mut message.fields),
            Some(Definition::Subtype { fields, .. }) => Some(fields),
            Some(Definition::TlvStream { records, .. }) => {
                records.last_mut().map(|record| &mut record.fields)
            }
            None => None,
        };
        if self.place != Place::Data {
            return Err("a field stands before any data:");
        }
        fields.ok_or("a field stands outside any definition")?.push(field);
        Ok(())
    }
}

/// What follows `1. `, if the line is an item of a numbered list.
fn numbered(text: &str) -> Option<&str> {
    let (number, item) = text.split_once(". ")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| item.trim())
}

/// `name` out of `` `name` ``, and nothing around it.
fn quoted(text: &str) -> Option<String> {
    let name = text.trim().strip_prefix('`')?.strip_suffix('`')?;
    (!name.is_empty() && !name.contains('`')).then(|| name.to_owned())
}

/// `name` out of `` (`name`) ``.
fn parenthesised(text: &str) -> Option<String> {
    quoted(text.strip_prefix('(')?.strip_suffix(')')?)
}

/// `` [`count*type`:`name`] (`option`) ``.
fn field(bullet: &str) -> Option<Field> {
    let (inside, after) = bullet.strip_prefix('[')?.split_once("`]")?;
    let (ty, name) = inside.split_once(':')?;
    let ty = quoted(ty)?;
    let name = name.trim().strip_prefix('`')?.to_owned();
    let (count, ty) = match ty.split_once('*') {
        Some((count, ty)) => (Some(count.to_owned()), ty.to_owned()),
        None => (None, ty),
    };
    let option = if after.trim().is_empty() { None } else { Some(parenthesised(after.trim())?) };
    Some(Field { name, count, ty, option })
}

/// The last term set in italics: `_return packet_`.
fn italic(text: &str) -> Option<String> {
    let (before, _) = text.rsplit_once('_')?;
    let (_, term) = before.rsplit_once(" _")?;
    (!term.contains('`') && term.starts_with(char::is_alphabetic)).then(|| term.to_owned())
}
