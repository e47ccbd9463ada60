//! Does each requirement come to what its specs say, and is the report as documented?

use super::*;
use crate::engine::PathReport;
use crate::front::bundled;
use crate::report::Summary;
use crate::verdict::{Blame, Code, CodeKind, Failure, Fault, Lack, Verdict};
use lnprototest_spec_events::{Located, PathChoices};

/// One requirement for each state, and more.
const CATALOGUE: [(&str, &str); 2] = [
    (
        "bolt01.yaml",
        r#"bolt: 1
file: 01-messaging.md
sections:
- section: ["Setup", "The `init` Message", "Requirements"]
  items:
  - {id: B01-init-00000001, line: 10, role: sender, level: MUST, under: [], text: '0000000000000000', fields: []}
  - {id: B01-init-00000002, line: 11, role: sender, level: MUST NOT, under: [], text: '0000000000000000', fields: []}
  - {id: B01-init-00000003, line: 12, role: receiver, level: SHOULD, under: [], text: '0000000000000000', fields: []}
  - {id: B01-init-00000004, line: 13, role: receiver, level: MAY, under: [], text: '0000000000000000', fields: []}
- section: ["Setup", "The `init` Message", "Rationale"]
  items:
  - {id: B01-init-00000005, line: 14, role: node, level: MUST, under: [], text: '0000000000000000', fields: []}
- section: ["Control"]
  items:
  - {id: B01-control-00000006, line: 20, role: node, level: MUST, under: [], text: '0000000000000000', fields: []}
"#,
    ),
    (
        "bolt02.yaml",
        r#"bolt: 2
file: 02-peer-protocol.md
sections:
- section: ["Channel"]
  items:
  - {id: B02-channel-00000007, line: 5, role: node, level: SHOULD NOT, under: [], text: '0000000000000000', fields: []}
"#,
    ),
];

const SPECS: [(&str, VerdictKind, &[&str]); 8] = [
    ("passes", VerdictKind::Pass, &["B01-init-00000001", "B01-init-00000002", "B01-init-00000005"]),
    ("was_known", VerdictKind::Fixed, &["B01-init-00000001"]),
    ("fails", VerdictKind::Fail, &["B01-init-00000002"]),
    ("fails_a_should", VerdictKind::Warn, &["B01-init-00000003"]),
    ("is_known", VerdictKind::Known, &["B01-init-00000003", "B01-init-00000005"]),
    ("is_skipped", VerdictKind::Skip, &["B01-init-00000001", "B01-init-00000004", "B01-control-00000006"]),
    ("is_at_fault", VerdictKind::Error, &["B01-control-00000006", "B01-init-00000005"]),
    ("is_skipped_too", VerdictKind::Skip, &["B01-init-00000004"]),
];

fn verdict(kind: VerdictKind) -> Verdict {
    let failure = || {
        Box::new(Failure {
            code: Code::of(CodeKind::UnexpectedMessage, "error"),
            step: "pong".to_owned(),
            at: None,
            expected: String::new(),
            got: String::new(),
            differences: Vec::new(),
            log_tail: Vec::new(),
        })
    };
    match kind {
        VerdictKind::Error => {
            Verdict::Error(Fault { at: None, blame: Blame::Spec, what: "it is a test".to_owned() })
        }
        VerdictKind::Fail => Verdict::Fail(failure()),
        VerdictKind::Fixed => Verdict::Fixed { because: "it was old".to_owned() },
        VerdictKind::Known => Verdict::Known { because: "it is old".to_owned(), failure: failure() },
        VerdictKind::Pass => Verdict::Pass,
        VerdictKind::Skip => Verdict::Skip(Lack::Feature("option_dual_fund".to_owned())),
        VerdictKind::Warn => Verdict::Warn(failure()),
    }
}

fn reports() -> Vec<SpecReport> {
    let any = bundled().unwrap().remove(0);
    let reports = SPECS.iter().map(|(name, kind, covers)| {
        let at = any.covers[0].at.clone();
        let covers = covers.iter().map(|id| Located { value: (*id).to_owned(), at: at.clone() }).collect();
        let spec = Arc::new(Spec { name: (*name).to_owned(), covers, ..(*any).clone() });
        let path =
            PathReport { verdict: verdict(*kind), ..PathReport::new(&spec, &PathChoices::each(&spec)[0]) };
        SpecReport { spec, paths: vec![path] }
    });
    reports.collect()
}

/// What `look` makes of the coverage of a run that ended after so many specs.
fn looked_at<T>(run: usize, look: impl FnOnce(&Coverage<'_>) -> T) -> T {
    let requirements = Requirements::from_catalogue(CATALOGUE).unwrap();
    let mut reports = reports();
    let specs: Vec<_> = reports.iter().map(|report| report.spec.clone()).collect();
    reports.truncate(run);
    look(&Coverage::new(&requirements, &specs, &reports))
}

#[test]
fn each_requirement_comes_to_what_weighs_most() {
    let states = looked_at(SPECS.len(), |coverage| {
        coverage.entries().iter().map(|entry| (entry.requirement.line, entry.state)).collect::<Vec<_>>()
    });
    assert_eq!(
        states,
        [
            (10, State::Passed),
            (11, State::Failed),
            (12, State::Failed),
            (13, State::Skipped),
            (14, State::Known),
            (20, State::Error),
            (5, State::Uncovered),
        ]
    );
}

#[test]
fn what_was_not_run_counts_as_skipped() {
    let (state, reason) = looked_at(1, |coverage| {
        let entry = &coverage.entries()[2];
        (entry.state, entry.specs[0].reason.clone())
    });
    assert_eq!((state, reason.as_deref()), (State::Skipped, Some("the run was ended before")));
}

#[test]
fn the_table_by_bolt() {
    let table = |coverage: &Coverage<'_>| Table { coverage, by_section: false, missing: false }.to_string();
    insta::assert_snapshot!(looked_at(SPECS.len(), table));
}

#[test]
fn the_table_by_section_with_what_is_missing() {
    let table = |coverage: &Coverage<'_>| Table { coverage, by_section: true, missing: true }.to_string();
    insta::assert_snapshot!(looked_at(SPECS.len(), table));
}

#[test]
fn the_document() {
    let mut summary = Summary::default();
    reports().iter().for_each(|report| summary.add(report));
    let text = looked_at(SPECS.len(), |coverage| json(coverage, "ldk", None, &summary)).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn every_key_of_the_document_is_documented() {
    let documentation = include_str!("../../../../docs/coverage.md");
    let text = looked_at(SPECS.len(), |coverage| json(coverage, "ldk", None, &Summary::default())).unwrap();
    let mut keys = Vec::new();
    collect_keys(&serde_json::from_str(&text).unwrap(), &mut keys);
    assert!(keys.len() > 20);
    for key in keys {
        assert!(documentation.contains(&format!("`{key}`")), "docs/coverage.md lacks {key}");
    }
}

fn collect_keys(value: &serde_json::Value, keys: &mut Vec<String>) {
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                keys.push(key.clone());
                collect_keys(value, keys);
            }
        }
        _ => {}
    }
}
