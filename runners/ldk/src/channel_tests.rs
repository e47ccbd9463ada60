//! Two LDK nodes with a channel between them: does everything that the runner does for LDK hold together?

use bitcoin::Amount;
use bitcoin::hashes::{Hash, sha256};
use lnprototest_runner_api::{
    AddHtlc, Capability, ChannelRef, FundChannel, Node, Operation, OperationError, Outcome, SetPolicy,
    Settled,
};
use std::pin::pin;
use std::rc::Rc;

use crate::engine::caught;
use crate::pair::{ANCHORS, Pair, STATIC_REMOTEKEY, block_on, confirmed, engine, poll_once};

#[test]
fn a_channel_is_funded_announced_and_closed() {
    block_on(async {
        for channel_type in [STATIC_REMOTEKEY, ANCHORS] {
            let mut pair = Pair::new().await;
            let id = pair.open(channel_type).await;
            assert_eq!(pair.ready_channels(), [1, 1]);
            for node in [&pair.a, &pair.b] {
                assert_eq!(
                    engine(node).stack.graph.read_only().channels().len(),
                    1,
                    "announced and looked up"
                );
            }

            let before = confirmed(&pair.b);
            pair.pay(90_000_000).await;
            let peer = pair.b.identity().node_id;
            let close = Operation::CloseChannel(ChannelRef { peer, channel_id: id });
            assert_eq!(pair.a.perform(close).await.unwrap(), Outcome::Done);
            pair.quiesce().await;
            pair.mine(6).await;
            assert_eq!(pair.ready_channels(), [0, 0]);
            assert_eq!(confirmed(&pair.b) - before, Amount::from_sat(90_000));
        }
    });
}

#[test]
fn a_channel_survives_a_restart_a_crash_and_blocks_meanwhile() {
    block_on(async {
        let mut pair = Pair::new().await;
        pair.open(ANCHORS).await;
        pair.a.restart().await.unwrap();
        pair.connect().await;
        assert_eq!(pair.ready_channels(), [1, 1]);
        pair.pay(50_000_000).await;

        pair.b.kill().await.unwrap();
        pair.chain.mine(3, &[]).await.unwrap();
        pair.b.restart().await.unwrap();
        pair.connect().await;
        let tip = pair.chain.tip().await.unwrap();
        assert_eq!(engine(&pair.b).view.borrow().tip(), tip);
        pair.pay(50_000_000).await;
        assert_eq!(engine(&pair.b).stack.manager.list_channels().len(), 1);
    });
}

#[test]
fn a_longer_branch_undoes_a_confirmation() {
    block_on(async {
        let mut pair = Pair::new().await;
        let (height, _) = pair.chain.tip().await.unwrap();
        pair.fund(ANCHORS).await;
        pair.mine(3).await;
        pair.chain.reorganise(height).await.unwrap();
        pair.quiesce().await;
        assert_eq!(engine(&pair.a).view.borrow().tip().0, height + 3, "a shorter branch is none");
        pair.chain.mine(4, &[]).await.unwrap();
        pair.quiesce().await;
        let tip = pair.chain.tip().await.unwrap();
        assert_eq!(engine(&pair.a).view.borrow().tip(), tip);
        assert_eq!(pair.ready_channels(), [0, 0], "four confirmations, not seven");
        pair.mine(2).await;
        assert_eq!(pair.ready_channels(), [1, 1]);
        pair.pay(10_000_000).await;
    });
}

#[test]
fn a_refused_channel_fails_with_the_reason_and_leaves_the_others() {
    block_on(async {
        let mut pair = Pair::new().await;
        pair.open(ANCHORS).await;
        pair.open(STATIC_REMOTEKEY).await;
        let node = Rc::clone(&pair.a);
        let request = FundChannel { amount: Amount::from_int_btc(1), ..pair.request(None) };
        let mut funding = pin!(node.perform(Operation::FundChannel(request)));
        assert!(poll_once(funding.as_mut()).await.is_none());
        pair.quiesce().await;
        let failed = poll_once(funding).await.expect("it is refused").unwrap_err().to_string();
        assert!(failed.contains("funding must be at most 16777215"), "{failed}");
        assert_eq!(pair.ready_channels(), [2, 2]);
    });
}

#[test]
fn funding_fails_when_the_node_goes_down() {
    block_on(async {
        let mut pair = Pair::new().await;
        let node = Rc::clone(&pair.a);
        let mut funding = pin!(node.perform(Operation::FundChannel(pair.request(None))));
        assert!(poll_once(funding.as_mut()).await.is_none());
        node.restart().await.unwrap();
        let failed = poll_once(funding).await.expect("LDK has forgotten it").unwrap_err().to_string();
        assert!(failed.contains("restart"), "{failed}");
        pair.connect().await;
        assert_eq!(engine(&pair.a).stack.manager.list_channels().len(), 0);
    });
}

#[test]
fn a_panic_inside_ldk_is_a_death_with_its_words() {
    block_on(async {
        let pair = Pair::new().await;
        let Err(fault) = caught::<()>(|| std::panic::resume_unwind(Box::new("out of cheese"))) else {
            panic!()
        };
        pair.a.fault(fault);
        assert_eq!(
            pair.a.settle().await.unwrap(),
            Settled::Died { how: "panicked: out of cheese".to_owned() }
        );
        assert!(pair.a.dial().await.is_err());
        assert!(pair.a.restart().await.is_err());
        assert!(pair.a.log_tail(1)[0].contains("out of cheese"));
    });
}

#[test]
fn an_invoice_without_a_preimage_of_ours_is_paid_too() {
    block_on(async {
        let mut pair = Pair::new().await;
        pair.open(ANCHORS).await;
        let (invoice, (hash, _)) = pair.invoice(Some(20_000_000), None).await;
        let node = Rc::clone(&pair.a);
        let mut paying = pin!(node.perform(Operation::Pay { invoice }));
        assert!(poll_once(paying.as_mut()).await.is_none());
        pair.quiesce().await;
        let Some(Ok(Outcome::Paid { preimage })) = poll_once(paying).await else { panic!() };
        assert_eq!(sha256::Hash::hash(&preimage).to_byte_array(), hash);
    });
}

#[test]
fn a_payment_that_fails_says_why() {
    block_on(async {
        let mut pair = Pair::new().await;
        pair.open(ANCHORS).await;
        let (too_much, _) = pair.invoice(Some(2_000_000_000), None).await;
        let (garbled, _) = pair.invoice(Some(1_000), None).await;
        for (invoice, why) in [(too_much, "RouteNotFound"), (garbled.replace("lnbcrt", "lnbc"), "no invoice")]
        {
            let node = Rc::clone(&pair.a);
            let mut paying = pin!(node.perform(Operation::Pay { invoice }));
            let early = poll_once(paying.as_mut()).await;
            pair.quiesce().await;
            let ended = match early {
                Some(ended) => ended,
                None => poll_once(paying).await.expect("it is over"),
            };
            let failed = ended.unwrap_err().to_string();
            assert!(failed.contains(why), "{failed}");
        }
    });
}

#[test]
fn an_htlc_is_offered_and_settled() {
    block_on(async {
        let mut pair = Pair::new().await;
        let channel = pair.open(ANCHORS).await;
        let channel = pair.channel(channel);
        let (_, (payment_hash, payment_secret)) = pair.invoice(Some(30_000_000), Some([3; 32])).await;
        let request =
            AddHtlc { channel, amount_msat: 30_000_000, payment_hash, payment_secret, cltv_delta: 60 };
        let (height, _) = pair.chain.tip().await.unwrap();
        let offered = pair.a.perform(Operation::AddHtlc(request.clone())).await.unwrap();
        assert_eq!(offered, Outcome::Done);
        let channels = engine(&pair.a).stack.manager.list_channels();
        assert_eq!(channels[0].pending_outbound_htlcs[0].cltv_expiry, height + 60);
        pair.quiesce().await;
        let channels = engine(&pair.b).stack.manager.list_channels();
        assert_eq!(
            channels[0].outbound_capacity_msat,
            30_000_000 - 10_000_000,
            "but for its reserve: {:#?}",
            pair.b.log_tail(30)
        );

        let too_much = AddHtlc { amount_msat: 999_000_000, ..request };
        let node = Rc::clone(&pair.a);
        let mut offering = pin!(node.perform(Operation::AddHtlc(too_much)));
        assert!(poll_once(offering.as_mut()).await.is_none());
        pair.quiesce().await;
        let failed = poll_once(offering).await.expect("it is over").unwrap_err().to_string();
        assert!(failed.contains("more than our next-HTLC maximum"), "{failed}");
    });
}

#[test]
fn the_opener_follows_the_feerate_and_policies_change() {
    block_on(async {
        let mut pair = Pair::new().await;
        let id = pair.open(STATIC_REMOTEKEY).await;
        let feerate =
            |pair: &Pair| engine(&pair.b).stack.manager.list_channels()[0].feerate_sat_per_1000_weight;
        assert_eq!(feerate(&pair), Some(2_000));
        assert_eq!(pair.a.perform(Operation::SetFeerate { per_kw: 3_210 }).await.unwrap(), Outcome::Done);
        pair.quiesce().await;
        assert_eq!(feerate(&pair), Some(3_210));

        let policy = SetPolicy {
            channel: pair.channel(id),
            fee_base_msat: 11,
            fee_proportional_millionths: 22,
            htlc_minimum_msat: None,
            htlc_maximum_msat: None,
        };
        let limited = SetPolicy { htlc_minimum_msat: Some(1), ..policy.clone() };
        assert_eq!(pair.a.perform(Operation::SetPolicy(policy)).await.unwrap(), Outcome::Done);
        pair.quiesce().await;
        let config = engine(&pair.a).stack.manager.list_channels()[0].config.unwrap();
        assert_eq!(
            (config.forwarding_fee_base_msat, config.forwarding_fee_proportional_millionths),
            (11, 22)
        );
        let refused = pair.a.perform(Operation::SetPolicy(limited)).await;
        assert!(
            matches!(refused, Err(OperationError::Unsupported(Capability::SetHtlcLimits))),
            "{refused:?}"
        );
    });
}
