//! What was sent and received on one session, and how expressions see it.

use lnprototest_bolt::wire::Message;
use lnprototest_spec_events::{Object, Value};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use super::Background;
use crate::tamper::Place;

/// A message and, once somebody asked for it, its value in expressions.
#[derive(Debug)]
pub(crate) struct Recorded {
    message: Message,
    value: OnceCell<Value>,
    /// Where it came, if the node sent it.
    place: Cell<Option<Place>>,
}

impl Recorded {
    pub(crate) fn new(message: Message) -> Rc<Self> {
        Rc::new(Self { message, value: OnceCell::new(), place: Cell::default() })
    }

    pub(crate) fn message(&self) -> &Message {
        &self.message
    }

    /// Where it came, if the node sent it.
    pub(crate) fn place(&self) -> Option<Place> {
        self.place.get()
    }

    /// Takes note of where it came.
    pub(crate) fn came_at(&self, place: Place) {
        self.place.set(Some(place));
    }

    /// Field by field, as `sent.open_channel` shows it.
    pub(crate) fn value(&self) -> &Value {
        self.value.get_or_init(|| Value::from(self.message.to_plain()))
    }
}

/// The messages of one direction, oldest first. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Record(Rc<RefCell<Vec<Rc<Recorded>>>>);

impl Record {
    pub(crate) fn push(&self, message: Rc<Recorded>) {
        self.0.borrow_mut().push(message);
    }

    /// The last message of this name.
    pub(crate) fn last(&self, name: &str) -> Option<Rc<Recorded>> {
        self.0.borrow().iter().rev().find(|recorded| recorded.message.name() == name).cloned()
    }

    /// The last message of those that are not background.
    pub(crate) fn newest(&self) -> Option<Rc<Recorded>> {
        let recorded = self.0.borrow();
        recorded.iter().rfind(|recorded| !Background::USUAL.covers(&recorded.message, &[])).cloned()
    }

    /// Whether there is one of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.borrow().iter().any(|recorded| recorded.message.name() == name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for recorded in self.0.borrow().iter() {
            if !names.iter().any(|name| name == recorded.message.name()) {
                names.push(recorded.message.name().to_owned());
            }
        }
        names
    }
}

/// `sent.NAME` is the last message of that name, `sent.all.NAME` the list of all.
impl Object for Record {
    fn member(&self, name: &str) -> Option<Value> {
        match name {
            "all" => Some(Value::object(All(self.clone()))),
            _ => self.last(name).map(|recorded| recorded.value().clone()),
        }
    }

    fn names(&self) -> Vec<String> {
        Record::names(self)
    }
}

/// Every message by name, oldest first.
struct All(Record);

impl Object for All {
    fn member(&self, name: &str) -> Option<Value> {
        let messages = self.0.0.borrow();
        let named = messages.iter().filter(|recorded| recorded.message.name() == name);
        Some(Value::list(named.map(|recorded| recorded.value().clone())))
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }
}
