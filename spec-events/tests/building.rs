//! Specs written in Rust.

mod common;

use common::{language, load_files};
use lnprototest_spec_events::build::*;
use lnprototest_spec_events::{Event, Spec, Step, Tree, fields, steps};
use std::collections::BTreeSet;

const COVERED: &str = "B02-tx_add_input-81baa1ce";

/// A spec that has every event with every argument, but for `Include`, which has a file.
fn everything() -> Spec {
    let keyset = "${ keyset('20') }";
    let spec = spec("all/of/it")
        .about("It's \"all\": of them")
        .covers([COVERED])
        .features(["option_anchors"])
        .capabilities(["fund_channel"])
        .matrix("n", [1, 2])
        .matrix("text", ["a b", "true", "12", "", "it's", "tab\there"])
        .set("hash", "${ sha256('00') }")
        .steps(steps![
            accept("bob").key("0a"),
            connect("alice").key("02").label("begin").when("${ n > 1 }"),
            msg("init").with(fields! { globalfeatures: "", features: "00", tlvs: fields! {} }).on("bob"),
            msg("ping").with(fields! { num_pong_bytes: 1, ignored: "" }).trailing("00").truncate(4),
            msg("init").with(fields! { globalfeatures: "", features: "" }).raw_tlvs("0100"),
            msg("node_announcement")
                .with(fields! {
                    features: "",
                    timestamp: 1,
                    node_id: "${ alice.node_id }",
                    rgb_color: "000000",
                    alias: "${ zeros(32) }",
                    addresses: "",
                })
                .sign(fields! { signature: "02" })
                .flaw(fields! { signature: "high_s" }),
            expect_msg("init")
                .with(fields! { tlvs: fields! { unknown: [fields! { type: 55, value: "aa" }] } })
                .check(["${ msg.features == '' }", "${ true }"])
                .absent("networks")
                .strict(true)
                .ignore(["ping", "pong"])
                .bind("first"),
            must_not_msg("error"),
            expect_error().channel_id("${ hash }"),
            expect_warning(),
            expect_fail("channel").channel_id("${ hash }").on("bob"),
            expect_quiet(),
            raw_msg("270f").flip(-1).claim(65535).cut(20),
            expect_disconnect(),
            disconnect().on("alice"),
            raw_connect("raw").key("05").ephemeral("${ hash }"),
            send_bytes("${ raw.act_one }").split(10),
            expect_bytes(50).bind("act_two"),
            handshake(),
            fund_channel(1_000_000)
                .push_msat(1)
                .feerate(253)
                .announce(true)
                .channel_type("1000")
                .close_to("0014")
                .refused(true)
                .chan("theirs"),
            accept_funding().local(keyset),
            create_funding().chan("ours").utxo(0).local(keyset).sat(u64::MAX).feerate(253),
            create_tx().utxo(1).outputs([fields! { sat: 1, script: "00" }]).feerate(300).bind("paid"),
            create_tx().spends("${ paid.outputs[0].outpoint }").keys(["20", "21"]).bind("closed"),
            commit().opener("remote").chan("theirs"),
            block(2).txs(["${ ours.funding.tx }"]).height("${ chain.height - 1 }"),
            broadcast("${ funding.tx }").refused(true),
            expect_tx()
                .spends("${ funding.outpoint }")
                .txid("${ hash }")
                .outputs([fields! { sat: 1, script: "00" }])
                .sequence(1)
                .locktime(2)
                .bind("spend"),
            expect_no_tx()
                .spends("${ funding.outpoint }")
                .txid("${ hash }")
                .sequence(1)
                .locktime(1)
                .outputs([fields! { sat: "${ spend.outputs[0].sat }" }]),
            close_channel().chan("ours"),
            invoice().amount_msat(1_000).preimage("${ hash }").bind("wanted"),
            pay("${ wanted.invoice }").fails(true).bind("payment"),
            pay("lnbcrt1").unfinished(true),
            add_htlc(1_000)
                .payment_hash("${ wanted.payment_hash }")
                .payment_secret("${ hash }")
                .cltv_delta(9)
                .refused(true)
                .chan("ours"),
            set_feerate(500),
            set_policy()
                .fee_base_msat(1)
                .fee_proportional_millionths(2)
                .htlc_minimum_msat(3)
                .htlc_maximum_msat(4)
                .chan("ours"),
            update_commit("local").chan("ours"),
            create_closing(1_000).only("local").closer("remote").locktime(7).chan("ours"),
            claim("htlc")
                .of("remote")
                .number(1)
                .htlc(0)
                .preimage("${ hash }")
                .penalty(true)
                .feerate(300)
                .chan("ours")
                .bind("taken"),
            force_close().chan("ours"),
            kill(),
            restart(),
            wait("${ n }"),
            sequence(steps![set(fields! { x: 1, y: "${ x + n }" })]),
            try_all([steps![], steps![check("${ y > 1 }")]]),
            one_of([steps![check_eq(["${ y }", "${ x }"])], steps![expect_quiet()]]),
            any_order([steps![expect_msg("ping")], steps![expect_msg("pong")]]),
        ])
        .build(language(), &Tree::default());
    spec.unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

fn events<'s>(steps: &'s [Step], found: &mut BTreeSet<&'s str>) {
    for step in steps {
        found.insert(step.event.info().name);
        match &step.event {
            Event::AnyOrder(event) => event.alternatives.iter().for_each(|steps| events(steps, found)),
            Event::OneOf(event) => event.alternatives.iter().for_each(|steps| events(steps, found)),
            Event::Sequence(event) => events(&event.steps, found),
            Event::TryAll(event) => event.alternatives.iter().for_each(|steps| events(steps, found)),
            _ => {}
        }
    }
}

#[test]
fn everything_can_be_built_written_and_read_again() {
    let spec = everything();
    let mut found = BTreeSet::from(["Include"]);
    events(&spec.steps, &mut found);
    assert_eq!(found, Event::ALL.iter().map(|info| info.name).collect());
    let written = spec.to_string();
    insta::assert_snapshot!(written);
    let suite = load_files([("all/of/it.yaml", written.as_str())]).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(suite.specs[0].to_string(), written);
    assert_eq!(suite.specs[0].name, spec.name);
    assert_eq!(suite.specs[0].matrix, spec.matrix);
}

#[test]
fn a_mistake_is_told_with_its_line_of_rust() {
    let line = line!() + 5;
    let spec = spec("mine").about("a").covers([COVERED]).steps(steps![
        connect("alice"),
        msg("ping").with(fields! { num_pong_bytes: 1, ignored: "" }),
        // One that is there, then one that is not.
        expect_msg("pung"),
    ]);
    let told = spec.build(language(), &Tree::default()).unwrap_err().to_string();
    let place = format!("{}:{line}:9", file!());
    assert!(told.contains("there is no message `pung`") && told.contains(&place), "{place}: {told}");
}
