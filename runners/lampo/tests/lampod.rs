//! Does a real lampod-cli do what the contract asks of a node? Where there is none, each test is skipped by name.

#![allow(clippy::unwrap_used, reason = "a test that unwraps has failed")]

use libtest_mimic::{Arguments, Failed, Trial};
use lnprototest_bolt::noise::{ACT_TWO_LENGTH, Initiator};
use lnprototest_chain::EmbeddedChain;
use lnprototest_daemon::{Program, ProgramError};
use lnprototest_runner_api as api;
use lnprototest_runner_api::{Capability, Chain, Node, NodeError, NodeKeys, Runner, Settled, World};
use lnprototest_runner_lampo::LampoRunner;
use secp256k1::SecretKey;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;

/// By when whatever is asked of a node must be done.
const BOUND: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let runner: Arc<dyn Runner> = Arc::new(LampoRunner::new());
    let found = Program::find("lampod-cli", None, "LAMPOD");
    // One that is named and not there, or does not work, fails the tests.
    let missing = found.err().filter(|error| matches!(error, ProgramError::NotOnPath { .. }));
    if let Some(reason) = &missing {
        eprintln!("all tests with a real lampod-cli are skipped: {reason}");
    }
    let trials = TESTS.iter().map(|(name, test)| {
        let runner = Arc::clone(&runner);
        let trial = Trial::test(*name, move || run(runner, *test));
        match &missing {
            Some(_) => trial.with_kind("skipped, as there is no lampod-cli").with_ignored_flag(true),
            None => trial,
        }
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

type Test = fn(Arc<dyn Runner>) -> api::LocalFuture<'static, ()>;

const TESTS: [(&str, Test); 9] = [
    ("it_answers_init_and_ends_in_good_order", |runner| Box::pin(answers_init(runner))),
    ("it_knows_blocks_when_it_has_settled", |runner| Box::pin(knows_blocks(runner))),
    ("it_follows_a_reorganisation", |runner| Box::pin(follows_a_reorganisation(runner))),
    ("it_keeps_its_data_over_a_restart", |runner| Box::pin(restarts(runner))),
    ("its_death_is_told", |runner| Box::pin(death_is_told(runner))),
    ("nothing_is_left_of_what_is_dropped", |runner| Box::pin(nothing_is_left(runner))),
    ("its_own_keys_are_not_known", |runner| Box::pin(own_keys(runner))),
    ("it_makes_invoices", |runner| Box::pin(makes_invoices(runner))),
    ("it_refuses_what_it_cannot_do", |runner| Box::pin(refuses(runner))),
];

async fn answers_init(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&runner).await;
    assert_eq!(node.identity().name, "Lampo");
    let mut stream = handshake(&*node).await;
    let mut init = [0; 18];
    stream.read_exact(&mut init).await.unwrap();
    let settled = node.settle().await.unwrap();
    assert!(matches!(settled, Settled::Within { .. }), "{settled:?}");
    node.stop().await.unwrap();
    assert_eq!(place.processes(), Vec::<PathBuf>::new());
    assert!(matches!(node.dial().await, Err(NodeError::Down(_))));
}

async fn knows_blocks(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&runner).await;
    for count in [1, 3] {
        place.chain.mine(count, &[]).await.unwrap();
        node.settle().await.unwrap();
        let (height, hash) = place.chain.tip().await.unwrap();
        assert_eq!(blocks_of(&*node).last(), Some(&format!("{hash} at height {height}")));
    }
    node.stop().await.unwrap();
}

async fn follows_a_reorganisation(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&runner).await;
    place.chain.mine(2, &[]).await.unwrap();
    node.settle().await.unwrap();
    let (height, _) = place.chain.tip().await.unwrap();
    place.chain.reorganise(height - 2).await.unwrap();
    place.chain.mine(3, &[]).await.unwrap();
    node.settle().await.unwrap();
    let (height, hash) = place.chain.tip().await.unwrap();
    assert_eq!(blocks_of(&*node).last(), Some(&format!("{hash} at height {height}")));
    node.stop().await.unwrap();
}

async fn restarts(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&runner).await;
    place.chain.mine(1, &[]).await.unwrap();
    node.settle().await.unwrap();
    let before = node.identity();
    node.restart().await.unwrap();
    assert_eq!(node.identity(), before);
    handshake(&*node).await;
    node.kill().await.unwrap();
    assert_eq!(place.processes(), Vec::<PathBuf>::new());
    assert!(matches!(node.settle().await, Err(NodeError::Down(_))));
    place.chain.mine(1, &[]).await.unwrap();
    node.restart().await.unwrap();
    handshake(&*node).await;
    node.stop().await.unwrap();
}

async fn death_is_told(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&runner).await;
    let [process] = &place.processes()[..] else { panic!("one process, not {:?}", place.processes()) };
    let id = process.file_name().unwrap().to_str().unwrap();
    assert!(std::process::Command::new("kill").args(["-KILL", id]).status().unwrap().success());
    let settled = node.settle().await.unwrap();
    let Settled::Died { how } = settled else { panic!("it has died: {settled:?}") };
    assert!(how.contains("signal: 9"), "{how}");
    let Err(NodeError::Down(how)) = node.stop().await else { panic!("it can't be stopped any more") };
    assert!(how.contains("signal: 9"), "{how}");
}

async fn nothing_is_left(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&runner).await;
    assert_eq!(place.processes().len(), 1);
    drop(node);
    assert_eq!(place.processes(), Vec::<PathBuf>::new());
}

async fn own_keys(runner: Arc<dyn Runner>) {
    let arguments = [("keys".to_owned(), "own".to_owned())].into_iter().collect();
    let own = runner.configured(&arguments).unwrap();
    assert!(!own.capabilities().has(Capability::KnownKeys));
    let place = Place::new();
    let node = place.start(&own).await;
    handshake(&*node).await;
    node.stop().await.unwrap();
}

async fn makes_invoices(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&runner).await;
    let operation = api::Operation::CreateInvoice { amount_msat: Some(1_000), preimage: None };
    let outcome = node.perform(operation).await.unwrap();
    let api::Outcome::Invoice { invoice, .. } = outcome else { panic!("no invoice: {outcome:?}") };
    assert!(invoice.starts_with("lnbcrt10n1"), "{invoice}");
    node.stop().await.unwrap();
}

async fn refuses(runner: Arc<dyn Runner>) {
    let place = Place::new();
    let node = place.start(&runner).await;
    let nobody = NodeKeys::classic().channel.funding_pubkey();
    let channel = api::ChannelRef { peer: nobody, channel_id: [7; 32] };
    let refused = node.perform(api::Operation::CloseChannel(channel)).await.unwrap_err();
    assert!(matches!(refused, api::OperationError::Failed(_)), "{refused}");
    let unsupported = node.perform(api::Operation::ForceClose(channel)).await.unwrap_err();
    assert!(matches!(unsupported, api::OperationError::Unsupported(Capability::ForceClose)), "{unsupported}");
    node.stop().await.unwrap();
}

fn run(runner: Arc<dyn Runner>, test: Test) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begun = Instant::now();
    LocalSet::new()
        .block_on(&runtime, async { tokio::time::timeout(BOUND, test(runner)).await })
        .map_err(|_| format!("not over after {:?}", begun.elapsed()).into())
}

/// A chain, and a directory that is removed.
struct Place {
    chain: Rc<EmbeddedChain>,
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { chain: Rc::new(EmbeddedChain::new()), dir: tempfile::tempdir().unwrap() }
    }

    async fn start(&self, runner: &Arc<dyn Runner>) -> Rc<dyn Node> {
        let world = World {
            chain: self.chain.clone(),
            tip: self.chain.tip().await.unwrap(),
            keys: NodeKeys::classic(),
            dir: self.dir.path().join("node"),
        };
        runner.start(world).await.unwrap()
    }

    /// The folders in `/proc` of all processes that were told of the directory.
    fn processes(&self) -> Vec<PathBuf> {
        let told = |folder: &Path| {
            let line = fs::read(folder.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&*self.dir.path().to_string_lossy())
        };
        let folders = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        folders.filter(|folder| told(folder)).collect()
    }
}

/// A connection to the node, BOLT 8's acts done.
async fn handshake(node: &dyn Node) -> Box<dyn api::ByteStream> {
    let key = SecretKey::from_slice(&[2; 32]).unwrap();
    let mut stream = node.dial().await.unwrap();
    let initiator = Initiator::new(key, node.identity().node_id, key);
    stream.write_all(&initiator.act_one()).await.unwrap();
    let mut act_two = [0; ACT_TWO_LENGTH];
    stream.read_exact(&mut act_two).await.unwrap();
    let done = initiator.act_two(&act_two).unwrap();
    stream.write_all(&done.act_three).await.unwrap();
    stream
}

/// The blocks that the node's channels have heard of, as its log has them.
fn blocks_of(node: &dyn Node) -> Vec<String> {
    let lines = node.log_tail(1_000);
    let told = lines.iter().filter(|line| line.contains("channelmanager"));
    told.filter_map(|line| Some(line.split_once("New best block: ")?.1))
        .map(|rest| rest.split(['.', ' ']).take(4).collect::<Vec<_>>().join(" "))
        .collect()
}
