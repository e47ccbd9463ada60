//! The node, the chain and the sessions of one path, and the one way to wait for what the node does.

use bitcoin::BlockHash;
use indexmap::IndexMap;
use lnprototest_bolt::channel::Side;
use lnprototest_bolt::features::FeatureSet;
use lnprototest_bolt::wire::{Catalogue, Message};
use lnprototest_runner_api::{Chain, Identity, Node, NodeError, NodeKeys, Operation, Outcome, Settled};
use lnprototest_spec_events::Value;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::facts::{self, ChainFacts, NodeFacts};
use super::operations::unfinished;
use super::{Aim, Ending, Names, Operations, Patience, Stop};
use crate::channel::Channel;
use crate::session::{Arrived, Background, FENCE_PONG_BYTES, Frame, NO_PONG, Recorded, Session};
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

/// What a wait on a session came to.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// Something came.
    Came(Arrived),
    /// Nothing comes, and the node has nothing left to do.
    Quiet(Silence),
}

/// How a silence is known.
#[derive(Clone, Debug)]
pub(crate) enum Silence {
    /// The node was run until it had nothing left to do.
    Proved,
    /// It was watched for as long as its runner can say.
    Within(String),
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

    /// The next thing on a session that is not background, or silence. What is background is dealt with on the way.
    pub(crate) async fn arrival(
        &mut self,
        session: &str,
        background: Background<'_>,
        wanted: &[&str],
    ) -> Result<Arrival, Stop> {
        self.session(session)?.refuse_left()?;
        let begun = Patience::new(self.bounds.settle);
        let mut silence = None;
        let mut prompted = wanted.is_empty();
        loop {
            self.session(session)?.link.take_in_ready().await;
            self.digest(session)?;
            while let Some(arrived) = self.session(session)?.take() {
                self.session(session)?.refuse_forbidden(&arrived)?;
                if !self.deal_with(session, &arrived, background, wanted).await? {
                    if matches!(arrived, Arrived::End) {
                        // Whoever dies hangs up too, and which of both shows first is chance.
                        self.settle().await?;
                    }
                    return Ok(Arrival::Came(arrived));
                }
                silence = None;
            }
            begun.check(session)?;
            // A node may hold back what is not urgent until something else goes out, as Core Lightning does with gossip.
            if !prompted && matches!(silence, Some(Silence::Within(_))) {
                prompted = true;
                self.send_fence(session).await?;
                silence = None;
            }
            if let Some(silence) = silence {
                return Ok(match self.session(session)?.untaken_bytes() {
                    Some(bytes) => Arrival::Came(bytes),
                    None => Arrival::Quiet(silence),
                });
            }
            silence = self.settle_or_hear(Some(session)).await?;
        }
    }

    /// Looks at the next thing on a session, as [`Stage::arrival`] does, and leaves it there.
    pub(crate) async fn peek(
        &mut self,
        session: &str,
        background: Background<'_>,
        wanted: &[&str],
    ) -> Result<Arrival, Stop> {
        let arrival = self.arrival(session, background, wanted).await?;
        if let Arrival::Came(arrived) = &arrival {
            self.session(session)?.put_back(arrived.clone());
        }
        Ok(arrival)
    }

    /// All that has come on a session and was not taken, without waiting for more; empty if there is no such session.
    pub(crate) async fn untaken(&mut self, session: &str) -> Result<Vec<Arrived>, Stop> {
        let Some(target) = self.sessions.get_mut(session).filter(|target| !target.is_left()) else {
            return Ok(Vec::new());
        };
        target.link.take_in_ready().await;
        self.digest(session)?;
        let target = self.session(session)?;
        let untaken: Vec<Arrived> = target.inbox.drain(..).collect();
        untaken.iter().try_for_each(|arrived| target.refuse_forbidden(arrived))?;
        Ok(untaken)
    }

    /// Runs the node until it has nothing left to do, whatever it says meanwhile.
    pub(crate) async fn settle(&mut self) -> Result<Silence, Stop> {
        loop {
            if let Some(silence) = self.settle_or_hear(None).await? {
                return Ok(silence);
            }
        }
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

    /// Proves that a session is alive: it is open, and once both `init`s were exchanged it answers a ping, unless we
    /// have broken a frame, behind which a ping can't be read. The ping and its pong appear in no record.
    pub(crate) async fn prove_alive(&mut self, session: &str) -> Result<(), Stop> {
        self.session(session)?.refuse_left()?;
        let begun = Patience::new(self.bounds.settle);
        self.send_fence(session).await?;
        let mut silent = false;
        loop {
            self.session(session)?.link.take_in_ready().await;
            self.digest(session)?;
            let target = self.session(session)?;
            if silent || target.fences == 0 || target.link.ended() {
                break;
            }
            begun.check(session)?;
            silent = self.settle_or_hear(Some(session)).await?.is_some();
        }
        let target = self.session(session)?;
        let ended =
            target.inbox.iter().any(|arrived| matches!(arrived, Arrived::End | Arrived::Unreadable { .. }));
        let open = !ended && !matches!(target.phase, crate::session::Phase::Closed);
        let unanswered = std::mem::take(&mut target.fences);
        match (open, unanswered) {
            (true, 0) => Ok(()),
            (true, _) => Err(Stop::fail(
                Code::bare(CodeKind::NotAlive),
                format!("the connection {session} to be alive"),
                "it is open, but the node answers no ping",
            )),
            (false, _) => Err(Stop::fail(
                Code::bare(CodeKind::NotAlive),
                format!("the connection {session} to be alive"),
                "the node has closed it",
            )),
        }
    }

    /// Pings the node, if it can answer. Neither the ping nor its pong appears in a record.
    async fn send_fence(&mut self, session: &str) -> Result<(), Stop> {
        let target = self.session(session)?;
        if target.answers_pings() {
            let mut ping = vec![0, 18];
            ping.extend_from_slice(&FENCE_PONG_BYTES.to_be_bytes());
            ping.extend_from_slice(&[0, 0]);
            target.fences += 1;
            target.send_frame(&ping, Frame::default()).await?;
        }
        Ok(())
    }

    /// Waits for `count` bytes below the messages and takes them; else says in words what came instead.
    pub(crate) async fn bytes(
        &mut self,
        session: &str,
        count: usize,
    ) -> Result<Result<Vec<u8>, String>, Stop> {
        self.session(session)?.refuse_left()?;
        let mut silence: Option<Silence> = None;
        loop {
            let target = self.session(session)?;
            target.link.take_in_ready().await;
            if target.link.incoming().len() >= count {
                self.disturb_bytes(session);
            }
            let target = self.session(session)?;
            let there = target.link.incoming().len();
            if there >= count {
                return Ok(Ok(target.link.incoming().drain(..count).collect()));
            }
            if target.link.ended() {
                return Ok(Err(format!("{there} bytes, and the node closed the connection")));
            }
            if let Some(silence) = silence {
                return Ok(Err(format!("{there} bytes, and the node has nothing more to say ({silence})")));
            }
            silence = self.settle_or_hear(Some(session)).await?;
        }
    }

    /// Lets bytes below the messages that have come pass the tap.
    fn disturb_bytes(&mut self, session: &str) {
        if let Some(target) = self.sessions.get_mut(session)
            && !self.tap.bytes(target.link.incoming())
        {
            target.link.sever();
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

    /// Makes what the bytes of a session mean available, its pongs to our fences taken out.
    fn digest(&mut self, name: &str) -> Result<(), Stop> {
        let catalogue = self.catalogue;
        let session = self.sessions.get_mut(name);
        let session = session.ok_or_else(|| Stop::spec(format!("there is no session '{name}'")))?;
        let known = session.inbox.len();
        session.digest(catalogue);
        for arrived in session.inbox.split_off(known) {
            if session.fences > 0 && is_fence_pong(&arrived) {
                session.fences -= 1;
                continue;
            }
            for passed in self.tap.pass(session.place(), arrived) {
                self.transcript.push(session.take_in(passed));
            }
        }
        Ok(())
    }

    /// Whether `arrived` is background; then it has been dealt with.
    async fn deal_with(
        &mut self,
        session: &str,
        arrived: &Arrived,
        background: Background<'_>,
        wanted: &[&str],
    ) -> Result<bool, Stop> {
        match arrived {
            Arrived::Unknown { number, .. } => Ok(background.is_some() && number % 2 == 1),
            Arrived::Message(recorded) if background.covers(recorded.message(), wanted) => {
                self.consume(session, recorded)?;
                self.pong(session, recorded.message()).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Answers a ping, if `message` is one that wants an answer.
    async fn pong(&mut self, session: &str, message: &Message) -> Result<(), Stop> {
        let wanted = match message.name() {
            "ping" => message.u64("num_pong_bytes").filter(|count| *count < NO_PONG),
            _ => None,
        };
        let Some(count) = wanted else { return Ok(()) };
        let mut bytes = vec![0, 19];
        bytes.extend_from_slice(&(count as u16).to_be_bytes());
        bytes.resize(bytes.len() + count as usize, 0);
        match self.catalogue.decode(&bytes) {
            Ok(pong) => self.send(session, pong).await,
            Err(error) => Err(Stop::spec(format!("the catalogue's pong is not BOLT 1's: {error}"))),
        }
    }

    /// Runs the node until it has nothing left to do, or until bytes come on `session`; `None` for the latter. What
    /// it was asked to do goes on beside.
    async fn settle_or_hear(&mut self, session: Option<&str>) -> Result<Option<Silence>, Stop> {
        if self.killed {
            return Ok(Some(Silence::Proved));
        }
        let node = self.node.clone();
        let bound = self.bounds.settle;
        let operations = &mut self.operations;
        let mut link = session.and_then(|name| self.sessions.get_mut(name)).map(|session| &mut session.link);
        let heard_something = async {
            match &mut link {
                Some(link) if !link.ended() => link.more().await,
                _ => std::future::pending().await,
            }
        };
        let settle = node.settle();
        let both = async {
            tokio::pin!(heard_something, settle);
            poll_fn(|cx| {
                operations.poll(cx);
                let settled = settle.as_mut().poll(cx);
                operations.poll(cx);
                match settled {
                    Poll::Ready(settled) => Poll::Ready(Some(settled)),
                    Poll::Pending => heard_something.as_mut().poll(cx).map(|()| None),
                }
            })
            .await
        };
        let settled = tokio::time::timeout(bound, both).await;
        self.operations.collect()?;
        let settled = settled.map_err(|_| {
            Stop::fail(
                Code::bare(CodeKind::Busy),
                format!("the node to settle within {bound:?} (--timeout-scale changes that)"),
                "it did not",
            )
        })?;
        match settled {
            None => Ok(None),
            Some(settled) => {
                let silence = understand(settled?)?;
                if let Silence::Within(_) = silence {
                    // The runtime looks at its sockets: what the node sent before it fell silent is there now.
                    tokio::task::yield_now().await;
                }
                Ok(Some(silence))
            }
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proved => f.write_str("proved: it has nothing left to do"),
            Self::Within(fence) => write!(f, "bounded: {fence}"),
        }
    }
}

/// What a node's own word on its state means for the path.
fn understand(settled: Settled) -> Result<Silence, Stop> {
    match settled {
        Settled::Proved => Ok(Silence::Proved),
        Settled::Within { bound, fence } => Ok(Silence::Within(format!("{bound:?}, by {fence}"))),
        Settled::Busy { waited } => Err(Stop::fail(
            Code::bare(CodeKind::Busy),
            "the node to come to rest",
            format!("it was busy: {waited}"),
        )),
        Settled::Died { how } => Err(Stop::fail(
            Code::bare(CodeKind::Crash),
            "the node to go on running",
            format!("it died: {how}"),
        )),
        _ => Err(Stop::environment("the runner answers settle with something this harness does not know")),
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

fn is_fence_pong(arrived: &Arrived) -> bool {
    arrived.message().is_some_and(|message| {
        message.name() == "pong"
            && message.bytes("ignored").is_some_and(|b| b.len() == FENCE_PONG_BYTES as usize)
    })
}
