//! What do two nodes make of each other?

use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Amount, SignedAmount};
use lnprototest_runner_api::{
    AddHtlc, Chain, ChannelRef, FundChannel, Node, Operation, Outcome, Runner, SetPolicy,
};
use std::rc::Rc;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

use crate::pair::{address, connect, says, until};
use crate::place::Place;

pub(crate) async fn dials(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    let (address, listener) = address();
    let node_id = node.identity().node_id;
    let done = node.perform(Operation::ConnectOut { node_id, address }).await;
    assert_eq!(done.unwrap(), Outcome::Done);
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut act_one = [1; 50];
    stream.read_exact(&mut act_one).await.unwrap();
    assert_eq!(act_one[0], 0, "BOLT 8's version");
    node.stop().await.unwrap();
}

pub(crate) async fn from_open_to_close(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let (alice, bob) = (place.start(&*runner, 1).await, place.start(&*runner, 2).await);
    let (ours, theirs) = (open(&place, &alice, &bob, 1).await, alice.identity().node_id);

    let preimage = [5; 32];
    let invoice = invoice(&bob, preimage).await;
    let paid = alice.perform(Operation::Pay { invoice: invoice.text }).await;
    assert_eq!(paid.unwrap(), Outcome::Paid { preimage });

    let held = sha256::Hash::hash(&[6; 32]).to_byte_array();
    let htlc = AddHtlc {
        channel: ours,
        amount_msat: 10_000,
        payment_hash: held,
        payment_secret: [1; 32],
        cltv_delta: 40,
    };
    assert_eq!(alice.perform(Operation::AddHtlc(htlc)).await.unwrap(), Outcome::Done);
    // Nobody asked for it.
    until(&[&alice, &bob], async || says(&alice, "peer_in WIRE_UPDATE_FAIL_HTLC")).await;

    let policy = SetPolicy {
        channel: ours,
        fee_base_msat: 7,
        fee_proportional_millionths: 8,
        htlc_minimum_msat: Some(9),
        htlc_maximum_msat: None,
    };
    assert_eq!(alice.perform(Operation::SetPolicy(policy)).await.unwrap(), Outcome::Done);

    assert_eq!(alice.perform(Operation::SetFeerate { per_kw: 4_000 }).await.unwrap(), Outcome::Done);
    until(&[&alice, &bob], async || says(&bob, "peer_in WIRE_UPDATE_FEE")).await;

    let channel = ChannelRef { peer: theirs, ..ours };
    assert_eq!(bob.perform(Operation::CloseChannel(channel)).await.unwrap(), Outcome::Done);
    let published = async || place.chain.mempool().await.unwrap().len() == 1;
    until(&[&alice, &bob], published).await;
    place.chain.mine(1, &[]).await.unwrap();

    let again = open(&place, &alice, &bob, 2).await;
    assert_eq!(alice.perform(Operation::ForceClose(again)).await.unwrap(), Outcome::Done);
    until(&[&alice, &bob], published).await;
    alice.stop().await.unwrap();
    bob.stop().await.unwrap();
}

pub(crate) async fn splices(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let (alice, bob) = (place.start(&*runner, 1).await, place.start(&*runner, 2).await);
    let channel = open(&place, &alice, &bob, 1).await;
    for (splices, sat) in [(1, 200_000), (2, -100_000)] {
        let splice = Operation::Splice { channel, amount: SignedAmount::from_sat(sat) };
        let spliced = alice.perform(splice).await.unwrap();
        let Outcome::Funded { txid, output_index } = spliced else { panic!("{spliced:?}") };
        let mempool = place.chain.mempool().await.unwrap();
        let funding = mempool.iter().find(|tx| tx.compute_txid() == txid).unwrap();
        let expected = if splices == 1 { 1_200_000 } else { 1_100_000 };
        let capacity = funding.output[usize::from(output_index)].value.to_sat();
        assert!(capacity.abs_diff(expected) < 10_000, "{capacity} but for fees");
        place.chain.mine(6, &[]).await.unwrap();
        let locked = "State changed from CHANNELD_AWAITING_SPLICE to CHANNELD_NORMAL";
        until(&[&alice, &bob], async || {
            let lines = alice.log_tail(10_000);
            lines.iter().filter(|line| line.contains(locked)).count() == splices
        })
        .await;
    }
    alice.stop().await.unwrap();
    bob.stop().await.unwrap();
}

/// Has `alice` open a channel with `bob`, to use, their first or another.
async fn open(place: &Place, alice: &Rc<dyn Node>, bob: &Rc<dyn Node>, count: u8) -> ChannelRef {
    let peer = bob.identity().node_id;
    if count == 1 {
        connect(alice, bob).await;
    }
    let request = FundChannel {
        peer,
        amount: Amount::from_sat(1_000_000),
        push_msat: 300_000_000,
        feerate_per_kw: None,
        announce: false,
        channel_type: None,
        close_to: None,
    };
    let funded = alice.perform(Operation::FundChannel(request)).await.unwrap();
    let Outcome::Funded { txid, output_index } = funded else { panic!("{funded:?}") };
    let mempool = place.chain.mempool().await.unwrap();
    assert!(mempool.iter().any(|tx| tx.compute_txid() == txid), "it is published");
    place.chain.mine(6, &[]).await.unwrap();
    let ready =
        format!("{peer}-chan#{count}: State changed from CHANNELD_AWAITING_LOCKIN to CHANNELD_NORMAL");
    until(&[alice, bob], async || says(alice, &ready)).await;
    let mut channel_id = txid.to_byte_array();
    channel_id[30] ^= output_index.to_be_bytes()[0];
    channel_id[31] ^= output_index.to_be_bytes()[1];
    ChannelRef { peer, channel_id }
}

struct Invoice {
    text: String,
}

async fn invoice(node: &Rc<dyn Node>, preimage: [u8; 32]) -> Invoice {
    let operation = Operation::CreateInvoice { amount_msat: Some(50_000), preimage: Some(preimage) };
    match node.perform(operation).await.unwrap() {
        Outcome::Invoice { invoice, payment_hash, .. } => {
            assert_eq!(payment_hash, sha256::Hash::hash(&preimage).to_byte_array());
            Invoice { text: invoice }
        }
        other => panic!("{other:?}"),
    }
}
