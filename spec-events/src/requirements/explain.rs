//! What does an id stand for? Its place from the catalogue, its words from a checkout.

use super::checkout::{Checkout, CheckoutError};
use super::extract::Item;
use super::former::Fate;
use super::index::{Requirement, Requirements};
use std::fmt;
use std::path::Path;

/// Where the requirement `id` stands and, if `bolts` names a checkout of the BOLTs, what it says there.
///
/// An id that only the checkout has is explained from there: it may be newer than the catalogue.
pub fn explain(id: &str, bolts: Option<&Path>) -> Result<Explanation, ExplainError> {
    explain_in(Requirements::bundled(), id, bolts.map(Checkout::new).as_ref())
}

pub(super) fn explain_in(
    catalogue: &Requirements,
    id: &str,
    checkout: Option<&Checkout>,
) -> Result<Explanation, ExplainError> {
    let known = catalogue.by_id(id);
    let unknown = || match catalogue.fate(id) {
        Some(fate) => ExplainError::Former { id: id.to_owned(), fate: fate.clone() },
        None => ExplainError::Unknown {
            id: id.to_owned(),
            nearest: catalogue.nearest(id).map(|requirement| requirement.id.to_string()),
        },
    };
    let Some(checkout) = checkout else {
        return known.map(Explanation::of_catalogue).ok_or_else(unknown);
    };
    let bolt = known.map(|requirement| requirement.bolt).or_else(|| bolt_of(id)).ok_or_else(unknown)?;
    let items = checkout.bolt(bolt)?;
    match items.iter().find(|item| item.requirement.id.as_str() == id) {
        Some(item) => Ok(Explanation::of_checkout(item)),
        None => Err(known.map_or_else(unknown, |requirement| not_in_checkout(requirement, &items))),
    }
}

/// What is known of a requirement. Its [`Display`](fmt::Display) is what `lnprototest explain` prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Where it stands: in the checkout if there is one, else when the catalogue was written.
    pub requirement: Requirement,
    /// What it says, if there is a checkout.
    pub wording: Option<Wording>,
}

/// The words of a requirement, from a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// What it hangs under, the outermost first.
    pub under: Vec<String>,
    /// Its own words.
    pub text: String,
}

impl Explanation {
    fn of_catalogue(requirement: &Requirement) -> Self {
        Explanation { requirement: requirement.clone(), wording: None }
    }

    fn of_checkout(item: &Item) -> Self {
        let wording = Wording { under: item.under.clone(), text: item.text.clone() };
        Explanation { requirement: item.requirement.clone(), wording: Some(wording) }
    }
}

impl From<&Item> for Explanation {
    fn from(item: &Item) -> Self {
        Explanation::of_checkout(item)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Requirement { id, file, line, role, level, .. } = &self.requirement;
        writeln!(f, "{id}  {level}, {role}")?;
        write!(f, "  {file}:{line}  {}", self.requirement.section_path())?;
        let Some(Wording { under, text }) = &self.wording else { return Ok(()) };
        for (depth, line) in under.iter().chain([text]).enumerate() {
            write!(f, "\n{:indent$}{line}", "", indent = 4 + 2 * depth)?;
        }
        Ok(())
    }
}

/// Why an id can't be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The checkout can't be read.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// There was one once.
    #[error("there is no requirement {id} any more: {fate}")]
    Former {
        /// The id asked for.
        id: String,
        /// What became of it.
        fate: Fate,
    },
    /// The catalogue has it, the checkout does not: one of them is older, or the sentence was edited.
    #[error("{file} of this checkout has no {id}: {}", moved(*same_words, nearest))]
    NotInCheckout {
        /// The id asked for.
        id: String,
        /// The BOLT's file.
        file: String,
        /// The item of the checkout that comes closest: id and line.
        nearest: Option<(String, u32)>,
        /// Whether that item has the same words, under the same condition, in another place.
        same_words: bool,
    },
    /// There is no such id.
    #[error("no requirement {id}{}", did_you_mean(nearest))]
    Unknown {
        /// The id asked for.
        id: String,
        /// The one most like it.
        nearest: Option<String>,
    },
}

/// The same words under the same condition elsewhere, else the same section's item closest to where it stood.
fn not_in_checkout(wanted: &Requirement, items: &[Item]) -> ExplainError {
    let here = items.iter().map(|item| &item.requirement);
    let distance = |item: &&Requirement| item.line.abs_diff(wanted.line);
    let is_same = |item: &Requirement| item.text == wanted.text && item.under.last() == wanted.under.last();
    let same_words = here.clone().filter(|item| is_same(item)).min_by_key(distance);
    let nearest =
        same_words.or_else(|| here.filter(|item| item.section == wanted.section).min_by_key(distance));
    ExplainError::NotInCheckout {
        id: wanted.id.to_string(),
        file: wanted.file.to_string(),
        nearest: nearest.map(|item| (item.id.to_string(), item.line)),
        same_words: same_words.is_some(),
    }
}

fn moved(same_words: bool, nearest: &Option<(String, u32)>) -> String {
    match nearest {
        Some((id, line)) if same_words => format!("the same words are now {id} (line {line})"),
        Some((id, line)) => {
            format!("edited, or of another version; nearest in its section is {id} (line {line})")
        }
        None => "its section is gone, or of another version".to_owned(),
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |nearest| format!(": did you mean {nearest}?"))
}

/// The BOLT that an id such as `B02-...` names.
fn bolt_of(id: &str) -> Option<u8> {
    id.strip_prefix('B')?.get(..2)?.parse().ok()
}
