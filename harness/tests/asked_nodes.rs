//! The harness asks a node to do something: does the node hear it, and what comes of a yes, a no, and no answer?

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod support;

use lnprototest_harness::verdict::{Blame, Verdict};
use lnprototest_runner_api::{Operation, Outcome};
use support::Reaction::Send;
use support::asked::{Answer, Asked};
use support::{Scripted, run};

/// `init` without any feature.
const INIT: [u8; 6] = [0, 16, 0, 0, 0, 0];

const GREETING: &str = "
  - Connect: peer
  - ExpectMsg: init
  - ExpectMsg: accept_channel
";

/// A channel of ours, named as far as a node has to know it.
const CHANNEL: &str = "
  - Connect: peer
  - ExpectMsg: init
  - ExpectMsg: accept_channel
  - CreateFunding: { utxo: 0, local: \"${ keyset('20') }\", sat: 1000000 }
";

/// A node that greets, and then accepts a channel that nobody has opened: it names its keys so.
fn speaker() -> Scripted {
    let point = hex::decode("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap();
    let mut accept = vec![0, 33];
    accept.resize(2 + 32 + 4 * 8 + 4 + 2 + 2, 0);
    accept.extend(point.repeat(6));
    Scripted::new(move |message| match message {
        None => vec![Send(INIT.into()), Send(accept.clone())],
        Some(_) => vec![],
    })
}

/// What comes of `steps` if the node answers so, and what it heard.
fn ask(answer: Answer, steps: &str) -> (Verdict, Vec<String>) {
    let (nodes, heard) = Asked::new(speaker(), move |_| answer.clone());
    let verdict = run(nodes, steps);
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    (verdict, heard)
}

/// The code of a failed verdict.
fn code(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Fail(failure) => failure.code.to_string(),
        other => panic!("not failed: {other:?}"),
    }
}

fn is_fault_of_spec(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Error(fault) if fault.blame == Blame::Spec)
}

#[test]
fn the_node_hears_what_the_spec_says() {
    let done = || Answer::Does(Outcome::Done);
    for (step, heard) in [
        (
            "AddHtlc: 1000\n    payment_hash: \"${ sha256('') }\"",
            "amount_msat: 1000, payment_hash: [227, 176, 196",
        ),
        ("AddHtlc: 1000\n    payment_hash: '${ zeros(32) }'\n    cltv_delta: 9", "cltv_delta: 9"),
        ("ForceClose: {}", "ForceClose(ChannelRef { peer: PublicKey("),
        ("SetFeerate: 1234", "SetFeerate { per_kw: 1234 }"),
        (
            "SetPolicy: { fee_base_msat: 1, fee_proportional_millionths: 2, htlc_minimum_msat: 3 }",
            "fee_base_msat: 1, fee_proportional_millionths: 2, htlc_minimum_msat: Some(3), htlc_maximum_msat: None",
        ),
    ] {
        let (verdict, operations) = ask(done(), &format!("{CHANNEL}  - {step}\n"));
        assert!(matches!(verdict, Verdict::Pass), "{step}: {verdict:?}");
        assert_eq!(operations.len(), 1, "{step}");
        assert!(operations[0].contains(heard), "{step}: {operations:?}");
    }
}

#[test]
fn a_refusal_is_a_failure_unless_it_must_be_one() {
    let no = || Answer::Fails("I will not");
    let htlc = "AddHtlc: 1000\n    payment_hash: '${ zeros(32) }'";
    let pay = "Pay: lnbcrt1";
    for (step, named) in [(htlc, "add_htlc"), (pay, "pay"), ("SetFeerate: 1", "set_feerate")] {
        let (verdict, _) = ask(no(), &format!("{CHANNEL}  - {step}\n"));
        assert_eq!(code(&verdict), format!("operation-failed/{named}"));
    }
    for (step, named) in
        [(format!("{htlc}\n    refused: true"), "add_htlc"), (format!("{pay}\n    fails: true"), "pay")]
    {
        let (verdict, _) = ask(no(), &format!("{CHANNEL}  - {step}\n"));
        assert!(matches!(verdict, Verdict::Pass), "{step}: {verdict:?}");
        let (verdict, _) = ask(Answer::Does(Outcome::Done), &format!("{CHANNEL}  - {step}\n"));
        assert_eq!(code(&verdict), format!("operation-succeeded/{named}"));
    }
}

#[test]
fn what_needs_nobody_else_is_over_when_its_step_is() {
    for (step, named) in [
        ("Invoice: { as: wanted }", "create_invoice"),
        ("ForceClose: {}", "force_close"),
        ("SetFeerate: 1", "set_feerate"),
    ] {
        let (verdict, _) = ask(Answer::Never, &format!("{CHANNEL}  - {step}\n  - ExpectMsg: pong\n"));
        assert_eq!(code(&verdict), format!("operation-unfinished/{named}"));
    }
}

#[test]
fn a_payment_is_over_at_the_end_whether_it_must_fail_or_not() {
    for fails in ["false", "true"] {
        let steps = format!("{GREETING}  - Pay: lnbcrt1\n    fails: {fails}\n");
        assert_eq!(code(&ask(Answer::Never, &steps).0), "operation-unfinished/pay");
    }
    let unfinished = format!("{GREETING}  - Pay: lnbcrt1\n    unfinished: true\n");
    assert!(matches!(ask(Answer::Never, &unfinished).0, Verdict::Pass));
    assert_eq!(code(&ask(Answer::Fails("no route"), &unfinished).0), "operation-failed/pay");
}

#[test]
fn a_payment_tells_its_state() {
    let paid = || Answer::Does(Outcome::Paid { preimage: [7; 32] });
    let after = |fails: bool, check: &str| {
        format!(
            "{GREETING}  - Pay: lnbcrt1\n    fails: {fails}\n    as: payment\n  - Check: \"${{ {check} }}\"\n"
        )
    };
    for (answer, steps) in [
        (paid(), after(false, "payment.state == 'paid' && payment.preimage == repeat('07', 32)")),
        (Answer::Fails("no route"), after(true, "payment.state == 'failed' && !has(payment.preimage)")),
    ] {
        let (verdict, heard) = ask(answer, &steps);
        assert!(matches!(verdict, Verdict::Pass), "{verdict:?}");
        assert_eq!(heard, ["Pay { invoice: \"lnbcrt1\" }"]);
    }
    let pending = after(false, "payment.state != 'pending'");
    assert_eq!(code(&ask(Answer::Never, &pending).0), "check");
}

#[test]
fn an_invoice_has_its_members() {
    let (nodes, heard) = Asked::new(speaker(), |operation| match operation {
        Operation::CreateInvoice { preimage, .. } => Answer::Does(Outcome::Invoice {
            invoice: "lnbcrt1".to_owned(),
            payment_hash: [1; 32],
            payment_secret: preimage.unwrap_or([2; 32]),
        }),
        _ => Answer::Fails("that is no invoice"),
    });
    let steps = format!(
        "{GREETING}
  - Invoice: {{ as: any }}
  - Invoice: {{ amount_msat: 5, preimage: \"${{ repeat('03', 32) }}\", as: ours }}
  - CheckEq: ['${{ any.invoice }}', lnbcrt1]
  - CheckEq: ['${{ any.payment_hash + any.payment_secret }}', \"${{ repeat('01', 32) + repeat('02', 32) }}\"]
  - CheckEq: ['${{ ours.preimage }}', '${{ ours.payment_secret }}']
"
    );
    let verdict = run(nodes, &steps);
    assert!(matches!(verdict, Verdict::Pass), "{verdict:?}");
    let heard = heard.lock().unwrap();
    assert_eq!(heard[0], "CreateInvoice { amount_msat: None, preimage: None }");
    assert!(heard[1].starts_with("CreateInvoice { amount_msat: Some(5), preimage: Some([3, 3,"), "{heard:?}");
}

#[test]
fn a_node_is_killed_and_comes_back() {
    let never = || Answer::Never;
    let killed = format!("{GREETING}  - Pay: lnbcrt1\n  - Kill: {{}}\n  - Block: 1\n");
    let (verdict, _) = ask(never(), &format!("{killed}  - Restart: {{}}\n{GREETING}"));
    assert!(matches!(verdict, Verdict::Pass), "what it was asked to do died with it: {verdict:?}");
    assert!(is_fault_of_spec(&ask(never(), &killed).0), "it must be brought back");
    for step in ["Kill: {}", "SetFeerate: 1", "Connect: peer", "Msg: pong\n    with: { ignored: '' }"] {
        let (verdict, _) = ask(never(), &format!("{killed}  - {step}\n"));
        assert!(is_fault_of_spec(&verdict), "{step}: {verdict:?}");
    }
    let missing = "  - ExpectTx: { txid: '${ zeros(32) }' }\n";
    assert_eq!(code(&ask(never(), &format!("{killed}{missing}")).0), "tx-missing", "not a crash");
}
