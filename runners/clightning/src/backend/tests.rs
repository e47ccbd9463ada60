//! Is lightningd told what it asks for, without a lightningd?

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness};
use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::Chain;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::LocalSet;

use super::{Backend, ChainPlugin};
use crate::network::Network;

/// A chain at its prepared tip of 102, and a backend for it.
struct Setup {
    chain: Rc<EmbeddedChain>,
    network: Rc<Network>,
    backend: Backend,
}

impl Setup {
    fn new() -> Self {
        let chain = Rc::new(EmbeddedChain::new());
        let network = Rc::new(Network::new(chain.clone()));
        Self { chain, backend: Backend::new(Rc::clone(&network)), network }
    }

    /// The whole answer to a request, or `None` if it stays open.
    async fn ask(&self, method: &str, params: Value) -> Option<Value> {
        let request = json!({ "jsonrpc": "2.0", "id": method, "method": method, "params": params });
        self.backend.take(request).await;
        self.answer().await
    }

    /// The result for a request that is answered at once.
    async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await.unwrap();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(method)));
        answer["result"].clone()
    }

    /// An answer that is there.
    async fn answer(&self) -> Option<Value> {
        let now = Duration::ZERO;
        tokio::time::timeout(now, self.backend.next_answer()).await.ok()
    }

    async fn asks_for_block(&self, height: u32) -> Option<Value> {
        self.ask("getrawblockbyheight", json!({ "height": height })).await
    }

    /// As lightningd does until its question stays open; the blocks that it gets.
    async fn follow(&self, from: u32) -> Vec<String> {
        let (mut height, mut hashes) = (from, Vec::new());
        while let Some(answer) = self.asks_for_block(height).await {
            if let Some(hash) = answer["result"]["blockhash"].as_str() {
                hashes.push(hash.to_owned());
                height += 1;
            }
        }
        hashes
    }

    async fn hash_at(&self, height: u32) -> String {
        self.chain.block_at(height).await.unwrap().unwrap().block.block_hash().to_string()
    }
}

#[tokio::test]
async fn it_introduces_itself_as_a_whole_backend() {
    let setup = Setup::new();
    let manifest = setup.result("getmanifest", json!({ "allow-deprecated-apis": false })).await;
    let names: Vec<&str> = manifest["rpcmethods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method["name"].as_str().unwrap())
        .collect();
    let all = ["estimatefees", "getchaininfo", "getrawblockbyheight", "getutxout", "sendrawtransaction"];
    assert_eq!(names, all);
    assert_eq!(setup.result("init", json!({})).await, json!({}));
    let info = setup.result("getchaininfo", json!({ "last_height": 0 })).await;
    assert_eq!(info, json!({ "chain": "regtest", "headercount": 102, "blockcount": 102, "ibd": false }));
}

#[tokio::test]
async fn the_end_of_the_chain_is_told_once() {
    let setup = Setup::new();
    let block = setup.asks_for_block(102).await.unwrap();
    assert_eq!(block["result"]["blockhash"], json!(setup.hash_at(102).await));
    let none = setup.asks_for_block(103).await.unwrap();
    assert_eq!(none["result"], json!({ "blockhash": null, "block": null }));
    assert_eq!(setup.asks_for_block(103).await, None);
    assert!(setup.backend.is_caught_up().await.unwrap());
}

#[tokio::test]
async fn an_open_question_is_answered_once_there_is_a_block() {
    let setup = Setup::new();
    setup.follow(102).await;
    setup.chain.mine(2, &[]).await.unwrap();
    assert!(!setup.backend.is_caught_up().await.unwrap());
    let lightningd = async {
        let first = setup.backend.next_answer().await;
        assert_eq!(first["result"]["blockhash"], json!(setup.hash_at(103).await));
        assert_eq!(setup.follow(104).await, [setup.hash_at(104).await]);
    };
    let (caught_up, ()) = tokio::join!(setup.backend.catch_up(), lightningd);
    assert!(caught_up.unwrap());
    assert!(setup.backend.is_caught_up().await.unwrap());
}

#[tokio::test]
async fn a_fork_is_told_of_once_it_is_longer() {
    let setup = Setup::new();
    setup.chain.mine(1, &[]).await.unwrap();
    setup.follow(102).await;
    setup.chain.reorganise(102).await.unwrap();
    setup.chain.mine(1, &[]).await.unwrap();
    assert!(setup.backend.catch_up().await.unwrap(), "it can't notice yet");
    setup.chain.mine(1, &[]).await.unwrap();
    let next = async { setup.backend.next_answer().await["result"]["blockhash"].clone() };
    let caught_up = tokio::time::timeout(Duration::ZERO, setup.backend.catch_up());
    let (asked_again, hash) = tokio::join!(caught_up, next);
    assert_eq!(hash, json!(setup.hash_at(104).await));
    assert!(asked_again.is_err(), "it has to go back first");
}

#[tokio::test]
async fn who_hangs_up_never_catches_up() {
    let setup = Setup::new();
    let hang_up = async { setup.backend.close() };
    let (caught_up, ()) = tokio::join!(setup.backend.catch_up(), hang_up);
    assert!(!caught_up.unwrap());
}

#[tokio::test]
async fn feerates_are_told_when_they_change() {
    let setup = Setup::new();
    let first = setup.result("estimatefees", json!({})).await;
    assert_eq!(first["feerate_floor"], json!(4 * 253));
    assert_eq!(setup.ask("estimatefees", json!({})).await, None);
    setup.backend.set_feerate(1_000);
    let changed = setup.answer().await.unwrap();
    assert_eq!(changed["result"]["feerates"][0]["feerate"], json!(4_000));
    assert_eq!(setup.ask("estimatefees", json!({})).await, None);
}

#[tokio::test]
async fn outputs_are_told_while_they_are_unspent() {
    let setup = Setup::new();
    let coinbase = setup.chain.block_at(1).await.unwrap().unwrap().block.txdata[0].clone();
    let txid = coinbase.compute_txid().to_string();
    let output = setup.result("getutxout", json!({ "txid": txid, "vout": 0 })).await;
    let script = coinbase.output[0].script_pubkey.to_hex_string();
    assert_eq!(output, json!({ "amount": 5_000_000_000_u64, "script": script }));
    let none = setup.result("getutxout", json!({ "txid": txid, "vout": 9 })).await;
    assert_eq!(none, json!({ "amount": null, "script": null }));
}

#[tokio::test]
async fn a_refused_transaction_is_no_error_of_ours() {
    let setup = Setup::new();
    let sent =
        setup.result("sendrawtransaction", json!({ "tx": serialize_hex(&spending(OutPoint::null())) })).await;
    assert_eq!(sent["success"], json!(false));
    let words = sent["errmsg"].as_str().unwrap();
    assert!(words.starts_with("error code: -2"), "{words}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let setup = Setup::new();
    for (method, params, code) in [
        ("getblock", json!({}), -32601),
        ("getrawblockbyheight", json!({ "height": -1 }), -32602),
        ("getutxout", json!({ "txid": "zz", "vout": 0 }), -32602),
        ("sendrawtransaction", json!({ "tx": "00" }), -32602),
    ] {
        let answer = setup.ask(method, params).await.unwrap();
        assert_eq!(answer["error"]["code"], json!(code), "{answer}");
    }
    setup.backend.take(json!({ "method": "a notification" })).await;
    setup.backend.take(json!([1, 2])).await;
    assert_eq!(setup.answer().await, None);
}

#[tokio::test]
async fn what_is_held_back_is_seen_when_it_is_spent() {
    let setup = Setup::new();
    let coins = spending(OutPoint::null());
    setup.network.hold_back(coins.clone());
    let tx = |tx: &Transaction| json!({ "tx": serialize_hex(tx) });
    assert_eq!(setup.result("sendrawtransaction", tx(&coins)).await["success"], json!(true));
    // The chain gets to see the coins first: it is those that it refuses, for they spend nothing that exists.
    let spend = spending(OutPoint { txid: coins.compute_txid(), vout: 0 });
    let sent = setup.network.broadcast(&spend).await.unwrap_err().to_string();
    assert!(sent.contains(&coins.compute_txid().to_string()), "{sent}");
}

#[test]
fn a_shell_joins_lightningd_and_the_backend() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let dir = tempfile::Builder::new().prefix("a plugin's ").tempdir().unwrap();
        let network = Rc::new(Network::new(Rc::new(EmbeddedChain::new())));
        let plugin = ChainPlugin::install(dir.path(), network).unwrap();
        let mut lightningd =
            Command::new(plugin.program()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = lightningd.stdin.take().unwrap();
        stdin.write_all(b"{\"id\":1,\"method\":\"init\",\"params\":{}}\n\n").unwrap();
        let mut stdout = BufReader::new(lightningd.stdout.take().unwrap());
        let answer = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            (line, stdout)
        });
        let (line, _stdout) = answer.await.unwrap();
        assert_eq!(line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
        drop(stdin);
        assert!(!plugin.backend().catch_up().await.unwrap(), "its end is noticed");
        drop(plugin);
        // A task that is to end does so in its next turn.
        tokio::task::yield_now().await;
        assert!(lightningd.wait().unwrap().success(), "our end is noticed");
    });
}

fn spending(previous_output: OutPoint) -> Transaction {
    let input = TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    let output = TxOut { value: Amount::from_sat(1_000), script_pubkey: ScriptBuf::new_op_return([]) };
    Transaction {
        version: bitcoin::transaction::Version::TWO,
        lock_time: bitcoin::absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    }
}
