//! Does the reference of the event language name all that a spec can require of a runner?

use lnprototest_runner_api::Capability;

const PAGE: &str = include_str!("../../docs/language.md");

#[test]
fn each_capability_has_its_row() {
    for capability in Capability::ALL {
        assert!(PAGE.contains(&format!("\n| `{capability}` |")), "docs/language.md lacks {capability}");
    }
}
