//! Can the specs fail? Each path is replayed against a node whose words are disturbed, one at a time, and what it
//! still passes is a survivor.
//!
//! What counts, and why, is told in `docs/mutants.md`.

mod alter;
mod invoice;
mod judged;
mod measure;
mod plan;
mod report;
mod score;

pub use judged::{Judged, JudgedError};
pub use measure::{Fate, Mutant, PathMutants, measure};
pub use report::write;
pub use score::{Score, SpecScore};
