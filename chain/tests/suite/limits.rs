//! How much a block holds, and how much a node relays.

use bitcoin::opcodes::all::{
    OP_CHECKMULTISIG, OP_CHECKSIG, OP_DROP, OP_NOP, OP_PUSHBYTES_0, OP_PUSHNUM_1, OP_RETURN, OP_VERIFY,
};
use bitcoin::script::Builder;
use bitcoin::{Opcode, ScriptBuf, Transaction, Witness};
use lnprototest_runner_api::{Chain, RejectCode};

use crate::assert_refused;
use crate::spend::{Coin, Draft, Lock, coin_of, key, prepared, send, wpkh};

pub async fn a_block_has_room_for_what_is_wanted(chain: &dyn Chain) {
    // 4 units of weight a byte, of 4,000,000.
    let large = |utxo, size: usize| {
        let data = [vec![OP_RETURN.to_u8()], vec![0; size]].concat();
        Draft::of(&prepared(utxo)).to(&wpkh(1), 4_999_000_000).paying(ScriptBuf::from_bytes(data), 0).sign()
    };
    let both = [large(0, 600_000), large(1, 600_000)];
    assert_refused(chain.mine(1, &both).await, RejectCode::Other, "no room");

    let waiting = many_outputs(&prepared(2), 2000);
    chain.broadcast(&waiting).await.unwrap();
    chain.mine(1, &[large(0, 960_000)]).await.unwrap();
    assert_eq!(chain.mempool().await.unwrap(), std::slice::from_ref(&waiting));
    chain.mine(1, &[large(1, 600_000)]).await.unwrap();
    assert!(chain.mempool().await.unwrap().is_empty());
}

pub async fn weight(chain: &dyn Chain) {
    let heavy = many_outputs(&prepared(0), 3300);
    assert!(heavy.weight().to_wu() > 400_000);
    assert_refused(chain.broadcast(&heavy).await, RejectCode::Nonstandard, "400000");
    chain.mine(1, &[heavy]).await.unwrap();
}

pub async fn signature_operations(chain: &dyn Chain) {
    // Four a CHECKSIG outside of witnesses.
    let paying = |utxo, count| {
        Draft::of(&prepared(utxo)).to(&wpkh(1), 1_000_000).paying(repeated(OP_CHECKSIG, count), 1000).sign()
    };
    assert_refused(chain.mine(1, &[paying(0, 20_001)]).await, RejectCode::Structure, "80005");
    let refused = chain.mine(1, &[paying(0, 10_000), paying(1, 10_000)]).await;
    assert_refused(refused, RejectCode::Other, "no room");

    // Twenty a CHECKMULTISIG in a witness, and a node counts each as five virtual bytes.
    let round = [OP_PUSHBYTES_0, OP_PUSHBYTES_0, OP_PUSHBYTES_0, OP_CHECKMULTISIG, OP_VERIFY];
    let script = Builder::from(round.map(Opcode::to_u8).repeat(100)).push_opcode(OP_PUSHNUM_1).into_script();
    let lock = Lock::P2wshPlain(script, vec![]);
    let parent = (0..9).fold(Draft::of(&prepared(0)), |draft, _| draft.to(&lock, 10_000_000)).sign();
    chain.mine(1, std::slice::from_ref(&parent)).await.unwrap();
    let spend = |count: u32, fee| {
        let coins: Vec<Coin> = (0..count).map(|vout| coin_of(&parent, vout, &lock)).collect();
        let all = coins[1..].iter().fold(Draft::of(&coins[0]), |draft, coin| draft.and(coin));
        all.to(&wpkh(1), 10_000_000 * u64::from(count) - fee).sign()
    };
    assert_refused(chain.broadcast(&spend(9, 1_000_000)).await, RejectCode::Nonstandard, "18000");
    assert_refused(chain.broadcast(&spend(8, 79_999)).await, RejectCode::MinRelayFee, "80000");
    chain.broadcast(&spend(8, 80_000)).await.unwrap();
}

pub async fn what_unlocks(chain: &dyn Chain) {
    let anchor = ScriptBuf::from_bytes(vec![0x51, 2, 0x4e, 0x73]);
    let one = ScriptBuf::from_bytes(vec![0x51]);
    let locks = [
        Lock::P2wshPlain(repeated(OP_NOP, 3601), vec![]),
        Lock::P2wshPlain(one.clone(), vec![vec![]; 101]),
        Lock::P2trKey(key(1)),
    ];
    let draft = locks.iter().fold(Draft::of(&prepared(0)), |draft, lock| draft.to(lock, 10_000));
    let parent = draft.paying(anchor, 10_000).to(&wpkh(1), 4_999_000_000).sign();
    chain.mine(1, std::slice::from_ref(&parent)).await.unwrap();
    let spends: Vec<Transaction> =
        (0..).zip(&locks).map(|(vout, lock)| send(&coin_of(&parent, vout, lock), &wpkh(1), 5000)).collect();

    let mut annex = spends[2].clone();
    annex.input[0].witness.push([0x50]);
    let mut unlocking = spends[2].clone();
    unlocking.input[0].previous_output.vout = 3;
    unlocking.input[0].witness = Witness::from_slice(&[[1]]);
    let mut computing = spends[2].clone();
    computing.input[0].script_sig = Builder::new().push_opcode(OP_DROP).into_script();
    let mut long = spends[2].clone();
    long.input[0].script_sig = repeated(OP_PUSHNUM_1, 1651);
    for (transaction, words) in [
        (&spends[0], "3601 bytes"),
        (&spends[1], "101 witness items"),
        (&annex, "annex"),
        (&unlocking, "anchor"),
        (&computing, "more than push"),
        (&long, "1651 bytes"),
    ] {
        assert_refused(chain.broadcast(transaction).await, RejectCode::Nonstandard, words);
    }
    // Anyone can spend an anchor, with nothing.
    unlocking.input[0].witness = Witness::new();
    chain.broadcast(&unlocking).await.unwrap();
}

pub async fn evictions(chain: &dyn Chain) {
    let parent = many_outputs(&prepared(0), 101);
    chain.mine(1, std::slice::from_ref(&parent)).await.unwrap();
    let coins: Vec<Coin> = (0..101).map(|vout| coin_of(&parent, vout, &wpkh(1))).collect();
    for coin in &coins {
        chain.broadcast(&send(coin, &wpkh(2), 500)).await.unwrap();
    }
    let replacement = |coins: &[Coin]| {
        let all = coins[1..].iter().fold(Draft::of(&coins[0]), |draft, coin| draft.and(coin));
        all.to(&wpkh(3), 10_000).sign()
    };
    let refused = chain.broadcast(&replacement(&coins)).await;
    assert_refused(refused, RejectCode::MempoolConflict, "evict 101");
    chain.broadcast(&replacement(&coins[1..])).await.unwrap();
    assert_eq!(chain.mempool().await.unwrap().len(), 2);
}

/// Splits most of `coin` into P2WPKH outputs of key 1.
fn many_outputs(coin: &Coin, count: u64) -> Transaction {
    let each = 4_990_000_000 / count;
    (0..count).fold(Draft::of(coin), |draft, _| draft.to(&wpkh(1), each)).sign()
}

fn repeated(opcode: Opcode, count: usize) -> ScriptBuf {
    ScriptBuf::from_bytes(vec![opcode.to_u8(); count])
}
