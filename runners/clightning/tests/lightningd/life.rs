//! How does a node start, live and end?

use lnprototest_runner_api::{
    Capability, Chain, Node, NodeError, Operation, OperationError, Outcome, Runner, Settled,
};
use rustix::process::{Pid, Signal, kill_process};
use secp256k1::PublicKey;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

use crate::place::{Place, handshake, key, settle};

const NONE: Vec<PathBuf> = Vec::new();

pub(crate) async fn answers(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    assert_eq!(node.identity().name, "Core Lightning");
    assert_eq!(node.identity().node_id, PublicKey::from_secret_key_global(&key(1)));
    let mut stream = handshake(&*node).await;
    let mut length = [0; 18];
    stream.read_exact(&mut length).await.unwrap();
    settle(&*node).await;
    assert!(!node.log_tail(5).is_empty());
    node.stop().await.unwrap();
    assert_eq!(place.processes(), NONE);
    assert!(matches!(node.dial().await, Err(NodeError::Down(_))));
}

pub(crate) async fn knows_blocks(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    for count in [1, 3] {
        place.chain.mine(count, &[]).await.unwrap();
        settle(&*node).await;
        let (height, hash) = place.chain.tip().await.unwrap();
        assert!(has_added(&*node, height, hash));
    }
    // It asks for the next block only: a fork counts once it is the longer one.
    place.chain.reorganise(104).await.unwrap();
    place.chain.mine(3, &[]).await.unwrap();
    settle(&*node).await;
    let fork = place.chain.block_at(105).await.unwrap().unwrap();
    assert!(has_added(&*node, 105, fork.block.block_hash()));
    node.stop().await.unwrap();
}

fn has_added(node: &dyn Node, height: u32, hash: bitcoin::BlockHash) -> bool {
    node.log_tail(1_000).iter().any(|line| line.ends_with(&format!("Adding block {height}: {hash}")))
}

pub(crate) async fn restarts(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    let preimage = Some([7; 32]);
    let invoice = || Operation::CreateInvoice { amount_msat: Some(1_000), preimage };
    node.perform(invoice()).await.unwrap();
    place.chain.mine(2, &[]).await.unwrap();
    node.restart().await.unwrap();
    settle(&*node).await;
    // It remembers the invoice, for it takes no preimage twice.
    let again = node.perform(invoice()).await;
    assert!(matches!(&again, Err(OperationError::Failed(why)) if why.contains("reimage")), "{again:?}");

    node.kill().await.unwrap();
    assert_eq!(place.processes(), NONE);
    assert!(matches!(node.settle().await, Err(NodeError::Down(_))));
    node.restart().await.unwrap();
    settle(&*node).await;
    node.stop().await.unwrap();
}

pub(crate) async fn death_is_told(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    let [pid] = place.processes_of("lightningd")[..] else { panic!("one lightningd runs here") };
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let settled = node.settle().await.unwrap();
    assert!(matches!(&settled, Settled::Died { how } if how.contains("SIGKILL")), "{settled:?}");
    assert!(matches!(node.stop().await, Err(NodeError::Down(_))));
    drop(node);
    assert_eq!(place.processes(), NONE);
}

pub(crate) async fn crash_is_told(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    let [pid] = place.processes_of("lightning_gossipd")[..] else { panic!("one gossipd runs here") };
    kill_process(Pid::from_raw(pid).unwrap(), Signal::ABORT).unwrap();
    let settled = node.settle().await.unwrap();
    assert!(matches!(&settled, Settled::Died { how } if how.contains("gossipd")), "{settled:?}");
}

pub(crate) async fn nothing_is_left(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    assert_eq!(place.processes_of("lightning_connectd").len(), 1);
    drop(node);
    assert_eq!(place.processes(), NONE);

    let node = place.start(&*runner, 2).await;
    catch_unwind(AssertUnwindSafe(|| {
        let _node = node;
        panic!("of the harness");
    }))
    .unwrap_err();
    assert_eq!(place.processes(), NONE);
}

pub(crate) async fn own_keys(runner: Arc<dyn Runner>) {
    let own = [("keys".to_owned(), "own".to_owned())].into_iter().collect();
    let runner = runner.configured(&own).unwrap();
    assert!(!runner.capabilities().has(Capability::KnownKeys));
    let place = Place::new();
    let node = place.start(&*runner, 1).await;
    assert_ne!(node.identity().node_id, PublicKey::from_secret_key_global(&key(1)));
    settle(&*node).await;
    let invoice = Operation::CreateInvoice { amount_msat: None, preimage: None };
    assert!(matches!(node.perform(invoice).await, Ok(Outcome::Invoice { .. })));
    node.stop().await.unwrap();
    assert_eq!(place.processes(), NONE);
}
