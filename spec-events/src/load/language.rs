//! What specs can speak of beside the events: messages, requirements, capabilities.

use lnprototest_bolt::wire::Catalogue;

use crate::requirements::Requirements;

/// The words of the language that come from elsewhere.
#[derive(Clone, Copy)]
pub struct Language<'a> {
    /// The messages, with those of proposals.
    pub catalogue: &'a Catalogue,
    /// What a spec can cover.
    pub requirements: &'a Requirements,
    /// The names of all capabilities that a runner can have.
    pub capabilities: &'a [&'a str],
}
