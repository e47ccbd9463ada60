//! The node, the chain and the sessions of one path, and what has become of them so far.

use bitcoin::BlockHash;
use indexmap::IndexMap;
use lnprototest_bolt::channel::Side;
use lnprototest_bolt::features::FeatureSet;
use lnprototest_bolt::wire::{Catalogue, Message};
use lnprototest_runner_api::{Chain, Identity, Node, NodeError, NodeKeys, Operation, Outcome};
use lnprototest_spec_events::Value;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use super::facts::{self, ChainFacts, NodeFacts};
use super::operations::unfinished;
use super::{Aim, Ending, Names, Operations, Stop};
use crate::channel::Channel;
use crate::session::{Frame, Recorded, Session};
use crate::tamper::{TakenAs, Tap};
use crate::transcript::{By, Entry, Transcript};
use crate::verdict::{Code, CodeKind, Lack};

/// How long the harness waits before it calls a wait hopeless.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// For a node to settle.
    pub(crate) settle: Duration,
}

/// All that one path is about.
pub(crate) struct Stage<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) bounds: Bounds,
    pub(crate) node: Rc<dyn Node>,
    pub(crate) identity: Identity,
    /// The node's keys, where they are known.
    pub(crate) known_keys: Option<NodeKeys>,
    pub(crate) chain: Rc<dyn Chain>,
    pub(crate) sessions: IndexMap<String, Session>,
    pub(crate) channels: IndexMap<String, Rc<Channel>>,
    pub(crate) names: Names,
    pub(crate) operations: Operations,
    pub(crate) transcript: Transcript,
    /// What comes from the node passes by here.
    pub(crate) tap: Tap,
    /// How many things were judged: a path that judges nothing proves nothing.
    pub(crate) judged: usize,
    /// Whether something was done that the node may remember once its connections are closed.
    pub(crate) left_trace: bool,
    /// Whether a step has killed the node, and none has started it again.
    pub(crate) killed: bool,
    /// Features that the node's `init` must offer for the path to make sense.
    required_features: Vec<String>,
    offered: Rc<RefCell<FeatureSet>>,
    first_height: u32,
    tip: Rc<Cell<(u32, BlockHash)>>,
}

impl<'a> Stage<'a> {
    /// A stage around a node that was just started on `chain`.
    pub(crate) async fn new(
        catalogue: &'a Catalogue,
        bounds: Bounds,
        node: Rc<dyn Node>,
        known_keys: Option<NodeKeys>,
        chain: Rc<dyn Chain>,
        required_features: Vec<String>,
    ) -> Result<Self, Stop> {
        let identity = node.identity();
        let tip = chain.tip().await?;
        let first_height = tip.0;
        let tip = Rc::new(Cell::new(tip));
        let mut names = Names::default();
        names.set("chain", Value::object(ChainFacts { tip: tip.clone() }));
        let offered = Rc::<RefCell<FeatureSet>>::default();
        let known = known_keys.clone();
        let node_facts =
            NodeFacts { identity: identity.clone(), known_keys: known, offered: offered.clone() };
        names.set("node", Value::object(node_facts));
        names.set("now", facts::now());
        Ok(Self {
            catalogue,
            bounds,
            node,
            identity,
            known_keys,
            chain,
            sessions: IndexMap::new(),
            channels: IndexMap::new(),
            names,
            operations: Operations::default(),
            transcript: Transcript::default(),
            tap: Tap::default(),
            judged: 0,
            left_trace: false,
            killed: false,
            required_features,
            offered,
            first_height,
            tip,
        })
    }

    /// Records `message` as received by a step; its channel goes on by it. What a node signs and reveals in it is judged
    /// here.
    pub(crate) fn consume(&mut self, session: &str, message: &Rc<Recorded>) -> Result<(), Stop> {
        self.record(session, message)?;
        match self.channel_of(session, message.message()) {
            Some(channel) => channel.follow(Side::Remote, message.message()),
            None => Ok(()),
        }
    }

    /// Records `message` as received. An `init` says what the node offers; a path whose spec requires more ends here.
    pub(crate) fn record(&mut self, session: &str, message: &Rc<Recorded>) -> Result<(), Stop> {
        self.session(session)?.rcvd.push(message.clone());
        if message.message().name() == "init" {
            let offered = offered_by(message.message());
            let lacking = self.required_features.iter().find(|name| !offered.holds(name));
            if let Some(name) = lacking {
                return Err(Stop::Lack(Lack::Feature(name.clone())));
            }
            self.offered.replace(offered);
        }
        Ok(())
    }

    /// Takes note that a step takes a message for what it is.
    pub(crate) fn take(&mut self, recorded: &Rc<Recorded>) {
        if let Some(at) = recorded.place() {
            self.tap.take(TakenAs::Message { at, message: recorded.clone() });
        }
    }

    /// Takes note that a step trusts in silence from here on, be it that of one message.
    pub(crate) fn trust_in_silence(&mut self, session: &str, forbidden: Option<&str>) -> Result<(), Stop> {
        let spoken = self.tap.silence(forbidden);
        for arrived in spoken {
            let entry = self.session(session)?.take_in(arrived);
            self.transcript.push(entry);
        }
        Ok(())
    }

    /// Sends a message and records it.
    pub(crate) async fn send(&mut self, session: &str, message: Message) -> Result<(), Stop> {
        let bytes = message.encode();
        let recorded = Recorded::new(message);
        let target = self.session(session)?;
        target.send_frame(&bytes, Frame::default()).await?;
        target.sent.push(recorded.clone());
        let name = target.name.clone();
        self.tap.sent(recorded.message().name());
        self.left_trace |= !is_forgotten(recorded.message().name());
        self.transcript.push(Entry::Message { session: name, by: By::Us, message: recorded });
        Ok(())
    }

    /// Takes note that a message was sent as these bytes. What no BOLT defines leaves no trace.
    pub(crate) fn note_raw(&mut self, bytes: &[u8]) {
        let number = bytes.first_chunk().map(|number| u16::from_be_bytes(*number));
        let def = number.and_then(|number| self.catalogue.message_of_type(number));
        self.left_trace |= def.is_some_and(|def| !is_forgotten(&def.name));
        match def {
            Some(def) => self.tap.sent(&def.name),
            None => self.tap.acted(),
        }
    }

    /// Waits for the node to do what every node must, no longer than it may take to settle.
    pub(crate) async fn promptly<T>(
        &self,
        what: &str,
        doing: impl Future<Output = Result<T, NodeError>>,
    ) -> Result<Result<T, NodeError>, Stop> {
        let bound = self.bounds.settle;
        tokio::time::timeout(bound, doing).await.map_err(|_| {
            let expected = format!("the node to {what} within {bound:?} (--timeout-scale changes that)");
            Stop::fail(Code::bare(CodeKind::Busy), expected, "it did not")
        })
    }

    /// Asks the node to do something, beside the conversation, once it has taken in all that was sent before; it
    /// has begun, or is done, when this returns.
    pub(crate) async fn begin(
        &mut self,
        name: &'static str,
        operation: Operation,
        aim: Aim,
    ) -> Result<Ending, Stop> {
        self.refuse_killed()?;
        self.settle().await?;
        self.left_trace = true;
        self.tap.acted();
        self.transcript.push(Entry::Node(format!("is asked to {name}")));
        let ending = self.operations.begin(&self.node, name, operation, aim);
        self.settle().await?;
        Ok(ending)
    }

    /// Asks the node to do something that needs nobody else: it is done when this returns.
    pub(crate) async fn ask(&mut self, name: &'static str, operation: Operation) -> Result<Outcome, Stop> {
        let ending = self.begin(name, operation, Aim::Success).await?;
        match ending.get() {
            Some(Ok(outcome)) => Ok(outcome.clone()),
            _ => Err(unfinished(name, "when the node has nothing left to do")),
        }
    }

    /// A step needs the node to run.
    ///
    /// # Errors
    /// A fault of the spec, if an earlier step has killed it.
    pub(crate) fn refuse_killed(&self) -> Result<(), Stop> {
        match self.killed {
            true => Err(Stop::spec("an earlier step has killed the node: `Restart` starts it again")),
            false => Ok(()),
        }
    }

    /// Takes note of the chain's new tip.
    pub(crate) async fn follow_chain(&mut self) -> Result<(), Stop> {
        self.tap.acted();
        self.tip.set(self.chain.tip().await?);
        Ok(())
    }

    /// The height of the tip, as of the last [`Stage::follow_chain`].
    pub(crate) fn tip_height(&self) -> u32 {
        self.tip.get().0
    }

    /// Takes note of a reorganisation: what is mined above `height` from now on was mined on this path.
    pub(crate) fn went_back_to(&mut self, height: u32) {
        self.first_height = self.first_height.min(height);
    }

    /// The height above which all blocks were mined on this path.
    pub(crate) fn first_height(&self) -> u32 {
        self.first_height
    }

    /// The session of this name.
    pub(crate) fn session(&mut self, name: &str) -> Result<&mut Session, Stop> {
        self.sessions
            .get_mut(name)
            .ok_or_else(|| Stop::spec(format!("there is no session '{name}' (any more)")))
    }

    /// The channel of this name.
    pub(crate) fn channel(&self, name: &str) -> Result<&Rc<Channel>, Stop> {
        self.channels.get(name).ok_or_else(|| Stop::spec(format!("there is no channel '{name}' yet")))
    }

    /// The channel that a message on this session is about.
    pub(crate) fn channel_of(&self, session: &str, message: &Message) -> Option<&Rc<Channel>> {
        let id = message.array::<32>("channel_id")?;
        self.channels
            .values()
            .find(|channel| channel.session == session && channel.funding.channel_id() == id)
    }

    /// The connection of a session has ended: what its channels were about to change is forgotten.
    pub(crate) fn part_channels(&self, session: &str) {
        self.channels.values().filter(|channel| channel.session == session).for_each(|c| c.disconnected());
    }
}

/// Whether a node has nothing to remember of a message of this name once the connection is closed. A channel is to be
/// remembered from `funding_created` on (BOLT 2).
fn is_forgotten(message: &str) -> bool {
    const FORGOTTEN: [&str; 7] =
        ["error", "gossip_timestamp_filter", "init", "open_channel", "ping", "pong", "warning"];
    FORGOTTEN.contains(&message)
}

/// The features of an `init`: both its fields count.
fn offered_by(init: &Message) -> FeatureSet {
    let field = |name| FeatureSet::from_wire(init.bytes(name).unwrap_or_default());
    field("globalfeatures").union(&field("features"))
}
