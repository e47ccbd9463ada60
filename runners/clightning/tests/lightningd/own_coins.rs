//! Where do the coins of a second node come from?

use bitcoin::{BlockHash, OutPoint, Transaction, TxOut};
use lnprototest_runner_api::{BlockAt, Chain, ChainError, LocalFuture};
use std::rc::Rc;

/// A chain of which one node has spent the coinbase that is for it: the next takes the next one for that.
pub(crate) struct NextCoinbase(pub(crate) Rc<dyn Chain>);

impl Chain for NextCoinbase {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn tip(&self) -> LocalFuture<'_, Result<(u32, BlockHash), ChainError>> {
        self.0.tip()
    }

    fn block_at(&self, height: u32) -> LocalFuture<'_, Result<Option<BlockAt>, ChainError>> {
        self.0.block_at(if height == <dyn Chain>::NODE_COINBASE_HEIGHT { height + 1 } else { height })
    }

    fn mine<'a>(
        &'a self,
        count: u32,
        transactions: &'a [Transaction],
    ) -> LocalFuture<'a, Result<Vec<BlockHash>, ChainError>> {
        self.0.mine(count, transactions)
    }

    fn reorganise(&self, height: u32) -> LocalFuture<'_, Result<(), ChainError>> {
        self.0.reorganise(height)
    }

    fn broadcast<'a>(&'a self, transaction: &'a Transaction) -> LocalFuture<'a, Result<(), ChainError>> {
        self.0.broadcast(transaction)
    }

    fn mempool(&self) -> LocalFuture<'_, Result<Vec<Transaction>, ChainError>> {
        self.0.mempool()
    }

    fn unspent(&self, outpoint: OutPoint) -> LocalFuture<'_, Result<Option<(u32, TxOut)>, ChainError>> {
        self.0.unspent(outpoint)
    }
}
