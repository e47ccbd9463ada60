//! A peer that speaks BOLT 8 to a node and hands over whole messages.

use lnprototest_bolt::noise::{ACT_ONE_LENGTH, ACT_THREE_LENGTH, ACT_TWO_LENGTH};
use lnprototest_bolt::noise::{Decoder, Encryptor, Initiator, Responder, Transport};
use lnprototest_runner_api::pipe::{PipeDialer, PipeStream, pipe};
use lnprototest_runner_api::{
    Address, ByteStream, Chain, Node, NodeKeys, Operation, Outcome, Runner, Settled, World,
};
use lnprototest_runner_ldk::LdkRunner;
use secp256k1::{PublicKey, SecretKey};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use tokio::io::{AsyncWriteExt, ReadBuf};

/// Runs a test on one thread.
pub fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
}

/// A fresh node with `keys` on `chain`.
pub async fn start(chain: &Rc<dyn Chain>, keys: NodeKeys) -> Rc<dyn Node> {
    let tip = chain.tip().await.unwrap();
    let world = World { chain: Rc::clone(chain), tip, keys, dir: "unused".into() };
    LdkRunner::new().start(world).await.unwrap()
}

/// Settles a node that must come to rest.
pub async fn settle(node: &Rc<dyn Node>) {
    let settled = node.settle().await.unwrap();
    assert_eq!(settled, Settled::Proved, "{:#?}", node.log_tail(20));
}

pub fn key(last: u8) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[31] = last;
    SecretKey::from_slice(&bytes).unwrap()
}

/// One end of an encrypted connection to a node.
pub struct Peer {
    node: Rc<dyn Node>,
    stream: Box<dyn ByteStream>,
    encryptor: Encryptor,
    decoder: Decoder,
    unread: Vec<u8>,
}

impl Peer {
    /// Dials the node as `secret`.
    pub async fn dial(node: &Rc<dyn Node>, secret: SecretKey) -> Self {
        let mut stream = node.dial().await.unwrap();
        let us = Initiator::new(secret, node.identity().node_id, key(0x77));
        stream.write_all(&us.act_one()).await.unwrap();
        let act_two = read_act(node, &mut *stream, ACT_TWO_LENGTH).await;
        let done = us.act_two(&act_two).unwrap();
        stream.write_all(&done.act_three).await.unwrap();
        Self::new(node, stream, done.transport)
    }

    /// Makes the node dial `secret`'s node id.
    pub async fn accept(node: &Rc<dyn Node>, secret: SecretKey) -> Self {
        let accepted: Rc<RefCell<Option<PipeStream>>> = Rc::default();
        let keep = Rc::clone(&accepted);
        let dialer = PipeDialer::new(move || {
            let (stream, end) = pipe();
            *keep.borrow_mut() = Some(stream);
            end
        });
        let node_id = PublicKey::from_secret_key_global(&secret);
        let operation = Operation::ConnectOut {
            node_id,
            address: Address::new(dialer, || unreachable!("it has no sockets")),
        };
        assert_eq!(node.perform(operation).await.unwrap(), Outcome::Done);

        let mut stream: Box<dyn ByteStream> = Box::new(accepted.borrow_mut().take().unwrap());
        let act_one = read_act(node, &mut *stream, ACT_ONE_LENGTH).await;
        let (act_two, waiting) = Responder::new(secret, key(0x78)).act_one(&act_one).unwrap();
        stream.write_all(&act_two).await.unwrap();
        settle(node).await;
        let (mut act_three, _) = read_now(&mut *stream).await;
        let init = act_three.split_off(ACT_THREE_LENGTH);
        let (transport, id) = waiting.act_three(&act_three).unwrap();
        assert_eq!(id, node.identity().node_id);
        Self { unread: init, ..Self::new(node, stream, transport) }
    }

    fn new(node: &Rc<dyn Node>, stream: Box<dyn ByteStream>, transport: Transport) -> Self {
        Self {
            node: Rc::clone(node),
            stream,
            encryptor: transport.encryptor,
            decoder: Decoder::new(transport.decryptor),
            unread: Vec::new(),
        }
    }

    /// Sends an `init` with `features` (hex) and takes the node's.
    pub async fn init(&mut self, features: &str) -> Vec<u8> {
        let features = hex::decode(features).unwrap();
        let mut init = vec![0, 16, 0, 0, 0, features.len() as u8];
        init.extend(features);
        self.send(&init).await;
        let theirs = self.receive().await.unwrap();
        assert_eq!(theirs[..2], [0, 16]);
        theirs
    }

    pub async fn send(&mut self, message: &[u8]) {
        let frame = self.encryptor.encrypt(message).unwrap();
        self.stream.write_all(&frame).await.unwrap();
    }

    /// The next message but gossip queries, once the node is settled; `None` if it is silent.
    pub async fn receive(&mut self) -> Option<Vec<u8>> {
        settle(&self.node).await;
        loop {
            self.unread.extend(read_now(&mut *self.stream).await.0);
            let mut input = &self.unread[..];
            let message = self.decoder.next_message(&mut input).unwrap();
            self.unread = input.to_vec();
            match message {
                Some(message) if (261..=265).contains(&kind(&message)) => {}
                message => return message,
            }
        }
    }

    /// Whether the node has hung up, once it is settled.
    pub async fn is_closed(&mut self) -> bool {
        settle(&self.node).await;
        let (bytes, closed) = read_now(&mut *self.stream).await;
        self.unread.extend(bytes);
        closed
    }

    /// Ends the connection.
    pub async fn hang_up(mut self) {
        self.stream.shutdown().await.unwrap();
    }
}

/// A message's type.
pub fn kind(message: &[u8]) -> u16 {
    u16::from_be_bytes([message[0], message[1]])
}

async fn read_act(node: &Rc<dyn Node>, stream: &mut dyn ByteStream, length: usize) -> Vec<u8> {
    settle(node).await;
    let (act, _) = read_now(stream).await;
    assert_eq!(act.len(), length);
    act
}

/// The bytes that are there, and whether the stream ended after them.
pub async fn read_now(stream: &mut dyn ByteStream) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    poll_fn(|cx| {
        loop {
            let mut space = [0; 4096];
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if buf.filled().is_empty() => {
                    return Poll::Ready((std::mem::take(&mut bytes), true));
                }
                Poll::Ready(Ok(())) => bytes.extend_from_slice(buf.filled()),
                Poll::Ready(Err(error)) => panic!("{error}"),
                Poll::Pending => return Poll::Ready((std::mem::take(&mut bytes), false)),
            }
        }
    })
    .await
}
