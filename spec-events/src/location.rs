//! Where something stands in a spec file.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// One file of the language: its name as shown to people, and its text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// As a person would name it: a path, or `(bundled) bolt01/init/echo.yaml`.
    pub name: String,
    /// All of it. Empty for what was built in Rust: there is no line to draw then.
    pub text: String,
}

/// A place in a [`Source`]. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    source: Arc<Source>,
    line: u32,
    column: u32,
    start: usize,
    end: usize,
}

impl Location {
    /// The bytes `span` of `source`. Bounds beyond the text are cut, and moved back to a character's first byte.
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        let text = &source.text;
        let start = char_boundary(text, span.start);
        let end = char_boundary(text, span.end).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let column = 1 + before[line_start..].chars().count();
        Self { source: source.clone(), line: line as u32, column: column as u32, start, end }
    }

    /// A place known by line and column only, in a source without text.
    pub fn bare(source: &Arc<Source>, line: u32, column: u32) -> Self {
        Self { source: source.clone(), line, column, start: 0, end: 0 }
    }

    /// The file it is in.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Counted from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// In characters, counted from 1.
    pub fn column(&self) -> u32 {
        self.column
    }

    /// The bytes of the source's text that it spans.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The text that it spans.
    pub fn text(&self) -> &str {
        &self.source.text[self.start..self.end]
    }
}

/// `file:line:column`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line, self.column)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub at: Location,
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// `at`, or the first byte of the character that it is inside of; at most the text's end.
fn char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_move_to_characters_and_into_the_text() {
        assert_eq!([0, 1, 2, 3, 9].map(|at| char_boundary("aé", at)), [0, 1, 1, 3, 3]);
    }
}
