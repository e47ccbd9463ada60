//! Loads specs from texts.
#![allow(dead_code, reason = "each test binary uses its part")]

use lnprototest_bolt::wire::Catalogue;
use lnprototest_spec_events::requirements::Requirements;
use lnprototest_spec_events::{Diagnostics, Language, Suite, Tree, load};

/// All of the language, as a product would have it.
pub fn language() -> Language<'static> {
    Language {
        catalogue: Catalogue::bolts(),
        requirements: Requirements::bundled(),
        capabilities: &["close_channel", "connect_out", "fund_channel", "known_keys"],
    }
}

/// Loads these files, each with its path.
pub fn load_files<B: AsRef<[u8]>>(
    files: impl IntoIterator<Item = (&'static str, B)>,
) -> Result<Suite, Diagnostics> {
    load(&[Tree::embedded("specs/", files)], &Tree::default(), language())
}
