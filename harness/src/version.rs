//! Version ranges of expectations: `>=24.11, <26.09` against what git-describe says of a node.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A conjunction of bounds; empty means every version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionRange(Vec<(Relation, Release)>);

impl VersionRange {
    /// Whether `version` (such as `v26.06-12-gabcdef0` or `0.2.7`) is inside. One that holds no number is inside no
    /// bounded range.
    pub fn contains(&self, version: &str) -> bool {
        self.0.is_empty()
            || Release::of(version).is_some_and(|version| {
                self.0.iter().all(|(relation, bound)| relation.holds(version.cmp(bound)))
            })
    }
}

/// A range that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{bound}' is no version bound: write one such as '>=24.11, <26.09'")]
pub struct BadRange {
    bound: String,
}

impl FromStr for VersionRange {
    type Err = BadRange;

    fn from_str(text: &str) -> Result<Self, BadRange> {
        let bound = |part: &str| {
            let (relation, rest) = Relation::split(part)?;
            Some((relation, Release::of(rest)?))
        };
        text.split(',')
            .map(str::trim)
            .map(|part| bound(part).ok_or_else(|| BadRange { bound: part.to_owned() }))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (relation, bound)) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { ", " };
            write!(f, "{separator}{}{bound}", relation.sign())?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    AtLeast,
    AtMost,
    Equal,
    Less,
    More,
}

impl Relation {
    /// Longer signs first, so that `>=` is not taken for `>`.
    const SIGNS: [(&str, Self); 5] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::More),
    ];

    fn split(text: &str) -> Option<(Self, &str)> {
        Self::SIGNS.iter().find_map(|(sign, relation)| Some((*relation, text.strip_prefix(sign)?)))
    }

    fn sign(self) -> &'static str {
        Self::SIGNS.iter().find(|(_, relation)| *relation == self).map_or("", |(sign, _)| sign)
    }

    fn holds(self, version_to_bound: Ordering) -> bool {
        match self {
            Self::AtLeast => version_to_bound.is_ge(),
            Self::AtMost => version_to_bound.is_le(),
            Self::Equal => version_to_bound.is_eq(),
            Self::Less => version_to_bound.is_lt(),
            Self::More => version_to_bound.is_gt(),
        }
    }
}

/// The dotted numbers that a version begins with; what follows (`-rc1`, `-12-gabcdef0`) does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Release(Vec<u32>);

impl Release {
    fn of(version: &str) -> Option<Self> {
        let version = version.trim().trim_start_matches('v');
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
        version[..end].split('.').map(|number| number.parse().ok()).collect::<Option<_>>().map(Self)
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.0.len().max(other.0.len());
        let number = |release: &Self, n: usize| release.0.get(n).copied().unwrap_or(0);
        (0..length)
            .map(|n| number(self, n).cmp(&number(other, n)))
            .find(|o| o.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: &str, version: &str) -> bool {
        range.parse::<VersionRange>().unwrap().contains(version)
    }

    #[test]
    fn bounds_hold_as_written() {
        assert!(contains(">=24.11, <26.09", "v26.06-12-gabcdef0"));
        assert!(!contains(">=24.11, <26.09", "26.09"));
        assert!(contains("=0.2", "0.2.0"));
        assert!(contains(">0.2", "0.2.7"));
        assert!(!contains("<=0.2", "0.2.7"));
        assert!(!contains(">0.2", "unknown"));
        assert!(VersionRange::default().contains("unknown"));
    }

    #[test]
    fn a_range_prints_as_written() {
        assert_eq!(">=24.11, <26.9".parse::<VersionRange>().unwrap().to_string(), ">=24.11, <26.9");
    }

    #[test]
    fn a_bad_bound_is_named() {
        let error = ">=24.11, 26.09".parse::<VersionRange>().unwrap_err();
        assert_eq!(error, BadRange { bound: "26.09".into() });
    }
}
