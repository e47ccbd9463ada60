//! Where do the tests' nodes live?

use lnprototest_bolt::noise::{ACT_TWO_LENGTH, Initiator};
use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::{ByteStream, Chain, Node, NodeKeys, Runner, Settled, World};
use secp256k1::SecretKey;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A chain, and a folder for nodes.
pub(crate) struct Place {
    pub(crate) chain: Rc<EmbeddedChain>,
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("lnprototest clightning's ").tempdir().unwrap();
        Self { chain: Rc::new(EmbeddedChain::new()), dir }
    }

    /// A node with the classic keys, but for its node key, `number`, and its funding key.
    pub(crate) async fn start(&self, runner: &dyn Runner, number: u8) -> Rc<dyn Node> {
        self.start_on(self.chain.clone(), runner, number).await
    }

    /// The same on another view of the chain.
    pub(crate) async fn start_on(
        &self,
        chain: Rc<dyn Chain>,
        runner: &dyn Runner,
        number: u8,
    ) -> Rc<dyn Node> {
        let mut keys = NodeKeys::classic();
        keys.node_key = key(number);
        // A channel of two nodes with the same one can't be spent from: PSBTs keep one signature for each key.
        keys.channel.funding = key(0x10 * number);
        let tip = self.chain.tip().await.unwrap();
        let dir = self.dir.path().join(number.to_string());
        runner.start(World { chain, tip, keys, dir }).await.unwrap()
    }

    /// Removes what a node that is gone has left.
    pub(crate) fn remove(&self, number: u8) {
        fs::remove_dir_all(self.dir.path().join(number.to_string())).unwrap();
    }

    /// The processes that have something to do with this place, by their folders in `/proc`.
    pub(crate) fn processes(&self) -> Vec<PathBuf> {
        let here = self.dir.path().to_str().unwrap();
        let told = |folder: &PathBuf| {
            let line = fs::read(folder.join("cmdline")).unwrap_or_default();
            let cwd = fs::read_link(folder.join("cwd")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(here) || cwd.starts_with(here)
        };
        let folders = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        folders.filter(told).collect()
    }

    /// Those of them that run the executable `name`.
    pub(crate) fn processes_of(&self, name: &str) -> Vec<i32> {
        let runs = |folder: &PathBuf| {
            fs::read_link(folder.join("exe"))
                .is_ok_and(|exe| exe.file_name().is_some_and(|file| file == name))
        };
        let pid = |folder: PathBuf| folder.file_name().unwrap().to_str().unwrap().parse().unwrap();
        self.processes().into_iter().filter(runs).map(pid).collect()
    }
}

/// A secret key that is a small number.
pub(crate) fn key(number: u8) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[31] = number;
    SecretKey::from_slice(&bytes).unwrap()
}

/// A connection to the node, BOLT 8's acts done.
pub(crate) async fn handshake(node: &dyn Node) -> Box<dyn ByteStream> {
    let mut stream = node.dial().await.unwrap();
    let initiator = Initiator::new(key(9), node.identity().node_id, key(8));
    stream.write_all(&initiator.act_one()).await.unwrap();
    let mut act_two = [0; ACT_TWO_LENGTH];
    stream.read_exact(&mut act_two).await.unwrap();
    let done = initiator.act_two(&act_two).unwrap();
    stream.write_all(&done.act_three).await.unwrap();
    stream
}

/// Has it do all that it has to do.
pub(crate) async fn settle(node: &dyn Node) {
    let settled = node.settle().await.unwrap();
    assert!(matches!(settled, Settled::Within { .. }), "{settled:?}");
}
