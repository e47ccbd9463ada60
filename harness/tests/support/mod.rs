//! A node that does what a test tells it to, right or wrong: the harness is judged by how it judges this one.

#[allow(dead_code)] // Some test binaries use it.
pub mod asked;
#[allow(dead_code)] // One test binary uses it.
pub mod dear;

use lnprototest_bolt::noise::{
    ACT_ONE_LENGTH, ACT_THREE_LENGTH, Decoder, Encryptor, Responder, ResponderWaiting,
};
use lnprototest_bolt::wire::Catalogue;
use lnprototest_harness::verdict::Verdict;
use lnprototest_harness::{Engine, Pool};
use lnprototest_runner_api::Capability;
use lnprototest_runner_api::pipe::{PipeEnd, pipe};
use lnprototest_runner_api::{
    ByteStream, Capabilities, Identity, LocalFuture, Node, NodeError, Operation, OperationError, Outcome,
    Runner, Settled, World,
};
use lnprototest_spec_events::requirements::Requirements;
use lnprototest_spec_events::{Language, PathChoices, Spec, Tree, load};
use secp256k1::{PublicKey, SecretKey};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What the node does next on a connection.
#[derive(Clone, Debug)]
#[allow(dead_code)] // Each test binary uses some of them.
pub enum Reaction {
    /// Closes it.
    Close,
    /// Closes it, and is seen to have ended only when it is looked at again.
    CloseAndDie,
    /// Ends itself.
    Die,
    /// Panics.
    Panic,
    /// Sends these bytes as they are, outside of any frame.
    Raw(Vec<u8>),
    /// Sends a message.
    Send(Vec<u8>),
    /// Sends the first half of a message's frame.
    SendHalf(Vec<u8>),
}

/// From the message that came, `None` for the handshake's end, to what the node does.
pub type Script = Arc<dyn Fn(Option<&[u8]>) -> Vec<Reaction> + Send + Sync>;

/// Starts nodes that follow a script.
pub struct Scripted {
    script: Script,
    bounded: bool,
}

impl Scripted {
    /// A node that answers each message with what `script` says.
    #[allow(dead_code)]
    pub fn new(script: impl Fn(Option<&[u8]>) -> Vec<Reaction> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), bounded: false }
    }

    /// The same, and when it has settled can only be told within a bound, as of a daemon.
    #[allow(dead_code)]
    pub fn bounded(self) -> Self {
        Self { bounded: true, ..self }
    }
}

impl Runner for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn start(&self, world: World) -> LocalFuture<'_, Result<Rc<dyn Node>, NodeError>> {
        let node = ScriptedNode {
            key: world.keys.node_key,
            script: self.script.clone(),
            bounded: self.bounded,
            connections: RefCell::default(),
            health: Health::default(),
        };
        Box::pin(async move { Ok(Rc::new(node) as Rc<dyn Node>) })
    }
}

struct ScriptedNode {
    key: SecretKey,
    script: Script,
    bounded: bool,
    connections: RefCell<Vec<Connection>>,
    health: Health,
}

#[derive(Default)]
struct Health {
    dying: Cell<bool>,
    dead: Cell<bool>,
}

struct Connection {
    end: PipeEnd,
    unread: Vec<u8>,
    state: State,
}

enum State {
    ActOne(Responder),
    ActThree(ResponderWaiting),
    Closed,
    Open(Encryptor, Decoder),
}

impl Node for ScriptedNode {
    fn identity(&self) -> Identity {
        Identity {
            name: "Scripted".to_owned(),
            version: "1.0".to_owned(),
            node_id: PublicKey::from_secret_key_global(&self.key),
        }
    }

    fn dial(&self) -> LocalFuture<'_, Result<Box<dyn ByteStream>, NodeError>> {
        let (ours, end) = pipe();
        let ephemeral = SecretKey::from_slice(&[0x22; 32]).unwrap();
        let state = State::ActOne(Responder::new(self.key, ephemeral));
        self.connections.borrow_mut().push(Connection { end, unread: Vec::new(), state });
        Box::pin(async move { Ok(Box::new(ours) as Box<dyn ByteStream>) })
    }

    fn settle(&self) -> LocalFuture<'_, Result<Settled, NodeError>> {
        self.health.dead.set(self.health.dead.get() || self.health.dying.get());
        for connection in self.connections.borrow_mut().iter_mut() {
            connection.go_on(&self.script, &self.health);
        }
        let settled = match (self.health.dead.get(), self.bounded) {
            (true, _) => Settled::Died { how: "killed by signal 11".to_owned() },
            (false, true) => {
                Settled::Within { bound: Duration::ZERO, fence: "a test that says so".to_owned() }
            }
            (false, false) => Settled::Proved,
        };
        Box::pin(async move { Ok(settled) })
    }

    fn perform(&self, operation: Operation) -> LocalFuture<'_, Result<Outcome, OperationError>> {
        Box::pin(async move { Err(OperationError::Unsupported(operation.capability())) })
    }

    fn restart(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async { Err(NodeError::Unsupported("restart")) })
    }

    fn kill(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async { Ok(()) })
    }

    fn stop(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async { Ok(()) })
    }

    fn log_tail(&self, _lines: usize) -> Vec<String> {
        vec!["the scripted node's last words".to_owned()]
    }
}

impl Connection {
    fn go_on(&mut self, script: &Script, health: &Health) {
        self.unread.extend(self.end.take());
        loop {
            self.state = match std::mem::replace(&mut self.state, State::Closed) {
                State::ActOne(responder) if self.unread.len() >= ACT_ONE_LENGTH => {
                    let act: Vec<u8> = self.unread.drain(..ACT_ONE_LENGTH).collect();
                    match responder.act_one(&act) {
                        Ok((act_two, waiting)) => {
                            self.end.send(&act_two);
                            State::ActThree(waiting)
                        }
                        Err(_) => return self.end.close(),
                    }
                }
                State::ActThree(waiting) if self.unread.len() >= ACT_THREE_LENGTH => {
                    let act: Vec<u8> = self.unread.drain(..ACT_THREE_LENGTH).collect();
                    match waiting.act_three(&act) {
                        Ok((transport, _)) => {
                            self.state = State::Open(transport.encryptor, Decoder::new(transport.decryptor));
                            self.react(script(None), health);
                            continue;
                        }
                        Err(_) => return self.end.close(),
                    }
                }
                State::Open(encryptor, mut decoder) => {
                    let mut unread = &self.unread[..];
                    let message = decoder.next_message(&mut unread);
                    let read = self.unread.len() - unread.len();
                    self.unread.drain(..read);
                    self.state = State::Open(encryptor, decoder);
                    match message {
                        Ok(Some(message)) => self.react(script(Some(&message)), health),
                        Ok(None) => return,
                        Err(_) => return self.end.close(),
                    }
                    continue;
                }
                state => {
                    self.state = state;
                    return;
                }
            };
        }
    }

    fn react(&mut self, reactions: Vec<Reaction>, health: &Health) {
        let State::Open(encryptor, _) = &mut self.state else { return };
        for reaction in reactions {
            match reaction {
                Reaction::Close | Reaction::CloseAndDie => {
                    health.dying.set(matches!(reaction, Reaction::CloseAndDie));
                    self.end.close();
                    self.state = State::Closed;
                    return;
                }
                Reaction::Die => health.dead.set(true),
                Reaction::Panic => panic!("the node's runner panics"),
                Reaction::Raw(bytes) => self.end.send(&bytes),
                Reaction::Send(message) => self.end.send(&encryptor.encrypt(&message).unwrap()),
                Reaction::SendHalf(message) => {
                    let frame = encryptor.encrypt(&message).unwrap();
                    self.end.send(&frame[..frame.len() / 2]);
                }
            }
        }
    }
}

/// Runs a spec of these steps against `runner` by way of a pool, as a whole run does.
#[allow(dead_code)]
pub fn run(runner: impl Runner + 'static, steps: &str) -> Verdict {
    run_scaled(runner, steps, 1.0)
}

/// As [`run`], with a patience that is so many times the usual one.
#[allow(dead_code)]
pub fn run_scaled(runner: impl Runner + 'static, steps: &str, timeout_scale: f64) -> Verdict {
    let work_dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::new(Arc::new(runner), work_dir.path().to_owned());
    engine.timeout_scale = timeout_scale;
    let engine = Arc::new(engine);
    let spec = spec(&format!("about: a spec of a test\ncovers: [{ANY_REQUIREMENT}]\nsteps:\n{steps}"));
    let pool = Pool::start(engine, 1).unwrap();
    let path = PathChoices::each(&spec).remove(0);
    let (_, report) = pool.submit([(spec, path)]).recv().unwrap();
    report.verdict
}

/// A spec from its text.
pub fn spec(yaml: &str) -> Arc<Spec> {
    let tree = Tree::embedded("", [("test.yaml", yaml)]);
    let language = Language {
        catalogue: Catalogue::bolts(),
        requirements: Requirements::bundled(),
        capabilities: &Capability::ALL.map(Capability::name),
    };
    let suite = load(&[tree], &Tree::default(), language).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    Arc::new(suite.specs.into_iter().next().unwrap())
}

/// A spec has to cover something; here it does not matter what.
const ANY_REQUIREMENT: &str = "B01-init-f3865515";
