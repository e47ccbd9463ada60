//! Which mutants are there of a path? Of each thing that its steps took, what a broken node could have said instead.

use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{Catalogue, Message};
use lnprototest_spec_events::Spec;
use lnprototest_spec_events::requirements::{Level, Requirement, Requirements};
use secp256k1::SecretKey;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Mutant;
use super::alter::{altered, zeroed};
use super::invoice::{Part, altered_invoice};
use super::judged::Judged;
use crate::session::Recorded;
use crate::tamper::{BytesHow, Disturbance, Notes, Place, Taken, TakenAs, is_background};

/// What there is to do to one path.
#[derive(Default)]
pub(super) struct Plan {
    /// Its mutants, each with what makes it.
    pub(super) mutants: Vec<(Mutant, Disturbance)>,
    /// The fields that its spec has to judge, and those that no spec need judge.
    pub(super) fields: BTreeSet<String>,
}

/// What a spec's requirements say of the fields of messages.
pub(super) struct Claims {
    /// The fields that somebody's requirement constrains, by message.
    of_sender: BTreeMap<String, BTreeSet<String>>,
    /// Those that a receiver's does, each with the names of the messages that it is about.
    of_receiver: Vec<(String, String, BTreeSet<String>)>,
    /// The parts of an invoice that a requirement constrains.
    of_invoice: BTreeSet<Part>,
    /// Whether it speaks of `init` itself: else the greeting is but how all conversations begin.
    is_about_init: bool,
}

impl Claims {
    /// The claims of `spec`.
    pub(super) fn of(spec: &Spec) -> Self {
        let mut claims = Self {
            of_sender: BTreeMap::new(),
            of_receiver: Vec::new(),
            of_invoice: BTreeSet::new(),
            is_about_init: false,
        };
        let requirements = Requirements::bundled();
        for requirement in spec.covers.iter().filter_map(|id| requirements.by_id(&id.value)) {
            claims.is_about_init |= requirement.section.iter().any(|title| title.contains("`init`"))
                || requirement.fields().iter().any(|field| field.message() == "init");
            // What a node may do it may leave.
            if requirement.level == Level::May {
                continue;
            }
            claims.of_invoice.extend(Part::of(requirement));
            let is_receivers = matches!(&*requirement.role, "receiver" | "reader");
            for field in requirement.fields() {
                let (message, path) = (field.message().to_owned(), field.path().to_owned());
                if is_receivers {
                    claims.of_receiver.push((message, path, messages_of(requirement)));
                } else {
                    claims.of_sender.entry(message).or_default().insert(path);
                }
            }
        }
        claims
    }

    /// The fields of a message of the node, which came in this breath, that the spec has to judge. What a receiver's
    /// requirement says of a message it says of the one that it received, or of its answer to that: so of what the
    /// node sent after we had sent another message that the requirement is about.
    fn fields(&self, message: &str, breath: usize, notes: &Notes) -> BTreeSet<String> {
        let is_answer = |about: &BTreeSet<String>| {
            let others = about.iter().filter(|name| *name != message);
            others.filter_map(|name| notes.sent.get(name)).any(|sent| *sent <= breath)
        };
        let of_receiver = self.of_receiver.iter();
        let of_receiver = of_receiver.filter(|(name, _, about)| name == message && is_answer(about));
        let of_sender = self.of_sender.get(message).into_iter().flatten();
        of_sender.chain(of_receiver.map(|(_, path, _)| path)).cloned().collect()
    }
}

/// The messages that a requirement is about: those of its headings; where these name none, those whose fields it names.
fn messages_of(requirement: &Requirement) -> BTreeSet<String> {
    let in_backticks =
        |title: &String| -> Vec<String> { title.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let of_headings: BTreeSet<String> = requirement.section.iter().flat_map(in_backticks).collect();
    match of_headings.is_empty() {
        false => of_headings,
        true => requirement.fields().iter().map(|field| field.message().to_owned()).collect(),
    }
}

/// The mutants of a path of `spec` on which came and was taken what `notes` say; `nodes_key` is the node's, if it is known.
pub(super) fn plan(
    spec: &Spec,
    claims: &Claims,
    notes: &Notes,
    catalogue: &Catalogue,
    judged: &Judged,
    nodes_key: Option<SecretKey>,
) -> Plan {
    let mut planner = Planner { claims, notes, catalogue, judged, nodes_key, plan: Plan::default() };
    for taken in &notes.taken {
        if !planner.is_greeting(spec, taken) {
            planner.taken(taken);
        }
    }
    planner.plan
}

struct Planner<'a> {
    claims: &'a Claims,
    notes: &'a Notes,
    catalogue: &'a Catalogue,
    judged: &'a Judged,
    nodes_key: Option<SecretKey>,
    plan: Plan,
}

impl Planner<'_> {
    /// Whether a fragment has taken an `init` in a spec that claims nothing of it.
    fn is_greeting(&self, spec: &Spec, taken: &Taken) -> bool {
        let TakenAs::Message { message, .. } = &taken.what else { return false };
        let by_fragment = taken.by.as_ref().is_some_and(|by| by.source().name != spec.at.source().name);
        message.message().name() == "init" && by_fragment && !self.claims.is_about_init
    }

    fn taken(&mut self, taken: &Taken) {
        match &taken.what {
            TakenAs::Bytes { run } => {
                for (change, how) in [
                    ("replaced by a close", BytesHow::Close),
                    ("dropped", BytesHow::Drop),
                    ("last bit", BytesHow::Flip),
                    ("one more", BytesHow::Lengthen),
                ] {
                    self.push("bytes", change, Disturbance::Bytes { run: *run, how });
                }
            }
            TakenAs::End { at } => self.push("close", "dropped", Disturbance::Mute { at: *at }),
            TakenAs::Failure { at } => self.push("failure", "dropped", Disturbance::Mute { at: *at }),
            TakenAs::Invoice { nth, made } => self.invoice(*nth, made),
            TakenAs::Silence { silence, forbidden } => self.silence(*silence, forbidden.as_deref()),
            TakenAs::Message { at, message } => {
                self.message(*at, message);
                self.fields(*at, message.message());
            }
            TakenAs::Told { at, message } => self.fields(*at, message.message()),
        }
    }

    fn silence(&mut self, silence: usize, forbidden: Option<&str>) {
        match forbidden {
            None => {
                self.push("silence", "replaced by a close", Disturbance::Hang { silence });
                if let Some(message) = self.error() {
                    self.push("silence", "replaced by an error", Disturbance::Speak { silence, message });
                }
            }
            Some(name) => {
                let zero = self.catalogue.message(name).and_then(|def| def.build(&zeroed(&def.fields)).ok());
                if let Some(message) = zero {
                    self.push(&format!("no {name}"), "it comes", Disturbance::Speak { silence, message });
                }
            }
        }
    }

    fn invoice(&mut self, nth: usize, made: &str) {
        let of_invoice = self.claims.of_invoice.iter();
        let variants = of_invoice.flat_map(|part| altered_invoice(made, *part, self.nodes_key));
        let variants: Vec<_> = variants.collect();
        for (what, change, made) in variants {
            let field = format!("invoice.{what}");
            self.plan.fields.insert(field.clone());
            if self.judged.counts(&field, &change) {
                self.push(&field, &change, Disturbance::Invoice { nth, made });
            }
        }
    }

    fn message(&mut self, at: Place, message: &Rc<Recorded>) {
        let name = message.message().name();
        self.push(name, "dropped", Disturbance::Drop { at });
        self.push(name, "doubled", Disturbance::Double { at });
        self.push(name, "replaced by a close", Disturbance::Close { at });
        if let Some(error) = self.error().filter(|_| name != "error") {
            self.push(name, "replaced by an error", Disturbance::Replace { at, message: error });
        }
        if self.has_company(at) {
            self.push(name, "delayed", Disturbance::Delay { at });
        }
    }

    /// Whether another message follows without our doing: else to delay one is to drop it.
    fn has_company(&self, at: Place) -> bool {
        let came = &self.notes.came;
        let Some(own) = came.iter().find(|came| came.at == at) else { return false };
        came.iter().any(|other| {
            other.at.connection == at.connection
                && other.at.item > at.item
                && other.breath == own.breath
                && !is_background(other.message.message())
        })
    }

    fn fields(&mut self, at: Place, message: &Message) {
        let came = self.notes.came.iter().find(|came| came.at == at);
        let breath = came.map_or(0, |came| came.breath);
        for path in self.claims.fields(message.name(), breath, self.notes) {
            let field = format!("{}.{path}", message.name());
            let mut made: Vec<Message> = Vec::new();
            for (change, message) in altered(message, &path) {
                self.plan.fields.insert(field.clone());
                if self.judged.counts(&field, &change) && !made.contains(&message) {
                    made.push(message.clone());
                    self.push(&field, &change, Disturbance::Alter { at, message });
                }
            }
        }
    }

    fn push(&mut self, what: &str, change: &str, disturbance: Disturbance) {
        self.plan.mutants.push((Mutant { what: what.to_owned(), change: change.to_owned() }, disturbance));
    }

    /// An `error` for all channels.
    fn error(&self) -> Option<Message> {
        let error = self.catalogue.message("error")?;
        let fields = Plain::map([("channel_id", Plain::hex([0; 32])), ("data", Plain::hex(b"a mutant"))]);
        error.build(&fields).ok()
    }
}
