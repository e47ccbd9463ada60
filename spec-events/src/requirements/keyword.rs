//! How binding is a sentence? The key words of RFC 2119, as the BOLTs use them.

use std::fmt;
use std::str::FromStr;

/// How binding a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The node is free to; the BOLTs' rare `MAY NOT` (free not to) is one too.
    May,
    /// An absolute demand.
    Must,
    /// An absolute ban.
    MustNot,
    /// Advice that needs a reason not to be followed.
    Should,
    /// Advice against.
    ShouldNot,
}

impl Level {
    /// All levels, the most binding first.
    pub const ALL: [Level; 5] = [Level::Must, Level::MustNot, Level::Should, Level::ShouldNot, Level::May];

    /// As the BOLTs write it: `MUST NOT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::May => "MAY",
            Level::Must => "MUST",
            Level::MustNot => "MUST NOT",
            Level::Should => "SHOULD",
            Level::ShouldNot => "SHOULD NOT",
        }
    }

    /// Whether a node that does otherwise breaks the protocol: MUST and MUST NOT.
    pub fn is_binding(self) -> bool {
        matches!(self, Level::Must | Level::MustNot)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Level::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

/// A level that is none of the five.
#[derive(Debug, thiserror::Error)]
#[error("unknown level `{0}`: MUST, MUST NOT, SHOULD, SHOULD NOT or MAY")]
pub struct UnknownLevel(String);

/// A key word in a sentence.
pub(super) struct Keyword {
    pub level: Level,
    /// Where it starts, in bytes.
    pub at: usize,
}

/// The first key word of `text`. "A MUST" is a noun, and no key word.
pub(super) fn keyword(text: &str) -> Option<Keyword> {
    let mut previous = "";
    let mut words = words(text).peekable();
    while let Some((at, word)) = words.next() {
        let negated = words.peek().is_some_and(|(next, not)| {
            not.eq_ignore_ascii_case("not") && text[at + word.len()..*next].trim().is_empty()
        });
        let level = match (word, negated) {
            ("MAY", _) => Some(Level::May),
            ("MUST", false) => Some(Level::Must),
            ("MUST", true) => Some(Level::MustNot),
            ("SHOULD", false) => Some(Level::Should),
            ("SHOULD", true) => Some(Level::ShouldNot),
            _ => None,
        };
        let is_noun = ["a", "an", "the"].contains(&previous);
        if let Some(level) = level.filter(|_| !is_noun) {
            return Some(Keyword { level, at });
        }
        previous = word;
    }
    None
}

/// The words of `text`, each with its place in bytes.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_gap = |c: char| !c.is_alphanumeric() && c != '_';
    let mut next = 0;
    text.split_inclusive(is_gap)
        .map(move |piece| {
            let at = next;
            next += piece.len();
            (at, piece.trim_end_matches(is_gap))
        })
        .filter(|(_, word)| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_word_counts() {
        let level = |text| keyword(text).map(|keyword| keyword.level);
        assert_eq!(level("MUST send, or MAY wait"), Some(Level::Must));
        assert_eq!(level("hence MUST\n not repeat it"), Some(Level::MustNot));
        assert_eq!(level("SHOULD NOT: do"), Some(Level::ShouldNot));
        assert_eq!(level("MUST: not this"), Some(Level::Must));
        assert_eq!(level("MAY NOT send it"), Some(Level::May));
        assert_eq!(level("though it's not a MUST"), None);
        assert_eq!(level("it must, MUSTARD, MY_MUST"), None);
    }

    #[test]
    fn levels_read_back() {
        for level in Level::ALL {
            assert_eq!(level.as_str().parse::<Level>().unwrap(), level);
        }
        assert!("MIGHT".parse::<Level>().is_err());
    }
}
