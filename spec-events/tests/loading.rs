//! Files that are right, and what they come to.

mod common;

use common::load_files;
use lnprototest_spec_events::event::Side;
use lnprototest_spec_events::paths::PathChoices;
use lnprototest_spec_events::{Event, Spec};

const OPEN: &str = include_str!("files/open.yaml");
const CONNECTED: &str = include_str!("files/connected.yaml");

fn open() -> Spec {
    let suite = load_files([("bolt02/open.yaml", OPEN), ("fragments/connected.yaml", CONNECTED)]);
    let mut suite = suite.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    assert_eq!(suite.specs.len(), 1);
    suite.specs.remove(0)
}

#[test]
fn a_spec_is_read_as_it_was_meant() {
    let spec = open();
    assert_eq!(spec.name, "bolt02/open");
    assert_eq!(spec.requires.features[0].value, "option_static_remotekey");
    let Event::Include(include) = &spec.steps[0].event else { panic!("{:?}", spec.steps[0]) };
    assert_eq!((include.with.len(), include.lets.len()), (2, 2), "a default, and a let");
    let Event::Connect(connect) = &include.steps[0].event else { panic!("{:?}", include.steps[0]) };
    assert_eq!(&*connect.name, "alice", "a name can be a parameter");
    let Event::ExpectMsg(expect) = &spec.steps[3].event else { panic!("{:?}", spec.steps[3]) };
    assert_eq!((&*expect.on.name, expect.on.implied), ("alice", true));
    assert_eq!(spec.steps[3].label.as_deref(), Some("answered"));
    let Some(Event::Commit(commit)) =
        spec.steps.iter().map(|step| &step.event).find(|e| matches!(e, Event::Commit(_)))
    else {
        panic!("there is a Commit")
    };
    assert_eq!((commit.opener, &*commit.chan.name), (Side::Local, "channel"));
    let names: Vec<String> = PathChoices::each(&spec).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["0.0", "0.1", "1.0", "1.1"]);
}

#[test]
fn a_spec_can_be_written_and_read_again() {
    let written = open().to_string();
    insta::assert_snapshot!(written);
    let suite = load_files([("bolt02/open.yaml", written.as_str()), ("fragments/connected.yaml", CONNECTED)]);
    let again = suite.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    assert_eq!(again.specs[0].to_string(), written);
}

/// A run of a few specs looks through the fragments that only others include.
#[test]
fn fragments_that_nothing_includes_may_take_and_give_names() {
    let spec =
        "about: a\ncovers: [B02-tx_add_input-81baa1ce]\nsteps:\n  - Connect: alice\n  - ExpectQuiet: {}\n";
    let outer = "about: o\nparams: { name: peer }\nsteps:\n  - Include: inner\n    with: { name: '${ name }' }\n  - Include: inner\n    with: { name: bob }\n  - ExpectQuiet: { on: bob }\n";
    let inner = "about: i\nparams: { name: carol }\nsteps:\n  - Connect: ${ name }\n  - ExpectQuiet: { on: '${ name }' }\n";
    let files = [("one.yaml", spec), ("fragments/outer.yaml", outer), ("fragments/inner.yaml", inner)];
    load_files(files).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
}

/// Workers share specs.
#[test]
fn a_spec_goes_from_thread_to_thread() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Spec>();
}

#[test]
fn a_fragment_passes_names_on_and_has_defaults_that_follow_from_others() {
    let spec = "about: a\ncovers: [B02-tx_add_input-81baa1ce]\nsteps:\n  - Include: outer\n    with: { name: alice }\n  - ExpectQuiet: { on: alice }\n";
    let outer =
        "about: o\nparams: { name: null }\nsteps:\n  - Include: inner\n    with: { name: '${ name }' }\n";
    let inner = "about: i\nparams: { name: null, length: 2, twice: '${ 2 * length }' }\nsteps:\n  - Connect: ${ name }\n  - Check: ${ twice == 4 }\n";
    let files = [("one.yaml", spec), ("fragments/outer.yaml", outer), ("fragments/inner.yaml", inner)];
    let suite = load_files(files).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let Event::Include(outer) = &suite.specs[0].steps[0].event else { panic!("an Include") };
    let Event::Include(inner) = &outer.steps[0].event else { panic!("an Include in an Include") };
    let Event::Connect(connect) = &inner.steps[0].event else { panic!("a Connect") };
    assert_eq!(&*connect.name, "alice");
    let names: Vec<&str> = inner.lets.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["length", "twice"]);
}
