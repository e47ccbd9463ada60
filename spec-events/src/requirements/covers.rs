//! Which requirements does a spec's file name, and how are they renamed in it? Whatever else is wrong in the file.

use std::sync::Arc;

use crate::yaml::parse;
use crate::{Located, Location, Source};

/// The ids in the `covers` of a spec, each with its place; none where there is no such list.
pub fn covers(source: &Arc<Source>) -> Vec<Located<String>> {
    let root = parse(source, &mut Vec::new());
    let entries = root.as_ref().and_then(|root| root.entries()).unwrap_or_default();
    let covers = entries.iter().find(|entry| entry.key == "covers");
    let items = covers.and_then(|covers| covers.value.items()).unwrap_or_default();
    let ids = items
        .iter()
        .filter_map(|item| Some(Located { value: item.text()?.to_string(), at: item.at.clone() }));
    ids.collect()
}

/// The text of `source` with each id in its `covers` as `now` has it; where `now` has none, it stays. Nothing else
/// changes.
pub fn renamed<'a>(source: &Arc<Source>, now: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut text = source.text.clone();
    // From the end, so that the places before stay right.
    for id in covers(source).iter().rev() {
        if let (Some(now), Some(span)) = (now(id), span_of(id, &source.text)) {
            text.replace_range(span, now);
        }
    }
    text
}

/// The bytes of the id itself, without quotes.
fn span_of(id: &Located<String>, text: &str) -> Option<std::ops::Range<usize>> {
    let whole = Location::span(&id.at);
    let start = whole.start + text.get(whole)?.find(id.value.as_str())?;
    Some(start..start + id.value.len())
}
