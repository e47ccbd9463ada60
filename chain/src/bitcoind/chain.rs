//! How is bitcoind offered as a [`Chain`]?

use bitcoin::{BlockHash, OutPoint, Transaction, TxOut};
use lnprototest_runner_api::{BlockAt, Chain, ChainError, LocalFuture, RpcAccess};
use std::cell::RefCell;
use std::future::ready;
use std::path::Path;

use super::daemon::Daemon;
use super::error::BitcoindError;
use super::program::BitcoindProgram;
use super::regtest::DaemonRegtest;

/// A regtest chain in a bitcoind of its own, which ends with it. Every future it returns is ready: the daemon is asked,
/// and answers within milliseconds, when the method is called.
///
/// The same calls make the same blocks as those of [`EmbeddedChain`](crate::EmbeddedChain), byte for byte.
pub struct Bitcoind {
    name: String,
    access: RpcAccess,
    regtest: RefCell<DaemonRegtest>,
}

impl Bitcoind {
    /// Starts `program` at the prepared tip, height 102. Its directory is `dir`, which must not exist yet, on a file
    /// system in memory if there is one (`/dev/shm`). When this value is dropped, or this process ends in any way, the
    /// daemon is killed and `dir` removed.
    ///
    /// # Errors
    /// [`BitcoindError::Directory`], [`BitcoindError::Start`] with what the daemon said last, or
    /// [`BitcoindError::Blocks`].
    pub fn start(program: &BitcoindProgram, dir: impl AsRef<Path>) -> Result<Self, BitcoindError> {
        let daemon = Daemon::start(program, dir.as_ref())?;
        let access = daemon.access.clone();
        let name = format!("bitcoind {}", program.version());
        Ok(Self { name, access, regtest: RefCell::new(DaemonRegtest::new(daemon)) })
    }

    /// How to reach it.
    pub fn access(&self) -> &RpcAccess {
        &self.access
    }

    /// The id of its process, which is the id of its process group, too.
    pub fn process_id(&self) -> u32 {
        self.regtest.borrow().daemon().process_id()
    }

    /// The last `lines` lines that it logged, oldest first.
    pub fn log_tail(&self, lines: usize) -> Vec<String> {
        self.regtest.borrow().daemon().log_tail(lines)
    }
}

impl Chain for Bitcoind {
    fn name(&self) -> &str {
        &self.name
    }

    fn tip(&self) -> LocalFuture<'_, Result<(u32, BlockHash), ChainError>> {
        Box::pin(ready(self.regtest.borrow().tip()))
    }

    fn block_at(&self, height: u32) -> LocalFuture<'_, Result<Option<BlockAt>, ChainError>> {
        Box::pin(ready(self.regtest.borrow_mut().block_at(height)))
    }

    fn mine<'a>(
        &'a self,
        count: u32,
        transactions: &'a [Transaction],
    ) -> LocalFuture<'a, Result<Vec<BlockHash>, ChainError>> {
        Box::pin(async move { self.regtest.borrow_mut().mine(count, transactions) })
    }

    fn reorganise(&self, height: u32) -> LocalFuture<'_, Result<(), ChainError>> {
        Box::pin(async move { self.regtest.borrow_mut().reorganise(height) })
    }

    fn broadcast<'a>(&'a self, transaction: &'a Transaction) -> LocalFuture<'a, Result<(), ChainError>> {
        Box::pin(async move { self.regtest.borrow_mut().broadcast(transaction) })
    }

    fn mempool(&self) -> LocalFuture<'_, Result<Vec<Transaction>, ChainError>> {
        Box::pin(ready(self.regtest.borrow_mut().mempool()))
    }

    fn unspent(&self, outpoint: OutPoint) -> LocalFuture<'_, Result<Option<(u32, TxOut)>, ChainError>> {
        Box::pin(ready(self.regtest.borrow().unspent(outpoint)))
    }

    fn rpc(&self) -> Option<&RpcAccess> {
        Some(&self.access)
    }
}
