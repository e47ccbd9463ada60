//! What waits for a block, and what replaces what.

use bitcoin::{OutPoint, Witness};
use lnprototest_runner_api::{Chain, RejectCode};

use crate::assert_refused;
use crate::spend::{Draft, coin_of, prepared, send, wpkh};

pub async fn a_known_transaction_is_accepted_again(chain: &dyn Chain) {
    let spend = send(&prepared(0), &wpkh(1), 500);
    chain.broadcast(&spend).await.unwrap();
    chain.broadcast(&spend).await.unwrap();
    assert_eq!(chain.mempool().await.unwrap(), std::slice::from_ref(&spend));
    chain.mine(1, std::slice::from_ref(&spend)).await.unwrap();
    chain.broadcast(&spend).await.unwrap();
    assert!(chain.mempool().await.unwrap().is_empty());
    let refused = chain.mine(1, &[spend]).await;
    assert_refused(refused, RejectCode::InputsMissingOrSpent, "input 0");
}

pub async fn chains_of_unconfirmed_transactions(chain: &dyn Chain) {
    let mut family = vec![send(&prepared(0), &wpkh(1), 500)];
    for generation in 1..6 {
        let parent = coin_of(&family[generation - 1], 0, &wpkh(generation as u8));
        family.push(send(&parent, &wpkh(generation as u8 + 1), 500));
    }
    assert_refused(chain.broadcast(&family[1]).await, RejectCode::InputsMissingOrSpent, "input 0");
    for transaction in &family {
        chain.broadcast(transaction).await.unwrap();
    }
    assert_eq!(chain.mempool().await.unwrap(), family);
    let last = OutPoint { txid: family[5].compute_txid(), vout: 0 };
    assert_eq!(chain.unspent(last).await.unwrap(), None);
    chain.mine(1, &[]).await.unwrap();
    assert_eq!(chain.block_at(103).await.unwrap().unwrap().block.txdata[1..], family);
    assert_eq!(chain.unspent(last).await.unwrap().unwrap().0, 103);
}

pub async fn a_replacement_pays_for_all_it_evicts(chain: &dyn Chain) {
    let parent = send(&prepared(0), &wpkh(1), 500);
    let child = send(&coin_of(&parent, 0, &wpkh(1)), &wpkh(2), 2000);
    chain.broadcast(&parent).await.unwrap();
    chain.broadcast(&child).await.unwrap();

    let size = parent.vsize() as u64;
    let replacement = |fee| send(&prepared(0), &wpkh(3), fee);
    for (fee, why) in [(500, "fee rate"), (501, "at least"), (2500 + size - 1, "at least")] {
        assert_refused(chain.broadcast(&replacement(fee)).await, RejectCode::MempoolConflict, why);
    }
    assert_eq!(chain.mempool().await.unwrap(), [parent, child]);
    chain.broadcast(&replacement(2500 + size)).await.unwrap();
    assert_eq!(chain.mempool().await.unwrap(), [replacement(2500 + size)]);
}

pub async fn a_descendant_leaves_with_its_replaced_parent(chain: &dyn Chain) {
    let first = send(&prepared(0), &wpkh(1), 500);
    let second = send(&prepared(1), &wpkh(2), 500);
    let both = Draft::of(&coin_of(&first, 0, &wpkh(1))).and(&coin_of(&second, 0, &wpkh(2)));
    let both = both.to(&wpkh(3), 9_999_998_000).sign();
    for transaction in [&first, &second, &both] {
        chain.broadcast(transaction).await.unwrap();
    }
    let replacement = send(&prepared(0), &wpkh(4), 10_000);
    chain.broadcast(&replacement).await.unwrap();
    assert_eq!(chain.mempool().await.unwrap(), [second.clone(), replacement]);
    // What the evicted one spent is free again.
    chain.broadcast(&send(&coin_of(&second, 0, &wpkh(2)), &wpkh(5), 500)).await.unwrap();
}

pub async fn a_replacement_spends_nothing_it_evicts(chain: &dyn Chain) {
    let parent = Draft::of(&prepared(0)).to(&wpkh(1), 1_000_000).to(&wpkh(2), 4_998_000_000).sign();
    chain.broadcast(&parent).await.unwrap();
    let both = Draft::of(&prepared(0)).and(&coin_of(&parent, 0, &wpkh(1))).to(&wpkh(3), 4_000_000_000).sign();
    assert_refused(chain.broadcast(&both).await, RejectCode::MempoolConflict, "conflict");
    assert_eq!(chain.mempool().await.unwrap(), [parent]);
}

pub async fn a_block_evicts_what_conflicts_with_it(chain: &dyn Chain) {
    let waiting = send(&prepared(0), &wpkh(1), 500);
    let child = send(&coin_of(&waiting, 0, &wpkh(1)), &wpkh(2), 500);
    let bystander = send(&prepared(1), &wpkh(3), 500);
    for transaction in [&waiting, &child, &bystander] {
        chain.broadcast(transaction).await.unwrap();
    }
    let rival = send(&prepared(0), &wpkh(4), 100);
    chain.mine(1, std::slice::from_ref(&rival)).await.unwrap();
    assert_eq!(chain.block_at(103).await.unwrap().unwrap().block.txdata[1..], [bystander, rival]);
    assert!(chain.mempool().await.unwrap().is_empty());
    assert_refused(chain.broadcast(&waiting).await, RejectCode::InputsMissingOrSpent, "input 0");
}

pub async fn mining_takes_the_given_witnesses(chain: &dyn Chain) {
    let spend = send(&prepared(0), &wpkh(1), 500);
    chain.broadcast(&spend).await.unwrap();
    let mut stripped = spend.clone();
    stripped.input[0].witness = Witness::new();
    assert_eq!(stripped.compute_txid(), spend.compute_txid());
    assert_refused(chain.mine(1, &[stripped]).await, RejectCode::ScriptVerifyFailed, "input 0");
    let other = crate::spend::with_high_s(spend.clone());
    chain.mine(1, std::slice::from_ref(&other)).await.unwrap();
    assert_eq!(chain.block_at(103).await.unwrap().unwrap().block.txdata[1..], [other]);
}

pub async fn policy_does_not_bind_blocks(chain: &dyn Chain) {
    let free = Draft::of(&prepared(0)).to(&wpkh(1), 1).to(&wpkh(1), 4_999_999_999).sign();
    assert_refused(chain.broadcast(&free).await, RejectCode::MinRelayFee, "0 sat");
    chain.mine(1, std::slice::from_ref(&free)).await.unwrap();
    let outpoint = OutPoint { txid: free.compute_txid(), vout: 0 };
    assert_eq!(chain.unspent(outpoint).await.unwrap().unwrap().1.value.to_sat(), 1);
}
