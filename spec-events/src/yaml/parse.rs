//! From bytes to a tree.

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span};
use std::sync::Arc;

use super::{Entry, Scalar, Yaml, YamlKind};
use crate::{Diagnostic, Location, Source};

/// Deeper than any spec; the readers of the tree recurse.
const DEEPEST: usize = 48;

/// Reads `source` as one YAML document. What is wrong goes to `diagnostics`; the tree is there if one can be made
/// regardless.
pub(crate) fn parse(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Option<Yaml> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut builder = Builder { source, diagnostics, open: Vec::new(), root: None, documents: 0 };
    for event in Parser::new_from_str_with_options(&source.text, options) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                builder.scan_error(&error);
                return None;
            }
        }
    }
    builder.root
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    diagnostics: &'a mut Vec<Diagnostic>,
    open: Vec<Open>,
    root: Option<Yaml>,
    documents: usize,
}

/// A list or mapping whose end has not come yet.
enum Open {
    List(Location, Vec<Yaml>),
    Map(Location, Vec<Entry>, Option<(String, Location)>),
}

impl Builder<'_> {
    /// `None` if reading on makes no sense.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let at = self.location(span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.error(&at, "a second document begins here: a file holds one");
                    return None;
                }
            }
            Event::Alias(_) => {
                self.error(&at, "aliases are not part of the language: use a fragment or `let`");
                self.value(Yaml { kind: YamlKind::Scalar(Scalar::Null), at });
            }
            Event::MappingStart(_, anchor, tag) => {
                self.no_extras(&at, anchor, tag.is_some());
                self.open(Open::Map(at, Vec::new(), None))?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.no_extras(&at, anchor, tag.is_some());
                self.open(Open::List(at, Vec::new()))?;
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(&at),
            Event::Scalar(text, style, anchor, tag) => {
                self.no_extras(&at, anchor, tag.is_some());
                let scalar = match style {
                    ScalarStyle::Plain => Scalar::plain(&text),
                    _ => Scalar::Text(text.into()),
                };
                self.value(Yaml { kind: YamlKind::Scalar(scalar), at });
            }
            _ => {}
        }
        Some(())
    }

    fn open(&mut self, open: Open) -> Option<()> {
        if self.open.len() == DEEPEST {
            let (Open::List(at, _) | Open::Map(at, ..)) = &open;
            self.error(&at.clone(), "this is nested too deeply");
            return None;
        }
        self.open.push(open);
        Some(())
    }

    fn close(&mut self, end: &Location) {
        match self.open.pop() {
            Some(Open::List(at, items)) => {
                let at = place(at, items.first().map(|item| &item.at), end);
                self.value(Yaml { kind: YamlKind::List(items), at });
            }
            Some(Open::Map(at, entries, _)) => {
                let at = place(at, entries.first().map(|entry| &entry.key_at), end);
                self.value(Yaml { kind: YamlKind::Map(entries), at });
            }
            None => {}
        }
    }

    fn value(&mut self, yaml: Yaml) {
        match self.open.last_mut() {
            None => self.root = Some(yaml),
            Some(Open::List(_, items)) => items.push(yaml),
            Some(Open::Map(_, entries, key @ None)) => {
                let YamlKind::Scalar(_) = &yaml.kind else {
                    let at = yaml.at.clone();
                    *key = Some((String::new(), at.clone()));
                    self.error(&at, "a key is one word, not a list or mapping");
                    return;
                };
                // The text as written: a key `1` or `true` is no less a name.
                let text = yaml.text().map_or_else(|| yaml.at.text().to_owned(), |text| text.to_string());
                if let Some(first) = entries.iter().find(|entry| entry.key == text) {
                    let problem = format!("`{text}` is here twice");
                    let help = format!("the first is in line {}", first.key_at.line());
                    self.diagnostics.push(Diagnostic::new(&yaml.at, problem).help(help));
                }
                *key = Some((text, yaml.at));
            }
            Some(Open::Map(_, entries, key)) => {
                if let Some((key, key_at)) = key.take()
                    && !key.is_empty()
                    && !entries.iter().any(|entry| entry.key == key)
                {
                    entries.push(Entry { key, key_at, value: yaml });
                }
            }
        }
    }

    fn no_extras(&mut self, at: &Location, anchor: usize, tagged: bool) {
        if anchor != 0 {
            self.error(at, "anchors are not part of the language: use a fragment or `let`");
        }
        if tagged {
            self.error(at, "tags are not part of the language");
        }
    }

    fn location(&self, span: Span) -> Location {
        Location::new(self.source, span.byte_range().unwrap_or(0..0))
    }

    fn error(&mut self, at: &Location, problem: &str) {
        self.diagnostics.push(Diagnostic::new(at, problem));
    }

    fn scan_error(&mut self, error: &ScanError) {
        let text = &self.source.text;
        let at = error.marker().byte_offset().unwrap_or_else(|| {
            text.char_indices().nth(error.marker().index()).map_or(text.len(), |(at, _)| at)
        });
        let at = Location::new(self.source, at..at + 1);
        let diagnostic = Diagnostic::new(&at, format!("this is no YAML: {}", error.info()));
        let line = text.lines().nth(at.line().saturating_sub(1) as usize).unwrap_or_default();
        self.diagnostics.push(match line.split_once("${") {
            Some((before, _)) if before.contains(['{', '[']) => {
                diagnostic.help("inside { } and [ ] an expression has to be quoted: '${ ... }'")
            }
            _ => diagnostic,
        });
    }
}

/// A block has no token of its own: it is where its first part is.
fn place(start: Location, first: Option<&Location>, end: &Location) -> Location {
    match first {
        Some(first) if start.span().is_empty() => first.clone(),
        _ => Location::new(start.source(), start.span().start..end.span().end.max(start.span().end)),
    }
}
