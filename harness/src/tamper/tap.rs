//! Where all that comes from the node passes by: it is noted, and one thing of it may be disturbed.

use lnprototest_bolt::wire::Message;
use lnprototest_spec_events::Location;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{BytesHow, Disturbance, Place};
use crate::session::{Arrived, Background, Recorded};

/// One path's tap. By itself it changes nothing.
#[derive(Default)]
pub(crate) struct Tap {
    disturbance: Option<Rc<Disturbance>>,
    /// What a disturbance holds back.
    held: Option<Arrived>,
    muted: Option<usize>,
    notes: Notes,
    connections: usize,
    silences: usize,
    runs: usize,
    invoices: usize,
    breath: usize,
    step: Option<Location>,
}

/// What came on a path, and which steps took what of it.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) came: Vec<Came>,
    pub(crate) taken: Vec<Taken>,
    /// The names of the messages that we sent, each with the breath in which it was first.
    pub(crate) sent: BTreeMap<String, usize>,
    /// Which alternatives the node took where the choice is its own, in order.
    pub(crate) choices: Vec<usize>,
    /// Whether the disturbance met what it is about.
    pub(crate) disturbed: bool,
}

/// A message that came.
pub(crate) struct Came {
    pub(crate) at: Place,
    pub(crate) message: Rc<Recorded>,
    /// How many things we had done by then that the node may answer: messages of one breath need nothing from us
    /// between them.
    pub(crate) breath: usize,
}

/// Something that a step took.
pub(crate) struct Taken {
    pub(crate) what: TakenAs,
    /// The step.
    pub(crate) by: Option<Location>,
}

/// What a step took, and for what.
pub(crate) enum TakenAs {
    /// So many bytes of a handshake: the nth run of them.
    Bytes { run: usize },
    /// The end of a connection.
    End { at: Place },
    /// The first thing of a node's failing a channel or a connection, in whatever way.
    Failure { at: Place },
    /// The nth invoice that the node made.
    Invoice { nth: usize, made: String },
    /// The nth silence; a step may have one message in mind that it must not be broken by.
    Silence { silence: usize, forbidden: Option<String> },
    /// A message, for what it is.
    Message { at: Place, message: Rc<Recorded> },
    /// An `error` or `warning` that is a part of a failure.
    Told { at: Place, message: Rc<Recorded> },
}

impl Tap {
    pub(crate) fn new(disturbance: Option<Rc<Disturbance>>) -> Self {
        Self { disturbance, ..Self::default() }
    }

    /// What it has noted.
    pub(crate) fn into_notes(self) -> Notes {
        self.notes
    }

    /// The number of a connection that begins now.
    pub(crate) fn connection(&mut self) -> usize {
        self.connections += 1;
        self.connections - 1
    }

    /// Takes note that `step` is performed from here on.
    pub(crate) fn begin(&mut self, step: &Location) {
        self.step = Some(step.clone());
    }

    /// Takes note that we sent a message of this name.
    pub(crate) fn sent(&mut self, name: &str) {
        self.acted();
        self.notes.sent.entry(name.to_owned()).or_insert(self.breath);
    }

    /// Takes note that the node has chosen this alternative.
    pub(crate) fn chosen(&mut self, alternative: usize) {
        self.notes.choices.push(alternative);
    }

    /// Takes note that we did something that the node may answer.
    pub(crate) fn acted(&mut self) {
        self.breath += 1;
    }

    /// Takes note of what a step took.
    pub(crate) fn take(&mut self, what: TakenAs) {
        self.notes.taken.push(Taken { what, by: self.step.clone() });
    }

    /// Takes note of a failure that began there.
    pub(crate) fn take_failure(&mut self, at: Option<Place>) {
        if let Some(at) = at {
            self.take(TakenAs::Failure { at });
        }
    }

    /// What becomes of something that has come.
    pub(crate) fn pass(&mut self, at: Place, arrived: Arrived) -> Vec<Arrived> {
        if let Arrived::Message(message) = &arrived {
            message.came_at(at);
            self.notes.came.push(Came { at, message: message.clone(), breath: self.breath });
        }
        if self.muted == Some(at.connection) {
            return Vec::new();
        }
        let Some(disturbance) = self.disturbance.clone() else { return vec![arrived] };
        if is_overtaken(&disturbance, at, &arrived)
            && let Some(held) = self.held.take()
        {
            return vec![arrived, held];
        }
        self.disturb(&disturbance, at, arrived)
    }

    /// What a step that trusts in silence finds on the connection; each such step asks once, before it looks.
    pub(crate) fn silence(&mut self, forbidden: Option<&str>) -> Vec<Arrived> {
        let silence = self.silences;
        self.silences += 1;
        self.take(TakenAs::Silence { silence, forbidden: forbidden.map(str::to_owned) });
        match self.disturbance.as_deref() {
            Some(Disturbance::Speak { silence: nth, message }) if *nth == silence => {
                self.notes.disturbed = true;
                vec![Arrived::Message(Recorded::new(message.clone()))]
            }
            Some(Disturbance::Hang { silence: nth }) if *nth == silence => {
                self.notes.disturbed = true;
                vec![Arrived::End]
            }
            _ => Vec::new(),
        }
    }

    /// Disturbs bytes below the messages that have come in full, once; `false` says that the connection ends there.
    pub(crate) fn bytes(&mut self, incoming: &mut Vec<u8>) -> bool {
        let Some(Disturbance::Bytes { run, how }) = self.disturbance.as_deref() else { return true };
        if self.runs != *run + 1 || std::mem::replace(&mut self.notes.disturbed, true) {
            return true;
        }
        match how {
            BytesHow::Close | BytesHow::Drop => incoming.clear(),
            BytesHow::Flip => incoming.iter_mut().next_back().into_iter().for_each(|byte| *byte ^= 1),
            BytesHow::Lengthen => incoming.push(0),
        }
        *how != BytesHow::Close
    }

    /// What becomes of an invoice that the node has made.
    pub(crate) fn invoice(&mut self, made: String) -> String {
        let nth = self.invoices;
        self.invoices += 1;
        self.take(TakenAs::Invoice { nth, made: made.clone() });
        match self.disturbance.as_deref() {
            Some(Disturbance::Invoice { nth: aimed, made }) if *aimed == nth => {
                self.notes.disturbed = true;
                made.clone()
            }
            _ => made,
        }
    }

    /// Takes note that a step waits for bytes below the messages.
    pub(crate) fn run(&mut self) {
        self.take(TakenAs::Bytes { run: self.runs });
        self.runs += 1;
    }

    fn disturb(&mut self, disturbance: &Disturbance, at: Place, arrived: Arrived) -> Vec<Arrived> {
        let (Disturbance::Alter { at: aimed, .. }
        | Disturbance::Close { at: aimed }
        | Disturbance::Delay { at: aimed }
        | Disturbance::Double { at: aimed }
        | Disturbance::Drop { at: aimed }
        | Disturbance::Mute { at: aimed }
        | Disturbance::Replace { at: aimed, .. }) = disturbance
        else {
            return vec![arrived];
        };
        if *aimed != at {
            return vec![arrived];
        }
        if let Disturbance::Alter { message, .. } = disturbance
            && arrived.message().map(Message::name) != Some(message.name())
        {
            // The node has said something else than when it was listened to: this is another conversation.
            return vec![arrived];
        }
        self.notes.disturbed = true;
        match disturbance {
            Disturbance::Alter { message, .. } => {
                let altered = Recorded::new(message.clone());
                altered.came_at(at);
                vec![Arrived::Message(altered)]
            }
            Disturbance::Close { .. } => {
                self.muted = Some(at.connection);
                vec![Arrived::End]
            }
            Disturbance::Delay { .. } => {
                self.held = Some(arrived);
                Vec::new()
            }
            Disturbance::Double { .. } => vec![arrived.clone(), arrived],
            Disturbance::Mute { .. } => {
                self.muted = Some(at.connection);
                Vec::new()
            }
            Disturbance::Replace { message, .. } => {
                vec![Arrived::Message(Recorded::new(message.clone()))]
            }
            _ => Vec::new(),
        }
    }
}

/// Whether what has come ends a delay.
fn is_overtaken(disturbance: &Disturbance, at: Place, arrived: &Arrived) -> bool {
    let Disturbance::Delay { at: delayed } = disturbance else { return false };
    at.connection == delayed.connection && arrived.message().is_some_and(|message| !is_background(message))
}

/// Whether a message may come at any time.
pub(crate) fn is_background(message: &Message) -> bool {
    Background::USUAL.covers(message, &[])
}
