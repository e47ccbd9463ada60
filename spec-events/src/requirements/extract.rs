//! Which sentences of a BOLT are requirements, and what does each hang under?

use super::fields::fields;
use super::id::{Id, Identity, TextHash};
use super::index::Requirement;
use super::keyword::{Keyword, Level, keyword};
use super::markdown::{Block, Kind, Section, sections};
use super::role::{ANYONE, role};
use std::collections::HashMap;
use std::sync::Arc;

/// A requirement with its words, read from a checkout of the BOLTs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What the catalogue keeps of it.
    pub requirement: Requirement,
    /// What it hangs under, the outermost first: the line that introduces the list, then each enclosing bullet. Before
    /// an "otherwise" stands the condition that it negates, as `not: ...`.
    pub under: Vec<String>,
    /// Its own words, on one line.
    pub text: String,
}

/// The requirements in `markdown`, the text of BOLT `bolt`, in the order of the text. `file` is only noted.
///
/// Any text has a reading: one without requirements gives none.
pub fn extract(bolt: u8, file: &str, markdown: &str) -> Vec<Item> {
    let mut extraction = Extraction { bolt, file: file.into(), seen: HashMap::new(), items: Vec::new() };
    for section in sections(markdown) {
        extraction.section(section);
    }
    extraction.items
}

struct Extraction {
    bolt: u8,
    file: Arc<str>,
    /// How often each id has come up.
    seen: HashMap<Id, usize>,
    items: Vec<Item>,
}

/// Where in a section we are.
struct Place<'a> {
    section: &'a Arc<[String]>,
    /// Whom the line that introduces the list names.
    role: Option<&'static str>,
    under: Vec<String>,
    /// The key word of a stem, for the bullets that have none.
    inherited: Option<Demand>,
}

#[derive(Clone, Copy)]
struct Demand {
    level: Level,
    role: Option<&'static str>,
}

impl Extraction {
    fn section(&mut self, section: Section) {
        let path: Arc<[String]> = section.path.into();
        let place = Place { section: &path, role: None, under: Vec::new(), inherited: None };
        self.blocks(&section.blocks, &place);
    }

    fn blocks(&mut self, siblings: &[Block], place: &Place<'_>) {
        for (nth, block) in siblings.iter().enumerate() {
            let mut under = place.under.clone();
            under.extend(negated(&siblings[..=nth]));
            self.block(block, &Place { under, ..*place });
        }
    }

    fn block(&mut self, block: &Block, place: &Place<'_>) {
        let own = keyword(&block.text);
        let demand = own.as_ref().map(|keyword| demand(block, keyword, place));
        let inherited = place.inherited.filter(|_| block.kind == Kind::Bullet);
        let is_leaf = block.bullets().next().is_none();
        // A stem with a key word speaks through its bullets if one of them needs it, else for itself.
        let is_stem = block.is_stem() && !is_leaf && (own.is_none() || is_relied_on(block));
        if let Some(demand) = demand.or(inherited).filter(|_| !is_stem) {
            self.item(block, demand, place);
        }
        let mut under = place.under.clone();
        under.push(block.text.clone());
        let role = place.role.or_else(|| introduced(block, place));
        let inherited = if is_stem { demand.or(inherited) } else { None };
        self.blocks(&block.children, &Place { section: place.section, role, under, inherited });
    }

    fn item(&mut self, block: &Block, demand: Demand, place: &Place<'_>) {
        let identity = Identity { under: &place.under, text: &block.text };
        let first = Id::new(self.bolt, place.section, &identity, 1);
        let ordinal = self.seen.entry(first).and_modify(|times| *times += 1).or_insert(1);
        let requirement = Requirement {
            id: Id::new(self.bolt, place.section, &identity, *ordinal),
            bolt: self.bolt,
            file: self.file.clone(),
            line: block.line,
            section: place.section.clone(),
            role: demand.role.unwrap_or(ANYONE).into(),
            level: demand.level,
            under: place.under.iter().map(|text| TextHash::of(text)).collect(),
            text: TextHash::of(&block.text),
            fields: fields(self.bolt, place.section, &place.under, &block.text).into(),
        };
        self.items.push(Item { requirement, under: place.under.clone(), text: block.text.clone() });
    }
}

/// What the key word of `block` demands, and of whom: of the role that introduced the list, else of the one it names itself.
fn demand(block: &Block, keyword: &Keyword, place: &Place<'_>) -> Demand {
    let named = || role(&block.text[..keyword.at]);
    Demand { level: keyword.level, role: place.role.or_else(named) }
}

/// Whom `block` binds by introducing a list under no other introduction.
fn introduced(block: &Block, place: &Place<'_>) -> Option<&'static str> {
    (place.under.is_empty() && block.is_stem()).then(|| role(&block.text)).flatten()
}

/// Whether a bullet under `stem` makes sense only with the key word above it.
fn is_relied_on(stem: &Block) -> bool {
    stem.bullets().any(|bullet| {
        let announces_more = bullet.is_stem() && bullet.bullets().next().is_some();
        keyword(&bullet.text).is_none() && (!announces_more || is_relied_on(bullet))
    })
}

/// What an "otherwise" at the end of `siblings` denies: the alternatives right before it.
fn negated(siblings: &[Block]) -> Vec<String> {
    let [before @ .., block] = siblings else { return Vec::new() };
    let is_otherwise =
        |block: &Block| block.text.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("otherwise"));
    let mut denied: Vec<String> = Vec::new();
    let mut rest = before;
    let mut last = block;
    while is_otherwise(last)
        && let [earlier @ .., previous] = rest
    {
        denied.push(format!("not: {}", previous.text));
        (rest, last) = (earlier, previous);
    }
    denied.reverse();
    denied
}
