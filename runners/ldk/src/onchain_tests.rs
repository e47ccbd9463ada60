//! Two LDK nodes whose channel ends on the chain: does each get what is its due?

use bitcoin::Amount;
use lightning::ln::channel_state::InboundHTLCStateDetails;
use lnprototest_runner_api::{AddHtlc, ChannelRef, Node, Operation, Outcome};
use std::rc::Rc;

use crate::node::LdkNode;
use crate::pair::{ANCHORS, CAPACITY, Pair, STATIC_REMOTEKEY, block_on, confirmed, engine};

/// More than all transactions of a channel's end cost together.
const FEES: Amount = Amount::from_sat(25_000);
/// Until `to_self_delay` has passed and what it held back is in a block deep enough.
const BLOCKS: u32 = 160;

#[test]
fn a_force_close_brings_all_money_home() {
    block_on(async {
        for channel_type in [STATIC_REMOTEKEY, ANCHORS] {
            let mut pair = Pair::new().await;
            let id = pair.open(channel_type).await;
            pair.pay(90_000_000).await;
            let paid = Amount::from_sat(90_000);
            let due = Due::of(&pair, [CAPACITY - paid, paid]);
            force_close(&pair.a, &pair.b, id).await;
            pair.quiesce().await;
            assert_ne!(pair.chain.mempool().await.unwrap(), [], "the commitment is published");
            pair.mine(BLOCKS).await;
            due.is_paid(&pair);
        }
    });
}

#[test]
fn a_revoked_commitment_is_punished() {
    block_on(async {
        for channel_type in [STATIC_REMOTEKEY, ANCHORS] {
            let mut pair = Pair::new().await;
            let id = pair.open(channel_type).await;
            pair.pay(90_000_000).await;
            let due = Due::of(&pair, [CAPACITY, Amount::ZERO]);
            let disk = engine(&pair.b).stack.disk();
            pair.pay(10_000_000).await;

            pair.wire = None;
            pair.b.kill().await.unwrap();
            pair.b.put_back(disk);
            pair.b.restart().await.unwrap();
            force_close(&pair.b, &pair.a, id).await;
            pair.quiesce().await;
            pair.mine(BLOCKS).await;
            due.is_paid(&pair);
        }
    });
}

#[test]
fn an_htlc_is_claimed_on_the_chain_by_its_preimage() {
    block_on(async {
        for channel_type in [STATIC_REMOTEKEY, ANCHORS] {
            for closer_offered in [true, false] {
                let mut pair = Pair::new().await;
                let id = pair.open(channel_type).await;
                let sat = Amount::from_sat(60_000);
                let hash_and_secret = pair.invoice(Some(60_000_000), Some([6; 32])).await.1;
                let due = Due::of(&pair, [CAPACITY - sat, sat]);
                offer_in_vain(&mut pair, id, hash_and_secret, 60_000_000).await;
                match closer_offered {
                    true => force_close(&pair.a, &pair.b, id).await,
                    false => force_close(&pair.b, &pair.a, id).await,
                }
                pair.quiesce().await;
                pair.mine(2 * BLOCKS).await;
                due.is_paid(&pair);
            }
        }
    });
}

#[test]
fn an_htlc_is_taken_back_on_the_chain_when_its_time_is_out() {
    block_on(async {
        for channel_type in [STATIC_REMOTEKEY, ANCHORS] {
            let mut pair = Pair::new().await;
            let id = pair.open(channel_type).await;
            let due = Due::of(&pair, [CAPACITY, Amount::ZERO]);
            offer_in_vain(&mut pair, id, ([9; 32], [8; 32]), 60_000_000).await;
            // The offerer closes it by itself, once it is overdue.
            pair.mine(3 * BLOCKS).await;
            assert_eq!(engine(&pair.a).stack.manager.list_channels().len(), 0);
            due.is_paid(&pair);
        }
    });
}

#[test]
fn two_htlcs_are_taken_back_at_once() {
    block_on(async {
        let mut pair = Pair::new().await;
        let id = pair.open(ANCHORS).await;
        let due = Due::of(&pair, [CAPACITY, Amount::ZERO]);
        for (hash, cltv_delta) in [([7; 32], 60), ([9; 32], 61)] {
            offer(&pair, id, (hash, [8; 32]), 40_000_000, cltv_delta).await;
            // The second waits until the first is committed to.
        }
        carry_until_answered(&mut pair).await;
        pair.mine(3 * BLOCKS).await;
        due.is_paid(&pair);
    });
}

async fn force_close(node: &Rc<LdkNode>, peer: &Rc<LdkNode>, channel_id: [u8; 32]) {
    let channel = ChannelRef { peer: peer.identity().node_id, channel_id };
    assert_eq!(node.perform(Operation::ForceClose(channel)).await.unwrap(), Outcome::Done);
}

async fn offer(
    pair: &Pair,
    id: [u8; 32],
    (payment_hash, payment_secret): ([u8; 32], [u8; 32]),
    amount_msat: u64,
    cltv_delta: u16,
) {
    let channel = pair.channel(id);
    let request = AddHtlc { channel, amount_msat, payment_hash, payment_secret, cltv_delta };
    assert_eq!(pair.a.perform(Operation::AddHtlc(request)).await.unwrap(), Outcome::Done);
}

/// The first node offers an HTLC, the second fulfils or fails it, and the wire is cut before the first hears of that.
async fn offer_in_vain(
    pair: &mut Pair,
    id: [u8; 32],
    hash_and_secret: ([u8; 32], [u8; 32]),
    amount_msat: u64,
) {
    offer(pair, id, hash_and_secret, amount_msat, 60).await;
    carry_until_answered(pair).await;
}

async fn carry_until_answered(pair: &mut Pair) {
    for _ in 0..20 {
        pair.carry().await;
        let channels = engine(&pair.b).stack.manager.list_channels();
        let mut htlcs = channels.iter().flat_map(|channel| &channel.pending_inbound_htlcs);
        let answered = htlcs.any(|htlc| {
            matches!(
                htlc.state,
                Some(
                    InboundHTLCStateDetails::AwaitingRemoteRevokeToRemoveFail
                        | InboundHTLCStateDetails::AwaitingRemoteRevokeToRemoveFulfill
                )
            )
        });
        if answered {
            pair.wire = None;
            return;
        }
    }
    panic!("the second node does not answer: {:#?}", pair.b.log_tail(20));
}

/// What each node's wallet is to gain from a channel, but for fees.
struct Due([(Amount, Amount); 2]);

impl Due {
    /// `gains` over what they have now.
    fn of(pair: &Pair, gains: [Amount; 2]) -> Self {
        Self([(confirmed(&pair.a), gains[0]), (confirmed(&pair.b), gains[1])])
    }

    #[track_caller]
    fn is_paid(&self, pair: &Pair) {
        for (node, (before, gain)) in [&pair.a, &pair.b].into_iter().zip(self.0) {
            let (now, due) = (confirmed(node), before + gain);
            assert!(now <= due && now + FEES >= due, "{now} of {due}: {:#?}", node.log_tail(60));
        }
    }
}
