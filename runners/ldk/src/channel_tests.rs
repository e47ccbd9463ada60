//! Two LDK nodes with a channel between them: does everything that the runner does for LDK hold together?

use bitcoin::{Amount, OutPoint};
use lightning::events::bump_transaction::sync::WalletSourceSync;
use lightning::ln::channelmanager::{Bolt11InvoiceParameters, PaymentId, RecentPaymentDetails, Retry};
use lightning::ln::types::ChannelId;
use lightning::routing::router::RouteParametersConfig;
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

use crate::engine::caught;
use crate::node::LdkNode;
use crate::node_keys::KeyMaterial;

const CAPACITY: Amount = Amount::from_sat(1_000_000);
const STATIC_REMOTEKEY: &[u8] = &[0x10, 0x00];
const ANCHORS: &[u8] = &[0x40, 0x10, 0x00];

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
fn a_force_close_brings_all_money_home() {
    block_on(async {
        for channel_type in [STATIC_REMOTEKEY, ANCHORS] {
            let mut pair = Pair::new().await;
            let id = pair.open(channel_type).await;
            pair.pay(90_000_000).await;
            let before = [confirmed(&pair.a), confirmed(&pair.b)];

            let peer = pair.b.identity().node_id;
            let manager = Arc::clone(&engine(&pair.a).stack.manager);
            manager.force_close_broadcasting_latest_txn(&ChannelId(id), &peer, "test".to_owned()).unwrap();
            pair.quiesce().await;
            assert_ne!(pair.chain.mempool().await.unwrap(), [], "the commitment is published");
            // Confirmed, and once to_self_delay has passed both shares are swept, which confirms at last.
            pair.mine(150).await;
            pair.mine(6).await;
            let paid = Amount::from_sat(90_000);
            let due = [CAPACITY - paid, paid];
            for ((node, before), due) in [&pair.a, &pair.b].into_iter().zip(before).zip(due) {
                let fees = Amount::from_sat(12_000);
                let came = confirmed(node) - before;
                assert!(came <= due && came > due - fees, "{came} of {due}: {:#?}", node.log_tail(40));
            }
        }
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

/// Two nodes on one chain.
struct Pair {
    a: Rc<LdkNode>,
    b: Rc<LdkNode>,
    chain: Rc<dyn Chain>,
    wire: Option<(PipeStream, Box<dyn ByteStream>)>,
}

impl Pair {
    async fn new() -> Self {
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
        let mut pair = Self { a, b, chain, wire: None };
        pair.connect().await;
        pair
    }

    /// Makes the first node dial the second.
    async fn connect(&mut self) {
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
    async fn quiesce(&mut self) {
        for _ in 0..100 {
            for node in [&self.a, &self.b] {
                assert_eq!(node.settle().await.unwrap(), Settled::Proved, "{:#?}", node.log_tail(20));
            }
            let Some((a, b)) = &mut self.wire else { return };
            let to_b = read_now(a).await;
            let to_a = read_now(&mut **b).await;
            if to_a.is_empty() && to_b.is_empty() {
                return;
            }
            let _ = b.write_all(&to_b).await;
            let _ = a.write_all(&to_a).await;
        }
        panic!("they go on talking: {:#?} {:#?}", self.a.log_tail(20), self.b.log_tail(20));
    }

    async fn mine(&mut self, count: u32) {
        for _ in 0..count {
            self.chain.mine(1, &[]).await.unwrap();
            self.quiesce().await;
        }
    }

    fn request(&self, channel_type: Option<&[u8]>) -> FundChannel {
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
    async fn open(&mut self, channel_type: &[u8]) -> [u8; 32] {
        let outpoint = self.fund(channel_type).await;
        self.mine(8).await;
        assert_eq!(self.chain.unspent(outpoint).await.unwrap().unwrap().1.value, CAPACITY);
        ChannelId::v1_from_funding_txid(AsRef::<[u8; 32]>::as_ref(&outpoint.txid), 0).0
    }

    /// Funds a channel from the first node to the second.
    async fn fund(&mut self, channel_type: &[u8]) -> OutPoint {
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
    async fn pay(&mut self, msat: u64) {
        let parameters = Bolt11InvoiceParameters { amount_msats: Some(msat), ..Default::default() };
        let invoice = engine(&self.b).stack.manager.create_bolt11_invoice(parameters).unwrap();
        let id = PaymentId(*AsRef::<[u8; 32]>::as_ref(invoice.payment_hash()));
        let routes = RouteParametersConfig::default();
        let manager = Arc::clone(&engine(&self.a).stack.manager);
        manager.pay_for_bolt11_invoice(&invoice, id, None, routes, Retry::Attempts(0)).unwrap();
        self.quiesce().await;
        let payments = engine(&self.a).stack.manager.list_recent_payments();
        let settled = payments.iter().any(|payment| {
            matches!(payment, RecentPaymentDetails::Fulfilled { payment_id, .. } if *payment_id == id)
        });
        assert!(settled, "{payments:?}");
    }

    fn ready_channels(&self) -> [usize; 2] {
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

fn engine(node: &LdkNode) -> Rc<crate::engine::Engine> {
    node.running().unwrap()
}

/// What the node's wallet holds in blocks.
fn confirmed(node: &LdkNode) -> Amount {
    let utxos = engine(node).around.wallet.list_confirmed_utxos().unwrap();
    utxos.iter().map(|utxo| utxo.output.value).sum()
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
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
