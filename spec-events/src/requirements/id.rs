//! What is a requirement called? Its stable id, and the normal form of the words that the id is made of.

use bitcoin::hashes::{Hash, sha256};
use std::fmt;
use std::str::FromStr;

/// A requirement's name: `B02-open_channel-1f2e3d4c`. The BOLT, the section, and eight hex digits over the headings
/// it stands under, the conditions it hangs under and its own words. A sentence said twice in one
/// place gets `-2`, `-3`, ... in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the `ordinal`th (from 1) sentence of these words in this place of BOLT `bolt`.
    pub(super) fn new(bolt: u8, path: &[String], identity: &Identity<'_>, ordinal: usize) -> Self {
        let digest = identity.digest(path);
        let [a, b, c, d, ..] = digest.to_byte_array();
        let slug = slug(path);
        let id = format!("B{bolt:02}-{slug}-{a:02x}{b:02x}{c:02x}{d:02x}");
        Id(if ordinal > 1 { format!("{id}-{ordinal}") } else { id })
    }

    pub(super) fn from_catalogue(text: &str) -> Self {
        Id(text.to_owned())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// What tells one requirement from another of the same section.
pub(super) struct Identity<'a> {
    /// What it hangs under, the outermost first.
    pub under: &'a [String],
    pub text: &'a str,
}

impl Identity<'_> {
    fn digest(&self, path: &[String]) -> sha256::Hash {
        let lines = |texts: &[String]| texts.iter().map(|text| normal(text) + "\n").collect::<String>();
        let whole = format!("{}\0{}\0{}", lines(path), lines(self.under), normal(self.text));
        sha256::Hash::hash(whole.as_bytes())
    }
}

/// The first 8 bytes of the SHA-256 of some words in their normal form; printed as 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextHash([u8; 8]);

impl TextHash {
    /// The hash of `text`, which is normalised first.
    pub fn of(text: &str) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = sha256::Hash::hash(normal(text).as_bytes()).to_byte_array();
        TextHash([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for TextHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl FromStr for TextHash {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(TextHash(bytes))
    }
}

/// `text` without what editors change freely: case, line breaks, emphasis, links and final punctuation.
fn normal(text: &str) -> String {
    let plain = without_links(text).replace(['*', '`'], "").to_lowercase();
    let words: Vec<&str> = plain.split_whitespace().map(|word| word.trim_matches('_')).collect();
    words.join(" ").trim_end_matches(['.', ',', ':', ';', ' ']).to_owned()
}

/// `text` with `[words](target)` as `words`.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link, after)) = next_link(rest) {
        plain.push_str(before);
        plain.push_str(link);
        rest = after;
    }
    plain + rest
}

fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, target) = text.split_once("](")?;
    let (before, words) = label.rsplit_once('[')?;
    let (_, after) = target.split_once(')')?;
    Some((before, words, after))
}

/// What the section is called in an id: the nearest of its headings that says more than "Requirements".
fn slug(path: &[String]) -> String {
    path.iter()
        .rev()
        .map(|title| heading_slug(title))
        .find(|slug| !slug.is_empty())
        .unwrap_or("general".to_owned())
}

/// The names in backticks of a heading, else its telling words: as many as fit, but one at least.
fn heading_slug(title: &str) -> String {
    const LONGEST: usize = 32;
    const UNTELLING: [&str; 4] = ["for", "rationale", "requirements", "the"];
    let named: Vec<&str> = title.split('`').skip(1).step_by(2).collect();
    let source = if named.is_empty() { title.to_owned() } else { named.join(" ") }.to_lowercase();
    let words = source
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty() && !UNTELLING.contains(word));
    let mut slug = String::new();
    for word in words {
        if !slug.is_empty() {
            if slug.len() + 1 + word.len() > LONGEST {
                break;
            }
            slug.push('-');
        }
        slug.push_str(word);
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_form_ignores_what_editors_change_freely() {
        assert_eq!(normal("MUST set `a_b` to\n  _this_ [BOLT #3](03.md#x)."), "must set a_b to this bolt #3");
        assert_eq!(normal("broken [link](no end"), "broken [link](no end");
        assert_eq!(normal("see [a](b) and [c](d)"), "see a and c");
    }

    #[test]
    fn a_slug_is_the_messages_name_or_the_headings_words() {
        let slug = |titles: &[&str]| slug(&titles.iter().map(|title| title.to_string()).collect::<Vec<_>>());
        assert_eq!(slug(&["Setup", "The `init` Message", "Requirements"]), "init");
        assert_eq!(slug(&["Closing: `closing_complete` and `closing_sig`"]), "closing_complete-closing_sig");
        assert_eq!(slug(&["Normal Operation", "Forwarding HTLCs", "Rationale"]), "forwarding-htlcs");
        assert_eq!(
            slug(&["Output Handling: Local Commitment, Local Offers"]),
            "output-handling-local-commitment"
        );
        assert_eq!(slug(&["Invoices", "Requirements for Invoices"]), "invoices");
        assert_eq!(slug(&["Requirements"]), "general");
    }
}
