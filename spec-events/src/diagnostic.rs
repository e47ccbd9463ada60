//! What is wrong in spec files, told with the place, the line itself and what may have been meant.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use std::fmt;

use crate::Location;
use crate::nearest::nearest;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where. Of a whole file, its first line.
    pub at: Location,
    /// What is wrong, as a sentence fragment.
    pub problem: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The `Include`s that led here, the innermost first.
    pub included_at: Vec<Location>,
}

/// All mistakes of a set of files, in the order of files and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub(crate) Vec<Diagnostic>);

impl Diagnostic {
    /// A mistake that has no remedy but the obvious.
    pub fn new(at: &Location, problem: impl Into<String>) -> Self {
        Self { at: at.clone(), problem: problem.into(), help: None, included_at: Vec::new() }
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the name most like `wrong` of these; a short list of them if none is.
    #[must_use]
    pub(crate) fn nearest<'a>(self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        const FEW: usize = 8;
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        match nearest(wrong, names.iter().copied()) {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None if (1..=FEW).contains(&names.len()) => self.help(format!("there is {}", names.join(", "))),
            None => self,
        }
    }

    fn drawn(&self, renderer: &Renderer) -> String {
        let text = &self.at.source().text;
        let title = Level::ERROR.primary_title(self.problem.as_str());
        let name = self.at.source().name.as_str();
        let mut group = if text.is_empty() {
            let origin = Origin::path(name);
            title.element(if self.at.line() == 0 {
                origin
            } else {
                origin.line(self.at.line() as usize).char_column(self.at.column() as usize)
            })
        } else {
            let span = one_line(text, self.at.span());
            title.element(
                Snippet::source(text.as_str()).path(name).annotation(AnnotationKind::Primary.span(span)),
            )
        };
        for at in &self.included_at {
            group = group.element(Level::NOTE.message(format!("included at {at}")));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// The part of a span that is on its first line.
fn one_line(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let length = text[span.clone()].find(['\r', '\n']).unwrap_or(span.len());
    span.start..span.start + length
}

impl Diagnostics {
    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drawn for a terminal, in colour or not.
    pub fn rendered(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut drawn: Vec<String> = self.0.iter().map(|diagnostic| diagnostic.drawn(&renderer)).collect();
        let plural = if self.0.len() == 1 { "" } else { "s" };
        drawn.push(format!("{} mistake{plural} in the specs", self.0.len()));
        drawn.join("\n\n")
    }

    /// In order, each once: a fragment that many specs include is told of once.
    pub(crate) fn sorted(mut all: Vec<Diagnostic>) -> Self {
        let place = |d: &Diagnostic| (d.at.source().name.clone(), d.at.line(), d.at.column());
        all.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.problem.cmp(&b.problem)));
        all.dedup_by(|a, b| a.at == b.at && a.problem == b.problem);
        Self(all)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered(false))
    }
}

impl std::error::Error for Diagnostics {}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
