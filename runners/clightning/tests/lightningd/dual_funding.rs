//! What becomes of a channel that two nodes fund?

use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Amount, Transaction, Txid};
use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::{
    Capability, Chain, ChannelRef, FundChannel, Node, NodeKeys, Operation, OperationError, Outcome, Runner,
};
use secp256k1::PublicKey;
use std::rc::Rc;
use std::sync::Arc;

use crate::own_coins::NextCoinbase;
use crate::pair::{connect, says, until};
use crate::place::{Place, settle};

const OPENERS_SHARE: Amount = Amount::from_sat(1_000_000);
const ACCEPTERS_SHARE: Amount = Amount::from_sat(300_000);

pub(crate) async fn funds_and_bumps(runner: Arc<dyn Runner>) {
    let (place, runner) = (Place::new(), with_dual_funding(&*runner));
    let alice = place.start(&*runner, 1).await;
    let bob = place.start_on(Rc::new(NextCoinbase(place.chain.clone())), &*runner, 2).await;
    let accept = Operation::AcceptDualFunding { amount: ACCEPTERS_SHARE };
    assert_eq!(bob.perform(accept).await.unwrap(), Outcome::Done);
    connect(&alice, &bob).await;
    let peer = bob.identity().node_id;
    let mut funding = funded(&*alice, Operation::FundChannel(fund(peer))).await;
    assert!(only_transaction(&place.chain, funding).await.input.len() >= 2, "both bring coins");

    let bump = |feerate_per_kw| Operation::BumpFunding { channel: channel(peer), feerate_per_kw };
    for per_kw in [6_000, 9_000] {
        let replacement = funded(&*alice, bump(per_kw)).await;
        assert_ne!(replacement.0, funding.0);
        let transaction = only_transaction(&place.chain, replacement).await;
        let pays = feerate_per_kw(&place.chain, &transaction).await;
        assert!((per_kw..per_kw + 300).contains(&pays), "{pays} sat per 1000 weight");
        funding = replacement;
    }
    let too_little = alice.perform(bump(9_100)).await;
    let words = "Next feerate must be at least";
    assert!(matches!(&too_little, Err(OperationError::Failed(why)) if why.contains(words)), "{too_little:?}");
    let of_the_accepter =
        Operation::BumpFunding { channel: channel(alice.identity().node_id), feerate_per_kw: 20_000 };
    let refused = bob.perform(of_the_accepter).await;
    let words = "Only the channel opener";
    assert!(matches!(&refused, Err(OperationError::Failed(why)) if why.contains(words)), "{refused:?}");

    place.chain.mine(6, &[]).await.unwrap();
    let ready = "State changed from DUALOPEND_AWAITING_LOCKIN to CHANNELD_NORMAL";
    until(&[&alice, &bob], async || says(&alice, ready) && says(&bob, ready)).await;
    let too_late = alice.perform(bump(20_000)).await;
    let words = "waits for a dual funding";
    assert!(matches!(&too_late, Err(OperationError::Failed(why)) if why.contains(words)), "{too_late:?}");
    alice.stop().await.unwrap();
    bob.stop().await.unwrap();
}

pub(crate) async fn finds_its_coins(runner: Arc<dyn Runner>) {
    let (place, runner) = (Place::new(), with_dual_funding(&*runner));
    let (before, _) = place.chain.tip().await.unwrap();
    for _ in 0..2 {
        let node = place.start(&*runner, 1).await;
        assert_eq!(place.chain.tip().await.unwrap().0, before + 1, "one block pays it, once");
        settle(&*node).await;
        assert!(says(&node, "Owning output 0"), "it knows its coins");
        node.stop().await.unwrap();
        place.remove(1);
    }
}

pub(crate) async fn is_unsupported(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    let peer = node.identity().node_id;
    for operation in [
        Operation::AcceptDualFunding { amount: ACCEPTERS_SHARE },
        Operation::BumpFunding { channel: channel(peer), feerate_per_kw: 6_000 },
    ] {
        let capability = operation.capability();
        assert!(!runner.capabilities().has(capability));
        let answer = node.perform(operation).await;
        assert!(matches!(answer, Err(OperationError::Unsupported(lacking)) if lacking == capability));
    }
    node.stop().await.unwrap();
}

fn with_dual_funding(runner: &dyn Runner) -> Arc<dyn Runner> {
    let yes = [("dual_fund".to_owned(), "yes".to_owned())].into_iter().collect();
    let runner = runner.configured(&yes).unwrap();
    for capability in [Capability::AcceptDualFunding, Capability::BumpFunding] {
        assert!(runner.capabilities().has(capability));
    }
    runner
}

fn fund(peer: PublicKey) -> FundChannel {
    FundChannel {
        peer,
        amount: OPENERS_SHARE,
        push_msat: 0,
        feerate_per_kw: None,
        announce: false,
        channel_type: None,
        close_to: None,
    }
}

/// The channel of two nodes that have the same revocation basepoint (BOLT 2, "Definition of `channel_id`").
fn channel(peer: PublicKey) -> ChannelRef {
    let point = PublicKey::from_secret_key_global(&NodeKeys::classic().channel.revocation_base).serialize();
    ChannelRef { peer, channel_id: sha256::Hash::hash(&[point, point].concat()).to_byte_array() }
}

async fn funded(node: &dyn Node, operation: Operation) -> (Txid, u16) {
    match node.perform(operation).await.unwrap() {
        Outcome::Funded { txid, output_index } => (txid, output_index),
        other => panic!("{other:?}"),
    }
}

/// The mempool's only transaction, which funds the channel with what both put in.
async fn only_transaction(chain: &EmbeddedChain, (txid, output_index): (Txid, u16)) -> Transaction {
    let mut mempool = chain.mempool().await.unwrap();
    assert_eq!(mempool.iter().map(Transaction::compute_txid).collect::<Vec<_>>(), [txid]);
    let transaction = mempool.remove(0);
    let capacity = transaction.output[usize::from(output_index)].value;
    assert_eq!(capacity, OPENERS_SHARE + ACCEPTERS_SHARE);
    transaction
}

/// What it pays, in sat per 1000 weight.
async fn feerate_per_kw(chain: &EmbeddedChain, transaction: &Transaction) -> u32 {
    let mut fee = Amount::ZERO;
    for input in &transaction.input {
        fee += chain.unspent(input.previous_output).await.unwrap().unwrap().1.value;
    }
    for output in &transaction.output {
        fee -= output.value;
    }
    u32::try_from(fee.to_sat() * 1_000 / transaction.weight().to_wu()).unwrap()
}
