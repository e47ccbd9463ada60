//! What becomes of the channels that the node was told to fund?

use bitcoin::Txid;
use lnprototest_runner_api::Outcome;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The channels that [`Operation::FundChannel`](lnprototest_runner_api::Operation::FundChannel) began, by LDK's
/// `user_channel_id`.
#[derive(Default)]
pub(crate) struct Fundings {
    begun: RefCell<BTreeMap<u128, Funding>>,
    last_id: Cell<u128>,
}

#[derive(Default)]
struct Funding {
    /// The funding transaction, once made.
    txid: Option<Txid>,
    /// How it ended, once it has.
    end: Option<Result<Outcome, String>>,
    waker: Option<Waker>,
}

impl Funding {
    fn end(&mut self, end: Result<Outcome, String>) {
        if self.end.is_none() {
            self.end = Some(end);
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }
}

impl Fundings {
    /// A `user_channel_id` that no channel of the node has had, restarts included.
    pub(crate) fn new_id(&self) -> u128 {
        self.last_id.set(self.last_id.get() + 1);
        self.last_id.get()
    }

    /// Begins one. The future ends when its funding transaction is published, or it fails.
    pub(crate) fn begin(self: &Rc<Self>, user_channel_id: u128) -> FundingEnd {
        self.begun.borrow_mut().insert(user_channel_id, Funding::default());
        FundingEnd { fundings: Rc::clone(self), user_channel_id }
    }

    /// Its transaction was made. The channel is always the transaction's first output.
    pub(crate) fn made(&self, user_channel_id: u128, txid: Txid) {
        if let Some(funding) = self.begun.borrow_mut().get_mut(&user_channel_id) {
            funding.txid = Some(txid);
        }
    }

    /// A transaction was published.
    pub(crate) fn published(&self, txid: Txid) {
        self.end_of(txid, || Ok(Outcome::Funded { txid, output_index: 0 }));
    }

    /// The chain refused a transaction.
    pub(crate) fn refused(&self, txid: Txid, why: &str) {
        self.end_of(txid, || Err(format!("the chain refused its funding transaction: {why}")));
    }

    /// The channel failed.
    pub(crate) fn failed(&self, user_channel_id: u128, why: String) {
        if let Some(funding) = self.begun.borrow_mut().get_mut(&user_channel_id) {
            funding.end(Err(why));
        }
    }

    /// All that have not ended fail: the node forgets channels whose funding it has not published.
    pub(crate) fn all_failed(&self, why: &str) {
        for funding in self.begun.borrow_mut().values_mut() {
            funding.end(Err(why.to_owned()));
        }
    }

    fn end_of(&self, txid: Txid, end: impl Fn() -> Result<Outcome, String>) {
        for funding in self.begun.borrow_mut().values_mut().filter(|funding| funding.txid == Some(txid)) {
            funding.end(end());
        }
    }
}

/// Ends with a funding.
pub(crate) struct FundingEnd {
    fundings: Rc<Fundings>,
    user_channel_id: u128,
}

impl Future for FundingEnd {
    type Output = Result<Outcome, String>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut begun = self.fundings.begun.borrow_mut();
        let Some(funding) = begun.get_mut(&self.user_channel_id) else {
            return Poll::Ready(Err("it was asked for its end twice".to_owned()));
        };
        match funding.end.take() {
            Some(end) => Poll::Ready(end),
            None => {
                funding.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for FundingEnd {
    fn drop(&mut self) {
        self.fundings.begun.borrow_mut().remove(&self.user_channel_id);
    }
}
