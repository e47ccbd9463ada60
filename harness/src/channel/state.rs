//! What the harness knows of a channel: its funding, our keys, and what has become of it.

use bitcoin::Transaction;
use lnprototest_bolt::channel::{Funding, Keyset, Side};
use lnprototest_bolt::wire::Message;
use std::cell::RefCell;
use std::rc::Rc;

use super::closing::Closing;
use super::life::Life;
use crate::stage::Stop;

/// One channel. Expressions that speak of it see it as it is when they are evaluated.
#[derive(Debug)]
pub(crate) struct Channel {
    /// The session on which it was opened.
    pub(crate) session: String,
    /// Our keys in it.
    pub(crate) keys: Keyset,
    pub(crate) funding: Funding,
    /// The funding transaction, if it is ours.
    pub(crate) funding_tx: Option<Transaction>,
    /// From `Commit` on.
    pub(crate) life: RefCell<Option<Rc<Life>>>,
    /// The last that `CreateClosing` made.
    pub(crate) closing: RefCell<Option<Closing>>,
    /// The signatures of the last `closing_signed`, `closing_complete` or `closing_sig` that came.
    pub(super) closing_from_node: RefCell<Vec<[u8; 64]>>,
}

impl Channel {
    pub(crate) fn new(
        session: &str,
        keys: Keyset,
        funding: Funding,
        funding_tx: Option<Transaction>,
    ) -> Self {
        Self {
            session: session.to_owned(),
            keys,
            funding,
            funding_tx,
            life: RefCell::default(),
            closing: RefCell::default(),
            closing_from_node: RefCell::default(),
        }
    }

    /// Takes note of a message of this channel that has come to the other end.
    ///
    /// # Errors
    /// See [`Life::follow`].
    pub(crate) fn follow(&self, by: Side, message: &Message) -> Result<(), Stop> {
        if by == Side::Remote
            && matches!(message.name(), "closing_complete" | "closing_sig" | "closing_signed")
        {
            self.closing_from_node.replace(closing_signatures(message));
        }
        match &mut *self.life.borrow_mut() {
            Some(life) => Rc::make_mut(life).follow(by, message, &self.keys),
            None => Ok(()),
        }
    }

    /// Its session has ended.
    pub(crate) fn disconnected(&self) {
        if let Some(life) = &mut *self.life.borrow_mut() {
            Rc::make_mut(life).disconnected();
        }
    }

    /// We send what breaks its rules: what follows is not the usual.
    pub(crate) fn lose(&self) {
        if let Some(life) = &mut *self.life.borrow_mut() {
            Rc::make_mut(life).lost = true;
        }
    }
}

/// In `closing_complete` and `closing_sig` there is one for each choice of outputs.
fn closing_signatures(message: &Message) -> Vec<[u8; 64]> {
    let records = message.tlvs().into_iter().flat_map(|stream| stream.records());
    let signatures = records.filter_map(|record| record.value()?.as_bytes()?.try_into().ok());
    message.array("signature").into_iter().chain(signatures).collect()
}
