//! Which requirement was that? Search by words, for those who write specs.

use super::extract::Item;

/// The items in which each word of `query` occurs, whatever its case: in the id, the headings, the role, the level, the
/// conditions or the text. A phrase in double quotes counts as one word.
pub fn search<'a>(items: &'a [Item], query: &str) -> Vec<&'a Item> {
    let words = words(&plain(query));
    items
        .iter()
        .filter(|item| {
            let haystack = haystack(item);
            words.iter().all(|word| haystack.contains(word))
        })
        .collect()
}

fn words(query: &str) -> Vec<String> {
    let quoted_or_not = query.split('"').enumerate();
    quoted_or_not
        .flat_map(|(nth, part)| match nth % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

fn haystack(item: &Item) -> String {
    let Item { requirement, under, text } = item;
    let place = format!("{} {} {} ", requirement.id, requirement.role, requirement.level);
    plain(&(place + &requirement.section_path() + " " + &under.join(" ") + " " + text))
}

/// `text` without case, emphasis and backticks.
fn plain(text: &str) -> String {
    text.replace(['`', '*'], "").to_lowercase()
}
