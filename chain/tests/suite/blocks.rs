//! Blocks: their headers, coinbases and contents.

use bitcoin::hashes::Hash;
use bitcoin::{Amount, Network, OutPoint, Target, TxOut};
use lnprototest_chain::FundingCoin;
use lnprototest_runner_api::{Chain, RejectCode};

use crate::assert_refused;
use crate::spend::{prepared, send, wpkh};

pub async fn the_prepared_tip(chain: &dyn Chain) {
    let (height, hash) = chain.tip().await.unwrap();
    assert_eq!(height, 102);
    assert_eq!(chain.block_at(102).await.unwrap().unwrap().block.block_hash(), hash);
    assert_eq!(chain.block_at(103).await.unwrap(), None);
    assert!(chain.mempool().await.unwrap().is_empty());

    for utxo in 0..=101 {
        let coin = FundingCoin::prepared(utxo).unwrap();
        assert_eq!(coin.key.secret_bytes(), <dyn Chain>::COINBASE_KEY);
        assert_eq!(coin.output.value, Amount::from_int_btc(50));
        assert_eq!(chain.unspent(coin.outpoint).await.unwrap(), Some((utxo + 1, coin.output)));
    }
    assert_eq!(FundingCoin::prepared(102), None);
    assert_eq!(FundingCoin::prepared(u32::MAX), None);
}

pub async fn a_block_is_real(chain: &dyn Chain) {
    let genesis = chain.block_at(0).await.unwrap().unwrap();
    assert_eq!(*genesis.block, bitcoin::constants::genesis_block(Network::Regtest));

    let spends: Vec<_> = (0..3).map(|utxo| send(&prepared(utxo), &wpkh(1), 500)).collect();
    chain.broadcast(&spends[2]).await.unwrap();
    chain.mine(1, &spends[..2]).await.unwrap();
    let mut parent = genesis.block.block_hash();
    for height in 1..=103 {
        let block = chain.block_at(height).await.unwrap().unwrap();
        assert_eq!(block.height, height);
        let block = block.block;
        assert_eq!(block.header.prev_blockhash, parent);
        parent = block.header.validate_pow(Target::MAX_ATTAINABLE_REGTEST).unwrap();
        assert_eq!(block.bip34_block_height().unwrap_or(height.into()), u64::from(height));
        assert!(block.check_merkle_root(), "merkle root of block {height}");
        assert!(block.check_witness_commitment(), "witness commitment of block {height}");
        let coinbase = block.coinbase().unwrap();
        assert!(coinbase.is_coinbase());
        assert!((2..=100).contains(&coinbase.input[0].script_sig.len()));
        // Heights up to 16 are pushed by an opcode of their own.
        let first = coinbase.input[0].script_sig.as_bytes()[0];
        if height <= 16 {
            assert_eq!(u32::from(first), 0x50 + height);
        } else {
            assert_eq!(first, 1);
        }
    }
    let block = chain.block_at(103).await.unwrap().unwrap().block;
    assert_eq!(block.txdata[1..], [spends[2].clone(), spends[0].clone(), spends[1].clone()]);
    let commitment = block.coinbase().unwrap().output.last().unwrap();
    assert_eq!(commitment.script_pubkey.as_bytes()[..6], [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed]);
    assert_ne!(commitment.script_pubkey.as_bytes()[6..], [0; 32]);
    assert_eq!(block.txdata[0].output[0].value, Amount::from_sat(5_000_001_500));
    assert_ne!(block.header.merkle_root, bitcoin::TxMerkleNode::all_zeros());
}

pub async fn later_blocks_are_empty(chain: &dyn Chain) {
    let spend = send(&prepared(0), &wpkh(1), 500);
    chain.broadcast(&spend).await.unwrap();
    assert_eq!(chain.mine(0, &[]).await.unwrap(), []);
    assert_eq!(chain.mempool().await.unwrap(), [spend]);
    let hashes = chain.mine(3, &[]).await.unwrap();
    assert_eq!(chain.tip().await.unwrap(), (105, hashes[2]));
    for (height, transactions) in [(103, 2), (104, 1), (105, 1)] {
        let block = chain.block_at(height).await.unwrap().unwrap().block;
        assert_eq!(block.txdata.len(), transactions);
        assert_eq!(block.block_hash(), hashes[height as usize - 103]);
    }
    assert!(chain.mempool().await.unwrap().is_empty());
}

pub async fn nothing_is_mined_with_a_bad_transaction(chain: &dyn Chain) {
    let tip = chain.tip().await.unwrap();
    let waiting = send(&prepared(0), &wpkh(1), 500);
    chain.broadcast(&waiting).await.unwrap();
    let good = send(&prepared(1), &wpkh(1), 500);
    let twice = send(&prepared(1), &wpkh(2), 600);
    let refused = chain.mine(2, &[good.clone(), twice]).await;
    assert_refused(refused, RejectCode::InputsMissingOrSpent, "input 0");
    assert_eq!(chain.tip().await.unwrap(), tip);
    assert_eq!(chain.mempool().await.unwrap(), [waiting]);
    let outpoint = OutPoint { txid: good.compute_txid(), vout: 0 };
    assert_eq!(chain.unspent(outpoint).await.unwrap(), None);
    chain.mine(1, &[good]).await.unwrap();
}

pub async fn coinbases_mature_one_by_one(chain: &dyn Chain) {
    for utxo in 3..6 {
        let coin = FundingCoin::prepared(utxo).unwrap();
        let spend = send(&prepared(utxo), &wpkh(1), 500);
        let refused = chain.broadcast(&spend).await;
        assert_refused(refused, RejectCode::PrematureSpendOfCoinbase, "input 0");
        chain.mine(1, &[]).await.unwrap();
        assert_eq!(coin.mature_at, chain.tip().await.unwrap().0 + 1);
        chain.broadcast(&spend).await.unwrap();
    }
}

pub async fn the_subsidy_halves(chain: &dyn Chain) {
    chain.mine(48, &[]).await.unwrap();
    for (height, btc) in [(149, 50), (150, 25)] {
        let block = chain.block_at(height).await.unwrap().unwrap().block;
        let TxOut { value, .. } = block.txdata[0].output[0];
        assert_eq!(value, Amount::from_int_btc(btc), "at height {height}");
    }
}
