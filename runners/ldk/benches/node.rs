//! What does a fresh node cost, and a connection to it?

#![allow(missing_docs, reason = "criterion's macros make items without any")]

use criterion::{Criterion, criterion_group, criterion_main};
use lnprototest_bolt::noise::{ACT_TWO_LENGTH, Decoder, Initiator};
use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::{Chain, Node, NodeKeys, Runner, World};
use lnprototest_runner_ldk::LdkRunner;
use secp256k1::SecretKey;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// An `init` with bits 1, 9, 12, 14, 22 and 44: what LDK insists on, and anchors.
const INIT: [u8; 12] = [0, 16, 0, 0, 0, 6, 0x10, 0x00, 0x00, 0x40, 0x52, 0x02];

fn node(c: &mut Criterion) {
    let runner = LdkRunner::new();
    c.bench_function("ldk/start", |b| b.iter(|| start(&runner)));
    c.bench_function("ldk/start_connect_init", |b| b.iter(|| init(&start(&runner))));
    c.bench_function("ldk/settle_idle", |b| {
        let node = start(&runner);
        b.iter(|| now(node.settle()));
    });
}

fn start(runner: &LdkRunner) -> Rc<dyn Node> {
    let chain: Rc<dyn Chain> = Rc::new(EmbeddedChain::new());
    let tip = now(chain.tip()).expect("the embedded chain has a tip");
    let world = World { chain, tip, keys: NodeKeys::classic(), dir: "unused".into() };
    now(runner.start(world)).expect("it starts")
}

fn init(node: &Rc<dyn Node>) {
    now(async {
        let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("a valid key");
        let us = Initiator::new(key(2), node.identity().node_id, key(3));
        let mut stream = node.dial().await.expect("it runs");
        let mut act_two = [0; ACT_TWO_LENGTH];
        stream.write_all(&us.act_one()).await.expect("a pipe takes all");
        node.settle().await.expect("it runs");
        stream.read_exact(&mut act_two).await.expect("act two is there");
        let mut done = us.act_two(&act_two).expect("act two is good");
        stream.write_all(&done.act_three).await.expect("a pipe takes all");
        stream
            .write_all(&done.transport.encryptor.encrypt(&INIT).expect("short"))
            .await
            .expect("a pipe takes all");
        node.settle().await.expect("it runs");
        let mut bytes = [0; 256];
        let length = stream.read(&mut bytes).await.expect("init is there");
        let mut decoder = Decoder::new(done.transport.decryptor);
        let message = decoder.next_message(&mut &bytes[..length]).expect("the MAC holds");
        assert_eq!(message.expect("a whole message")[..2], [0, 16]);
    });
}

/// The output of a future that does not wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("an embedded node on an embedded chain never waits"),
    }
}

criterion_group!(benches, node);
criterion_main!(benches);
