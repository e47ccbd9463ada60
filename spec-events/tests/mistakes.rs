//! Files that are wrong: each mistake is told, with its place.

mod common;

use common::{language, load_files};
use lnprototest_spec_events::requirements::{Former, Requirements};
use lnprototest_spec_events::{Language, Tree, load};

const GOOD: &str = "
about: A good one
covers: [B02-tx_add_input-81baa1ce]
steps:
  - Connect: alice
  - ExpectQuiet: {}
";

/// A spec with these steps.
fn spec(steps: &str) -> String {
    format!("about: a\ncovers: [B02-tx_add_input-81baa1ce]\nsteps:\n{steps}")
}

/// All that is told of these files.
fn told<B: AsRef<[u8]>>(files: impl IntoIterator<Item = (&'static str, B)>) -> String {
    match load_files(files) {
        Ok(suite) => panic!("nothing is wrong with {} specs", suite.specs.len()),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

/// All that is told of a spec with these steps, a line each.
fn told_of(steps: &str) -> Vec<String> {
    match load_files([("a.yaml", spec(steps))]) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics
            .iter()
            .map(|one| {
                let help = one.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
                format!("{}:{}: {}{help}", one.at.line() - 3, one.at.column(), one.problem)
            })
            .collect(),
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    insta::assert_snapshot!(told([("wrong.yaml", include_str!("files/mistakes.yaml"))]));
}

#[test]
fn an_id_of_an_older_bolt_is_told_what_became_of_it() {
    let former = "former:
- {id: B02-open_channel-aaaaaaaa, became: changed, now: B02-open_channel-e7d21da4}
- {id: B02-shutdown-bbbbbbbb, became: moved, now: B02-tx_add_input-81baa1ce}
- {id: B02-stfu-cccccccc, became: removed}
";
    let requirements =
        Requirements::bundled().clone().with_former(Former::read("former.yaml", former).unwrap());
    let covers = "B02-open_channel-aaaaaaaa, B02-shutdown-bbbbbbbb, B02-stfu-cccccccc, B02-stfu-dddddddd";
    let spec = format!("about: a\ncovers: [{covers}]\nsteps: [Connect: alice]\n");
    let tree = Tree::embedded("specs/", [("a.yaml", spec)]);
    let language = Language { requirements: &requirements, ..language() };
    let mistakes = load(&[tree], &Tree::default(), language).unwrap_err();
    insta::assert_snapshot!(mistakes);
}

#[test]
fn mistakes_of_all_files_are_told_at_once() {
    insta::assert_snapshot!(told([
        ("broken.yaml", &b"about: [\nsteps: {"[..]),
        ("empty.yaml", b"# nothing\n"),
        ("good.yaml", GOOD.as_bytes()),
        ("unquoted.yaml", b"let: { a: ${ zeros(1) } }\n"),
        ("latin.yaml", b"about: caf\xe9\ncovers: []\nsteps: []\n"),
        ("list.yaml", b"- a\n- b\n"),
        ("tricks.yaml", b"about: &a text\ncovers: *a\nsteps: !!seq []\n---\nmore: 1\n"),
        ("twice.yaml", b"about: a\nabout: b\n? [1]\n: 2\n"),
    ]));
}

#[test]
fn mistakes_with_fragments_are_told_where_they_are_made() {
    let including = spec(
        "  - Include: outer\n    with: { name: alice, colour: red }\n  - Include: outer\n  - Include: loops\n  - Include: missing\n",
    );
    insta::assert_snapshot!(told([
        ("a.yaml", including.as_bytes()),
        ("fragments/inner.yaml", b"params: { who: ~ }\nsteps:\n  - Connect: ${ who }\n  - Msg: pinng\n"),
        ("fragments/loops.yaml", b"steps:\n  - Include: looped\n"),
        ("fragments/looped.yaml", b"steps:\n  - Include: loops\n"),
        (
            "fragments/outer.yaml",
            b"params: { name: ~ }\nsteps:\n  - Include: inner\n    with: { who: '${ name }' }\n"
        ),
        ("fragments/unused.yaml", b"params: { on: ~ }\nsteps:\n  - ExpectMsg: ${ on }\n  - Mgs: init\n"),
    ]));
}

#[test]
fn which_session_is_meant_has_to_be_clear() {
    let told = told_of(
        "
  - ExpectQuiet: {}
  - TryAll:
      - - Connect: alice
      - - Connect: bob
  - ExpectQuiet: {}
  - ExpectQuiet: { on: bob }
  - ExpectQuiet: {}
  - Commit: { opener: local }
",
    );
    assert_eq!(
        told,
        [
            "2:5: ExpectQuiet needs a session, and no step before it names one: Connect, Accept or RawConnect does",
            "6:5: which session? The ways that lead here name different ones: say `on: name`",
            "9:5: Commit needs a channel, and no step before it names one: CreateFunding, AcceptFunding or FundChannel does",
        ]
    );
}

#[test]
fn the_same_alternatives_lead_to_the_same_session() {
    assert_eq!(
        told_of(
            "
  - Connect: alice
  - OneOf:
      - - ExpectMsg: init
          as: first
      - ExpectQuiet: { on: alice }
  - ExpectQuiet: {}
  - Check: ${ has(first.features) }
"
        ),
        [""; 0]
    );
}

#[test]
fn names_are_given_once() {
    let told = told_of(
        "
  - Connect: alice
  - Connect: alice
  - Set: { alice: 1, msg: 2, n: 3 }
  - Set: { n: 4 }
  - Connect: n
  - CreateFunding: { utxo: 0, local: \"${ keyset('20') }\", sat: 100000 }
  - CreateFunding: { utxo: 1, local: \"${ keyset('20') }\", sat: 100000 }
",
    );
    assert_eq!(
        told,
        [
            "4:12: `alice` is already a session",
            "4:22: `msg` has a meaning of its own in expressions",
            "6:14: `n` is already the name of a value",
            "8:5: there already is a channel `channel` (name this one with `chan`)",
        ]
    );
}

#[test]
fn a_step_is_one_event_with_its_own_arguments() {
    let told = told_of(
        "
  - just a word
  - when: true
  - Connect: alice
    colour: red
  - Connect: { name: bob, name: carol }
  - Msg: { message: ping, with: { num_pong_bytes: 1, ignored: '' } }
    on: alice
  - Msg: {}
",
    );
    assert_eq!(
        told,
        [
            "2:5: a step is needed here, not the text `just a word` (a step is `- Event: argument`, or `- Event: { name: argument }`)",
            "3:5: this step has no event: a key with a capital letter",
            "5:5: Connect has no argument `colour` (there is key, label, name, when)",
            "6:27: `name` is here twice (the first is in line 9)",
            "8:5: `on` has to stand in the mapping under Msg",
            "9:5: Msg needs `message`",
        ]
    );
}

/// The fields of a `channel_update` but for its signature.
const UPDATE: &str = "chain_hash: '${ chain.hash }', short_channel_id: 1x1x1, timestamp: 1, message_flags: 1, \
    channel_flags: 0, cltv_expiry_delta: 6, htlc_minimum_msat: 0, fee_base_msat: 1, \
    fee_proportional_millionths: 1, htlc_maximum_msat: 5";

#[test]
fn signatures_are_of_fields_that_are_signatures() {
    let told = told_of(&format!(
        "
  - Connect: alice
  - Msg: channel_update
    with: {{ {UPDATE} }}
  - Msg: channel_update
    with: {{ {UPDATE} }}
    sign: {{ signatur: '02', signature: '00' }}
  - Msg: channel_update
    with: {{ {UPDATE}, signature: '${{ zeros(64) }}' }}
    sign: {{ signature: '02' }}
    flaw: {{ signature: hi_s }}
  - Msg: ping
    with: {{ num_pong_bytes: 1, ignored: '' }}
    sign: {{ ignored: '02' }}
  - Msg: channel_update
    with: {{ {UPDATE} }}
    sign: {{ signature: '02' }}
    flaw: {{ sig: high_s }}
  - Msg: channel_update
    with: {{ {UPDATE} }}
    sign: '02'
"
    ));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn signed_fields_need_not_be_written() {
    let steps = format!(
        "
  - Connect: alice
  - Set: {{ flaw: none }}
  - Msg: channel_update
    with: {{ {UPDATE} }}
    sign: {{ signature: '${{ flaw == 'none' ? '02' : '03' }}' }}
    flaw: {{ signature: '${{ flaw }}' }}
"
    );
    assert_eq!(told_of(&steps.replace("'${ flaw == 'none' ? '02' : '03' }'", "'02'")), [""; 0]);
}

#[test]
fn a_transaction_of_ours_spends_one_coin_and_says_what_it_pays() {
    let told = told_of(
        "
  - CreateTx: { utxo: 1, outputs: [{ sat: 1, script: '00' }], as: tx }
  - CreateTx: { spends: '${ tx.outputs[0].outpoint }', keys: ['20', '21'], as: close }
  - CreateTx: { outputs: [], as: tx }
  - CreateTx: { utxo: 1, spends: '${ tx.outputs[0].outpoint }', keys: '20', as: tx }
  - CreateTx: { utxo: 1, keys: '20', as: tx }
  - CreateTx: { spends: '${ tx.outputs[0].outpoint }', as: tx }
  - CreateTx: { spends: '${ tx.outpoint }', keys: '00', outputs: { sat: 1 }, as: tx }
  - CreateTx: { utxo: 1, outputs: { script: '00' } }
",
    );
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn expressions_are_looked_through() {
    let told = told_of(
        "
  - Connect: alice
  - Check: ${ rcvd.init.featurs == '' }
  - Check: ${ rcvd.all.init.size() > 0 }
  - Check: ${ rcvd.all.init[0].features == 1 }
  - Check: ${ rcvd.all.ping.all(p, p.num_pong_byte < 3) }
  - Check: ${ alice.colour == node.id }
  - Check: ${ slice(node.id, 'a', 2) == '' }
  - Check: ${ true && 1 }
  - Check: ${ rcvd.init.tlvs.networks == '' && rcvd.init.tlvs.network == '' }
  - Check: ${ loop == 1 }
  - Check:
      - >-
        ${ chain.height
        > chain.hash }
",
    );
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_functions_take_and_give_is_looked_through() {
    let told = told_of(
        "
  - Connect: alice
  - Check: ${ peel(rcvd.update_add_htlc.onion_routing_packet, '02', zeros(32)).nxt == '' }
  - Check: ${ peel(alice.node_id, '02', '').records.payment_data.total_mast == 1 }
  - Check: ${ read_reason(rcvd.update_fail_htlc.reason, '05', []).name == 1 }
  - Check: ${ read_onion_message(rcvd.onion_message, '02').next.path_kee == '' }
  - Check: ${ blinded_path('05', [{}]).path[0].node_id == '' }
  - Set: { a: \"${ payload({ 'amt_to_forwad': chain.height, 'payment_data': { 'total_msat': chain.hash } }) }\" }
  - Set: { b: \"${ payload({ 'outgoing_cltv_value': 4294967296, 'unknown': [{ 'type': 2, 'value': node.id }] }) }\" }
  - Set: { c: \"${ payload({ 'payment_metadata': 12, 'amt_to_forward': chain.height }) }\" }
  - Set: { d: \"${ payload(chain.height) }\" }
  - Set: { e: \"${ failure_code('unknown_next_per') + chain.height }\" }
  - Set: { f: \"${ features(['option_anchor']) + zeros(chain.height) }\" }
  - Set: { g: \"${ sha256(slice('aabb', 1, 3)) }\" }
",
    );
    insta::assert_snapshot!(told.join("\n"));
}
