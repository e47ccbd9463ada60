//! What does lightningd get to know of the Bitcoin network, beyond blocks?
//!
//! This outlives a restart of lightningd.

use bitcoin::Transaction;
use lnprototest_runner_api::{Chain, ChainError};
use std::cell::RefCell;
use std::rc::Rc;

use crate::fees::Fees;

/// A network of one chain.
pub(crate) struct Network {
    chain: Rc<dyn Chain>,
    fees: RefCell<Fees>,
    held_back: RefCell<Option<Transaction>>,
}

impl Network {
    pub(crate) fn new(chain: Rc<dyn Chain>) -> Self {
        Self { chain, fees: RefCell::default(), held_back: RefCell::default() }
    }

    /// The chain.
    pub(crate) fn chain(&self) -> &dyn Chain {
        &*self.chain
    }

    /// The feerates.
    pub(crate) fn fees(&self) -> &RefCell<Fees> {
        &self.fees
    }

    /// Lets nobody but lightningd see `transaction`, until it publishes another that spends it. What specs look for in
    /// the mempool is then what the node did for a channel, not how it came by its coins.
    pub(crate) fn hold_back(&self, transaction: Transaction) {
        self.held_back.replace(Some(transaction));
    }

    /// Offers a transaction of lightningd's to the mempool.
    ///
    /// # Errors
    /// Those of [`Chain::broadcast`].
    pub(crate) async fn broadcast(&self, transaction: &Transaction) -> Result<(), ChainError> {
        let held_back = self.held_back.borrow().clone();
        if let Some(coins) = held_back {
            if &coins == transaction {
                return Ok(());
            }
            let txid = coins.compute_txid();
            if transaction.input.iter().any(|input| input.previous_output.txid == txid) {
                self.chain.broadcast(&coins).await?;
                self.held_back.take();
            }
        }
        self.chain.broadcast(transaction).await
    }
}
