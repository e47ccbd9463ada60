//! Blocks that leave the best chain.
//!
//! A daemon judges a reorganisation only once the new chain outgrows the old tip, and so do these cases.

use bitcoin::OutPoint;
use lnprototest_runner_api::{Chain, ChainError};

use crate::spend::{Coin, Draft, Lock, coin_of, key, prepared, send, wpkh};

pub async fn replaced_blocks_differ(chain: &dyn Chain) {
    let old = chain.mine(3, &[]).await.unwrap();
    chain.reorganise(102).await.unwrap();
    let new = chain.mine(4, &[]).await.unwrap();
    assert_eq!(chain.tip().await.unwrap(), (106, new[3]));
    assert!(old.iter().all(|hash| !new.contains(hash)));
    for height in 103..=105 {
        let block = chain.block_at(height).await.unwrap().unwrap().block;
        assert_eq!(block.block_hash(), new[height as usize - 103]);
    }
    chain.reorganise(103).await.unwrap();
    let newest = chain.mine(4, &[]).await.unwrap();
    assert_eq!(chain.block_at(103).await.unwrap().unwrap().block.block_hash(), new[0]);
    assert!(newest.iter().all(|hash| !new.contains(hash) && !old.contains(hash)));
}

pub async fn to_the_tip_changes_nothing(chain: &dyn Chain) {
    let spend = send(&prepared(0), &wpkh(1), 500);
    chain.broadcast(&spend).await.unwrap();
    let tip = chain.tip().await.unwrap();
    chain.reorganise(102).await.unwrap();
    assert_eq!(chain.tip().await.unwrap(), tip);
    assert_eq!(chain.mempool().await.unwrap(), [spend]);
}

pub async fn no_such_height(chain: &dyn Chain) {
    match chain.reorganise(103).await {
        Err(ChainError::NoSuchHeight { height: 103, tip: 102 }) => {}
        other => panic!("{other:?}"),
    }
}

pub async fn transactions_return_in_order(chain: &dyn Chain) {
    let first = send(&prepared(0), &wpkh(1), 500);
    let second = send(&coin_of(&first, 0, &wpkh(1)), &wpkh(2), 500);
    let third = send(&coin_of(&second, 0, &wpkh(2)), &wpkh(3), 500);
    let fourth = send(&coin_of(&third, 0, &wpkh(3)), &wpkh(4), 500);
    // The second one pays too little to be relayed: it returns all the same.
    let cheap = send(&prepared(1), &wpkh(5), 1);
    chain.mine(1, &[first.clone(), cheap.clone()]).await.unwrap();
    chain.mine(1, std::slice::from_ref(&second)).await.unwrap();
    chain.mine(1, std::slice::from_ref(&third)).await.unwrap();
    chain.broadcast(&fourth).await.unwrap();

    chain.reorganise(102).await.unwrap();
    let all = [first, cheap, second, third, fourth];
    assert_eq!(chain.mempool().await.unwrap(), all);
    chain.mine(4, &[]).await.unwrap();
    assert_eq!(chain.block_at(103).await.unwrap().unwrap().block.txdata[1..], all);
}

pub async fn unspent_outputs_are_restored(chain: &dyn Chain) {
    let coin = prepared(0);
    let first = send(&coin, &wpkh(1), 500);
    let second = send(&coin_of(&first, 0, &wpkh(1)), &wpkh(2), 500);
    let output = |transaction: &bitcoin::Transaction| OutPoint { txid: transaction.compute_txid(), vout: 0 };
    // Both in one block: the first one's output never outlives it.
    chain.mine(2, &[first.clone(), second.clone()]).await.unwrap();
    assert_eq!(chain.unspent(coin.outpoint).await.unwrap(), None);
    assert_eq!(chain.unspent(output(&first)).await.unwrap(), None);
    assert_eq!(chain.unspent(output(&second)).await.unwrap().unwrap().0, 103);

    chain.reorganise(102).await.unwrap();
    let rival = send(&coin, &wpkh(3), 5000);
    chain.mine(4, std::slice::from_ref(&rival)).await.unwrap();
    assert_eq!(chain.unspent(coin.outpoint).await.unwrap(), None);
    assert_eq!(chain.unspent(output(&second)).await.unwrap(), None);
    assert_eq!(chain.unspent(output(&rival)).await.unwrap().unwrap().0, 103);
    assert!(chain.mempool().await.unwrap().is_empty());

    chain.reorganise(102).await.unwrap();
    chain.mine(6, &[send(&prepared(1), &wpkh(1), 500)]).await.unwrap();
    assert_eq!(chain.unspent(output(&rival)).await.unwrap().unwrap().0, 103);
}

pub async fn a_lost_coinbase_takes_its_descendants(chain: &dyn Chain) {
    // The coinbase of block 103 is spent by block 203, and that output waits to be spent again.
    chain.mine(100, &[]).await.unwrap();
    let block = chain.block_at(103).await.unwrap().unwrap().block;
    let outpoint = OutPoint { txid: block.txdata[0].compute_txid(), vout: 0 };
    let reward = Coin { outpoint, output: block.txdata[0].output[0].clone(), lock: prepared(0).lock };
    let spend = send(&reward, &wpkh(1), 500);
    let child = send(&coin_of(&spend, 0, &wpkh(1)), &wpkh(2), 500);
    let bystander = send(&prepared(0), &wpkh(3), 500);
    chain.mine(1, &[spend, bystander.clone()]).await.unwrap();
    chain.broadcast(&child).await.unwrap();

    chain.reorganise(102).await.unwrap();
    let mined = chain.mine(102, &[]).await.unwrap();
    assert_eq!(mined.len(), 102);
    assert!(chain.mempool().await.unwrap().is_empty());
    assert_eq!(chain.block_at(103).await.unwrap().unwrap().block.txdata[1..], [bystander]);
    assert_eq!(chain.unspent(outpoint).await.unwrap(), None);
}

pub async fn what_is_no_longer_final_is_dropped(chain: &dyn Chain) {
    chain.mine(5, &[]).await.unwrap();
    let late = Draft::of(&prepared(0)).to(&wpkh(1), 4_999_999_000).lock_time(107).sign();
    let child = send(&coin_of(&late, 0, &wpkh(1)), &wpkh(2), 500);
    chain.broadcast(&late).await.unwrap();
    chain.broadcast(&child).await.unwrap();
    chain.reorganise(102).await.unwrap();
    chain.mine(1, &[]).await.unwrap();
    assert!(chain.mempool().await.unwrap().is_empty());
    assert_eq!(chain.block_at(103).await.unwrap().unwrap().block.txdata.len(), 1);
}

pub async fn below_the_prepared_tip(chain: &dyn Chain) {
    let old = prepared(50);
    let kept = Lock::P2wpkh(key(0xcb));
    assert_eq!(kept.script_pubkey(), old.output.script_pubkey);
    chain.reorganise(0).await.unwrap();
    let hashes = chain.mine(103, &[]).await.unwrap();
    assert_eq!(chain.tip().await.unwrap(), (103, hashes[102]));
    assert_eq!(chain.unspent(old.outpoint).await.unwrap(), None);
    let block = chain.block_at(1).await.unwrap().unwrap().block;
    let coin = coin_of(&block.txdata[0], 0, &kept);
    chain.mine(1, &[send(&coin, &wpkh(1), 500)]).await.unwrap();
}
