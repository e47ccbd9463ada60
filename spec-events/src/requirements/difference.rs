//! What did a new version of the BOLTs do to the requirements? Told by hashes and places: nobody keeps the old words.

use super::id::TextHash;
use super::index::{Requirement, Requirements};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What became of the requirements between two catalogues. Those that kept their id are in none of the lists.
#[derive(Debug, Default)]
pub struct Difference<'a> {
    /// New ones, in the order of the new text.
    pub added: Vec<&'a Requirement>,
    /// Old ones of which nothing like them is left.
    pub removed: Vec<&'a Requirement>,
    /// Old and new: the same words under the same conditions, elsewhere or under other headings.
    pub moved: Vec<(&'a Requirement, &'a Requirement)>,
    /// Old and new: in the same place, with other words or conditions. So it seems; only who has read both knows.
    pub changed: Vec<(&'a Requirement, &'a Requirement)>,
    /// Old ones whose words, under the same conditions, came to stand in these new places, any of which may be meant.
    pub ambiguous: Vec<(&'a Requirement, Vec<&'a Requirement>)>,
}

impl Difference<'_> {
    /// Whether each requirement kept its id, and none is new.
    pub fn is_empty(&self) -> bool {
        let Self { added, removed, moved, changed, ambiguous } = self;
        added.is_empty()
            && removed.is_empty()
            && moved.is_empty()
            && changed.is_empty()
            && ambiguous.is_empty()
    }
}

/// What happened between `old` and `new`.
pub fn difference<'a>(old: &'a Requirements, new: &'a Requirements) -> Difference<'a> {
    let gone = old.iter().filter(|requirement| new.by_id(requirement.id.as_str()).is_none());
    let came = new.iter().filter(|requirement| old.by_id(requirement.id.as_str()).is_none());
    let mut open = Open { gone: gone.collect(), came: came.collect() };
    let mut difference = Difference::default();
    open.moved(&mut difference);
    let places = Places::new(old, new, &difference.moved);
    open.changed(&places, &mut difference);
    open.reworded_around(&mut difference);
    difference.changed.sort_by_key(|(_, new)| (new.bolt, new.line));
    difference.added = open.came;
    difference.removed = open.gone;
    difference
}

/// What is not accounted for yet.
struct Open<'a> {
    gone: Vec<&'a Requirement>,
    came: Vec<&'a Requirement>,
}

impl<'a> Open<'a> {
    fn moved(&mut self, difference: &mut Difference<'a>) {
        type SameWords<'a> = (Vec<&'a Requirement>, Vec<&'a Requirement>);
        let mut groups: BTreeMap<(&[TextHash], TextHash), SameWords<'a>> = BTreeMap::new();
        for gone in &self.gone {
            groups.entry((&gone.under[..], gone.text)).or_default().0.push(gone);
        }
        for came in &self.came {
            groups.entry((&came.under[..], came.text)).or_default().1.push(came);
        }
        for (gone, came) in groups.into_values().filter(|(gone, came)| !gone.is_empty() && !came.is_empty()) {
            match pairs(&gone, &came) {
                Some(pairs) => difference.moved.extend(pairs),
                None => difference.ambiguous.extend(gone.iter().map(|gone| (*gone, came.clone()))),
            }
        }
        difference.moved.sort_by_key(|(_, new)| (new.bolt, new.line));
        difference.ambiguous.sort_by_key(|(old, _)| (old.bolt, old.line));
        let moved = difference.moved.iter().flat_map(|(old, new)| [*old, *new]);
        let ambiguous = difference.ambiguous.iter().flat_map(|(old, new)| new.iter().copied().chain([*old]));
        self.close(moved.chain(ambiguous));
    }

    /// Pairs in the same section, the likeliest first.
    fn changed(&mut self, places: &Places<'a>, difference: &mut Difference<'a>) {
        let mut likely = Vec::new();
        for (nth_gone, gone) in self.gone.iter().enumerate() {
            for (nth_came, came) in self.came.iter().enumerate() {
                if places.is_same_section(gone, came) {
                    let likeness = likeness(gone, came) + places.nearness(gone, came);
                    likely.push((std::cmp::Reverse(likeness), nth_gone, nth_came));
                }
            }
        }
        likely.retain(|(likeness, ..)| likeness.0 >= LIKE);
        likely.sort_unstable();
        let (mut old_taken, mut new_taken) = (HashSet::new(), HashSet::new());
        let mut changed = Vec::new();
        for (_, nth_gone, nth_came) in likely {
            if !old_taken.contains(&nth_gone) && !new_taken.contains(&nth_came) {
                old_taken.insert(nth_gone);
                new_taken.insert(nth_came);
                changed.push((self.gone[nth_gone], self.came[nth_came]));
            }
        }
        self.close(changed.iter().flat_map(|(old, new)| [*old, *new]));
        difference.changed.extend(changed);
    }

    /// Pairs in whatever sections that alone have these words: their conditions changed on the way.
    fn reworded_around(&mut self, difference: &mut Difference<'a>) {
        let only = |all: &[&'a Requirement], text| {
            let mut same = all.iter().filter(|requirement| requirement.text == text);
            same.next().copied().filter(|_| same.next().is_none())
        };
        let pairs = self.gone.iter().filter_map(|gone| {
            only(&self.gone, gone.text)?;
            Some((*gone, only(&self.came, gone.text)?))
        });
        let pairs: Vec<_> = pairs.collect();
        self.close(pairs.iter().flat_map(|(old, new)| [*old, *new]));
        difference.changed.extend(pairs);
    }

    fn close(&mut self, known: impl Iterator<Item = &'a Requirement>) {
        let known: HashSet<&str> = known.map(|requirement| requirement.id.as_str()).collect();
        self.gone.retain(|requirement| !known.contains(requirement.id.as_str()));
        self.came.retain(|requirement| !known.contains(requirement.id.as_str()));
    }
}

/// Which of `came`, of the same words all, is which of `gone`; `None` if that is not clear.
fn pairs<'a>(
    gone: &[&'a Requirement],
    came: &[&'a Requirement],
) -> Option<Vec<(&'a Requirement, &'a Requirement)>> {
    if gone.len() != came.len() {
        return None;
    }
    let mut taken = HashSet::new();
    let pairs = gone.iter().map(|gone| {
        let nearest = came.iter().map(|came| shared_headings(gone, came)).max()?;
        let mut nearest_ones = came.iter().filter(|came| shared_headings(gone, came) == nearest);
        let one = nearest_ones.next().filter(|_| nearest_ones.next().is_none())?;
        taken.insert(one.id.as_str()).then_some((*gone, *one))
    });
    pairs.collect()
}

/// How many headings both share, from the outside in and from the inside out.
fn shared_headings(old: &Requirement, new: &Requirement) -> usize {
    let outer = old.section.iter().zip(&*new.section).take_while(|(old, new)| old == new).count();
    let inner =
        old.section.iter().rev().zip(new.section.iter().rev()).take_while(|(old, new)| old == new).count();
    usize::from(old.bolt == new.bolt) + outer + inner
}

/// From this likeness on, a requirement counts as another one reworded.
const LIKE: usize = 7;

fn likeness(old: &Requirement, new: &Requirement) -> usize {
    let under = match () {
        () if old.under == new.under => 4,
        () if old.under.first() == new.under.first() => 2,
        () => 0,
    };
    let shares_a_field = old.fields().iter().any(|field| new.fields().contains(field));
    under
        + 6 * usize::from(old.text == new.text)
        + 2 * usize::from(shares_a_field)
        + usize::from(old.level == new.level)
        + usize::from(old.role == new.role)
}

/// A BOLT's number, and headings in it.
type SectionKey<'a> = (u8, &'a [String]);

/// What stands where, before and after.
struct Places<'a> {
    /// The new headings of old sections, by what moved from one to the other.
    renamed: HashMap<SectionKey<'a>, SectionKey<'a>>,
    /// The ids, in the new text, of what stands before and behind each requirement of a section and is in both texts.
    old_neighbours: HashMap<&'a str, Neighbours<'a>>,
    new_neighbours: HashMap<&'a str, Neighbours<'a>>,
}

#[derive(Clone, Copy, PartialEq)]
struct Neighbours<'a> {
    before: Option<&'a str>,
    behind: Option<&'a str>,
}

impl<'a> Places<'a> {
    fn new(
        old: &'a Requirements,
        new: &'a Requirements,
        moved: &[(&'a Requirement, &'a Requirement)],
    ) -> Self {
        let renamed =
            moved.iter().map(|(old, new)| ((old.bolt, &*old.section), (new.bolt, &*new.section))).collect();
        let now: HashMap<&str, &str> =
            moved.iter().map(|(old, new)| (old.id.as_str(), new.id.as_str())).collect();
        let arrived: HashSet<&str> = now.values().copied().collect();
        let kept = |id: &'a str| new.by_id(id).is_some().then_some(id);
        Self {
            renamed,
            old_neighbours: neighbours(old, |id| now.get(id).copied().or_else(|| kept(id))),
            new_neighbours: neighbours(new, |id| {
                (arrived.contains(id) || old.by_id(id).is_some()).then_some(id)
            }),
        }
    }

    fn is_same_section(&self, old: &Requirement, new: &Requirement) -> bool {
        let was = (old.bolt, &*old.section);
        let is = (new.bolt, &*new.section);
        was == is || self.renamed.get(&was) == Some(&is)
    }

    fn nearness(&self, old: &Requirement, new: &Requirement) -> usize {
        let (Some(was), Some(is)) =
            (self.old_neighbours.get(old.id.as_str()), self.new_neighbours.get(new.id.as_str()))
        else {
            return 0;
        };
        match was {
            was if was == is => 3,
            was => usize::from(was.before == is.before || was.behind == is.behind),
        }
    }
}

/// Each requirement's neighbours in its section, by id, of those that `name` gives the id of the new text.
fn neighbours<'a>(
    requirements: &'a Requirements,
    name: impl Fn(&'a str) -> Option<&'a str>,
) -> HashMap<&'a str, Neighbours<'a>> {
    let mut all: Vec<&Requirement> = requirements.iter().collect();
    all.sort_by_key(|requirement| (requirement.bolt, requirement.line));
    let mut neighbours = HashMap::new();
    for section in all.chunk_by(|one, next| one.section == next.section && one.bolt == next.bolt) {
        let mut before = None;
        for requirement in section {
            let id = requirement.id.as_str();
            neighbours.insert(id, Neighbours { before, behind: None });
            before = name(id).or(before);
        }
        let mut behind = None;
        for requirement in section.iter().rev() {
            let id = requirement.id.as_str();
            if let Some(of_it) = neighbours.get_mut(id) {
                of_it.behind = behind;
            }
            behind = name(id).or(behind);
        }
    }
    neighbours
}
