//! The bundled specs against nodes that are of no use to anyone: few can pass there, and for each there is a reason.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod support;

use lnprototest_harness::run::{Plan, run};
use lnprototest_harness::verdict::VerdictKind;
use lnprototest_harness::{Engine, bundled};
use lnprototest_spec_events::PathChoices;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use support::Reaction::{Close, Send};
use support::Scripted;

/// They end with act one: that a right one is answered, and a wrong one is not. The harness's own responder does that.
const ACT_ONE: &[&str] = &[
    "bolt08/act_one/bad_key",
    "bolt08/act_one/bad_mac",
    "bolt08/act_one/bad_version",
    "bolt08/act_one/meant_for_another_node",
    "bolt08/act_one/other_ephemeral_key",
];

/// They read nothing but the node's `init`, and this one is flawless.
const INIT_ALONE: &[&str] = &[
    "bolt01/init/dependencies_of_the_nodes",
    "bolt01/init/features_have_no_leading_zeros",
    "bolt01/init/globalfeatures_end_at_bit_13",
    "bolt01/init/no_feature_both_ways",
    "bolt01/init/no_feature_of_other_contexts",
    "bolt01/init/remote_addr_of_the_nodes",
    "bolt01/init/sent_first",
];

/// They are about the transport up to `init` and pongs, and `bolt`'s transport is a right one.
const TRANSPORT: &[&str] = &[
    "bolt08/act_one/more_behind_it",
    "bolt08/act_one/split",
    "bolt08/act_one/truncated",
    "bolt08/act_three/bad_key_mac",
    "bolt08/act_three/bad_mac",
    "bolt08/act_three/bad_version",
    "bolt08/act_three/split",
    "bolt08/act_three/truncated",
    "bolt08/frame/bad_body_mac",
    "bolt08/frame/bad_length_mac",
    "bolt08/frame/claims_another_length",
    "bolt08/frame/cut_short",
    "bolt08/frame/longest_message_is_read",
    "bolt08/frame/longest_message_is_written",
    "bolt08/frame/message_without_type",
    "bolt08/frame/split",
    "bolt08/handshake/nothing_is_said_before_act_one",
    "bolt08/handshake/one_that_failed_does_no_harm",
    "bolt08/key_rotation/both_directions",
    "bolt08/key_rotation/each_direction_on_its_own",
];

/// They ask for pongs, of which these are right.
const PONGS: &[&str] = &[
    "bolt01/init/nothing_else_before_ours",
    "bolt01/message/bad_extension",
    "bolt01/ping/content_does_not_matter",
    "bolt01/ping/each_has_its_reply",
    "bolt01/ping/no_reply_wanted",
    "bolt01/ping/reply_has_the_length_asked_for",
    "bolt01/ping/reply_is_zeros",
];

/// What they send is to be passed over, or may be, on a session that goes on: who ignores all does well.
const PASSED_OVER: &[&str] = &[
    "bolt01/error/for_an_unknown_channel",
    "bolt01/init/echo",
    "bolt01/init/networks_with_ours",
    "bolt01/init/networks_without_ours",
    "bolt01/init/own_features_come_back",
    "bolt01/init/remote_addr_of_ours",
    "bolt01/init/sent_again_after_reconnect",
    "bolt01/init/unknown_odd_bits",
    "bolt01/message/odd_record_behind_the_fields",
    "bolt01/message/unknown_odd",
    "bolt01/peer_storage/of_a_stranger",
    "bolt01/ping/pong_unasked_for",
    "bolt01/tlv/unknown_odd_records",
    "bolt01/warning/for_an_unknown_channel",
];

#[test]
fn one_that_closes_after_the_handshake() {
    let node = Scripted::new(|_| vec![Close]);
    assert_passes(node, &[ACT_ONE]);
}

#[test]
fn one_that_closes_on_our_init() {
    let node = Scripted::new(|message| match message {
        None => vec![Send(init())],
        Some(_) => vec![Close],
    });
    assert_passes(node, &[ACT_ONE, INIT_ALONE]);
}

#[test]
fn one_that_answers_only_pings() {
    let node = Scripted::new(|message| match message {
        None => vec![Send(init())],
        Some([0, 18, high, low, ..]) => pong(u16::from_be_bytes([*high, *low])),
        Some(_) => vec![],
    });
    assert_passes(node, &[ACT_ONE, INIT_ALONE, TRANSPORT, PONGS, PASSED_OVER]);
}

/// Runs all bundled specs against `node`: exactly the specs of `allowed` pass.
fn assert_passes(node: Scripted, allowed: &[&[&str]]) {
    let work_dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(Engine::new(Arc::new(node), work_dir.path().to_owned()));
    let plan = Plan::new(&bundled().unwrap(), |spec| Ok::<_, Infallible>(PathChoices::each(spec))).unwrap();
    let outcome = run(&engine, &plan, 2, false, &mut []).unwrap();

    let passed = outcome.reports.iter().filter(|report| report.kind() == VerdictKind::Pass);
    let passed: BTreeSet<&str> = passed.map(|report| report.spec.name.as_str()).collect();
    let allowed: BTreeSet<&str> = allowed.concat().into_iter().collect();
    let vacuous: Vec<_> = passed.difference(&allowed).collect();
    assert!(vacuous.is_empty(), "these ask nothing of a node, or need a reason here: {vacuous:#?}");
    let idle: Vec<_> = allowed.difference(&passed).collect();
    assert!(idle.is_empty(), "these no longer pass, and need no reason here: {idle:#?}");
}

/// `init` that offers much, so that few specs are skipped, each bit with those that it depends on.
fn init() -> Vec<u8> {
    const OFFERED: [usize; 20] = [1, 5, 7, 9, 11, 13, 15, 17, 19, 23, 25, 27, 29, 35, 39, 43, 45, 47, 51, 61];
    let mut features = [0; 8];
    for bit in OFFERED {
        features[7 - bit / 8] |= 1 << (bit % 8);
    }
    [&[0, 16, 0, 0, 0, 8], &features[..]].concat()
}

/// The answer to a ping that asks for so many bytes.
fn pong(length: u16) -> Vec<support::Reaction> {
    if length >= 65532 {
        return vec![];
    }
    let mut pong = [&[0, 19], &length.to_be_bytes()[..]].concat();
    pong.resize(4 + usize::from(length), 0);
    vec![Send(pong)]
}
