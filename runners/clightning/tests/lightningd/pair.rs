//! How do two nodes meet and work with each other?

use lnprototest_runner_api::pipe::{PipeDialer, pipe};
use lnprototest_runner_api::{Address, Node, Operation};
use std::net::{Ipv4Addr, TcpListener};
use std::rc::Rc;
use tokio::io::copy_bidirectional;
use tokio::task::spawn_local;

use crate::place::settle;

/// Has `alice` dial `bob`, and both get ready for each other.
pub(crate) async fn connect(alice: &Rc<dyn Node>, bob: &Rc<dyn Node>) {
    let node_id = bob.identity().node_id;
    let (address, listener) = address();
    let door = Rc::clone(bob);
    spawn_local(async move {
        let (mut from_alice, _) = listener.accept().await.unwrap();
        let mut to_bob = door.dial().await.unwrap();
        // It ends when one of them does.
        let _ended = copy_bidirectional(&mut from_alice, &mut to_bob).await;
    });
    alice.perform(Operation::ConnectOut { node_id, address }).await.unwrap();
    until(&[alice, bob], async || says(bob, "Handed peer, entering loop")).await;
}

/// Lets nodes work that talk with each other, until it is so.
pub(crate) async fn until(nodes: &[&Rc<dyn Node>], is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        for node in nodes {
            settle(&***node).await;
        }
    }
}

/// Whether it has logged this.
pub(crate) fn says(node: &Rc<dyn Node>, words: &str) -> bool {
    node.log_tail(10_000).iter().any(|line| line.contains(words))
}

/// An address that a node can dial, and where it arrives.
pub(crate) fn address() -> (Address, tokio::net::TcpListener) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let here = listener.local_addr().unwrap();
    let address = Address::new(PipeDialer::new(|| pipe().1), move || Ok(here));
    (address, tokio::net::TcpListener::from_std(listener).unwrap())
}
