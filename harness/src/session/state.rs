//! The state of one connection: its handshake, its ciphers, what came and what was said.

use lnprototest_bolt::noise::{Decoder, Encryptor, Initiator, Transport};
use lnprototest_bolt::public_key;
use lnprototest_bolt::wire::{Catalogue, DecodeError, Message};
use lnprototest_spec_events::{Object, Value};
use secp256k1::SecretKey;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::{Link, Record, Recorded};
use crate::stage::{Stop, within};
use crate::tamper::Place;
use crate::transcript::{By, Entry};
use crate::verdict::{Code, CodeKind};

/// One connection to the node.
pub(crate) struct Session {
    pub(crate) name: Rc<str>,
    /// The key under which the node knows this peer.
    pub(crate) key: SecretKey,
    pub(crate) link: Link,
    pub(crate) phase: Phase,
    /// Which of the path's connections it is, and how many things came on it.
    pub(crate) next_place: Place,
    /// What came and no step has looked at yet.
    pub(crate) inbox: VecDeque<Arrived>,
    pub(crate) sent: Record,
    pub(crate) rcvd: Record,
    /// Messages that must not come any more.
    pub(crate) forbidden: Vec<String>,
    /// Whether a step was content with the connection's end.
    pub(crate) end_expected: bool,
    /// Our own pings that are still to be answered.
    pub(crate) fences: usize,
    /// Whether we broke a frame: what we send behind it can't be read.
    garbled: bool,
    acts: Rc<RefCell<Acts>>,
}

/// How far a connection has come.
pub(crate) enum Phase {
    /// The node has closed it, or sent what can't be read.
    Closed,
    /// A step of the spec has ended it.
    Left,
    /// Messages go both ways.
    Open { encryptor: Box<Encryptor>, decoder: Box<Decoder> },
    /// A connection whose handshake is done by the spec, byte by byte.
    Raw(Option<Box<Initiator>>),
    /// Likewise, once act two was understood.
    RawDone(Box<Transport>),
}

/// Something that came from the node.
#[derive(Clone, Debug)]
pub(crate) enum Arrived {
    /// Bytes of a handshake that no step asked for.
    Bytes { count: usize },
    /// The connection ended.
    End,
    /// A message of the catalogue.
    Message(Rc<Recorded>),
    /// Bytes under the type of a message that do not make it up.
    Undecodable { name: String, bytes: Vec<u8>, error: String },
    /// A message of a type that the catalogue lacks.
    Unknown { number: u16, bytes: Vec<u8> },
    /// A frame that does not decrypt: the stream can't be read any further.
    Unreadable { error: String },
}

/// How a frame is broken on purpose.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frame {
    /// The length that the header claims.
    pub(crate) claim: Option<u16>,
    /// How many bytes of the frame are sent.
    pub(crate) cut: Option<u64>,
    /// The byte to invert; negative from the end.
    pub(crate) flip: Option<i64>,
}

/// The acts of a raw session, in hex, as far as they are known.
#[derive(Default)]
struct Acts {
    one: Option<Value>,
    three: Option<Value>,
    two: Option<Value>,
}

impl Session {
    pub(crate) fn new(name: &str, connection: usize, key: SecretKey, link: Link, phase: Phase) -> Self {
        let acts = Acts {
            one: match &phase {
                Phase::Raw(Some(initiator)) => Some(Value::bytes(initiator.act_one())),
                _ => None,
            },
            ..Acts::default()
        };
        Self {
            name: name.into(),
            key,
            link,
            phase,
            next_place: Place { connection, item: 0 },
            inbox: VecDeque::new(),
            sent: Record::default(),
            rcvd: Record::default(),
            forbidden: Vec::new(),
            end_expected: false,
            fences: 0,
            garbled: false,
            acts: Rc::new(RefCell::new(acts)),
        }
    }

    /// Opens it for messages.
    pub(crate) fn open(&mut self, transport: Transport) {
        self.phase = Phase::Open {
            encryptor: Box::new(transport.encryptor),
            decoder: Box::new(Decoder::new(transport.decryptor)),
        };
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// Whether a live node answers a ping on it: both `init`s were exchanged, and it can read what we send.
    pub(crate) fn answers_pings(&self) -> bool {
        self.is_open() && !self.garbled && self.sent.has("init") && self.rcvd.has("init")
    }

    /// Ends it at a step's word. What came and was not taken is forgotten.
    pub(crate) fn leave(&mut self) {
        self.phase = Phase::Left;
        self.inbox.clear();
    }

    pub(crate) fn is_left(&self) -> bool {
        matches!(self.phase, Phase::Left)
    }

    /// Refuses a step that is about a session which an earlier one has ended.
    pub(crate) fn refuse_left(&self) -> Result<(), Stop> {
        match self.is_left() {
            false => Ok(()),
            true => Err(Stop::spec(format!(
                "an earlier step has ended the session '{}': connect it anew first",
                self.name
            ))),
        }
    }

    /// Fails if `arrived` is a message that the spec has forbidden.
    pub(crate) fn refuse_forbidden(&self, arrived: &Arrived) -> Result<(), Stop> {
        match arrived.message().map(Message::name) {
            Some(name) if self.forbidden.iter().any(|forbidden| forbidden == name) => Err(Stop::fail(
                Code::of(CodeKind::ForbiddenMessage, name),
                format!("no {name} on {}", self.name),
                format!("a {name}"),
            )),
            _ => Ok(()),
        }
    }

    /// Takes the next thing that came. The end stays: nothing comes after it, however often one looks.
    pub(crate) fn take(&mut self) -> Option<Arrived> {
        match self.inbox.front() {
            Some(Arrived::End) => Some(Arrived::End),
            _ => self.inbox.pop_front(),
        }
    }

    /// Takes in something that has come, and says so as transcripts do.
    pub(crate) fn take_in(&mut self, arrived: Arrived) -> Entry {
        if matches!(arrived, Arrived::End) {
            self.phase = Phase::Closed;
        }
        self.inbox.push_back(arrived);
        self.entry_of(self.inbox.len() - 1)
    }

    /// The place of something that has come now.
    pub(crate) fn place(&mut self) -> Place {
        let here = self.next_place;
        self.next_place.item += 1;
        here
    }

    /// Puts back what [`Session::take`] took.
    pub(crate) fn put_back(&mut self, arrived: Arrived) {
        if !matches!(arrived, Arrived::End) {
            self.inbox.push_front(arrived);
        }
    }

    /// Takes act two of a raw session, so that act three has a value. `false` if it is no good.
    pub(crate) fn take_act_two(&mut self, act: &[u8]) -> Result<(), String> {
        let Phase::Raw(initiator) = &mut self.phase else { return Ok(()) };
        let Some(initiator) = initiator.take() else { return Ok(()) };
        let done = initiator.act_two(act).map_err(|error| error.to_string())?;
        let mut acts = self.acts.borrow_mut();
        acts.two = Some(Value::bytes(act));
        acts.three = Some(Value::bytes(done.act_three));
        self.phase = Phase::RawDone(Box::new(done.transport));
        Ok(())
    }

    /// Turns a raw session whose acts were exchanged into an ordinary one.
    pub(crate) fn finish_handshake(&mut self) -> bool {
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::RawDone(transport) => {
                self.open(*transport);
                true
            }
            phase => {
                self.phase = phase;
                false
            }
        }
    }

    /// Sends the bytes of one message as one frame.
    pub(crate) async fn send_frame(&mut self, bytes: &[u8], frame: Frame) -> Result<(), Stop> {
        let out = self.frame(bytes, frame)?;
        self.link.send(&out).await;
        Ok(())
    }

    /// The bytes of one message as one frame, to be sent before any other; none once the node has closed the
    /// connection.
    pub(crate) fn frame(&mut self, bytes: &[u8], frame: Frame) -> Result<Vec<u8>, Stop> {
        self.refuse_left()?;
        let encryptor = match &mut self.phase {
            Phase::Open { encryptor, .. } => encryptor,
            Phase::Closed | Phase::Left => return Ok(Vec::new()),
            Phase::Raw(_) | Phase::RawDone(_) => {
                let what = format!("the handshake of '{}' is not over: `Handshake` completes it", self.name);
                return Err(Stop::spec(what));
            }
        };
        let mut out = Vec::with_capacity(bytes.len() + 34);
        match frame.claim {
            Some(claimed) => encryptor.encrypt_with_length(claimed, bytes, &mut out),
            None => encryptor.encrypt_into(bytes, &mut out).map_err(|error| Stop::spec(error.to_string()))?,
        }
        if let Some(index) = frame.flip {
            let index = if index < 0 { index + out.len() as i64 } else { index };
            let byte = usize::try_from(index).ok().and_then(|index| out.get_mut(index));
            let Some(byte) = byte else {
                let what = format!("flip: there is no byte {index} in a frame of {} bytes", out.len());
                return Err(Stop::spec(what));
            };
            *byte ^= 0xff;
        }
        if let Some(cut) = frame.cut {
            out.truncate(within("cut", cut, out.len())?);
        }
        self.garbled |= frame.claim.is_some() || frame.flip.is_some() || frame.cut.is_some();
        Ok(out)
    }

    /// Turns the bytes that came into what they mean.
    pub(crate) fn digest(&mut self, catalogue: &Catalogue) {
        if let Phase::Open { decoder, .. } = &mut self.phase {
            let incoming = self.link.incoming();
            let mut unread = &incoming[..];
            loop {
                match decoder.next_message(&mut unread) {
                    Ok(Some(bytes)) => self.inbox.push_back(Arrived::of(bytes, catalogue)),
                    Ok(None) => break,
                    Err(error) => {
                        self.inbox.push_back(Arrived::Unreadable { error: error.to_string() });
                        self.phase = Phase::Closed;
                        return;
                    }
                }
            }
            let read = incoming.len() - unread.len();
            incoming.drain(..read);
        }
        if self.link.ended() && !matches!(self.phase, Phase::Closed | Phase::Left) {
            let untaken = self.untaken_bytes();
            self.inbox.extend(untaken);
            self.inbox.push_back(Arrived::End);
            self.phase = Phase::Closed;
        }
    }

    /// What came on a raw session beyond what its steps have taken.
    pub(crate) fn untaken_bytes(&mut self) -> Option<Arrived> {
        match (&self.phase, self.link.incoming().len()) {
            (Phase::Raw(_) | Phase::RawDone(_), count) if count > 0 => Some(Arrived::Bytes { count }),
            _ => None,
        }
    }

    /// What the transcript says of the `n`th thing in the inbox.
    fn entry_of(&self, n: usize) -> Entry {
        let session = self.name.clone();
        let by = By::Node;
        let raw =
            |bytes: &[u8], what| Entry::Raw { session: session.clone(), by, bytes: bytes.to_vec(), what };
        match &self.inbox[n] {
            Arrived::Bytes { .. } => raw(&[], "bytes that no step asked for"),
            Arrived::End => Entry::Closed { session, by },
            Arrived::Message(message) => Entry::Message { session, by, message: message.clone() },
            Arrived::Undecodable { bytes, .. } => raw(bytes, "bytes that are no such message"),
            Arrived::Unknown { bytes, .. } => raw(bytes, "a message of an unknown type"),
            Arrived::Unreadable { .. } => raw(&[], "a frame that does not decrypt"),
        }
    }

    /// The session as expressions see it.
    pub(crate) fn value(&self) -> Value {
        Value::object(View {
            sent: self.sent.clone(),
            rcvd: self.rcvd.clone(),
            node_id: Value::bytes(public_key(&self.key).serialize()),
            acts: self.acts.clone(),
        })
    }
}

impl Arrived {
    fn of(bytes: Vec<u8>, catalogue: &Catalogue) -> Self {
        match catalogue.decode(&bytes) {
            Ok(message) => Self::Message(Recorded::new(message)),
            Err(DecodeError::UnknownType { number, .. }) => Self::Unknown { number, bytes },
            Err(error) => {
                let number = bytes.first_chunk().map(|number| u16::from_be_bytes(*number));
                let name = number.and_then(|number| catalogue.message_of_type(number));
                let name =
                    name.map_or_else(|| "a message without a type".to_owned(), |def| def.name.to_string());
                Self::Undecodable { name, bytes, error: error.to_string() }
            }
        }
    }

    /// The message, if it is one of the catalogue.
    pub(crate) fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(recorded) => Some(recorded.message()),
            _ => None,
        }
    }
}

/// What expressions see under a session's name.
struct View {
    sent: Record,
    rcvd: Record,
    node_id: Value,
    acts: Rc<RefCell<Acts>>,
}

impl Object for View {
    fn member(&self, name: &str) -> Option<Value> {
        let acts = self.acts.borrow();
        match name {
            "act_one" => acts.one.clone(),
            "act_three" => acts.three.clone(),
            "act_two" => acts.two.clone(),
            "node_id" => Some(self.node_id.clone()),
            "rcvd" => Some(Value::object(self.rcvd.clone())),
            "sent" => Some(Value::object(self.sent.clone())),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        ["act_one", "act_three", "act_two", "node_id", "rcvd", "sent"].map(str::to_owned).into()
    }
}
