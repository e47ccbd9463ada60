//! Two nodes with a wire between them, for tests.

use bitcoin::{Amount, OutPoint};
use lightning::events::bump_transaction::sync::WalletSourceSync;
use lightning::ln::types::ChannelId;
use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::pipe::{PipeDialer, PipeStream, pipe};
use lnprototest_runner_api::{
    Address, ByteStream, Chain, ChannelRef, FundChannel, Node, NodeKeys, Operation, Outcome, Settled, World,
};
use secp256k1::SecretKey;
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncWriteExt, ReadBuf};

use crate::node::LdkNode;
use crate::node_keys::KeyMaterial;

pub(crate) const CAPACITY: Amount = Amount::from_sat(1_000_000);
pub(crate) const STATIC_REMOTEKEY: &[u8] = &[0x10, 0x00];
pub(crate) const ANCHORS: &[u8] = &[0x40, 0x10, 0x00];

/// Two nodes on one chain.
pub(crate) struct Pair {
    pub(crate) a: Rc<LdkNode>,
    pub(crate) b: Rc<LdkNode>,
    pub(crate) chain: Rc<dyn Chain>,
    /// How many there were: each has another preimage.
    payments: u8,
    pub(crate) wire: Option<(PipeStream, Box<dyn ByteStream>)>,
}

impl Pair {
    pub(crate) async fn new() -> Self {
        let chain: Rc<dyn Chain> = Rc::new(EmbeddedChain::new());
        let mut other = NodeKeys::classic();
        for key in [
            &mut other.node_key,
            &mut other.channel.funding,
            &mut other.channel.revocation_base,
            &mut other.channel.payment_base,
            &mut other.channel.delayed_payment_base,
            &mut other.channel.htlc_base,
        ] {
            let mut bytes = key.secret_bytes();
            bytes[0] = 1;
            *key = SecretKey::from_slice(&bytes).unwrap();
        }
        other.channel.commitment_seed = [0xee; 32];
        let a = start(&chain, NodeKeys::classic()).await;
        let b = start(&chain, other).await;
        // The first node spends the coin that every node starts with; the second gets another.
        let block = chain.block_at(3).await.unwrap().unwrap();
        engine(&b).around.wallet.own_coinbase(&block.block, block.height);
        let mut pair = Self { a, b, chain, payments: 0, wire: None };
        pair.connect().await;
        pair
    }

    /// Makes the first node dial the second.
    pub(crate) async fn connect(&mut self) {
        let ours: Rc<RefCell<Option<PipeStream>>> = Rc::default();
        let keep = Rc::clone(&ours);
        let dialer = PipeDialer::new(move || {
            let (stream, end) = pipe();
            *keep.borrow_mut() = Some(stream);
            end
        });
        self.wire = None;
        self.quiesce().await;
        let node_id = self.b.identity().node_id;
        let dial = Operation::ConnectOut {
            node_id,
            address: Address::new(dialer, || unreachable!("it has no sockets")),
        };
        self.a.perform(dial).await.unwrap();
        let theirs = self.b.dial().await.unwrap();
        self.wire = Some((ours.take().unwrap(), theirs));
        self.quiesce().await;
    }

    /// Settles both nodes and carries their bytes until there are none.
    pub(crate) async fn quiesce(&mut self) {
        for _ in 0..100 {
            if !self.carry().await {
                return;
            }
        }
        panic!("they go on talking: {:#?} {:#?}", self.a.log_tail(20), self.b.log_tail(20));
    }

    /// Settles both nodes and carries what they have said; whether they had said anything.
    pub(crate) async fn carry(&mut self) -> bool {
        for node in [&self.a, &self.b] {
            assert_eq!(node.settle().await.unwrap(), Settled::Proved, "{:#?}", node.log_tail(20));
        }
        let Some((a, b)) = &mut self.wire else { return false };
        let to_b = read_now(a).await;
        let to_a = read_now(&mut **b).await;
        let _ = b.write_all(&to_b).await;
        let _ = a.write_all(&to_a).await;
        !to_a.is_empty() || !to_b.is_empty()
    }

    pub(crate) async fn mine(&mut self, count: u32) {
        for _ in 0..count {
            self.chain.mine(1, &[]).await.unwrap();
            self.quiesce().await;
        }
    }

    pub(crate) fn request(&self, channel_type: Option<&[u8]>) -> FundChannel {
        FundChannel {
            peer: self.b.identity().node_id,
            amount: CAPACITY,
            push_msat: 0,
            feerate_per_kw: None,
            announce: true,
            channel_type: channel_type.map(<[u8]>::to_vec),
            close_to: None,
        }
    }

    /// Funds a channel from the first node to the second, and confirms it; its id.
    pub(crate) async fn open(&mut self, channel_type: &[u8]) -> [u8; 32] {
        let outpoint = self.fund(channel_type).await;
        self.mine(8).await;
        assert_eq!(self.chain.unspent(outpoint).await.unwrap().unwrap().1.value, CAPACITY);
        ChannelId::v1_from_funding_txid(AsRef::<[u8; 32]>::as_ref(&outpoint.txid), 0).0
    }

    /// Funds a channel from the first node to the second.
    pub(crate) async fn fund(&mut self, channel_type: &[u8]) -> OutPoint {
        let node = Rc::clone(&self.a);
        let mut funding = pin!(node.perform(Operation::FundChannel(self.request(Some(channel_type)))));
        assert!(poll_once(funding.as_mut()).await.is_none());
        self.quiesce().await;
        let funded = poll_once(funding.as_mut()).await;
        let Some(Ok(Outcome::Funded { txid, output_index })) = funded else {
            panic!("{funded:?}: {:#?}", self.a.log_tail(20))
        };
        assert_eq!(output_index, 0);
        OutPoint { txid, vout: 0 }
    }

    /// The first node pays the second.
    pub(crate) async fn pay(&mut self, msat: u64) {
        self.payments += 1;
        let preimage = [self.payments; 32];
        let (invoice, _) = self.invoice(Some(msat), Some(preimage)).await;
        let node = Rc::clone(&self.a);
        let mut paying = pin!(node.perform(Operation::Pay { invoice }));
        assert!(poll_once(paying.as_mut()).await.is_none());
        self.quiesce().await;
        let paid = poll_once(paying.as_mut()).await.expect("it is over").unwrap();
        assert_eq!(paid, Outcome::Paid { preimage });
    }

    /// An invoice of the second node, and the hash and secret that it names.
    pub(crate) async fn invoice(
        &self,
        amount_msat: Option<u64>,
        preimage: Option<[u8; 32]>,
    ) -> (String, ([u8; 32], [u8; 32])) {
        let made = self.b.perform(Operation::CreateInvoice { amount_msat, preimage }).await.unwrap();
        let Outcome::Invoice { invoice, payment_hash, payment_secret } = made else { panic!("{made:?}") };
        (invoice, (payment_hash, payment_secret))
    }

    /// The channel with the second node.
    pub(crate) fn channel(&self, channel_id: [u8; 32]) -> ChannelRef {
        ChannelRef { peer: self.b.identity().node_id, channel_id }
    }

    pub(crate) fn ready_channels(&self) -> [usize; 2] {
        [&self.a, &self.b].map(|node| engine(node).stack.manager.list_usable_channels().len())
    }
}

async fn start(chain: &Rc<dyn Chain>, keys: NodeKeys) -> Rc<LdkNode> {
    let world = World {
        chain: Rc::clone(chain),
        tip: chain.tip().await.unwrap(),
        keys: keys.clone(),
        dir: "unused".into(),
    };
    Rc::new(LdkNode::start(world, Arc::new(KeyMaterial::new(keys))).await.unwrap())
}

pub(crate) fn engine(node: &LdkNode) -> Rc<crate::engine::Engine> {
    node.running().unwrap()
}

/// What the node's wallet holds in blocks.
pub(crate) fn confirmed(node: &LdkNode) -> Amount {
    let utxos = engine(node).around.wallet.list_confirmed_utxos().unwrap();
    utxos.iter().map(|utxo| utxo.output.value).sum()
}

pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
}

pub(crate) async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// The bytes that are there.
async fn read_now(stream: &mut dyn ByteStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    poll_fn(|cx| {
        loop {
            let mut space = [0; 4096];
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => bytes.extend_from_slice(buf.filled()),
                _ => return Poll::Ready(()),
            }
        }
    })
    .await;
    bytes
}
