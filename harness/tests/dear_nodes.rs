//! Nodes that cost much to start: which paths share one, and that none is left, whatever ends the run.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod support;

use lnprototest_harness::Interrupt;
use lnprototest_harness::exit::Exit;
use lnprototest_harness::run::RunOutcome;
use lnprototest_harness::verdict::{Blame, Verdict};
use lnprototest_spec_events::Spec;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::Reaction::{self, Close, Die, Send};
use support::dear::{Counts, Dear, Habits, Quirk};

/// `init` without any feature.
const INIT: [u8; 6] = [0, 16, 0, 0, 0, 0];

/// Three paths that exchange `init`; the second takes `step` as well.
fn three_paths(step: &str) -> Arc<Spec> {
    paths_with(step, "path == 1")
}

/// The same, where each of them takes `step`.
fn each_path(step: &str) -> Arc<Spec> {
    paths_with(step, "true")
}

fn paths_with(step: &str, when: &str) -> Arc<Spec> {
    support::spec(&format!(
        "
about: Three paths, some of which do something
covers: [B01-init-f3865515]
matrix: {{ path: [0, 1, 2] }}
steps:
  - Connect: peer
  - ExpectMsg: init
  - Msg: init
    with: {{ globalfeatures: '', features: '' }}
  - Sequence:
      - {step}
    when: ${{ {when} }}
"
    ))
}

/// What leaves no trace.
const NOTHING: &str = "RawMsg: '270f'";

/// Says `init`, and what `on` says to the message 9999.
fn init_and(on: impl Fn() -> Vec<Reaction> + std::marker::Send + Sync + 'static) -> Habits {
    Habits::of(move |message| match message {
        None => vec![Send(INIT.into())],
        Some([0x27, 0x0f, ..]) => on(),
        Some(_) => vec![],
    })
}

fn good() -> Habits {
    init_and(Vec::new)
}

fn run(nodes: &Dear, spec: &Arc<Spec>) -> Vec<Verdict> {
    verdicts(&nodes.run(std::slice::from_ref(spec), 1, &Interrupt::default()))
}

fn verdicts(outcome: &RunOutcome) -> Vec<Verdict> {
    outcome.reports.iter().flat_map(|report| &report.paths).map(|path| path.verdict.clone()).collect()
}

fn names(verdicts: &[Verdict]) -> Vec<&'static str> {
    verdicts.iter().map(Verdict::name).collect()
}

#[test]
fn paths_that_leave_no_trace_share_a_node() {
    for step in [NOTHING, "Msg: ping\n        with: { num_pong_bytes: 0, ignored: '' }", "Disconnect: peer"] {
        let nodes = Dear::new(|_| good());
        assert_eq!(names(&run(&nodes, &three_paths(step))), ["pass"; 3], "{step}");
        let counts = nodes.counts();
        assert_eq!(counts.dialled, [0, 0, 0], "{step}");
        assert!(counts.started <= 2, "one serves, and one may be on its way: {step}");
    }
}

#[test]
fn a_path_that_may_leave_a_trace_is_its_node_s_last() {
    let funding_created = "RawMsg: '0022'";
    for step in [funding_created, "Block: 1", "Restart: {}", "Wait: 1"] {
        let nodes = Dear::new(|_| good());
        assert_eq!(names(&run(&nodes, &three_paths(step))), ["pass"; 3], "{step}");
        assert_eq!(nodes.counts().dialled, [0, 0, 1], "{step}");
    }
}

#[test]
fn a_failure_ends_its_node() {
    let nodes = Dear::new(|_| init_and(|| vec![Close]));
    let verdicts = run(&nodes, &three_paths(NOTHING));
    assert_eq!(names(&verdicts), ["pass", "fail", "pass"]);
    assert_eq!(nodes.counts().dialled, [0, 0, 1, 2], "the second path was repeated on a fresh node");
}

#[test]
fn what_only_a_used_node_does_is_no_failure() {
    let nodes = Dear::new(|_| {
        let connections = AtomicUsize::new(0);
        Habits::of(move |message| match message {
            None if connections.fetch_add(1, Ordering::Relaxed) == 0 => vec![Send(INIT.into())],
            None => vec![Close],
            Some(_) => vec![],
        })
    });
    let verdicts = run(&nodes, &three_paths(NOTHING));
    assert_eq!(names(&verdicts), ["pass"; 3]);
    assert_eq!(nodes.counts().dialled, [0, 0, 1, 1, 2]);
}

#[test]
fn a_failure_on_a_fresh_node_is_not_repeated() {
    let nodes = Dear::new(|_| Habits::of(|_| vec![Close]));
    assert_eq!(names(&run(&nodes, &three_paths(NOTHING))), ["fail"; 3]);
    assert_eq!(nodes.counts().dialled, [0, 1, 2]);
}

#[test]
fn a_node_that_dies_between_paths_fails_none_but_its_own() {
    let nodes = Dear::new(|_| init_and(|| vec![Die]));
    let verdicts = run(&nodes, &three_paths(NOTHING));
    assert_eq!(names(&verdicts), ["pass", "fail", "pass"]);
    assert_eq!(verdicts[1].failure().unwrap().code.to_string(), "crash");
}

#[test]
fn a_panic_of_the_runner_is_an_error_of_its_path_alone() {
    for place in ["start", "dial", "settle", "stop"] {
        // Each path leaves a trace, so that the second runs on node 1, which was started ahead.
        let nodes = Dear::new(move |number| {
            let panics = |here| if here == place && number == 1 { Quirk::Panics } else { Quirk::None };
            Habits {
                start: panics("start"),
                dial: panics("dial"),
                settle: panics("settle"),
                stop: panics("stop"),
                ..good()
            }
        });
        let verdicts = run(&nodes, &each_path("Block: 1"));
        assert_eq!(names(&verdicts), ["pass", "error", "pass"], "{place}");
        let Verdict::Error(fault) = &verdicts[1] else { unreachable!() };
        assert_eq!(fault.blame, Blame::Harness);
        assert!(fault.what.contains(&format!("the runner panics in {place}")), "{fault}");
    }
}

#[test]
fn nodes_are_stopped_in_good_order() {
    for jobs in [1, 2] {
        let nodes = Dear::new(|_| good());
        nodes.run(&[three_paths("Block: 1")], jobs, &Interrupt::default());
        let counts = nodes.counts();
        let used = counts.dialled.iter().max().unwrap() + 1;
        assert!(counts.stopped >= used, "{counts:?}");
    }
}

/// Runs `specs` until `when` is so, and interrupts then.
fn interrupted(
    nodes: &Dear,
    specs: &[Arc<Spec>],
    when: impl Fn(&Counts) -> bool + std::marker::Send,
) -> RunOutcome {
    let interrupt = Interrupt::default();
    let begun = Instant::now();
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            nodes.wait_until(when);
            interrupt.raise();
        });
        nodes.run(specs, 1, &interrupt)
    });
    // The harness's own patience with a node that does not settle is half a minute.
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(outcome.summary.exit(), Exit::Interrupted);
    outcome
}

#[test]
fn an_interrupted_run_ends_at_once_and_leaves_nothing() {
    let specs = [three_paths(NOTHING)];
    let starting = Dear::new(|_| Habits { start: Quirk::Hangs, ..good() });
    interrupted(&starting, &specs, |counts| counts.started > 0);
    let settling = Dear::new(|_| Habits { settle: Quirk::Hangs, ..good() });
    interrupted(&settling, &specs, |counts| !counts.dialled.is_empty());
    // The failure in the second path is what has the node stopped.
    let stopping = Dear::new(|_| Habits { stop: Quirk::Hangs, ..init_and(|| vec![Close]) });
    interrupted(&stopping, &specs, |counts| counts.dialled.len() > 1);
}

#[test]
fn a_run_that_is_interrupted_keeps_the_verdicts_that_it_has() {
    let nodes = Dear::new(|number| match number {
        0..3 => good(),
        _ => Habits { settle: Quirk::Hangs, ..good() },
    });
    let specs = [each_path("Block: 1"), each_path("Block: 2")];
    let outcome = interrupted(&nodes, &specs, |counts| counts.dialled.contains(&3));
    assert_eq!(names(&verdicts(&outcome)), ["pass"; 3]);
    let summary = outcome.summary.to_string();
    assert!(summary.starts_with("1 pass, 0 fail, "), "{summary}");
    assert!(summary.ends_with("; interrupted: 1 not run to their end"), "{summary}");
}
