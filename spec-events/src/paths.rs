//! The ways through a spec's choices: which there are, how they are named, what each chooses.
//!
//! A path's name gives the index of each `matrix` value, in the order of writing, and then the index of the
//! alternative at each `TryAll` on its way, joined by dots: `2.0.1`. A spec without choices has the one path `0`.

use std::fmt;

use crate::expr::Literal;
use crate::{Event, Spec, Step};

/// One way through a spec's choices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathChoices {
    /// The index of each matrix value.
    matrix: Vec<usize>,
    /// Each `TryAll` on the way, by its site, in order, and the index of its alternative.
    choices: Vec<(usize, usize)>,
}

/// A path's name that fits no path of the spec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{spec} has no path '{path}': {problem}; its paths are {}", listed(names))]
pub struct NoSuchPath {
    spec: String,
    path: String,
    problem: String,
    names: Vec<String>,
}

impl PathChoices {
    /// Paths that take each combination of the matrix, and each alternative at least once for each of them.
    pub fn each(spec: &Spec) -> Vec<Self> {
        Self::of(spec, side_by_side)
    }

    /// All combinations of the matrix and of all alternatives. Their number can be large: [`count_all`] tells.
    pub fn all(spec: &Spec) -> Vec<Self> {
        Self::of(spec, product)
    }

    /// The path of this name.
    ///
    /// # Errors
    /// [`NoSuchPath`] with the names that there are.
    pub fn parse(name: &str, spec: &Spec) -> Result<Self, NoSuchPath> {
        let fail = |problem: String| NoSuchPath {
            spec: spec.name.clone(),
            path: name.to_owned(),
            problem,
            names: Self::each(spec).iter().map(ToString::to_string).collect(),
        };
        let digits: Vec<usize> = name
            .split('.')
            .map(|digit| digit.parse().map_err(|_| fail(format!("'{digit}' is no number"))))
            .collect::<Result<_, _>>()?;
        let mut left = digits.iter().copied();
        let mut take = |count: usize, what: &str| match left.next() {
            Some(index) if index < count => Ok(index),
            Some(index) => Err(format!("{what} has no value {index}: there are {count}, counted from 0")),
            None => Err(format!("there is no number for {what}")),
        };
        let matrix = spec
            .matrix
            .iter()
            .map(|(name, values)| take(values.len(), name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(&fail)?;
        let mut choices = Vec::new();
        follow(&spec.steps, &mut |site, count| {
            let choice = take(count, "a TryAll")?;
            choices.push((site, choice));
            Ok(choice)
        })
        .map_err(&fail)?;
        let path = Self { matrix, choices };
        match path.to_string() == name {
            true => Ok(path),
            false => Err(fail("it has more numbers than there are choices".to_owned())),
        }
    }

    /// The names of the matrix, and the value that each has on this path.
    pub fn matrix_values<'s>(&'s self, spec: &'s Spec) -> impl Iterator<Item = (&'s str, &'s Literal)> {
        spec.matrix
            .iter()
            .zip(&self.matrix)
            .filter_map(|((name, values), index)| Some((name.as_str(), values.get(*index)?)))
    }

    /// The alternative to take at the `TryAll` of this site.
    pub fn choice(&self, site: usize) -> Option<usize> {
        self.choices.iter().find(|(known, _)| *known == site).map(|(_, choice)| *choice)
    }

    fn of(spec: &Spec, combine: Combine) -> Vec<Self> {
        let values = spec.matrix.values().map(Vec::len);
        let combinations = values.fold(vec![Vec::new()], |combinations: Vec<Vec<usize>>, count| {
            combinations
                .iter()
                .flat_map(|chosen| (0..count).map(move |index| [&chosen[..], &[index]].concat()))
                .collect()
        });
        let ways = ways_through(&spec.steps, combine);
        combinations
            .into_iter()
            .flat_map(|matrix| {
                ways.iter().map(move |choices| Self { matrix: matrix.clone(), choices: choices.clone() })
            })
            .collect()
    }
}

impl fmt::Display for PathChoices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.matrix.iter().chain(self.choices.iter().map(|(_, choice)| choice));
        let digits: Vec<String> = digits.map(ToString::to_string).collect();
        f.write_str(if digits.is_empty() { "0" } else { "" })?;
        f.write_str(&digits.join("."))
    }
}

/// How many paths [`PathChoices::all`] would give; `None` if they are past counting.
pub fn count_all(spec: &Spec) -> Option<usize> {
    let matrix = spec.matrix.values().try_fold(1usize, |product, values| product.checked_mul(values.len()));
    matrix?.checked_mul(count_ways(&spec.steps)?)
}

/// Gives each `TryAll` of a spec the number of its site, in the order of writing.
pub(crate) fn number_sites(steps: &mut [Step]) {
    fn number(steps: &mut [Step], next: &mut usize) {
        for step in steps {
            if let Event::TryAll(event) = &mut step.event {
                event.site = *next;
                *next += 1;
            }
            for list in lists_of_mut(&mut step.event) {
                number(list, next);
            }
        }
    }
    number(steps, &mut 0);
}

/// The choices of one way, as (site, alternative).
type Way = Vec<(usize, usize)>;

/// How the ways through one part and the ways through the next make up the ways through both.
type Combine = fn(Vec<Way>, Vec<Way>) -> Vec<Way>;

fn ways_through(steps: &[Step], combine: Combine) -> Vec<Way> {
    steps.iter().fold(vec![Way::new()], |ways, step| match &step.event {
        Event::TryAll(event) => {
            let alternatives = event.alternatives.iter().enumerate().flat_map(|(index, steps)| {
                let choice = (event.site, index);
                ways_through(steps, combine).into_iter().map(move |way| [&[choice][..], &way].concat())
            });
            combine(ways, alternatives.collect())
        }
        event => lists_of(event).fold(ways, |ways, list| combine(ways, ways_through(list, combine))),
    })
}

/// As few as take each of both.
fn side_by_side(first: Vec<Way>, second: Vec<Way>) -> Vec<Way> {
    let count = first.len().max(second.len());
    let nth = |ways: &[Way], n: usize| ways[n % ways.len()].clone();
    (0..count).map(|n| [nth(&first, n), nth(&second, n)].concat()).collect()
}

/// Each with each.
fn product(first: Vec<Way>, second: Vec<Way>) -> Vec<Way> {
    first.iter().flat_map(|one| second.iter().map(move |other| [&one[..], other].concat())).collect()
}

fn count_ways(steps: &[Step]) -> Option<usize> {
    steps.iter().try_fold(1usize, |product, step| {
        let ways = match &step.event {
            Event::TryAll(event) => event
                .alternatives
                .iter()
                .try_fold(0usize, |sum, steps| sum.checked_add(count_ways(steps)?))?,
            event => {
                lists_of(event).try_fold(1usize, |product, list| product.checked_mul(count_ways(list)?))?
            }
        };
        product.checked_mul(ways)
    })
}

/// Walks the way that `choose` takes at each site, which it is told with the count of alternatives.
fn follow(
    steps: &[Step],
    choose: &mut impl FnMut(usize, usize) -> Result<usize, String>,
) -> Result<(), String> {
    for step in steps {
        match &step.event {
            Event::TryAll(event) => {
                let choice = choose(event.site, event.alternatives.len())?;
                follow(&event.alternatives[choice], choose)?;
            }
            event => lists_of(event).try_for_each(|list| follow(list, choose))?,
        }
    }
    Ok(())
}

/// The lists of steps in an event, in the order of writing.
fn lists_of(event: &Event) -> impl Iterator<Item = &[Step]> {
    let (one, many): (&[Step], &[Vec<Step>]) = match event {
        Event::AnyOrder(event) => (&[], &event.alternatives),
        Event::Include(event) => (&event.steps, &[]),
        Event::OneOf(event) => (&[], &event.alternatives),
        Event::Sequence(event) => (&event.steps, &[]),
        Event::TryAll(event) => (&[], &event.alternatives),
        _ => (&[], &[]),
    };
    std::iter::once(one).chain(many.iter().map(Vec::as_slice))
}

fn lists_of_mut(event: &mut Event) -> impl Iterator<Item = &mut [Step]> {
    let (one, many): (&mut [Step], &mut [Vec<Step>]) = match event {
        Event::AnyOrder(event) => (&mut [], &mut event.alternatives),
        Event::Include(event) => (&mut event.steps, &mut []),
        Event::OneOf(event) => (&mut [], &mut event.alternatives),
        Event::Sequence(event) => (&mut event.steps, &mut []),
        Event::TryAll(event) => (&mut [], &mut event.alternatives),
        _ => (&mut [], &mut []),
    };
    std::iter::once(one).chain(many.iter_mut().map(Vec::as_mut_slice))
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    match names.len() {
        0..=SHOWN => names.join(", "),
        count => format!("{}, ... ({count} in all)", names[..SHOWN].join(", ")),
    }
}
