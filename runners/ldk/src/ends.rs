//! How does an operation wait for LDK's events to end it?

use lnprototest_runner_api::Outcome;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// How an operation ended.
pub(crate) type Ended = Result<Outcome, String>;

/// The operations that have begun, each by what LDK calls it.
pub(crate) struct Ends<K>(RefCell<BTreeMap<K, Waiting>>);

#[derive(Default)]
struct Waiting {
    /// How it ended, once it has.
    end: Option<Ended>,
    waker: Option<Waker>,
}

impl<K> Default for Ends<K> {
    fn default() -> Self {
        Self(RefCell::new(BTreeMap::new()))
    }
}

impl<K: Copy + Ord> Ends<K> {
    /// Begins one. The future is ready when it ends.
    pub(crate) fn begin(self: &Rc<Self>, key: K) -> End<K> {
        self.0.borrow_mut().insert(key, Waiting::default());
        End { ends: Rc::clone(self), key }
    }

    /// One ended so, unless it had ended before, or nobody waits for it.
    pub(crate) fn end(&self, key: K, end: Ended) {
        if let Some(waiting) = self.0.borrow_mut().get_mut(&key) {
            waiting.end(end);
        }
    }

    /// All that have not ended fail.
    pub(crate) fn all_failed(&self, why: &str) {
        for waiting in self.0.borrow_mut().values_mut() {
            waiting.end(Err(why.to_owned()));
        }
    }
}

impl Waiting {
    fn end(&mut self, end: Ended) {
        if self.end.is_none() {
            self.end = Some(end);
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }
}

/// Ends with an operation.
pub(crate) struct End<K: Copy + Ord> {
    ends: Rc<Ends<K>>,
    key: K,
}

impl<K: Copy + Ord> Future for End<K> {
    type Output = Ended;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        let mut all = self.ends.0.borrow_mut();
        let Some(waiting) = all.get_mut(&self.key) else {
            return Poll::Ready(Err("it was begun a second time meanwhile".to_owned()));
        };
        match waiting.end.take() {
            Some(end) => Poll::Ready(end),
            None => {
                waiting.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<K: Copy + Ord> Drop for End<K> {
    fn drop(&mut self) {
        self.ends.0.borrow_mut().remove(&self.key);
    }
}
