//! Whether specs can fail: of a weak spec the known mutants survive, of a strong one none, and a vacuous one is found out.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod support;

use lnprototest_bolt::invoice::{Field, Invoice};
use lnprototest_bolt::wire::Catalogue;
use lnprototest_harness::Engine;
use lnprototest_harness::exit::Exit;
use lnprototest_harness::mutants::{Fate, Judged, Mutant, Score, measure, write};
use lnprototest_runner_api::{Capability, Outcome, Runner};
use lnprototest_spec_events::requirements::Requirements;
use lnprototest_spec_events::{Language, PathChoices, Tree, load};
use secp256k1::SecretKey;
use std::sync::Arc;
use support::Reaction::Send;
use support::Scripted;
use support::asked::{Answer, Asked};

/// `init` without any feature.
const INIT: [u8; 6] = [0, 16, 0, 0, 0, 0];

const GREETED: &str = "
about: Both have said init
params: { name: peer }
steps:
  - Connect: ${ name }
  - ExpectMsg: init
  - Msg: init
    with: { globalfeatures: '', features: '' }
";

/// The pong's length is what its requirement is about, and what this does not look at.
const WEAK: &str = "
about: A ping has a pong
covers: [B01-ping-pong-7b4272e8]
steps:
  - Include: greeted
  - Msg: ping
    with: { num_pong_bytes: 3, ignored: '' }
  - ExpectMsg: pong
";

const STRONG: &str = "
about: A ping has a pong of the length that it asks for, once
covers: [B01-ping-pong-7b4272e8]
steps:
  - Include: greeted
  - Msg: ping
    with: { num_pong_bytes: 3, ignored: '' }
  - ExpectMsg: pong
    check: ['${ byte_len(msg.ignored) == 3 }']
  - ExpectQuiet: {}
";

/// The node may say the one or the other, and both fit.
const OPEN: &str = "
about: A ping has a pong, or is the last that is heard
covers: [B01-ping-pong-7b4272e8]
steps:
  - Include: greeted
  - Msg: ping
    with: { num_pong_bytes: 3, ignored: '' }
  - OneOf:
      - - ExpectMsg: pong
          check: ['${ byte_len(msg.ignored) == 3 }']
      - - ExpectDisconnect: {}
";

const VACUOUS: &str = "
about: The node has a key
covers: [B01-ping-pong-7b4272e8]
steps:
  - Check: ${ byte_len(node.id) == 33 }
";

/// It reads how much an invoice asks for, and not how that is written.
const WEAK_OF_INVOICES: &str = "
about: An invoice of the node's asks for so much on its chain
covers: [B11-human-readable-part-c5513c04]
steps:
  - Invoice: { amount_msat: 100000, as: made }
  - Set: { read: '${ read_invoice(made.invoice) }' }
  - Check: \"${ read.currency == 'bcrt' && has(read.amount_msat) && read.amount_msat == 100000 }\"
";

/// A node that does all of this right.
fn node() -> Scripted {
    Scripted::new(|message| match message {
        None => vec![Send(INIT.into())],
        Some([0, 18, high, low, ..]) => {
            let mut pong = vec![0, 19, *high, *low];
            pong.resize(4 + u16::from_be_bytes([*high, *low]) as usize, 0);
            vec![Send(pong)]
        }
        Some(_) => vec![],
    })
}

fn score(specs: &[(&str, &str)], judged: &str) -> Score {
    score_on(node(), specs, judged)
}

fn score_on(runner: impl Runner + 'static, specs: &[(&str, &str)], judged: &str) -> Score {
    let work_dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(Engine::new(Arc::new(runner), work_dir.path().to_owned()));
    let files = specs.iter().copied().chain([("fragments/greeted.yaml", GREETED)]);
    let language = Language {
        catalogue: Catalogue::bolts(),
        requirements: Requirements::bundled(),
        capabilities: &Capability::ALL.map(Capability::name),
    };
    let tree = Tree::embedded("", files);
    let suite = load(&[tree], &Tree::default(), language).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let specs = suite.specs.into_iter().map(|spec| {
        let paths = PathChoices::each(&spec);
        (Arc::new(spec), paths)
    });
    let specs: Vec<_> = specs.collect();
    measure(&engine, &specs, 2, Judged::parse("fields.yaml", judged).unwrap(), true).unwrap()
}

/// Only the length of a pong matters.
const LENGTH_ALONE: &str =
    "[{ field: pong.ignored, wrong: [shorter, longer], because: only its length is asked for }]";

fn survivors(score: &Score) -> Vec<String> {
    let paths = score.specs.iter().flat_map(|spec| &spec.paths);
    let survived = paths.flat_map(|path| &path.mutants).filter(|(_, fate)| *fate == Fate::Survived);
    survived.map(|(mutant, _)| format!("{}: {}", mutant.what, mutant.change)).collect()
}

#[test]
fn what_a_weak_spec_does_not_look_at_survives() {
    let weak = [("weak.yaml", WEAK)];
    assert_eq!(survivors(&score(&weak, LENGTH_ALONE)), ["pong.ignored: longer", "pong.ignored: shorter"]);
    // A zero in front of zeros is the same as one behind them.
    assert_eq!(
        survivors(&score(&weak, "")),
        ["last bit", "first byte", "leading zero", "shorter"].map(|change| format!("pong.ignored: {change}"))
    );
}

#[test]
fn nothing_survives_a_strong_spec() {
    let score = score(&[("strong.yaml", STRONG)], LENGTH_ALONE);
    assert_eq!(survivors(&score), [""; 0]);
    let (killed, all) = score.killed();
    assert!(killed == all && all >= 8, "{killed} of {all}");
    assert_eq!(score.exit(), Exit::Expected);
}

#[test]
fn what_a_spec_leaves_to_the_node_is_no_survivor() {
    let score = score(&[("open.yaml", OPEN)], LENGTH_ALONE);
    assert_eq!(survivors(&score), [""; 0]);
    assert_eq!(score.count(|fate| *fate == Fate::Permitted), 1, "a close in the pong's place");
}

#[test]
fn invoices_are_disturbed_for_who_claims_something_of_them() {
    let invoice = Invoice {
        currency: "bcrt".to_owned(),
        amount_msat: Some(100_000),
        timestamp: 1,
        fields: vec![Field::PaymentHash([7; 32])],
    };
    let invoice = invoice.sign(&SecretKey::from_slice(&[9; 32]).unwrap()).unwrap();
    let (asking, _) = Asked::new(node(), move |_| {
        let (payment_hash, payment_secret) = ([7; 32], [8; 32]);
        Answer::Does(Outcome::Invoice { invoice: invoice.clone(), payment_hash, payment_secret })
    });
    // One that takes an invoice, but is about pongs.
    let other = STRONG.replace("steps:\n", "steps:\n  - Invoice: { as: made }\n");
    let score = score_on(asking, &[("invoice.yaml", WEAK_OF_INVOICES), ("pong.yaml", &other)], LENGTH_ALONE);
    assert_eq!(survivors(&score), ["invoice.amount: leading zero"]);
    let killed = |n: usize| score.specs[n].count(|fate| *fate == Fate::Killed);
    assert_eq!(killed(0), 3, "the chain, the amount, and that there is one");
    let of_invoices = |(mutant, _): &&(Mutant, Fate)| mutant.what.starts_with("invoice");
    assert_eq!(score.specs[1].paths[0].mutants.iter().filter(of_invoices).count(), 0);
}

#[test]
fn a_vacuous_spec_fails_the_task() {
    let strong = ("strong.yaml", STRONG);
    let score = score(&[strong, ("vacuous.yaml", VACUOUS)], LENGTH_ALONE);
    assert!(score.specs[1].is_vacuous() && !score.specs[0].is_vacuous());
    assert_eq!(score.exit(), Exit::NodeFailed);
}

#[test]
fn fields_that_nobody_claims_need_no_excuse() {
    let idle = "[{ field: open_channel.push_msat, because: it is not there }]";
    let faults = score(&[("strong.yaml", STRONG)], idle).faults();
    assert!(faults.iter().any(|fault| fault.starts_with("open_channel.push_msat ")), "{faults:?}");
    let too_many = "[{ field: pong.ignored, because: it would be so easy }]";
    let faults = score(&[("strong.yaml", STRONG)], too_many).faults();
    assert_eq!(faults, ["1 fields are not judged, and 0 may be"]);
}

#[test]
fn the_report_tells_the_survivors_and_the_sum() {
    let specs =
        [("open.yaml", OPEN), ("strong.yaml", STRONG), ("vacuous.yaml", VACUOUS), ("weak.yaml", WEAK)];
    let mut report = Vec::new();
    write(&mut report, &score(&specs, LENGTH_ALONE)).unwrap();
    insta::assert_snapshot!(String::from_utf8(report).unwrap());
}
