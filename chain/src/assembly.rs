//! How is a block made?

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::script::Builder;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Target, Transaction, TxIn,
    TxMerkleNode, TxOut, Txid, Witness, WitnessMerkleNode, merkle_tree, transaction,
};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a block has of its weight for the header, the count of transactions and the coinbase.
pub(crate) const RESERVED_WEIGHT: u64 = 4_000;

/// Regtest's: half of all hashes meet it.
const BITS: u32 = 0x207f_ffff;
/// The lowest version that all deployed soft forks take (BIP 9's prefix).
const VERSION: i32 = 0x2000_0000;
/// The reserved value that the witness commitment covers (BIP 141).
const WITNESS_RESERVED: [u8; 32] = [0; 32];
/// `OP_RETURN`, the length, and the tag of a witness commitment (BIP 141).
const WITNESS_COMMITMENT_PREFIX: [u8; 6] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

/// Of block 1: when the day began, a week ago. A node that dates its gossip by the chain is dated by it within the two weeks
/// after which gossip is stale, and all chains of this process have the same blocks.
static FIRST_BLOCK_TIME: LazyLock<u32> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let today = now.as_secs() / SECONDS_OF_A_DAY;
    u32::try_from(today.saturating_sub(7) * SECONDS_OF_A_DAY).unwrap_or(u32::MAX)
});
const SECONDS_OF_A_DAY: u64 = 86_400;
/// Less than on the main chain, so that ten thousand blocks fit in before a bitcoind finds them ahead of its clock.
const BLOCK_INTERVAL: u32 = 60;
const SUBSIDY: u64 = 50 * 100_000_000;
const HALVING_INTERVAL: u32 = 150;

/// All that makes one block differ from another.
pub(crate) struct Template<'a> {
    pub(crate) parent: BlockHash,
    pub(crate) height: u32,
    /// Which of the chains that were mined: it goes into the coinbase, so that a block that replaces another one
    /// never equals it.
    pub(crate) branch: u32,
    /// Who gets the subsidy and the fees.
    pub(crate) payout: &'a ScriptBuf,
    pub(crate) fees: Amount,
    /// Without the coinbase.
    pub(crate) transactions: Vec<Transaction>,
}

/// A complete block with what was computed on the way.
pub(crate) struct Assembled {
    pub(crate) block: Block,
    pub(crate) hash: BlockHash,
    /// Of all its transactions.
    pub(crate) txids: Vec<Txid>,
}

impl Template<'_> {
    /// The block, with its proof of work.
    pub(crate) fn assemble(self) -> Assembled {
        let time = FIRST_BLOCK_TIME.saturating_add((self.height - 1).saturating_mul(BLOCK_INTERVAL));
        let coinbase = self.coinbase();
        let mut transactions = self.transactions;
        transactions.insert(0, coinbase);
        let txids: Vec<Txid> = transactions.iter().map(Transaction::compute_txid).collect();
        let leaves = txids.iter().map(|txid| txid.to_raw_hash());
        let root = merkle_tree::calculate_root(leaves).expect("a block has at least its coinbase");
        let mut header = Header {
            version: Version::from_consensus(VERSION),
            prev_blockhash: self.parent,
            merkle_root: TxMerkleNode::from_raw_hash(root),
            time,
            bits: CompactTarget::from_consensus(BITS),
            nonce: 0,
        };
        let hash = grind(&mut header);
        Assembled { block: Block { header, txdata: transactions }, hash, txids }
    }

    fn coinbase(&self) -> Transaction {
        // The height comes first, as a script would push it (BIP 34).
        let tag = Builder::new().push_int(self.height.into()).push_int(self.branch.into()).into_script();
        Transaction {
            version: transaction::Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::null(),
                script_sig: tag,
                sequence: Sequence::MAX,
                witness: Witness::from_slice(&[WITNESS_RESERVED]),
            }],
            output: vec![
                TxOut { value: subsidy(self.height) + self.fees, script_pubkey: self.payout.clone() },
                TxOut { value: Amount::ZERO, script_pubkey: self.witness_commitment() },
            ],
        }
    }

    fn witness_commitment(&self) -> ScriptBuf {
        // The coinbase itself counts as zeros.
        let ids = self.transactions.iter().map(|transaction| transaction.compute_wtxid().to_raw_hash());
        let leaves = [Hash::all_zeros()].into_iter().chain(ids);
        let root = merkle_tree::calculate_root(leaves).expect("the coinbase is there");
        let root = WitnessMerkleNode::from_raw_hash(root);
        let commitment = Block::compute_witness_commitment(&root, &WITNESS_RESERVED);
        ScriptBuf::from_bytes([&WITNESS_COMMITMENT_PREFIX[..], commitment.as_byte_array()].concat())
    }
}

/// What a block at `height` may create: it halves every 150 blocks on regtest.
pub(crate) fn subsidy(height: u32) -> Amount {
    Amount::from_sat(SUBSIDY.checked_shr(height / HALVING_INTERVAL).unwrap_or(0))
}

/// Counts the nonce up until the header's hash meets regtest's target.
fn grind(header: &mut Header) -> BlockHash {
    let target = Target::from_compact(header.bits);
    loop {
        let hash = header.block_hash();
        if target.is_met_by(hash) {
            return hash;
        }
        header.nonce = header.nonce.wrapping_add(1);
    }
}
