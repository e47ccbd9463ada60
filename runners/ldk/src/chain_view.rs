//! How does the node follow the chain?

use bitcoin::{Block, BlockHash};
use lightning::chain::{BestBlock, Listen};

use crate::engine::{Engine, Fault, caught};

/// The blocks that the node knows: the one it started at, and those connected since.
#[derive(Clone)]
pub(crate) struct ChainView {
    known: Vec<(u32, BlockHash)>,
}

impl ChainView {
    pub(crate) fn new(tip: (u32, BlockHash)) -> Self {
        Self { known: vec![tip] }
    }

    /// The best block: height and hash.
    pub(crate) fn tip(&self) -> (u32, BlockHash) {
        *self.known.last().expect("it starts with one block and never loses its last")
    }

    /// Goes back to `fork`, an ancestor of the tip.
    fn go_back(&mut self, fork: (u32, BlockHash)) {
        self.known.retain(|(height, _)| *height < fork.0);
        self.known.push(fork);
    }
}

impl Engine {
    /// Catches up with the chain, as LDK's block sources do: another branch counts once it is longer. Whether
    /// anything changed.
    pub(crate) async fn follow(&self) -> Result<bool, Fault> {
        let mut moved = false;
        loop {
            let ours = self.view.borrow().tip();
            let best = self.chain.tip().await?;
            if best.0 <= ours.0 {
                return Ok(moved);
            }
            let Some(next) = self.chain.block_at(ours.0 + 1).await? else { return Ok(moved) };
            moved = true;
            if next.block.header.prev_blockhash == ours.1 {
                caught(|| self.connect_block(&next.block, next.height))?;
            } else if let Some(fork) = self.fork().await? {
                caught(|| self.disconnect_blocks(fork))?;
            } else {
                return Ok(moved);
            }
        }
    }

    /// The newest block that the node and the chain have in common; if that is older than the node, the block
    /// before it started, below which it can't have seen anything. `None` if the chain lost blocks meanwhile.
    async fn fork(&self) -> Result<Option<(u32, BlockHash)>, Fault> {
        let known = self.view.borrow().known.clone();
        for (height, hash) in known.iter().rev() {
            match self.chain.block_at(*height).await? {
                Some(at) if at.block.block_hash() == *hash => return Ok(Some((*height, *hash))),
                Some(_) => {}
                None => return Ok(None),
            }
        }
        let before = known.first().map_or(0, |(height, _)| height.saturating_sub(1));
        Ok(self.chain.block_at(before).await?.map(|at| (before, at.block.block_hash())))
    }

    /// Tells everyone of a block, the monitors first, as LDK demands. It must be the next one still: while the
    /// chain was asked, another `settle` may have been faster.
    fn connect_block(&self, block: &Block, height: u32) {
        if block.header.prev_blockhash != self.view.borrow().tip().1 {
            return;
        }
        self.stack.monitors.block_connected(block, height);
        self.stack.manager.block_connected(block, height);
        self.around.wallet.block_connected(block, height);
        self.view.borrow_mut().known.push((height, block.block_hash()));
    }

    fn disconnect_blocks(&self, fork: (u32, BlockHash)) {
        if fork.0 >= self.view.borrow().tip().0 {
            return;
        }
        let best = BestBlock::new(fork.1, fork.0);
        self.stack.monitors.blocks_disconnected(best);
        self.stack.manager.blocks_disconnected(best);
        self.around.wallet.blocks_disconnected(fork.0);
        self.view.borrow_mut().go_back(fork);
    }
}
