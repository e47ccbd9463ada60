//! Does it answer as a bitcoind would, and know what Lampo knows?

use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::{Amount, Block, BlockHash, ScriptBuf, Transaction, TxOut};
use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::Chain;
use serde_json::{Value, json};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::Bitcoind;
use crate::http::{Connection, Response};

/// Long enough for whatever comes at once, on a busy machine.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_chain_is_told_as_it_is() {
    with(async |chain, bitcoind| {
        let mut client = Client::new(&bitcoind).await;
        let (height, hash) = chain.tip().await.unwrap();
        let info = client.result("getblockchaininfo", json!([])).await;
        assert_eq!(info["chain"], "regtest");
        assert_eq!((info["blocks"].as_u64(), &info["bestblockhash"]), (Some(102), &text(hash)));
        assert_eq!(client.result("getblockcount", json!([])).await, 102);
        assert_eq!(client.result("getbestblockhash", json!([])).await, text(hash));
        assert_eq!(client.result("getblockhash", json!([height])).await, text(hash));

        let raw = client.result("getblock", json!([hash.to_string(), 0])).await;
        let block: Block = deserialize_hex(raw.as_str().unwrap()).unwrap();
        assert_eq!(block.block_hash(), hash);
        let header = client.result("getblockheader", json!([hash.to_string()])).await;
        assert_eq!(header["previousblockhash"], text(block.header.prev_blockhash));
        assert_eq!((&header["confirmations"], &header["nTx"]), (&json!(1), &json!(1)));
        assert_eq!(header["chainwork"], format!("{:064x}", 2 * 103));
        assert_eq!(header.get("nextblockhash"), None);
        let parent = client.result("getblock", json!([block.header.prev_blockhash.to_string(), 1])).await;
        assert_eq!((&parent["nextblockhash"], &parent["height"]), (&text(hash), &json!(101)));
        assert_eq!(parent["tx"].as_array().unwrap().len(), 1);
        let genesis = client.result("getblockhash", json!([0])).await;
        assert_eq!(client.result("getblockheader", json!([genesis])).await.get("previousblockhash"), None);
    })
    .await;
}

#[tokio::test]
async fn what_was_reorganised_away_is_known_still() {
    with(async |chain, bitcoind| {
        let mut client = Client::new(&bitcoind).await;
        let (height, old) = chain.tip().await.unwrap();
        client.result("getblock", json!([old.to_string(), 0])).await;
        chain.reorganise(height - 1).await.unwrap();
        chain.mine(2, &[]).await.unwrap();
        let header = client.result("getblockheader", json!([old.to_string()])).await;
        assert_eq!((&header["confirmations"], &header["height"]), (&json!(-1), &json!(height)));
    })
    .await;
}

#[tokio::test]
async fn refusals_carry_bitcoinds_codes() {
    with(async |_, bitcoind| {
        let mut client = Client::new(&bitcoind).await;
        let lost = Transaction {
            version: bitcoin::transaction::Version::TWO,
            lock_time: bitcoin::absolute::LockTime::ZERO,
            input: vec![bitcoin::TxIn {
                previous_output: bitcoin::OutPoint { vout: 0, txid: nowhere() },
                ..Default::default()
            }],
            output: vec![TxOut {
                value: Amount::from_sat(1_000),
                script_pubkey: ScriptBuf::new_p2wpkh(&bitcoin::hashes::Hash::all_zeros()),
            }],
        };
        let nowhere = nowhere().to_string();
        for (method, params, status, code) in [
            ("sendrawtransaction", json!(["00"]), 500, -22),
            ("sendrawtransaction", json!([serialize_hex(&lost)]), 500, -25),
            ("getblock", json!([nowhere]), 500, -5),
            ("getblock", json!(["no hash"]), 500, -8),
            ("getblockhash", json!([103]), 500, -8),
            ("stop", json!([]), 404, -32601),
            ("getblock", json!({ "blockhash": nowhere }), 500, -32700),
        ] {
            let (got, answer) = client.call(method, params).await;
            assert_eq!((got, &answer["error"]["code"]), (status, &json!(code)), "{method}: {answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_transaction_reaches_the_mempool() {
    with(async |chain, bitcoind| {
        let script = ScriptBuf::new_p2wpkh(&bitcoin::hashes::Hash::all_zeros());
        crate::coins::pay_to(&*chain, &script).await.unwrap();
        let (height, _) = chain.tip().await.unwrap();
        let payment = chain.block_at(height).await.unwrap().unwrap().block.txdata[1].clone();
        chain.reorganise(height - 1).await.unwrap();

        let mut client = Client::new(&bitcoind).await;
        let txid = text(payment.compute_txid());
        assert_eq!(client.result("sendrawtransaction", json!([serialize_hex(&payment)])).await, txid);
        assert_eq!(client.result("getrawmempool", json!([])).await, json!([txid]));
        assert_eq!(client.result("getmempoolinfo", json!([])).await["size"], 1);
    })
    .await;
}

#[tokio::test]
async fn the_tip_is_known_once_its_header_was_asked_for() {
    with(async |chain, bitcoind| {
        let mut client = Client::new(&bitcoind).await;
        client.catch_up(&chain).await;
        tokio::time::timeout(SOON, bitcoind.tip_known()).await.unwrap().unwrap();
        let mined: Vec<BlockHash> = chain.mine(1, &[]).await.unwrap();
        let mut known = pin!(bitcoind.tip_known());
        tokio::select! {
            biased;
            _ = &mut known => panic!("nobody has asked for it"),
            _ = client.result("getblockchaininfo", json!([])) => {}
        }
        client.result("getblockheader", json!([mined[0].to_string()])).await;
        tokio::time::timeout(SOON, known).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_wallet_knows_the_tip_once_it_asked_for_the_block() {
    with(async |chain, bitcoind| {
        let mut wallet = Client::new(&bitcoind).await;
        wallet.version = Some("2.0");
        let mut follower = Client::new(&bitcoind).await;
        let mined: Vec<BlockHash> = chain.mine(1, &[]).await.unwrap();
        let block = json!([mined[0].to_string(), 0]);
        let mut known = pin!(bitcoind.tip_known_to_wallet());
        tokio::select! {
            biased;
            _ = &mut known => panic!("the wallet has not asked for it"),
            _ = follower.result("getblock", block.clone()) => {}
        }
        wallet.result("getblock", block).await;
        tokio::time::timeout(SOON, known).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn it_is_followed_once_a_poll_finds_nothing_new() {
    with(async |chain, bitcoind| {
        let mut wallet = Client::new(&bitcoind).await;
        wallet.version = Some("2.0");
        let mut follower = Client::new(&bitcoind).await;
        // The wallet asks as much as it likes, and the follower once for a start.
        follower.catch_up(&chain).await;
        wallet.catch_up(&chain).await;
        wallet.result("getblockchaininfo", json!([])).await;
        let mut followed = pin!(bitcoind.followed());
        tokio::select! {
            biased;
            () = &mut followed => panic!("nobody has polled"),
            () = tokio::task::yield_now() => {}
        }
        follower.result("getblockchaininfo", json!([])).await;
        tokio::time::timeout(SOON, followed).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn nonsense_ends_its_own_connection_only() {
    with(async |_, bitcoind| {
        let mut stream = TcpStream::connect(("127.0.0.1", bitcoind.port())).await.unwrap();
        stream.write_all(b"\0\r\n\r\n").await.unwrap();
        let mut nonsense = Connection::new(stream);
        nonsense.response().await.unwrap_err();
        let mut client = Client::new(&bitcoind).await;
        client.connection.send("POST / HTTP/1.1", &[], b"not JSON").await.unwrap();
        assert_eq!(client.receive().await.1["error"]["code"], -32700);
        assert_eq!(client.result("getblockcount", json!([])).await, 102);
    })
    .await;
}

/// Runs `test` with a bitcoind over a fresh chain.
async fn with(test: impl AsyncFnOnce(Rc<EmbeddedChain>, Bitcoind)) {
    LocalSet::new()
        .run_until(async {
            let chain = Rc::new(EmbeddedChain::new());
            let bitcoind = Bitcoind::serve(chain.clone()).await.unwrap();
            test(chain, bitcoind).await;
        })
        .await;
}

/// Somebody who asks.
struct Client {
    connection: Connection<TcpStream>,
    /// Of JSON-RPC; Lampo's follower says none.
    version: Option<&'static str>,
}

impl Client {
    async fn new(bitcoind: &Bitcoind) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", bitcoind.port())).await.unwrap();
        Self { connection: Connection::new(stream), version: None }
    }

    /// Does what Lampo's follower does at its start.
    async fn catch_up(&mut self, chain: &EmbeddedChain) {
        let (_, tip) = chain.tip().await.unwrap();
        self.result("getblockchaininfo", json!([])).await;
        self.result("getblockheader", json!([tip.to_string(), 102])).await;
    }

    async fn result(&mut self, method: &str, params: Value) -> Value {
        let (status, mut answer) = self.call(method, params).await;
        assert_eq!((status, &answer["error"]), (200, &Value::Null), "{method}: {answer}");
        answer["result"].take()
    }

    async fn call(&mut self, method: &str, params: Value) -> (u16, Value) {
        self.send(method, params).await;
        self.receive().await
    }

    async fn send(&mut self, method: &str, params: Value) {
        let mut call = json!({ "method": method, "params": params, "id": "7" });
        if let Some(version) = self.version {
            call["jsonrpc"] = json!(version);
        }
        self.connection.send("POST / HTTP/1.1", &[], call.to_string().as_bytes()).await.unwrap();
    }

    async fn receive(&mut self) -> (u16, Value) {
        let Response { status, body } = self.connection.response().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

fn text(hash: impl ToString) -> Value {
    Value::String(hash.to_string())
}

fn nowhere() -> bitcoin::Txid {
    bitcoin::hashes::Hash::all_zeros()
}
