//! How a rule says no.

use bitcoin::Txid;
use lnprototest_runner_api::{RejectCode, Rejection};

/// A broken rule, of a transaction that the caller knows.
#[derive(Debug)]
pub(super) struct Refusal {
    code: RejectCode,
    detail: String,
}

impl Refusal {
    pub(super) fn new(code: RejectCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// The refusal of the transaction `txid`.
    pub(super) fn of(self, txid: Txid) -> Rejection {
        Rejection { txid, code: self.code, detail: self.detail }
    }
}
