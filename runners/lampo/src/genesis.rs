//! What chain does a node follow that is only asked who it is? One that ends with its first block.

use bitcoin::constants::genesis_block;
use bitcoin::{Block, BlockHash, Network, OutPoint, Transaction, TxOut};
use lnprototest_runner_api::{BlockAt, Chain, ChainError, LocalFuture};
use std::future::ready;
use std::sync::Arc;

/// Regtest's genesis block, and nothing on it, for ever.
pub(crate) struct Genesis(Arc<Block>);

impl Default for Genesis {
    fn default() -> Self {
        Self(Arc::new(genesis_block(Network::Regtest)))
    }
}

impl Genesis {
    fn for_ever<T: 'static>(&self) -> LocalFuture<'_, Result<T, ChainError>> {
        Box::pin(ready(Err(ChainError::Unavailable("it ends with the genesis block".to_owned()))))
    }
}

impl Chain for Genesis {
    fn name(&self) -> &str {
        "genesis"
    }

    fn tip(&self) -> LocalFuture<'_, Result<(u32, BlockHash), ChainError>> {
        Box::pin(ready(Ok((0, self.0.block_hash()))))
    }

    fn block_at(&self, height: u32) -> LocalFuture<'_, Result<Option<BlockAt>, ChainError>> {
        let genesis = BlockAt { height: 0, block: Arc::clone(&self.0) };
        Box::pin(ready(Ok((height == 0).then_some(genesis))))
    }

    fn mine<'a>(
        &'a self,
        _count: u32,
        _transactions: &'a [Transaction],
    ) -> LocalFuture<'a, Result<Vec<BlockHash>, ChainError>> {
        self.for_ever()
    }

    fn reorganise(&self, _height: u32) -> LocalFuture<'_, Result<(), ChainError>> {
        self.for_ever()
    }

    fn broadcast<'a>(&'a self, _transaction: &'a Transaction) -> LocalFuture<'a, Result<(), ChainError>> {
        self.for_ever()
    }

    fn mempool(&self) -> LocalFuture<'_, Result<Vec<Transaction>, ChainError>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn unspent(&self, _outpoint: OutPoint) -> LocalFuture<'_, Result<Option<(u32, TxOut)>, ChainError>> {
        Box::pin(ready(Ok(None)))
    }
}
