//! What a peer sees of an LDK node.

#![allow(clippy::unwrap_used, reason = "clippy takes the helpers of a test for no test")]

mod support;

use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::{Chain, ChannelRef, FundChannel, NodeKeys, Operation, OperationError, Settled};
use secp256k1::PublicKey;
use std::rc::Rc;
use std::time::Duration;
use support::{Peer, block_on, key, kind, settle, start};

/// Bits 1 (data loss protect), 9, 12 (static_remotekey), 14, 22 (anchors), 44 (channel_type).
const FEATURES: &str = "100000405202";
/// The same without anchors.
const NO_ANCHORS: &str = "100000005202";
const INIT: u16 = 16;
const PING: u16 = 18;
const OPEN_CHANNEL: u16 = 32;
const ACCEPT_CHANNEL: u16 = 33;
const FUNDING_CREATED: u16 = 34;

fn chain() -> Rc<dyn Chain> {
    Rc::new(EmbeddedChain::new())
}

#[test]
fn it_answers_init_under_the_given_node_key() {
    block_on(async {
        let node = start(&chain(), NodeKeys::classic()).await;
        assert_eq!(
            node.identity().node_id.to_string(),
            "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        );
        let mut peer = Peer::dial(&node, key(2)).await;
        let init = peer.init(FEATURES).await;
        assert_eq!(kind(&init), INIT);
        peer.send(&[0, 18, 0, 3, 0, 0]).await;
        assert_eq!(peer.receive().await.unwrap(), [0, 19, 0, 3, 0, 0, 0]);
        assert_eq!(peer.receive().await, None);
    });
}

#[test]
fn it_accepts_a_channel_with_the_given_channel_keys() {
    block_on(async {
        for (features, channel_type) in [(FEATURES, "401000"), (NO_ANCHORS, "1000")] {
            let node = start(&chain(), NodeKeys::classic()).await;
            let mut peer = Peer::dial(&node, key(2)).await;
            peer.init(features).await;
            peer.send(&open_channel(channel_type)).await;
            let accept = peer.receive().await.unwrap();
            assert_eq!(kind(&accept), ACCEPT_CHANNEL, "{}", hex::encode(&accept));
            let points: Vec<_> = accept[74..].chunks(33).take(5).map(hex::encode).collect();
            let expected: Vec<_> =
                (0x10..=0x14).map(|last| PublicKey::from_secret_key_global(&key(last)).to_string()).collect();
            assert_eq!(points, expected);
        }
    });
}

#[test]
fn it_hangs_up_on_garbage_and_takes_a_new_connection() {
    block_on(async {
        let node = start(&chain(), NodeKeys::classic()).await;
        let mut stream = node.dial().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut *stream, &[1; 50]).await.unwrap();
        settle(&node).await;
        assert_eq!(support::read_now(&mut *stream).await, (Vec::new(), true));

        let mut peer = Peer::dial(&node, key(2)).await;
        peer.init(FEATURES).await;
        peer.hang_up().await;
        settle(&node).await;
        let mut peer = Peer::dial(&node, key(2)).await;
        peer.init(FEATURES).await;
        assert!(!peer.is_closed().await);
    });
}

#[test]
fn it_dials_out() {
    block_on(async {
        let node = start(&chain(), NodeKeys::classic()).await;
        let mut peer = Peer::accept(&node, key(2)).await;
        let init = peer.receive().await.unwrap();
        assert_eq!(kind(&init), INIT);
    });
}

#[test]
fn it_opens_a_channel_and_gets_as_far_as_funding_created() {
    block_on(async {
        let node = start(&chain(), NodeKeys::classic()).await;
        let mut peer = Peer::dial(&node, key(2)).await;
        peer.init(FEATURES).await;
        let close_to = bitcoin::ScriptBuf::from_hex(&format!("0014{}", "5a".repeat(20))).unwrap();
        let request = FundChannel {
            announce: false,
            channel_type: Some(vec![0x10, 0x00]),
            close_to: Some(close_to.clone()),
            feerate_per_kw: Some(777),
            push_msat: 1_000,
            ..fund_channel(&key(2))
        };
        let funding = node.perform(Operation::FundChannel(request));
        tokio::pin!(funding);
        assert!(poll_once(&mut funding).await.is_none());
        let open = peer.receive().await.unwrap();
        assert_eq!(kind(&open), OPEN_CHANNEL);
        assert_eq!(open[66..74], 500_000u64.to_be_bytes());
        assert_eq!(open[74..82], 1_000u64.to_be_bytes());
        assert_eq!(open[114..118], 777u32.to_be_bytes());
        assert_eq!(open[320] & 1, 0, "not announced");
        let tlvs = hex::encode(&open[321..]);
        assert_eq!(tlvs, format!("0016{}01021000", close_to.to_hex_string()));

        peer.send(&accept_channel(&open)).await;
        let created = peer.receive().await;
        let created = created.unwrap_or_else(|| panic!("{:#?}", node.log_tail(5)));
        assert_eq!(kind(&created), FUNDING_CREATED);
        assert!(poll_once(&mut funding).await.is_none(), "nothing is published before funding_signed");

        // With output 0 the channel's id is the funding transaction's.
        let mut error = vec![0, 17];
        error.extend(&created[34..66]);
        error.extend([0, 2, b'n', b'o']);
        peer.send(&error).await;
        settle(&node).await;
        let failed = poll_once(&mut funding).await.unwrap().unwrap_err();
        assert!(matches!(&failed, OperationError::Failed(why) if why.contains("no")), "{failed}");
    });
}

#[test]
fn it_refuses_what_it_cannot_do() {
    block_on(async {
        let node = start(&chain(), NodeKeys::classic()).await;
        let failed = node.perform(Operation::FundChannel(fund_channel(&key(2)))).await.unwrap_err();
        assert_eq!(failed.to_string(), "the node says: it is not connected to that peer");
        let close = ChannelRef { peer: node.identity().node_id, channel_id: [7; 32] };
        let failed = node.perform(Operation::CloseChannel(close)).await.unwrap_err();
        assert!(matches!(failed, OperationError::Failed(_)), "{failed}");

        let mut peer = Peer::dial(&node, key(2)).await;
        peer.init(NO_ANCHORS).await;
        let request = FundChannel { channel_type: Some(vec![0x40, 0x10, 0x00]), ..fund_channel(&key(2)) };
        let failed = node.perform(Operation::FundChannel(request)).await.unwrap_err();
        assert!(failed.to_string().contains("it would propose"), "{failed}");
    });
}

#[test]
fn ten_seconds_bring_a_ping_and_twenty_unanswered_the_end() {
    block_on(async {
        let node = start(&chain(), NodeKeys::classic()).await;
        let mut peer = Peer::dial(&node, key(2)).await;
        peer.init(FEATURES).await;
        let wait = |seconds| node.perform(Operation::AdvanceTime(Duration::from_secs(seconds)));
        wait(9).await.unwrap();
        assert_eq!(peer.receive().await, None);
        wait(1).await.unwrap();
        let ping = peer.receive().await.unwrap();
        assert_eq!(kind(&ping), PING);
        let length = [ping[2], ping[3]];
        let mut pong = vec![0, 19, length[0], length[1]];
        pong.resize(4 + usize::from(u16::from_be_bytes(length)), 0);
        peer.send(&pong).await;
        assert!(!peer.is_closed().await);

        wait(10).await.unwrap();
        assert_eq!(kind(&peer.receive().await.unwrap()), PING);
        wait(10).await.unwrap();
        assert!(peer.is_closed().await);
    });
}

#[test]
fn it_comes_back_from_a_restart_and_from_a_crash_but_not_from_a_stop() {
    block_on(async {
        let node = start(&chain(), NodeKeys::classic()).await;
        let mut peer = Peer::dial(&node, key(2)).await;
        peer.init(FEATURES).await;
        node.restart().await.unwrap();
        assert!(peer.is_closed().await);
        Peer::dial(&node, key(2)).await.init(FEATURES).await;

        node.kill().await.unwrap();
        assert!(node.dial().await.is_err());
        node.restart().await.unwrap();
        Peer::dial(&node, key(2)).await.init(FEATURES).await;

        node.stop().await.unwrap();
        assert!(node.settle().await.is_err());
        assert!(node.restart().await.is_err());
    });
}

#[test]
fn two_nodes_with_the_same_keys_say_the_same() {
    let conversation = || {
        block_on(async {
            let node = start(&chain(), NodeKeys::classic()).await;
            let mut peer = Peer::dial(&node, key(2)).await;
            let mut said = vec![peer.init(FEATURES).await];
            peer.send(&open_channel("401000")).await;
            said.extend(peer.receive().await);
            assert_eq!(node.settle().await.unwrap(), Settled::Proved);
            (said, node.log_tail(100))
        })
    };
    assert_eq!(conversation(), conversation());
}

/// Polls once; `None` if it is not done.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

fn fund_channel(peer: &secp256k1::SecretKey) -> FundChannel {
    FundChannel {
        peer: PublicKey::from_secret_key_global(peer),
        amount: bitcoin::Amount::from_sat(500_000),
        push_msat: 0,
        feerate_per_kw: None,
        announce: true,
        channel_type: None,
        close_to: None,
    }
}

/// An `open_channel` with everything in order, keys 20 to 25.
fn open_channel(channel_type: &str) -> Vec<u8> {
    let mut message = OPEN_CHANNEL.to_be_bytes().to_vec();
    message.extend(bitcoin::constants::ChainHash::REGTEST.as_bytes());
    message.extend([9; 32]);
    message.extend(999_800u64.to_be_bytes());
    message.extend(0u64.to_be_bytes());
    message.extend(terms());
    message.splice(message.len() - 4..message.len() - 4, 253u32.to_be_bytes());
    message.extend(points());
    message.push(0);
    let channel_type = hex::decode(channel_type).unwrap();
    message.extend([0, 0, 1, channel_type.len() as u8]);
    message.extend(channel_type);
    message
}

/// The `accept_channel` to `open`, for a channel of type `1000`.
fn accept_channel(open: &[u8]) -> Vec<u8> {
    let mut message = ACCEPT_CHANNEL.to_be_bytes().to_vec();
    message.extend(&open[34..66]);
    message.extend(terms());
    message.splice(message.len() - 4..message.len() - 4, 3u32.to_be_bytes());
    message.extend(points());
    message.extend([0, 0, 1, 2, 0x10, 0x00]);
    message
}

/// Dust limit, in-flight limit, reserve, HTLC minimum, `to_self_delay` and HTLC limit.
fn terms() -> Vec<u8> {
    let amounts = [546u64, 100_000_000, 10_000, 0];
    let counts = [5u16, 30];
    let amounts = amounts.iter().flat_map(|amount| amount.to_be_bytes());
    amounts.chain(counts.iter().flat_map(|count| count.to_be_bytes())).collect()
}

/// The funding key, four basepoints and the first per-commitment point.
fn points() -> Vec<u8> {
    (0x20..=0x25).flat_map(|last| PublicKey::from_secret_key_global(&key(last)).serialize()).collect()
}
