//! What all mutants came to.

use lnprototest_spec_events::Spec;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::judged::Judged;
use super::measure::{Fate, PathMutants};
use crate::exit::Exit;
use crate::verdict::{Verdict, VerdictKind};

/// How many of a hundred mutants have to be killed.
const LEAST_PERCENT: usize = 95;
/// Of how many fields one may go without being judged.
const FIELDS_TO_ONE_FREE: usize = 10;

impl Fate {
    /// Whether the spec was put to the test.
    pub fn counts(&self) -> bool {
        !matches!(self, Self::NotApplied | Self::Permitted)
    }
}

/// What the mutants of one spec came to.
#[derive(Clone, Debug)]
pub struct SpecScore {
    /// The spec.
    pub spec: Arc<Spec>,
    /// Its paths, in their own order.
    pub paths: Vec<PathMutants>,
}

/// What the mutants of all specs came to.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// The specs, in the order of the suite.
    pub specs: Vec<SpecScore>,
    /// Which fields need not be judged.
    pub judged: Judged,
    /// Whether it is the whole suite, so that entries of [`Score::judged`] that are about nothing are a mistake.
    pub is_whole: bool,
}

impl SpecScore {
    /// How many of its mutants have a fate that is `wanted`.
    pub fn count(&self, wanted: impl Fn(&Fate) -> bool) -> usize {
        self.paths.iter().flat_map(|path| &path.mutants).filter(|(_, fate)| wanted(fate)).count()
    }

    /// Whether paths of it pass undisturbed, and no mutant can fail one.
    pub fn is_vacuous(&self) -> bool {
        self.is_measured() && self.count(|fate| *fate == Fate::Killed) == 0
    }

    /// Whether any of its paths passes undisturbed.
    pub fn is_measured(&self) -> bool {
        self.paths.iter().any(|path| matches!(path.undisturbed.verdict, Verdict::Pass))
    }

    /// What its unmeasured paths came to, the gravest.
    pub fn unmeasured(&self) -> Option<VerdictKind> {
        let others = self.paths.iter().map(|path| path.undisturbed.verdict.kind());
        others.filter(|kind| *kind != VerdictKind::Pass).max()
    }
}

impl Score {
    /// How many mutants have a fate that is `wanted`.
    pub fn count(&self, wanted: impl Fn(&Fate) -> bool + Copy) -> usize {
        self.specs.iter().map(|spec| spec.count(wanted)).sum()
    }

    /// How many mutants were killed, and how many could be.
    pub fn killed(&self) -> (usize, usize) {
        (self.count(|fate| *fate == Fate::Killed), self.count(Fate::counts))
    }

    /// Likewise of those of fields alone.
    pub fn killed_of_fields(&self) -> (usize, usize) {
        let paths = self.specs.iter().flat_map(|spec| &spec.paths);
        let of_fields = paths.flat_map(|path| &path.mutants).filter(|(mutant, _)| mutant.is_of_field());
        let fates: Vec<&Fate> = of_fields.map(|(_, fate)| fate).filter(|fate| fate.counts()).collect();
        (fates.iter().filter(|fate| ***fate == Fate::Killed).count(), fates.len())
    }

    /// The fields that specs have to judge, those that no spec need judge included.
    pub fn fields(&self) -> BTreeSet<String> {
        self.specs.iter().flat_map(|spec| &spec.paths).flat_map(|path| path.fields.clone()).collect()
    }

    /// The entries on fields that are about nothing.
    pub fn idle(&self) -> Vec<&str> {
        if self.is_whole { self.judged.idle(&self.fields()) } else { Vec::new() }
    }

    /// How many fields go without being judged, and how many may.
    pub fn free_fields(&self) -> (usize, usize) {
        let fields = self.fields();
        let free = fields.iter().filter(|field| self.judged.is_free(field)).count();
        (free, fields.len() / FIELDS_TO_ONE_FREE)
    }

    /// How many fields are judged in part.
    pub fn partly_free_fields(&self) -> usize {
        self.fields().iter().filter(|field| self.judged.is_partly_free(field)).count()
    }

    /// Why the suite can't fail as it should; empty if it can.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let (killed, all) = self.killed();
        if killed * 100 < all * LEAST_PERCENT {
            faults.push(format!("fewer than {LEAST_PERCENT} % of the mutants are killed"));
        }
        let (killed, all) = self.killed_of_fields();
        if killed * 100 < all * LEAST_PERCENT {
            faults.push(format!("fewer than {LEAST_PERCENT} % of those of fields are killed"));
        }
        let vacuous = self.specs.iter().filter(|spec| spec.is_vacuous()).count();
        if vacuous > 0 {
            faults.push(format!("no mutant can fail {vacuous} of the specs"));
        }
        let (free, may_be) = self.free_fields();
        if self.is_whole && free > may_be {
            faults.push(format!("{free} fields are not judged, and {may_be} may be"));
        }
        faults.extend(
            self.idle().iter().map(|field| format!("{field} need not be excused: no spec claims it")),
        );
        let is_down = |spec: &&SpecScore| {
            matches!(spec.unmeasured(), Some(VerdictKind::Error | VerdictKind::Fail | VerdictKind::Fixed))
        };
        faults.extend(
            self.specs
                .iter()
                .filter(is_down)
                .map(|spec| format!("{} does not pass undisturbed", spec.spec.name)),
        );
        faults
    }

    /// How the program ends for it.
    pub fn exit(&self) -> Exit {
        if self.faults().is_empty() { Exit::Expected } else { Exit::NodeFailed }
    }
}
