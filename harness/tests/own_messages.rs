//! What we send and make ourselves: signed as the step says, and spent as the chain demands.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod support;

use lnprototest_harness::verdict::{Blame, Verdict};
use support::Reaction::Send;
use support::{Scripted, run};

/// `init` without any feature.
const INIT: [u8; 6] = [0, 16, 0, 0, 0, 0];

/// A node that sends `channel_announcement`s back.
fn echo() -> Scripted {
    Scripted::new(|message| match message {
        None => vec![Send(INIT.into())],
        Some(announcement @ [1, 0, ..]) => vec![Send(announcement.into())],
        Some([0, 18, high, low, ..]) => {
            let length = u16::from_be_bytes([*high, *low]) as usize;
            vec![Send([&[0, 19, *high, *low][..], &vec![0; length]].concat())]
        }
        Some(_) => vec![],
    })
}

fn steps(more: &str) -> String {
    format!(
        "
  - Connect: peer
  - ExpectMsg: init
  - Msg: init
    with: {{ globalfeatures: '', features: '' }}
{more}"
    )
}

#[test]
fn signatures_are_made_or_flawed_as_the_step_says() {
    let announced = |secret: &str, flaw: &str, right: bool| {
        steps(&format!(
            "
  - Msg: channel_announcement
    with:
      features: ''
      chain_hash: ${{ chain.hash }}
      short_channel_id: 103x1x0
      node_id_1: \"${{ pubkey('02') }}\"
      node_id_2: \"${{ pubkey('03') }}\"
      bitcoin_key_1: \"${{ pubkey('04') }}\"
      bitcoin_key_2: \"${{ pubkey('05') }}\"
      extension: '0102'
    sign: {{ node_signature_1: '02', node_signature_2: '03', bitcoin_signature_1: '04', bitcoin_signature_2: '{secret}' }}
    flaw: {{ bitcoin_signature_2: {flaw} }}
  - ExpectMsg: channel_announcement
    check: ['${{ all_signed(msg) == {right} }}']
  - CheckEq: ['${{ rcvd.channel_announcement }}', '${{ sent.channel_announcement }}']
"
        ))
    };
    let verdict = run(echo(), &announced("05", "none", true));
    assert!(matches!(verdict, Verdict::Pass), "{verdict:?}");
    for (secret, flaw) in [
        ("06", "none"),
        ("05", "high_s"),
        ("05", "other_message"),
        ("05", "single_hash"),
        ("05", "whole_message"),
    ] {
        let verdict = run(echo(), &announced(secret, flaw, false));
        assert!(matches!(verdict, Verdict::Pass), "{flaw}: {verdict:?}");
    }
}

#[test]
fn what_a_transaction_of_ours_pays_can_be_spent_in_turn() {
    let verdict = run(
        echo(),
        &steps(
            "
  - CreateTx:
      utxo: 0
      outputs:
        - { sat: 200000, script: \"${ funding_script(pubkey('21'), pubkey('20')) }\" }
        - { sat: 100000, script: \"${ p2wpkh(pubkey('22')) }\" }
      as: made
  - Block: { txs: '${ made.tx }' }
  - ExpectTx: { txid: '${ made.txid }', outputs: [{ sat: 100000 }, { sat: 200000 }] }
  - Check: ${ made.outputs[1].outpoint == made.txid_display + ':1' && size(made.outputs) == 3 }
  - CreateTx: { spends: '${ made.outputs[0].outpoint }', keys: ['20', '21'], feerate: 1000, as: closed }
  - CreateTx: { spends: '${ made.outputs[1].outpoint }', keys: '22', outputs: { sat: 99000, script: '51' }, as: moved }
  - Block: { txs: ['${ closed.tx }', '${ moved.tx }'] }
  - ExpectTx: { spends: '${ made.outputs[0].outpoint }', outputs: [{ sat: '${ closed.outputs[0].sat }' }] }
  - ExpectTx: { spends: '${ made.outputs[1].outpoint }', outputs: [{ sat: 99000, script: '51' }] }
  - Check: ${ size(closed.outputs) == 1 && closed.outputs[0].script == p2wpkh(pubkey('20')) }
",
        ),
    );
    assert!(matches!(verdict, Verdict::Pass), "{verdict:?}");
}

#[test]
fn a_coin_that_is_not_there_or_not_ours_is_the_spec_s_fault() {
    let made = "
  - CreateTx: { utxo: 0, outputs: { sat: 200000, script: \"${ p2wpkh(pubkey('22')) }\" }, as: made }
";
    let mined = &format!("{made}  - Block: {{ txs: '${{ made.tx }}' }}\n");
    let spend = |keys: &str| {
        format!("  - CreateTx: {{ spends: '${{ made.outputs[0].outpoint }}', keys: {keys}, as: spent }}\n")
    };
    for (before, keys, words) in [
        (made, "'22'", "no output in the chain"),
        (mined, "'23'", "does not pay to these keys"),
        (mined, "['22', '23']", "does not pay to these keys"),
    ] {
        let verdict = run(echo(), &steps(&format!("{before}{}", spend(keys))));
        let Verdict::Error(fault) = verdict else { panic!("{verdict:?}") };
        assert_eq!(fault.blame, Blame::Spec);
        assert!(fault.what.contains(words), "{fault}");
    }
    let verdict = run(echo(), &steps(&format!("{mined}{}  - ExpectQuiet: {{}}\n", spend("'22'"))));
    assert!(matches!(verdict, Verdict::Pass), "{verdict:?}");
    let greedy = "  - CreateTx: { utxo: 0, outputs: { sat: 5000000000, script: '51' }, as: made }\n";
    let verdict = run(echo(), &steps(greedy));
    assert!(matches!(&verdict, Verdict::Error(fault) if fault.what.contains("too small")), "{verdict:?}");
}
