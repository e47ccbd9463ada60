//! Words that CEL reserves and this language does not need: here they are names like any other.
//!
//! CEL's grammar keeps `as`, `loop` and others for languages that CEL is embedded in. A fragment's parameter may well be
//! called so. Names of this language have no capitals, so a capital hides such a word from the parser, in its place.

use std::borrow::Cow;

const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

/// `text` with each reserved word hidden; every byte stays in its place.
pub(super) fn hide(text: &str) -> Cow<'_, str> {
    let mut hidden = Cow::Borrowed(text);
    let mut quote = None;
    let mut escaped = false;
    let mut word_start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let in_word = quote.is_none() && (c.is_ascii_alphanumeric() || c == '_');
        match (in_word, word_start) {
            (true, None) => word_start = Some(at),
            (false, Some(start)) => {
                if RESERVED.contains(&&text[start..at]) {
                    hidden.to_mut()[start..=start].make_ascii_uppercase();
                }
                word_start = None;
            }
            _ => {}
        }
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(mark) if c == mark => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
    }
    hidden
}

/// The word as it was.
pub(super) fn reveal(mut name: String) -> String {
    let lower = name.to_ascii_lowercase();
    if name.starts_with(|first: char| first.is_ascii_uppercase()) && RESERVED.contains(&lower.as_str()) {
        name = lower;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_outside_of_texts_are_hidden() {
        assert_eq!(hide("as + x.loop"), "As + x.Loop");
        assert_eq!(hide("'as' + \"for \\\" if\" + asif + in"), "'as' + \"for \\\" if\" + asif + in");
        assert_eq!(reveal("As".into()), "as");
        assert_eq!(reveal("Ask".into()), "Ask");
    }
}
