//! The harness against nodes that lie, break off, die and panic: each gets the right verdict, and none hangs it.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod support;

use lnprototest_harness::verdict::{Blame, Verdict};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use support::Reaction::{Close, CloseAndDie, Die, Panic, Raw, Send, SendHalf};
use support::{Reaction, Scripted, run, run_scaled};

/// `init` without any feature.
const INIT: [u8; 6] = [0, 16, 0, 0, 0, 0];

const EXPECT_INIT: &str = "
  - Connect: peer
  - ExpectMsg: init
";

const CONVERSATION: &str = "
  - Connect: peer
  - ExpectMsg: init
  - Msg: init
    with: { globalfeatures: '', features: '' }
";

/// A node that greets with `reactions`.
fn greeting(reactions: Vec<Reaction>) -> Scripted {
    Scripted::new(move |message| if message.is_none() { reactions.clone() } else { vec![] })
}

/// A node that sends `init`, and answers ours with `reactions`.
fn answering_init(reactions: Vec<Reaction>) -> Scripted {
    Scripted::new(move |message| match message {
        None => vec![Send(INIT.into())],
        Some([0, 16, ..]) => reactions.clone(),
        // The harness's own pings: each byte of the pong counts.
        Some([0, 18, high, low, ..]) => {
            let mut pong = vec![0, 19, *high, *low];
            pong.resize(4 + u16::from_be_bytes([*high, *low]) as usize, 0);
            vec![Send(pong)]
        }
        Some(_) => vec![],
    })
}

/// The code of a failed verdict.
fn code(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Fail(failure) => failure.code.to_string(),
        other => panic!("not failed: {other:?}"),
    }
}

#[test]
fn a_good_node_passes() {
    assert!(matches!(run(greeting(vec![Send(INIT.into())]), EXPECT_INIT), Verdict::Pass));
}

#[test]
fn bytes_before_the_handshake_is_over_are_no_silence() {
    let raw = "
  - RawConnect: peer
  - SendBytes: ${ peer.act_one }
  - ExpectBytes: 50
  - SendBytes: ${ peer.act_three }
  - ExpectQuiet: {}
";
    assert_eq!(code(&run(greeting(vec![Raw(vec![0xaa; 3])]), raw)), "unexpected-bytes");
    assert!(matches!(run(greeting(vec![]), raw), Verdict::Pass));
}

#[test]
fn an_onion_that_can_not_be_read_is_the_nodes_failure() {
    let message = [&[2, 1][..], &[2; 33], &[0, 66], &[0; 66]].concat();
    let reading = format!(
        "{CONVERSATION}  - ExpectMsg: onion_message\n    check:\n      - ${{ has(read_onion_message(msg, '03').next) }}\n"
    );
    let verdict = run(answering_init(vec![Send(message)]), &reading);
    assert_eq!(code(&verdict), "unreadable");
    let Verdict::Fail(failure) = verdict else { unreachable!("`code` looked") };
    assert_eq!(failure.got, "the onion's ephemeral key is no point on the curve");
}

#[test]
fn a_frame_in_two_pieces_is_one_message() {
    let split = format!("{CONVERSATION}  - RawMsg: '001200050000'\n    split: 20\n  - ExpectMsg: pong\n");
    let split = run(answering_init(vec![]), &split);
    assert!(matches!(split, Verdict::Pass), "{split:?}");
}

#[test]
fn garbage_in_place_of_frames() {
    assert_eq!(code(&run(greeting(vec![Raw(vec![0xaa; 100])]), EXPECT_INIT)), "undecodable/frame");
}

#[test]
fn a_close_in_the_middle_of_a_message() {
    assert_eq!(code(&run(greeting(vec![SendHalf(INIT.into()), Close]), EXPECT_INIT)), "closed");
}

#[test]
fn a_message_that_never_ends() {
    assert_eq!(code(&run(greeting(vec![SendHalf(INIT.into())]), EXPECT_INIT)), "quiet");
}

#[test]
fn silence() {
    assert_eq!(code(&run(greeting(vec![]), EXPECT_INIT)), "quiet");
}

#[test]
fn an_init_that_is_cut_short() {
    assert_eq!(code(&run(greeting(vec![Send(INIT[..4].into())]), EXPECT_INIT)), "undecodable/init");
}

#[test]
fn a_message_without_a_type() {
    let verdict = run(greeting(vec![Send(vec![7])]), EXPECT_INIT);
    assert_eq!(code(&verdict), "undecodable/a message without a type");
}

#[test]
fn the_largest_message_of_an_unknown_type() {
    let of_type = |number: [u8; 2]| [&number[..], &[0; 65_533]].concat();
    let odd = greeting(vec![Send(of_type([0x27, 0x0f])), Send(INIT.into())]);
    assert!(matches!(run(odd, EXPECT_INIT), Verdict::Pass));
    let even = greeting(vec![Send(of_type([0x27, 0x0e])), Send(INIT.into())]);
    assert_eq!(code(&run(even, EXPECT_INIT)), "unexpected-message/type 9998");
}

#[test]
fn another_message_than_the_one_that_must_come() {
    let pong = vec![0, 19, 0, 0];
    assert_eq!(code(&run(greeting(vec![Send(pong)]), EXPECT_INIT)), "unexpected-message/pong");
}

#[test]
fn a_node_that_dies() {
    let verdict = run(greeting(vec![Send(INIT.into()), Die]), EXPECT_INIT);
    assert_eq!(code(&verdict), "crash");
    let Verdict::Fail(failure) = verdict else { unreachable!() };
    assert_eq!(failure.log_tail, ["the scripted node's last words"]);
}

#[test]
fn a_node_that_hangs_up_because_it_dies_has_not_just_hung_up() {
    let close = "  - Connect: peer\n  - ExpectMsg: init\n  - ExpectDisconnect: {}\n";
    assert!(matches!(run(greeting(vec![Send(INIT.into()), Close]), close), Verdict::Pass));
    let verdict = run(greeting(vec![Send(INIT.into()), CloseAndDie]), close);
    assert_eq!(code(&verdict), "crash");
    let Verdict::Fail(failure) = verdict else { unreachable!("`code` looked") };
    assert_eq!(failure.step, "ExpectDisconnect");
}

#[test]
fn a_runner_that_panics_is_no_fault_of_the_node() {
    let verdict = run(greeting(vec![Panic]), EXPECT_INIT);
    assert!(matches!(&verdict, Verdict::Error(fault) if fault.blame == Blame::Harness), "{verdict:?}");
}

#[test]
fn a_message_that_no_step_asks_for_is_seen_at_the_end() {
    let pong = || Send(vec![0, 19, 0, 0]);
    assert_eq!(code(&run(answering_init(vec![pong()]), CONVERSATION)), "unexpected-message/pong");
    let taken = format!("{CONVERSATION}  - ExpectMsg: pong\n");
    assert!(matches!(run(answering_init(vec![pong()]), &taken), Verdict::Pass));
    assert_eq!(code(&run(answering_init(vec![pong(), pong()]), &taken)), "unexpected-message/pong");
    let ignored = format!("{taken}  - ExpectQuiet: {{ ignore: [pong] }}\n");
    assert!(matches!(run(answering_init(vec![pong(), pong()]), &ignored), Verdict::Pass));
    let left = format!("{taken}  - Disconnect: peer\n");
    assert!(matches!(run(answering_init(vec![pong(), pong()]), &left), Verdict::Pass), "it has not come");
    let odd = Send(vec![0x27, 0x0f]);
    assert!(matches!(run(answering_init(vec![odd]), CONVERSATION), Verdict::Pass));
    let even = Send(vec![0x27, 0x10]);
    assert_eq!(code(&run(answering_init(vec![even]), CONVERSATION)), "unexpected-message/type 10000");
}

#[test]
fn a_condition_on_what_the_message_lacks_does_not_hold() {
    let lacks = "
  - Connect: peer
  - ExpectMsg: init
    check: ['${ size(msg.tlvs.networks) > 0 }']
";
    assert_eq!(code(&run(greeting(vec![Send(INIT.into())]), lacks)), "check");
    let later = format!("{EXPECT_INIT}  - Check: '${{ size(rcvd.init.tlvs.networks) > 0 }}'\n");
    assert_eq!(code(&run(greeting(vec![Send(INIT.into())]), &later)), "check");
}

#[test]
fn an_error_after_the_last_step_is_seen() {
    let error = [&[0, 17][..], &[0; 32], &[0, 2], b"no"].concat();
    let verdict = run(answering_init(vec![Send(error)]), CONVERSATION);
    assert_eq!(code(&verdict), "unexpected-message/error");
    let Verdict::Fail(failure) = verdict else { unreachable!() };
    assert_eq!((failure.step.as_str(), failure.at.is_none()), ("end", true));
}

#[test]
fn a_close_after_the_last_step_is_seen() {
    assert_eq!(code(&run(answering_init(vec![Close]), CONVERSATION)), "closed");
}

#[test]
fn quiet_means_alive() {
    let steps = &format!("{CONVERSATION}  - ExpectQuiet: {{}}\n");
    assert!(matches!(run(answering_init(vec![]), steps), Verdict::Pass));
    assert_eq!(code(&run(answering_init(vec![Close]), steps)), "closed");
    // It is open and mute, but answers no ping.
    let dead = Scripted::new(|message| if message.is_none() { vec![Send(INIT.into())] } else { vec![] });
    assert_eq!(code(&run(dead, steps)), "not-alive");
}

#[test]
fn a_forbidden_message_is_found_whenever_it_comes() {
    let steps = &format!(
        "{CONVERSATION}  - MustNotMsg: stfu\n  - RawMsg: '270f'\n  - RawMsg: '2711'\n  - ExpectQuiet: {{}}\n"
    );
    assert!(matches!(run(answering_init(vec![]), steps), Verdict::Pass));
    let stfu = [&[0, 2][..], &[1; 32], &[1]].concat();
    let at_once = answering_init(vec![Send(stfu.clone())]);
    assert_eq!(code(&run(at_once, steps)), "forbidden-message/stfu");
    let later = Scripted::new(move |message| match message {
        None => vec![Send(INIT.into())],
        Some([0x27, 0x11]) => vec![Send(stfu.clone())],
        Some([0, 18, high, low, ..]) => {
            let length = u16::from_be_bytes([*high, *low]) as usize;
            vec![Send([&[0, 19, *high, *low][..], &vec![0; length]].concat())]
        }
        Some(_) => vec![],
    });
    assert_eq!(code(&run(later, steps)), "forbidden-message/stfu");
}

#[test]
fn a_path_that_judges_nothing_is_the_spec_s_fault() {
    let verdict = run(greeting(vec![Send(INIT.into())]), "\n  - Connect: peer\n");
    assert!(matches!(&verdict, Verdict::Error(fault) if fault.blame == Blame::Spec), "{verdict:?}");
}

#[test]
fn an_expression_without_a_value_is_the_spec_s_fault() {
    let steps = "
  - Connect: peer
  - ExpectMsg: init
  - Check: ${ rcvd.pong.ignored == '' }
";
    let verdict = run(greeting(vec![Send(INIT.into())]), steps);
    let Verdict::Error(fault) = verdict else { panic!("{verdict:?}") };
    assert_eq!(fault.blame, Blame::Spec);
    assert!(fault.at.is_some(), "{fault}");
}

#[test]
fn a_capability_that_the_runner_lacks_skips() {
    let steps = "
  - Connect: peer
  - ExpectMsg: init
  - Restart: {}
";
    assert!(matches!(run(greeting(vec![Send(INIT.into())]), steps), Verdict::Skip(_)));
}

#[test]
fn the_node_chooses_by_what_a_sequence_begins_with() {
    let mut warning = vec![0, 1];
    warning.resize(36, 0);
    let steps = format!(
        "{CONVERSATION}
  - OneOf:
      - - Sequence:
            - ExpectMsg: pong
      - - Sequence:
            - ExpectMsg: warning
"
    );
    assert!(matches!(run(answering_init(vec![Send(warning)]), &steps), Verdict::Pass));
}

/// `stfu`, which no step asks for.
fn stfu() -> Vec<u8> {
    [&[0, 2][..], &[1; 32], &[1]].concat()
}

fn error() -> Vec<u8> {
    [&[0, 17][..], &[0; 32], &[0, 2], b"no"].concat()
}

fn warning_for(channel: u8) -> Vec<u8> {
    [&[0, 1][..], &[channel; 32], &[0, 0]].concat()
}

/// `peer_storage`, which is background.
const PEER_STORAGE: [u8; 4] = [0, 7, 0, 0];

fn assert_spec_is_at_fault(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Error(fault) if fault.blame == Blame::Spec), "{verdict:?}");
}

#[test]
fn a_forbidden_message_that_is_background_is_found() {
    let node = || {
        Scripted::new(|message| match message {
            None => vec![Send(INIT.into())],
            Some([0x27, 0x0f]) => vec![Send(PEER_STORAGE.into()), Send(stfu())],
            Some([0, 18, ..]) => vec![Send([&[0, 19, 0x10, 0x92][..], &[0; 4242]].concat())],
            Some(_) => vec![],
        })
    };
    let steps = |forbidden| format!("{CONVERSATION}{forbidden}  - RawMsg: '270f'\n  - ExpectMsg: stfu\n");
    assert!(matches!(run(node(), &steps("")), Verdict::Pass));
    let verdict = run(node(), &steps("  - MustNotMsg: peer_storage\n"));
    assert_eq!(code(&verdict), "forbidden-message/peer_storage");
}

#[test]
fn a_forbidden_message_stays_so_over_a_reconnection() {
    let greetings = AtomicUsize::new(0);
    let node = Scripted::new(move |message| match message {
        None if greetings.fetch_add(1, Ordering::Relaxed) == 0 => vec![Send(INIT.into())],
        None => vec![Send(INIT.into()), Send(stfu())],
        Some(_) => vec![],
    });
    let steps = format!("{EXPECT_INIT}  - MustNotMsg: stfu\n  - Disconnect: peer\n{EXPECT_INIT}");
    assert_eq!(code(&run(node, &steps)), "forbidden-message/stfu");
}

#[test]
fn an_error_before_we_disconnect_is_seen() {
    let steps = format!("{CONVERSATION}  - ExpectMsg: stfu\n  - Disconnect: peer\n");
    let verdict = run(answering_init(vec![Send(stfu()), Send(error())]), &steps);
    assert_eq!(code(&verdict), "unexpected-message/error");
    assert!(matches!(run(answering_init(vec![Send(stfu())]), &steps), Verdict::Pass));
    let again = format!("{CONVERSATION}  - ExpectMsg: stfu\n{CONVERSATION}");
    let verdict = run(answering_init(vec![Send(stfu()), Send(error())]), &again);
    assert_eq!(code(&verdict), "unexpected-message/error");
}

#[test]
fn nothing_is_expected_of_a_session_that_we_have_ended() {
    for step in
        ["ExpectQuiet: {}", "ExpectDisconnect: {}", "ExpectMsg: stfu", "RawMsg: '270f'", "MustNotMsg: stfu"]
    {
        let steps = format!("{CONVERSATION}  - Disconnect: peer\n  - {step}\n");
        assert_spec_is_at_fault(&run(answering_init(vec![]), &steps));
    }
}

#[test]
fn no_message_is_sent_before_the_handshake_is_over() {
    let steps = "
  - RawConnect: peer
  - Msg: init
    with: { globalfeatures: '', features: '' }
  - ExpectQuiet: {}
";
    assert_spec_is_at_fault(&run(greeting(vec![]), steps));
}

#[test]
fn a_close_is_no_silence_however_often_one_looks() {
    let closed = || answering_init(vec![Close]);
    let then = |step| format!("{CONVERSATION}  - ExpectDisconnect: {{}}\n  - {step}\n");
    assert!(matches!(run(closed(), &then("ExpectFail: connection")), Verdict::Pass));
    assert_eq!(code(&run(closed(), &then("ExpectMsg: stfu"))), "closed");
    assert_eq!(code(&run(closed(), &then("ExpectQuiet: {}"))), "closed");
}

#[test]
fn a_node_that_never_stops_talking_is_busy() {
    let ping = || vec![0, 18, 0, 1, 0, 0];
    let node = Scripted::new(move |message| match message {
        None => vec![Send(ping())],
        Some([0, 19, ..]) => vec![Send(ping())],
        Some(_) => vec![],
    });
    assert_eq!(code(&run_scaled(node, EXPECT_INIT, 0.01)), "busy");
}

#[test]
fn a_cut_frame_is_followed_by_no_ping() {
    let steps = format!("{CONVERSATION}  - RawMsg: '001200050000'\n    cut: 20\n  - ExpectQuiet: {{}}\n");
    let verdict = run(answering_init(vec![]), &steps);
    assert!(matches!(verdict, Verdict::Pass), "{verdict:?}");
}

#[test]
fn numbers_beyond_what_there_is_are_the_spec_s_fault() {
    for step in [
        "RawMsg: '270f'\n    cut: 1000",
        "RawMsg: '270f'\n    split: 1000",
        "RawMsg: '270f'\n    flip: 1000",
        "Msg: pong\n    with: { ignored: '' }\n    truncate: 18446744073709551615",
        "Block: 4000000000",
        "Block: 18446744073709551615",
    ] {
        assert_spec_is_at_fault(&run(answering_init(vec![]), &format!("{CONVERSATION}  - {step}\n")));
    }
}

#[test]
fn what_only_the_second_has_makes_two_values_differ() {
    let steps = "
  - Connect: peer
  - ExpectMsg: init
  - Set:
      less: ${ rcvd.init.tlvs }
  - Msg: init
    with: { globalfeatures: '', features: '', tlvs: { networks: [] } }
  - CheckEq: ['${ less }', '${ sent.init.tlvs }']
";
    assert_eq!(code(&run(answering_init(vec![]), steps)), "check");
}

#[test]
fn a_path_whose_checks_all_need_known_keys_is_skipped() {
    let steps = "
  - Connect: peer
  - Check: ${ node.funding_pubkey == '' }
";
    let verdict = run(greeting(vec![]), steps);
    assert!(matches!(verdict, Verdict::Skip(_)), "{verdict:?}");
}

#[test]
fn any_order_tells_messages_of_one_name_apart_by_their_fields() {
    let warning = |id: &str| {
        let id = id.repeat(32);
        format!("      - - ExpectMsg: warning\n          with: {{ channel_id: '{id}' }}\n")
    };
    let steps = format!("{CONVERSATION}  - AnyOrder:\n{}{}", warning("01"), warning("02"));
    let sends = |first, second| answering_init(vec![Send(warning_for(first)), Send(warning_for(second))]);
    assert!(matches!(run(sends(1, 2), &steps), Verdict::Pass));
    assert!(matches!(run(sends(2, 1), &steps), Verdict::Pass));
    assert_eq!(code(&run(sends(2, 2), &steps)), "wrong-field/channel_id");
}

#[test]
fn the_node_may_choose_what_else_is_background() {
    let steps = format!(
        "{CONVERSATION}
  - OneOf:
      - - ExpectMsg: stfu
      - - ExpectMsg: stfu
          when: ${{ false }}
        - ExpectMsg: peer_storage
"
    );
    assert!(matches!(run(answering_init(vec![Send(PEER_STORAGE.into())]), &steps), Verdict::Pass));
    assert!(matches!(run(answering_init(vec![Send(stfu())]), &steps), Verdict::Pass));
}

/// A node that sends a message only with the first pong that it owes.
fn holding_back() -> Scripted {
    let holds_back = AtomicBool::new(true);
    Scripted::new(move |message| match message {
        None => vec![Send(INIT.into())],
        Some([0, 18, high, low, ..]) => {
            let length = u16::from_be_bytes([*high, *low]) as usize;
            let pong = Send([&[0, 19, *high, *low][..], &vec![0; length]].concat());
            let held_back = holds_back.swap(false, Ordering::Relaxed).then(|| Send(stfu()));
            [pong].into_iter().chain(held_back).collect()
        }
        Some(_) => vec![],
    })
}

#[test]
fn what_a_daemon_holds_back_comes_with_its_pong() {
    let steps = format!("{CONVERSATION}  - ExpectMsg: stfu\n");
    assert_eq!(code(&run(holding_back(), &steps)), "quiet");
    let verdict = run(holding_back().bounded(), &steps);
    assert!(matches!(verdict, Verdict::Pass), "{verdict:?}");
    let nothing = answering_init(vec![]).bounded();
    assert_eq!(code(&run(nothing, &steps)), "quiet");
}

#[test]
fn what_a_daemon_holds_back_counts_at_the_end() {
    assert_eq!(code(&run(holding_back().bounded(), CONVERSATION)), "unexpected-message/stfu");
    let quiet = format!("{CONVERSATION}  - ExpectQuiet: {{}}\n");
    assert_eq!(code(&run(holding_back().bounded(), &quiet)), "unexpected-message/stfu");
}
