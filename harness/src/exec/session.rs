//! Connections and messages.

use lnprototest_bolt::channel::Side;
use lnprototest_bolt::noise::{
    ACT_ONE_LENGTH, ACT_THREE_LENGTH, ACT_TWO_LENGTH, Initiator, Responder, Transport,
};
use lnprototest_bolt::public_key;
use lnprototest_bolt::wire::Message;
use lnprototest_bolt::wire::broken::Broken;
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_runner_api::{ByteStream, Operation};
use lnprototest_spec_events::event::{Accept, Connect, Disconnect, ExpectMsg, Msg, RawMsg, SessionRef};
use lnprototest_spec_events::{EvalError, EvalErrorKind, Expr, Typed, Value};
use secp256k1::SecretKey;
use std::rc::Rc;

use super::performer::{Performer, unexpected};
use super::signing::leave_room;
use crate::session::{Arrived, Background, Frame, Link, Phase, Reception, Recorded, Session};
use crate::stage::{Aim, Arrival, Judgement, Stop, compare, within};
use crate::transcript::{By, Entry};
use crate::verdict::{Code, CodeKind};

/// Our ephemeral key in handshakes that the harness does itself: known, so that two runs are the same.
pub(super) const EPHEMERAL: [u8; 32] = [0x12; 32];

impl Performer<'_> {
    pub(super) async fn connect(&mut self, event: &Connect) -> Result<(), Stop> {
        let key = self.eval(&event.key)?;
        self.part_from(&event.name).await?;
        let stream = self.dial().await?;
        let node_id = self.stage.identity.node_id;
        let link = self.link(stream);
        self.begin_session(&event.name, key, link, Phase::Raw(None));
        let initiator = Initiator::new(key, node_id, ephemeral()?);
        self.stage.session(&event.name)?.link.send(&initiator.act_one()).await;
        let act_two = self.act(&event.name, "act two", ACT_TWO_LENGTH).await?;
        let done = initiator.act_two(&act_two).map_err(|error| bad_act("act two", &error))?;
        self.stage.session(&event.name)?.link.send(&done.act_three).await;
        self.open(&event.name, done.transport)
    }

    pub(super) async fn accept(&mut self, event: &Accept) -> Result<(), Stop> {
        let key = self.eval(&event.key)?;
        self.part_from(&event.name).await?;
        let reception = Reception::default();
        let operation = Operation::ConnectOut { node_id: public_key(&key), address: reception.address() };
        self.stage.begin("connect_out", operation, Aim::Success).await?;
        let dialled = reception.dialled().map_err(|error| {
            Stop::environment(format!("the node's connection can't be accepted: {error}"))
        })?;
        let Some(stream) = dialled else {
            return Err(Stop::fail(Code::bare(CodeKind::Quiet), "the node to dial us", "it did not"));
        };
        let link = self.link(stream);
        self.begin_session(&event.name, key, link, Phase::Raw(None));
        let responder = Responder::new(key, ephemeral()?);
        let act_one = self.act(&event.name, "act one", ACT_ONE_LENGTH).await?;
        let (act_two, waiting) = responder.act_one(&act_one).map_err(|error| bad_act("act one", &error))?;
        self.stage.session(&event.name)?.link.send(&act_two).await;
        let act_three = self.act(&event.name, "act three", ACT_THREE_LENGTH).await?;
        let (transport, node_id) =
            waiting.act_three(&act_three).map_err(|error| bad_act("act three", &error))?;
        if node_id != self.stage.identity.node_id {
            return Err(Stop::fail(
                Code::of(CodeKind::Handshake, "act three"),
                format!("the node to show its own key {}", self.stage.identity.node_id),
                format!("it showed {node_id}"),
            ));
        }
        self.open(&event.name, transport)
    }

    pub(super) async fn disconnect(&mut self, event: &Disconnect) -> Result<(), Stop> {
        self.part_from(&event.on).await?;
        let session = self.stage.session(&event.on)?;
        session.refuse_left()?;
        session.link.shutdown().await;
        session.leave();
        let name = session.name.clone();
        self.stage.transcript.push(Entry::Closed { session: name, by: By::Us });
        self.stage.settle().await?;
        Ok(())
    }

    pub(super) async fn msg(&mut self, event: &Msg) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let def = self.stage.catalogue.message(&event.message);
        let def = def.ok_or_else(|| Stop::spec(format!("there is no message {}", event.message)))?;
        let fields = match &event.with {
            Some(template) => template.evaluate(&self.stage.names)?,
            None => Value::map::<String>([]),
        };
        let mut plain = Plain::try_from(&fields).map_err(Stop::spec)?;
        leave_room(&mut plain, &event.sign);
        let message =
            def.build(&plain).map_err(|errors| Stop::spec(format!("{}: {errors}", event.message)))?;
        let message = self.signed(message, event)?;
        let raw_tlvs = self.optional(&event.raw_tlvs)?;
        let trailing = self.optional(&event.trailing)?;
        let truncate = self.optional(&event.truncate)?;
        if raw_tlvs.is_none() && trailing.is_none() && truncate.is_none() {
            if let Some(channel) = self.stage.channel_of(session, &message) {
                match event.invalid {
                    true => channel.lose(),
                    false => channel.follow(Side::Local, &message)?,
                }
            }
            return self.stage.send(session, message).await;
        }
        let bytes = broken(&message, raw_tlvs.as_deref(), trailing.as_deref(), truncate)?;
        self.send_raw(session, &bytes, Frame::default(), None, "a message broken on purpose").await?;
        self.stage.session(session)?.sent.push(Recorded::new(message));
        Ok(())
    }

    pub(super) async fn raw_msg(&mut self, event: &RawMsg) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let bytes = self.eval(&event.bytes)?;
        let frame = Frame {
            claim: self
                .optional(&event.claim)?
                .map(u16::try_from)
                .transpose()
                .map_err(|_| Stop::spec("claim is a length of two bytes: 65535 at most"))?,
            cut: self.optional(&event.cut)?,
            flip: self.optional(&event.flip)?,
        };
        let split = self.optional(&event.split)?;
        self.send_raw(session, &bytes, frame, split, "a raw message").await
    }

    async fn send_raw(
        &mut self,
        session: &str,
        bytes: &[u8],
        frame: Frame,
        split: Option<u64>,
        what: &'static str,
    ) -> Result<(), Stop> {
        let frame = self.stage.session(session)?.frame(bytes, frame)?;
        // Nothing of it is sent once the node has closed the connection.
        let split = split.filter(|_| !frame.is_empty()).map(|split| within("split", split, frame.len()));
        let (first, rest) = frame.split_at(split.transpose()?.unwrap_or(frame.len()));
        self.stage.session(session)?.link.send(first).await;
        if !rest.is_empty() {
            self.stage.settle().await?;
        }
        self.stage.note_raw(bytes);
        let target = self.stage.session(session)?;
        target.link.send(rest).await;
        let entry = Entry::Raw { session: target.name.clone(), by: By::Us, bytes: bytes.to_vec(), what };
        self.stage.transcript.push(entry);
        Ok(())
    }

    pub(super) async fn expect_msg(&mut self, event: &ExpectMsg) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let background = if event.strict { Background::Nothing } else { Background::Also(&event.ignore) };
        let recorded = self.next_message(session, &event.message, background).await?;
        let judgement = self.judge(event, &recorded)?;
        let name = recorded.message().name();
        self.unjudged.extend(judgement.unknown.iter().map(|check| format!("{name}.{check}")));
        if let Some(first) = judgement.differences.first() {
            let kind = match first.field.as_str() {
                "check" => CodeKind::Check,
                _ if first.expected == ABSENT => CodeKind::MustBeAbsent,
                _ => CodeKind::WrongField,
            };
            let code = if kind == CodeKind::Check { Code::bare(kind) } else { Code::of(kind, &first.field) };
            let mut stop =
                Stop::fail(code, format!("a {name} as the spec has it"), format!("another {name}"));
            if let Stop::Fail(failing) = &mut stop {
                failing.differences = judgement.differences;
            }
            return Err(stop);
        }
        self.stage.consume(session, &recorded)?;
        if let Some(bind) = &event.bind {
            self.stage.names.set(bind, recorded.value().clone());
        }
        Ok(())
    }

    /// Compares a message with what an `ExpectMsg` says of it.
    pub(super) fn judge(&mut self, event: &ExpectMsg, recorded: &Recorded) -> Result<Judgement, Stop> {
        let mut judgement = Judgement::default();
        let value = recorded.value();
        if let Some(with) = &event.with {
            compare("", with, Some(value), &self.stage.names, &mut judgement)?;
        }
        for name in &event.absent {
            let got = value.member(name).or_else(|| value.member("tlvs")?.member(name));
            if let Some(got) = got {
                judgement.differ(name, ABSENT, &got.to_string());
            }
        }
        self.stage.names.set_message(Some(value.clone()));
        let checked = self.check_all(&event.check, &mut judgement);
        self.stage.names.set_message(None);
        checked.map(|()| judgement)
    }

    pub(super) fn check_all(&self, checks: &[Expr<bool>], judgement: &mut Judgement) -> Result<(), Stop> {
        for check in checks {
            match check.evaluate(&self.stage.names) {
                Ok(true) => {}
                Ok(false) => judgement.differ("check", &check.to_string(), "it does not hold"),
                Err(error) if error.is_unknown() => judgement.unknown.push(check.to_string()),
                Err(error) if lacks_a_field(&error) => {
                    judgement.differ("check", &check.to_string(), &error.kind.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for a message by name; anything else that is not background is a failure.
    pub(super) async fn next_message(
        &mut self,
        session: &str,
        name: &str,
        background: Background<'_>,
    ) -> Result<Rc<Recorded>, Stop> {
        let expected = || format!("{name} on {session}");
        match self.stage.arrival(session, background, &[name]).await? {
            Arrival::Came(Arrived::Message(recorded)) if recorded.message().name() == name => {
                self.judged();
                self.stage.take(&recorded);
                Ok(recorded)
            }
            Arrival::Came(other) => Err(unexpected(&other, &expected())),
            Arrival::Quiet(silence) => Err(Stop::fail(
                Code::bare(CodeKind::Quiet),
                expected(),
                format!("the node has nothing to say ({silence})"),
            )),
        }
    }

    /// A new connection to the node, nothing said on it yet.
    pub(super) async fn dial(&self) -> Result<Box<dyn ByteStream>, Stop> {
        self.stage.refuse_killed()?;
        Ok(self.stage.promptly("take a connection", self.stage.node.dial()).await??)
    }

    /// A link over `stream` with this path's bounds.
    pub(super) fn link(&self, stream: Box<dyn ByteStream>) -> Link {
        Link::new(stream, self.stage.bounds.settle)
    }

    /// Makes a session known, in place of one of the same name, whose forbidden messages stay so.
    pub(super) fn begin_session(&mut self, name: &str, key: SecretKey, link: Link, phase: Phase) {
        let mut session = Session::new(name, self.stage.tap.connection(), key, link, phase);
        if let Some(before) = self.stage.sessions.get_mut(name) {
            session.forbidden = std::mem::take(&mut before.forbidden);
        }
        self.stage.names.set(name, session.value());
        self.stage.names.set_default_session(name);
        self.stage.sessions.insert(name.to_owned(), session);
    }

    fn open(&mut self, session: &str, transport: Transport) -> Result<(), Stop> {
        self.stage.session(session)?.open(transport);
        Ok(())
    }

    /// Waits for so many bytes of the handshake.
    async fn act(&mut self, session: &str, act: &str, length: usize) -> Result<Vec<u8>, Stop> {
        match self.stage.bytes(session, length).await? {
            Ok(bytes) => Ok(bytes),
            Err(got) => Err(Stop::fail(
                Code::of(CodeKind::Handshake, act),
                format!("{act}, {length} bytes, on {session}"),
                got,
            )),
        }
    }

    /// Makes `session` the default for `sent` and `rcvd`.
    pub(super) fn on<'s>(&mut self, session: &'s SessionRef) -> &'s str {
        self.stage.names.set_default_session(session);
        session
    }

    pub(super) fn eval<T: Typed>(&self, expr: &Expr<T>) -> Result<T, Stop> {
        Ok(expr.evaluate(&self.stage.names)?)
    }

    pub(super) fn optional<T: Typed>(&self, expr: &Option<Expr<T>>) -> Result<Option<T>, Stop> {
        expr.as_ref().map(|expr| self.eval(expr)).transpose()
    }

    /// Counts one thing that was judged.
    pub(super) fn judged(&mut self) {
        self.stage.judged += 1;
    }
}

/// Whether a condition speaks of a field or record that a message of the node's does not have. (That the whole message
/// has not come is the spec's fault.)
fn lacks_a_field(error: &EvalError) -> bool {
    let EvalErrorKind::Undefined { name, .. } = &error.kind else { return false };
    let in_message = name.split_once("rcvd.").map(|(_, path)| path).or_else(|| name.strip_prefix("msg."));
    match in_message {
        Some(path) if name.starts_with("msg.") => !path.is_empty(),
        Some(path) => path.contains('.'),
        None => false,
    }
}

/// What a difference says was expected of something that must not be there.
const ABSENT: &str = "absent";

fn ephemeral() -> Result<SecretKey, Stop> {
    SecretKey::from_slice(&EPHEMERAL).map_err(|error| Stop::spec(error.to_string()))
}

fn bad_act(act: &str, error: &dyn std::error::Error) -> Stop {
    Stop::fail(Code::of(CodeKind::Handshake, act), format!("{act} as BOLT 8 has it"), error.to_string())
}

/// The message's bytes with a TLV stream of the spec's own, more behind its end, or less of it.
fn broken(
    message: &Message,
    raw_tlvs: Option<&[u8]>,
    trailing: Option<&[u8]>,
    truncate: Option<u64>,
) -> Result<Vec<u8>, Stop> {
    let mut broken = Broken::of(message);
    if let Some(stream) = raw_tlvs {
        broken = broken.tlvs(stream);
    }
    let mut bytes = broken.append(trailing.unwrap_or_default()).into_bytes();
    if let Some(length) = truncate {
        bytes.truncate(within("truncate", length, bytes.len())?);
    }
    Ok(bytes)
}
