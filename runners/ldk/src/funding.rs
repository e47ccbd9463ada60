//! What becomes of the channels that the node was told to fund?

use bitcoin::Txid;
use lnprototest_runner_api::Outcome;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ends::{End, Ended, Ends};

/// The channels that [`Operation::FundChannel`](lnprototest_runner_api::Operation::FundChannel) began, by LDK's
/// `user_channel_id`.
#[derive(Default)]
pub(crate) struct Fundings {
    ends: Rc<Ends<u128>>,
    /// The funding transactions, once made.
    made: RefCell<BTreeMap<Txid, u128>>,
    last_id: Cell<u128>,
}

impl Fundings {
    /// A `user_channel_id` that no channel of the node has had, restarts included.
    pub(crate) fn new_id(&self) -> u128 {
        self.last_id.set(self.last_id.get() + 1);
        self.last_id.get()
    }

    /// Begins one. The future ends when its funding transaction is published, or it fails.
    pub(crate) fn begin(&self, user_channel_id: u128) -> End<u128> {
        self.ends.begin(user_channel_id)
    }

    /// Its transaction was made. The channel is always the transaction's first output.
    pub(crate) fn made(&self, user_channel_id: u128, txid: Txid) {
        self.made.borrow_mut().insert(txid, user_channel_id);
    }

    /// A transaction was published.
    pub(crate) fn published(&self, txid: Txid) {
        self.end_of(txid, Ok(Outcome::Funded { txid, output_index: 0 }));
    }

    /// The chain refused a transaction.
    pub(crate) fn refused(&self, txid: Txid, why: &str) {
        self.end_of(txid, Err(format!("the chain refused its funding transaction: {why}")));
    }

    /// The channel failed.
    pub(crate) fn failed(&self, user_channel_id: u128, why: String) {
        self.ends.end(user_channel_id, Err(why));
    }

    /// All that have not ended fail: the node forgets channels whose funding it has not published.
    pub(crate) fn all_failed(&self, why: &str) {
        self.ends.all_failed(why);
    }

    fn end_of(&self, txid: Txid, end: Ended) {
        if let Some(user_channel_id) = self.made.borrow().get(&txid) {
            self.ends.end(*user_channel_id, end);
        }
    }
}
