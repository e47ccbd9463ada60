//! Which blocks are on the best chain, and when were they made?

use bitcoin::{Block, BlockHash, OutPoint, Txid};
use std::sync::Arc;

use super::utxo::Coin;

/// How many blocks the median time past is taken of (BIP 113).
const MEDIAN_TIME_SPAN: usize = 11;

/// The blocks from the genesis block to the tip; there is always one.
#[derive(Clone)]
pub(super) struct BestChain {
    links: Vec<Arc<Link>>,
}

/// A block with what it takes to remove it.
pub(super) struct Link {
    pub(super) hash: BlockHash,
    pub(super) block: Arc<Block>,
    /// Of all its transactions, in their order.
    pub(super) txids: Vec<Txid>,
    /// What its transactions spent, in their order.
    pub(super) spent: Vec<(OutPoint, Coin)>,
    /// The median of the times of this block and the ten before it.
    median_time: u32,
}

impl BestChain {
    pub(super) fn new(genesis: Block) -> Self {
        let txids = genesis.txdata.iter().map(|transaction| transaction.compute_txid()).collect();
        let link = Link {
            hash: genesis.block_hash(),
            median_time: genesis.header.time,
            block: Arc::new(genesis),
            txids,
            spent: Vec::new(),
        };
        Self { links: vec![Arc::new(link)] }
    }

    pub(super) fn tip(&self) -> &Link {
        self.links.last().expect("the genesis block is never removed")
    }

    pub(super) fn tip_height(&self) -> u32 {
        self.next_height() - 1
    }

    /// The height of the block that would be mined next.
    pub(super) fn next_height(&self) -> u32 {
        u32::try_from(self.links.len()).expect("2^32 blocks do not fit in memory")
    }

    pub(super) fn at(&self, height: u32) -> Option<&Link> {
        self.links.get(height as usize).map(Arc::as_ref)
    }

    /// The median time past of the block at `height`, or of the tip if there is none: the time that a block on
    /// top of it compares lock times with.
    pub(super) fn median_time(&self, height: u32) -> u32 {
        self.at(height).unwrap_or_else(|| self.tip()).median_time
    }

    pub(super) fn push(
        &mut self,
        block: Block,
        hash: BlockHash,
        txids: Vec<Txid>,
        spent: Vec<(OutPoint, Coin)>,
    ) {
        let earlier = self.links.iter().rev().take(MEDIAN_TIME_SPAN - 1).map(|link| link.block.header.time);
        let mut times: Vec<u32> = earlier.chain([block.header.time]).collect();
        times.sort_unstable();
        let median_time = times[times.len() / 2];
        self.links.push(Arc::new(Link { hash, block: Arc::new(block), txids, spent, median_time }));
    }

    /// Removes the blocks above `height` and returns them, the lowest first.
    pub(super) fn cut_above(&mut self, height: u32) -> Vec<Arc<Link>> {
        let kept = (height as usize + 1).min(self.links.len());
        self.links.split_off(kept)
    }
}
