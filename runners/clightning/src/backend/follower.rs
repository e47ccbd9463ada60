//! How far has lightningd followed the chain?
//!
//! It asks for the block above its tip, is told that there is none, and asks again: at once, if it runs for developers
//! with a polling interval of 0. So it is told so *once* after each batch of blocks, because only then does it take
//! note of the new tip, and its next question stays open until there is such a block. While it does, lightningd sleeps
//! and yet learns of a block at once.

use serde_json::Value;
use std::cell::{Cell, RefCell};
use tokio::sync::Notify;

/// What lightningd asked for and was told.
#[derive(Default)]
pub(crate) struct Follower {
    /// Its question for a block that is not there yet.
    open: RefCell<Option<Question>>,
    /// The height at which it was told that there is no block, since it was last given one.
    told_none_at: Cell<Option<u32>>,
    changed: Notify,
}

/// A request for the block at `height`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) id: Value,
    pub(super) height: u32,
}

impl Follower {
    /// Whether a question for a block that is not there is to be answered so, and not left open.
    pub(super) fn is_to_be_told(&self) -> bool {
        self.told_none_at.get().is_none()
    }

    /// It was told that there is no block at `height`.
    pub(super) fn told_none(&self, height: u32) {
        self.told_none_at.set(Some(height));
        self.changed.notify_waiters();
    }

    /// It was given a block.
    pub(super) fn given_block(&self) {
        self.told_none_at.set(None);
    }

    /// Its question stays open.
    pub(super) fn leave_open(&self, question: Question) {
        self.open.replace(Some(question));
        self.changed.notify_waiters();
    }

    /// The open question.
    pub(super) fn open(&self) -> Option<Question> {
        self.open.borrow().clone()
    }

    /// Takes the open question, if it is still this one.
    pub(super) fn take(&self, question: &Question) -> bool {
        self.open.borrow_mut().take_if(|open| open == question).is_some()
    }

    /// Whether it knows each block up to `tip`. It may still be busy with them.
    pub(super) fn knows(&self, tip: u32) -> bool {
        self.told_none_at.get().is_some_and(|height| height > tip)
    }

    /// Waits until it asks or is told something.
    pub(super) async fn change(&self) {
        self.changed.notified().await;
    }

    /// Wakes those who wait for a change: there will be none.
    pub(super) fn give_up(&self) {
        self.changed.notify_waiters();
    }
}
