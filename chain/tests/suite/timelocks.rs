//! Lock times (BIP 113) and relative lock times (BIP 68).

use bitcoin::transaction::Version;
use bitcoin::{Sequence, Transaction, opcodes, script::Builder};
use lnprototest_runner_api::{Chain, RejectCode};

use crate::assert_refused;
use crate::spend::{Coin, Draft, Lock, coin_of, prepared, send, wpkh};

const TIME_LOCK: u32 = 1 << 22;

pub async fn absolute_height(chain: &dyn Chain) {
    let spend = |height| Draft::of(&prepared(0)).to(&wpkh(1), 4_999_999_000).lock_time(height).sign();
    let refused = chain.broadcast(&spend(103)).await;
    assert_refused(refused, RejectCode::NonFinal, "103");
    assert_refused(chain.mine(1, &[spend(103)]).await, RejectCode::NonFinal, "103");
    chain.broadcast(&spend(102)).await.unwrap();
    chain.mine(1, &[]).await.unwrap();
    let again = Draft::of(&prepared(1)).to(&wpkh(1), 4_999_999_000).lock_time(103).sign();
    chain.mine(1, &[again]).await.unwrap();
}

pub async fn absolute_time(chain: &dyn Chain) {
    let spend = |time| Draft::of(&prepared(0)).to(&wpkh(1), 4_999_999_000).lock_time(time).sign();
    let now = median_time_past(chain).await;
    assert_refused(chain.broadcast(&spend(now)).await, RejectCode::NonFinal, "median time past");
    assert_refused(chain.mine(1, &[spend(now)]).await, RejectCode::NonFinal, "median time past");
    // It is the median that counts, not the tip's own time.
    let tip = chain.block_at(102).await.unwrap().unwrap().block.header.time;
    assert!(tip > now);
    assert_refused(chain.broadcast(&spend(tip - 1)).await, RejectCode::NonFinal, "median time past");
    chain.broadcast(&spend(now - 1)).await.unwrap();
}

pub async fn final_sequences_ignore_the_lock_time(chain: &dyn Chain) {
    let draft = Draft::of(&prepared(0)).to(&wpkh(1), 4_999_999_000).lock_time(5000);
    chain.broadcast(&draft.sequence(Sequence::MAX.0).sign()).await.unwrap();
}

pub async fn relative_height(chain: &dyn Chain) {
    let parent = send(&prepared(0), &wpkh(1), 500);
    chain.mine(1, std::slice::from_ref(&parent)).await.unwrap();
    let spend = after(&parent, 3);
    for _ in 0..2 {
        assert_refused(chain.broadcast(&spend).await, RejectCode::NonBip68Final, "from height 106 on");
        let refused = chain.mine(1, std::slice::from_ref(&spend)).await;
        assert_refused(refused, RejectCode::NonBip68Final, "input 0");
        chain.mine(1, &[]).await.unwrap();
    }
    chain.broadcast(&spend).await.unwrap();
    chain.mine(1, &[]).await.unwrap();
}

pub async fn relative_time(chain: &dyn Chain) {
    let before = median_time_past(chain).await;
    let parent = send(&prepared(0), &wpkh(1), 500);
    chain.mine(1, std::slice::from_ref(&parent)).await.unwrap();
    // Three units of 512 seconds, from the median time past of the block before the parent's.
    let spend = after(&parent, TIME_LOCK | 3);
    while median_time_past(chain).await < before + 3 * 512 {
        assert_refused(chain.broadcast(&spend).await, RejectCode::NonBip68Final, "median time past");
        chain.mine(1, &[]).await.unwrap();
    }
    chain.broadcast(&spend).await.unwrap();
}

pub async fn relative_to_an_unconfirmed_parent(chain: &dyn Chain) {
    let parent = send(&prepared(0), &wpkh(1), 500);
    chain.broadcast(&parent).await.unwrap();
    let spend = after(&parent, 1);
    assert_refused(chain.broadcast(&spend).await, RejectCode::NonBip68Final, "from height 104 on");
    // Nor in the block that holds the parent.
    let refused = chain.mine(1, &[parent.clone(), spend.clone()]).await;
    assert_refused(refused, RejectCode::NonBip68Final, "from height 104 on");
    chain.broadcast(&after(&parent, 0)).await.unwrap();
    chain.mine(1, &[]).await.unwrap();
}

pub async fn version_1_has_no_relative_lock(chain: &dyn Chain) {
    let mut draft = Draft::of(&prepared(0)).to(&wpkh(1), 4_999_999_000).sequence(1000);
    assert_refused(chain.broadcast(&draft.clone().sign()).await, RejectCode::NonBip68Final, "input 0");
    draft.version = Version::ONE;
    chain.broadcast(&draft.sign()).await.unwrap();
}

pub async fn scripts_check_them(chain: &dyn Chain) {
    let script = |operation, number| {
        let script = Builder::new().push_int(number).push_opcode(operation).into_script();
        Lock::P2wshPlain(script, vec![])
    };
    let relative = script(opcodes::all::OP_CSV, 2);
    let absolute = script(opcodes::all::OP_CLTV, 50);
    let parent = Draft::of(&prepared(0)).to(&relative, 100_000).to(&absolute, 4_999_000_000).sign();
    chain.mine(1, std::slice::from_ref(&parent)).await.unwrap();
    chain.mine(10, &[]).await.unwrap();

    let relative = coin_of(&parent, 0, &relative);
    let early = Draft::of(&relative).to(&wpkh(1), 99_000).sequence(1).sign();
    assert_refused(chain.broadcast(&early).await, RejectCode::ScriptVerifyFailed, "P2WSH");
    chain.broadcast(&Draft::of(&relative).to(&wpkh(1), 99_000).sequence(2).sign()).await.unwrap();

    let absolute = coin_of(&parent, 1, &absolute);
    let spend = |lock_time| Draft::of(&absolute).to(&wpkh(1), 4_998_000_000).lock_time(lock_time).sign();
    assert_refused(chain.broadcast(&spend(49)).await, RejectCode::ScriptVerifyFailed, "P2WSH");
    chain.broadcast(&spend(50)).await.unwrap();
}

/// Spends output 0 of `parent`, a P2WPKH one of key 1, with this sequence.
fn after(parent: &Transaction, sequence: u32) -> Transaction {
    let coin: Coin = coin_of(parent, 0, &wpkh(1));
    let sat = coin.output.value.to_sat() - 500;
    Draft::of(&coin).to(&wpkh(2), sat).sequence(sequence).sign()
}

async fn median_time_past(chain: &dyn Chain) -> u32 {
    let (tip, _) = chain.tip().await.unwrap();
    let mut times = Vec::new();
    for height in tip - 10..=tip {
        times.push(chain.block_at(height).await.unwrap().unwrap().block.header.time);
    }
    times.sort_unstable();
    times[5]
}
