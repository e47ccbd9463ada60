//! What is refused, and for what reason.

use bitcoin::script::PushBytesBuf;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, Witness, opcodes};
use lnprototest_chain::FundingCoin;
use lnprototest_runner_api::{Chain, RejectCode};

use crate::assert_refused;
use crate::spend::{Coin, Draft, Lock, coin_of, prepared, send, with_high_s, wpkh};

pub async fn missing_inputs(chain: &dyn Chain) {
    let mut coin = prepared(1);
    coin.outpoint.vout = 7;
    let both = Draft::of(&prepared(0)).and(&coin).to(&wpkh(1), 5_000_000_000).sign();
    assert_refused(chain.broadcast(&both).await, RejectCode::InputsMissingOrSpent, "input 1");
    assert_refused(chain.mine(1, &[both]).await, RejectCode::InputsMissingOrSpent, "input 1");
    let spend = send(&prepared(0), &wpkh(1), 500);
    chain.mine(1, &[spend]).await.unwrap();
    let again = send(&prepared(0), &wpkh(2), 5000);
    assert_refused(chain.broadcast(&again).await, RejectCode::InputsMissingOrSpent, "input 0");
    assert_refused(chain.mine(1, &[again]).await, RejectCode::InputsMissingOrSpent, "input 0");
}

pub async fn premature_coinbase(chain: &dyn Chain) {
    let spend = send(&prepared(101), &wpkh(1), 500);
    let words = format!("from block {} on", FundingCoin::prepared(101).unwrap().mature_at);
    assert_refused(chain.broadcast(&spend).await, RejectCode::PrematureSpendOfCoinbase, &words);
    assert_refused(chain.mine(1, &[spend]).await, RejectCode::PrematureSpendOfCoinbase, &words);
}

pub async fn amounts(chain: &dyn Chain) {
    let spend = |sat| Draft::of(&prepared(0)).to(&wpkh(1), sat).sign();
    assert_refused(chain.broadcast(&spend(5_000_000_001)).await, RejectCode::InBelowOut, "5000000001");
    assert_refused(chain.mine(1, &[spend(5_000_000_001)]).await, RejectCode::InBelowOut, "5000000001");
    let most = Amount::MAX_MONEY.to_sat();
    assert_refused(chain.broadcast(&spend(most + 1)).await, RejectCode::Structure, "output 0");
    assert_refused(chain.broadcast(&spend(u64::MAX)).await, RejectCode::Structure, "output 0");
    let sum = Draft::of(&prepared(0)).to(&wpkh(1), most).to(&wpkh(1), 1).sign();
    assert_refused(chain.broadcast(&sum).await, RejectCode::Structure, "outputs 0 to 1");
    chain.mine(1, &[spend(5_000_000_000)]).await.unwrap();
}

pub async fn structure(chain: &dyn Chain) {
    let good = send(&prepared(0), &wpkh(1), 500);
    let broken = |change: &dyn Fn(&mut Transaction)| {
        let mut transaction = good.clone();
        change(&mut transaction);
        transaction
    };
    let null = TxIn {
        previous_output: OutPoint::null(),
        script_sig: ScriptBuf::from_bytes(vec![1, 103, 0]),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    for (transaction, words) in [
        (broken(&|it| it.input.clear()), "no inputs"),
        (broken(&|it| it.output.clear()), "no outputs"),
        (broken(&|it| it.input.push(it.input[0].clone())), "input 1"),
        (broken(&|it| it.input = vec![null.clone()]), "coinbase"),
        (broken(&|it| it.input.push(null.clone())), "input 1"),
        (broken(&|it| it.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0; 1_000_000])), "bytes"),
    ] {
        assert_refused(chain.broadcast(&transaction).await, RejectCode::Structure, words);
        assert_refused(chain.mine(1, &[transaction]).await, RejectCode::Structure, words);
    }
}

pub async fn dust(chain: &dyn Chain) {
    let kinds = [
        (Lock::P2pkh(crate::spend::key(1)).script_pubkey(), 546),
        (Lock::P2shP2wpkh(crate::spend::key(1)).script_pubkey(), 540),
        (wpkh(1).script_pubkey(), 294),
        (Lock::P2wsh2of2(crate::spend::key(1), crate::spend::key(2)).script_pubkey(), 330),
        (Lock::P2trKey(crate::spend::key(1)).script_pubkey(), 330),
        (ScriptBuf::from_bytes(vec![0x51, 2, 0x4e, 0x73]), 240),
    ];
    let rest = 4_999_990_000;
    for (script, least) in &kinds {
        let below = Draft::of(&prepared(0)).to(&wpkh(1), rest).paying(script.clone(), least - 1).sign();
        assert_refused(chain.broadcast(&below).await, RejectCode::Dust, &least.to_string());
    }
    // One of them is let through to be asked for its fee, of which it must have none; two are not.
    for (sat, code, words) in [
        (&[1, 4_999_999_999][..], RejectCode::MinRelayFee, "0 sat"),
        (&[1, 2, 4_999_999_997], RejectCode::Dust, "output 1"),
    ] {
        let free = sat.iter().fold(Draft::of(&prepared(0)), |draft, &sat| draft.to(&wpkh(1), sat)).sign();
        assert_refused(chain.broadcast(&free).await, code, words);
    }
    let draft = Draft::of(&prepared(0)).to(&wpkh(1), rest);
    let all = kinds.into_iter().fold(draft, |draft, (script, least)| draft.paying(script, least));
    chain.broadcast(&all.paying(ScriptBuf::new_op_return([0u8; 73]), 0).sign()).await.unwrap();
}

pub async fn too_little_fee(chain: &dyn Chain) {
    let size = send(&prepared(0), &wpkh(1), 500).vsize() as u64;
    let refused = chain.broadcast(&send(&prepared(0), &wpkh(1), size - 1)).await;
    assert_refused(refused, RejectCode::MinRelayFee, &size.to_string());
    chain.broadcast(&send(&prepared(0), &wpkh(1), size)).await.unwrap();
}

pub async fn high_s(chain: &dyn Chain) {
    let transaction = with_high_s(send(&prepared(0), &wpkh(1), 500));
    assert_refused(chain.broadcast(&transaction).await, RejectCode::Nonstandard, "input 0");
    // It is valid all the same.
    chain.mine(1, &[transaction]).await.unwrap();
}

pub async fn forms_that_are_not_relayed(chain: &dyn Chain) {
    let draft = || Draft::of(&prepared(0)).to(&wpkh(1), 4_999_000_000);
    let data = |size| ScriptBuf::new_op_return(PushBytesBuf::try_from(vec![0; size]).unwrap());
    let with_version = |version| Draft { version: Version(version), ..draft() }.sign();
    for (transaction, words) in [
        (with_version(0), "version 0"),
        (with_version(4), "version 4"),
        (with_version(-1), "version 4294967295"),
        (draft().paying(data(81), 0).sign(), "output 1"),
        (draft().paying(data(1), 0).paying(data(1), 0).sign(), "OP_RETURN"),
        (draft().paying(ScriptBuf::from_bytes(vec![0x51]), 1000).sign(), "output 1"),
        (Draft::of(&prepared(0)).paying(ScriptBuf::new_op_return([0u8; 0]), 0).sign(), "62 bytes"),
    ] {
        assert_refused(chain.broadcast(&transaction).await, RejectCode::Nonstandard, words);
    }

    // What can be paid by a block alone can be spent by a block alone.
    let bare = draft().paying(ScriptBuf::from_bytes(vec![0x51]), 100_000).sign();
    let long = Lock::P2wshPlain(
        ScriptBuf::builder().push_opcode(opcodes::all::OP_DROP).push_opcode(opcodes::OP_TRUE).into_script(),
        vec![vec![1; 81]],
    );
    let parent = Draft::of(&prepared(1)).to(&long, 100_000).sign();
    chain.mine(1, &[bare.clone(), parent.clone()]).await.unwrap();
    let mut spend = send(&coin_of(&parent, 0, &long), &wpkh(1), 1000);
    assert_refused(chain.broadcast(&spend).await, RejectCode::Nonstandard, "81 bytes");
    chain.mine(1, std::slice::from_ref(&spend)).await.unwrap();
    spend.input[0].previous_output = OutPoint { txid: bare.compute_txid(), vout: 1 };
    spend.input[0].witness = Witness::new();
    assert_refused(chain.broadcast(&spend).await, RejectCode::Nonstandard, "input 0");
    chain.mine(1, &[spend]).await.unwrap();
}

pub async fn the_first_fault_is_named(chain: &dyn Chain) {
    let forged = Coin { lock: wpkh(9), ..prepared(0) };
    let spend = |sat, lock_time| Draft::of(&forged).to(&wpkh(1), sat).lock_time(lock_time).sign();
    assert_refused(chain.broadcast(&spend(5_000_000_001, 500)).await, RejectCode::NonFinal, "500");
    assert_refused(chain.broadcast(&spend(5_000_000_001, 0)).await, RejectCode::InBelowOut, "5000000001");
    assert_refused(chain.broadcast(&spend(5_000_000_000, 0)).await, RejectCode::MinRelayFee, "0 sat");
    let refused = chain.broadcast(&spend(4_999_999_000, 0)).await;
    assert_refused(refused, RejectCode::ScriptVerifyFailed, "input 0");
}
