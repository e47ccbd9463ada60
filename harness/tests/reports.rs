//! What people read: the report of a run, with each verdict and its story.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod support;

use lnprototest_harness::expectations::Expectations;
use lnprototest_harness::report::{FrontEnd, Human, Replay, Reporter, Story, Style};
use lnprototest_harness::run::{Plan, RunOutcome, run};
use lnprototest_harness::verdict::VerdictKind;
use lnprototest_harness::{Engine, exit::Exit};
use lnprototest_spec_events::PathChoices;
use std::convert::Infallible;
use std::sync::Arc;
use support::Reaction::{Close, Send};
use support::Scripted;

/// `init` with option_data_loss_protect.
const INIT: [u8; 7] = [0, 16, 0, 0, 0, 1, 2];

/// Two paths: the node must have another feature, or close.
const SPEC: &str = "
about: The node has option_anchors, or goes away
covers: [B01-init-f3865515]
steps:
  - Connect: alice
    key: '02'
  - ExpectMsg: init
    with: { globalfeatures: '' }
  - TryAll:
      - - Check: ${ has_feature(rcvd.init.features, 'option_anchors') }
      - - Msg: init
          with: { globalfeatures: '', features: '40' }
        - ExpectDisconnect: {}
";

/// A node that lacks the feature, and closes when it hears from us.
fn node() -> Scripted {
    Scripted::new(|message| if message.is_none() { vec![Send(INIT.into())] } else { vec![Close] })
}

fn replay(front: FrontEnd) -> Replay {
    Replay::new(front, "scripted", Vec::new())
}

/// The report of a run of [`SPEC`], and how the program would end.
fn report(expectations: &str, verbose: bool, allow_fixed: bool) -> (String, Exit) {
    let (text, outcome) = perform(expectations, verbose, allow_fixed);
    (text, outcome.summary.exit())
}

fn perform(expectations: &str, verbose: bool, allow_fixed: bool) -> (String, RunOutcome) {
    let work_dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::new(Arc::new(node()), work_dir.path().to_owned());
    engine.expectations = Expectations::parse("expectations.yaml", expectations).unwrap();
    engine.all_transcripts = verbose;
    let specs = [support::spec(SPEC)];
    let Ok(plan) = Plan::new(&specs, |spec| Ok::<_, Infallible>(PathChoices::each(spec)));
    let mut out = Vec::new();
    let mut human = Human::new(&mut out, Style { colour: false, verbose }, replay(FrontEnd::Program));
    let outcome =
        run(&Arc::new(engine), &plan, 1, allow_fixed, &mut [&mut human as &mut dyn Reporter]).unwrap();
    let text = String::from_utf8(out).unwrap();
    // The last line ends with how long it took.
    let (text, _time) = text.rsplit_once(" in ").unwrap();
    (text.to_owned(), outcome)
}

#[test]
fn a_failure_tells_its_whole_story() {
    let (report, exit) = report("", false, false);
    assert_eq!(exit, Exit::NodeFailed);
    insta::assert_snapshot!(report);
}

#[test]
fn a_known_failure_is_a_line_with_its_reason() {
    let known = "
- { spec: test, path: '0', step: Check, code: check, because: it is an old node, link: 'https://example.org/1' }
";
    let (report, exit) = report(known, false, false);
    assert_eq!(exit, Exit::Expected);
    insta::assert_snapshot!(report);
}

#[test]
fn what_passes_against_its_expectation_fails_the_run_unless_allowed() {
    let fixed = "
- { spec: test, path: '0', step: Check, code: check, because: it is an old node }
- { spec: test, path: '1', step: ExpectDisconnect, code: quiet, because: it never goes away }
";
    let (text, exit) = report(fixed, false, false);
    assert_eq!(exit, Exit::NodeFailed);
    insta::assert_snapshot!(text);
    assert_eq!(report(fixed, false, true).1, Exit::Expected);
}

#[test]
fn another_failure_than_the_expected_one_is_new() {
    let other = "[{ spec: test, path: '0', step: Check, code: quiet, because: it is mute }]";
    assert_eq!(report(other, false, false).1, Exit::NodeFailed);
}

#[test]
fn an_expectation_for_other_versions_does_not_count() {
    let expectation = |versions| {
        format!("[{{ spec: test, path: '0', step: Check, code: check, versions: '{versions}', because: x }}]")
    };
    assert_eq!(report(&expectation(">=1.0"), false, false).1, Exit::Expected);
    assert_eq!(report(&expectation(">1.0"), false, false).1, Exit::NodeFailed);
}

#[test]
fn updated_expectations_are_met_by_the_same_node() {
    let updated = |before: &str| {
        let outcome = perform(before, false, false).1;
        outcome.updated(&Expectations::parse("before.yaml", before).unwrap()).to_string()
    };
    // Path 1 is fixed, path 0 still fails.
    let partly_fixed = updated("[{ spec: test, step: Check, code: check, because: it is an old node }]");
    assert!(partly_fixed.contains("it is an old node"), "{partly_fixed}");
    assert_eq!(report(&partly_fixed, false, false).1, Exit::Expected);
    let fails_otherwise =
        updated("[{ spec: test, path: '0', step: Check, code: quiet, because: it is mute }]");
    assert!(!fails_otherwise.contains("it is mute"), "{fails_otherwise}");
    assert_eq!(report(&fails_otherwise, false, false).1, Exit::Expected);
}

#[test]
fn verbose_shows_both_sides_of_the_conversation() {
    insta::assert_snapshot!(report("", true, false).0);
}

#[test]
fn every_failure_code_is_in_the_reference() {
    let reference = include_str!("../../docs/language.md");
    for kind in lnprototest_harness::verdict::CodeKind::ALL {
        assert!(reference.contains(&format!("`{}", kind.name())), "docs/language.md lacks {}", kind.name());
    }
    for kind in VerdictKind::ALL {
        assert!(include_str!("../../README.md").contains(&format!("`{kind}`")), "README.md lacks {kind}");
    }
}

/// A terminal whose reader has gone.
struct Gone;

impl std::io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_test_is_replayed_by_the_test_binary_that_told_of_it() {
    let work_dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(Engine::new(Arc::new(node()), work_dir.path().to_owned()));
    let Ok(plan) = Plan::new(&[support::spec(SPEC)], |spec| Ok::<_, Infallible>(PathChoices::each(spec)));
    let outcome = run(&engine, &plan, 1, false, &mut []).unwrap();
    let replay = replay(FrontEnd::Test { target: "conformance".to_owned() });
    let story = Story { report: &outcome.reports[0].paths[0], replay: &replay }.to_string();
    let last = story.lines().last().unwrap();
    assert_eq!(last, "  replay:   cargo test --test conformance -- --runner scripted --path 0 --exact test");
}

#[test]
fn a_reader_who_leaves_changes_no_verdict() {
    let work_dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(Engine::new(Arc::new(node()), work_dir.path().to_owned()));
    let Ok(plan) = Plan::new(&[support::spec(SPEC)], |spec| Ok::<_, Infallible>(PathChoices::each(spec)));
    let mut human = Human::new(Gone, Style::default(), replay(FrontEnd::Program));
    let outcome = run(&engine, &plan, 1, false, &mut [&mut human as &mut dyn Reporter]).unwrap();
    assert_eq!(outcome.summary.exit(), Exit::NodeFailed);
}
