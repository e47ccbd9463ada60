//! How is the embedded chain offered as a [`Chain`]?

use bitcoin::{BlockHash, OutPoint, Transaction, TxOut};
use lnprototest_runner_api::{BlockAt, Chain, ChainError, LocalFuture};
use std::cell::{Ref, RefCell};
use std::future::ready;

use super::regtest::Regtest;

/// A [`Regtest`] that a node and the harness share on one thread. Every future it returns is ready.
#[derive(Default)]
pub struct EmbeddedChain {
    regtest: RefCell<Regtest>,
}

impl EmbeddedChain {
    /// A chain at the prepared tip, height 102. The first call in a process makes the prepared blocks, in about a
    /// millisecond; each later one costs about a microsecond.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it holds now, to be read without futures. Release it before the chain is asked to change.
    pub fn regtest(&self) -> Ref<'_, Regtest> {
        self.regtest.borrow()
    }
}

impl Chain for EmbeddedChain {
    fn name(&self) -> &str {
        "embedded"
    }

    fn tip(&self) -> LocalFuture<'_, Result<(u32, BlockHash), ChainError>> {
        Box::pin(ready(Ok(self.regtest.borrow().tip())))
    }

    fn block_at(&self, height: u32) -> LocalFuture<'_, Result<Option<BlockAt>, ChainError>> {
        Box::pin(ready(Ok(self.regtest.borrow().block_at(height))))
    }

    fn mine<'a>(
        &'a self,
        count: u32,
        transactions: &'a [Transaction],
    ) -> LocalFuture<'a, Result<Vec<BlockHash>, ChainError>> {
        Box::pin(async move { Ok(self.regtest.borrow_mut().mine(count, transactions)?) })
    }

    fn reorganise(&self, height: u32) -> LocalFuture<'_, Result<(), ChainError>> {
        Box::pin(async move { self.regtest.borrow_mut().reorganise(height) })
    }

    fn broadcast<'a>(&'a self, transaction: &'a Transaction) -> LocalFuture<'a, Result<(), ChainError>> {
        Box::pin(async move { Ok(self.regtest.borrow_mut().broadcast(transaction)?) })
    }

    fn mempool(&self) -> LocalFuture<'_, Result<Vec<Transaction>, ChainError>> {
        Box::pin(ready(Ok(self.regtest.borrow().mempool().cloned().collect())))
    }

    fn unspent(&self, outpoint: OutPoint) -> LocalFuture<'_, Result<Option<(u32, TxOut)>, ChainError>> {
        let regtest = self.regtest.borrow();
        let unspent = regtest.unspent(outpoint).map(|(height, output)| (height, output.clone()));
        Box::pin(ready(Ok(unspent)))
    }
}
