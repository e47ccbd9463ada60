//! Scripts and signatures of every kind that Lightning uses.

use bitcoin::{Amount, ScriptBuf, opcodes};
use lnprototest_runner_api::{Chain, RejectCode};

use crate::assert_refused;
use crate::spend::{Coin, Draft, Lock, coin_of, key, prepared, send, wpkh};

const SAT: u64 = 100_000;

pub async fn every_kind_of_output(chain: &dyn Chain) {
    let coins = confirmed(chain, &kinds()).await;
    for coin in &coins {
        chain.broadcast(&send(coin, &wpkh(1), 500)).await.unwrap();
    }
    chain.mine(1, &[]).await.unwrap();
    for coin in &coins {
        assert_eq!(chain.unspent(coin.outpoint).await.unwrap(), None);
    }
}

pub async fn wrong_keys(chain: &dyn Chain) {
    let coins = confirmed(chain, &kinds()[..6]).await;
    let wrong = [
        Lock::P2pkh(key(11)),
        Lock::P2shP2wpkh(key(12)),
        Lock::P2trKey(key(13)),
        Lock::P2trScript { internal: key(4), leaf: key(15) },
        Lock::P2wpkh(key(16)),
        Lock::P2wsh2of2(key(7), key(18)),
    ];
    for (coin, lock) in coins.into_iter().zip(wrong) {
        let forged = Coin { lock, ..coin };
        // The forged input is the second one, which the refusal has to name.
        let transaction = Draft::of(&prepared(1)).and(&forged).to(&wpkh(1), 4_999_000_000).sign();
        assert_refused(chain.broadcast(&transaction).await, RejectCode::ScriptVerifyFailed, "input 1");
        assert_refused(chain.mine(1, &[transaction]).await, RejectCode::ScriptVerifyFailed, "input 1");
    }
}

pub async fn the_amount_is_signed(chain: &dyn Chain) {
    for mut coin in confirmed(chain, &[wpkh(1), Lock::P2wsh2of2(key(2), key(3)), Lock::P2trKey(key(4))]).await
    {
        coin.output.value = Amount::from_sat(SAT - 1);
        let transaction = send(&coin, &wpkh(1), 500);
        assert_refused(chain.broadcast(&transaction).await, RejectCode::ScriptVerifyFailed, "input 0");
    }
}

pub async fn the_taproot_amounts_of_all_inputs_are_signed(chain: &dyn Chain) {
    let coins = confirmed(chain, &[Lock::P2trKey(key(1)), Lock::P2pkh(key(2))]).await;
    let mut wrong = coins[1].clone();
    // A legacy signature does not cover it, so that only the taproot one is wrong.
    wrong.output.value = Amount::from_sat(SAT - 1);
    let spend = |second: &Coin| Draft::of(&coins[0]).and(second).to(&wpkh(1), 2 * SAT - 500).sign();
    let refused = chain.broadcast(&spend(&wrong)).await;
    assert_refused(refused, RejectCode::ScriptVerifyFailed, "input 0");
    chain.broadcast(&spend(&coins[1])).await.unwrap();
}

fn kinds() -> Vec<Lock> {
    vec![
        Lock::P2pkh(key(1)),
        Lock::P2shP2wpkh(key(2)),
        Lock::P2trKey(key(3)),
        Lock::P2trScript { internal: key(4), leaf: key(5) },
        Lock::P2wpkh(key(6)),
        Lock::P2wsh2of2(key(7), key(8)),
        Lock::P2wshPlain(ScriptBuf::builder().push_opcode(opcodes::OP_TRUE).into_script(), vec![]),
    ]
}

/// A confirmed output of each lock, with [`SAT`] in it.
async fn confirmed(chain: &dyn Chain, locks: &[Lock]) -> Vec<Coin> {
    let draft = locks.iter().fold(Draft::of(&prepared(0)), |draft, lock| draft.to(lock, SAT));
    let transaction = draft.to(&wpkh(9), 4_990_000_000).sign();
    chain.mine(1, std::slice::from_ref(&transaction)).await.unwrap();
    (0..).zip(locks).map(|(vout, lock)| coin_of(&transaction, vout, lock)).collect()
}
