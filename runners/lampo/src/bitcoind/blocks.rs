//! Which block has this hash?

use bitcoin::hashes::Hash;
use bitcoin::{Block, BlockHash};
use lnprototest_runner_api::{BlockAt, Chain, ChainError};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// How many blocks, the last one included, a block's median time is of (BIP 113).
const MEDIAN_OF: usize = 11;

/// The blocks of a chain by hash: those of its best branch, and all that were asked for before.
pub(super) struct Blocks {
    chain: Rc<dyn Chain>,
    seen: RefCell<HashMap<BlockHash, BlockAt>>,
    /// A tip, and the height down to which the blocks below it have been looked through.
    searched: Cell<(BlockHash, u32)>,
}

impl Blocks {
    pub(super) fn new(chain: Rc<dyn Chain>) -> Self {
        let searched = Cell::new((BlockHash::all_zeros(), 0));
        Self { chain, seen: RefCell::default(), searched }
    }

    /// The chain itself.
    pub(super) fn chain(&self) -> &dyn Chain {
        &*self.chain
    }

    /// The block at `height` of the best branch.
    pub(super) async fn at(&self, height: u32) -> Result<Option<BlockAt>, ChainError> {
        let at = self.chain.block_at(height).await?;
        if let Some(at) = &at {
            self.seen.borrow_mut().insert(at.block.block_hash(), at.clone());
        }
        Ok(at)
    }

    /// The tip's height and block.
    pub(super) async fn tip(&self) -> Result<BlockAt, ChainError> {
        loop {
            let (height, hash) = self.chain.tip().await?;
            // It may have moved meanwhile.
            if let Some(at) = self.at(height).await?
                && at.block.block_hash() == hash
            {
                return Ok(at);
            }
        }
    }

    /// The block with this hash, whether it is of the best branch still or not.
    pub(super) async fn find(&self, hash: BlockHash) -> Result<Option<BlockAt>, ChainError> {
        if let Some(at) = self.seen.borrow().get(&hash) {
            return Ok(Some(at.clone()));
        }
        let (height, tip) = self.chain.tip().await?;
        let (of, down_to) = self.searched.get();
        let mut above = if of == tip { down_to } else { height + 1 };
        while above > 0 {
            above -= 1;
            let at = self.at(above).await?;
            self.searched.set((tip, above));
            if at.as_ref().is_some_and(|at| at.block.block_hash() == hash) {
                return Ok(at);
            }
        }
        Ok(None)
    }

    /// The median of the times of `block` and the ten before it.
    pub(super) async fn median_time(&self, block: &Arc<Block>) -> Result<u32, ChainError> {
        let mut times = vec![block.header.time];
        let mut parent = block.header.prev_blockhash;
        while times.len() < MEDIAN_OF
            && let Some(at) = self.find(parent).await?
        {
            times.push(at.block.header.time);
            parent = at.block.header.prev_blockhash;
        }
        times.sort_unstable();
        Ok(times[times.len() / 2])
    }
}
