//! What BOLT 3's vectors leave out: the holder on the other side, the legacy form, funding and closing transactions,
//! wrong signatures, and amounts that don't add up.

#![allow(clippy::unwrap_used)]

use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::sighash::SighashCache;
use bitcoin::{Amount, EcdsaSighashType, FeeRate, OutPoint, ScriptBuf, Sequence, Transaction, TxOut};
use lnprototest_bolt::channel::{
    ChannelParameters, ClosingError, ClosingOutputs, Coin, CoinKind, CommitmentFormat, CommitmentNumber,
    CommitmentState, Funding, Htlc, HtlcTransactionKind, Keyset, MutualClose, OutputPurpose, Party, PerSide,
    Side, SignatureMismatch, channel_id_v1, channel_id_v2, derive_public_key, dust_threshold, fund, high_s,
    output_order, pay, scripts, spend, temporary_channel_id_v2,
};
use proptest::collection::vec;
use proptest::prelude::*;
use secp256k1::{PublicKey, SecretKey};

/// BOLT 3, appendix B.
#[test]
fn funding_vector() {
    let coin = Coin {
        outpoint: "fd2105607605d2302994ffea703b09f66b6351816ee737a93e42a841ea20bbad:0".parse().unwrap(),
        amount: Amount::from_sat(5_000_000_000),
        key: "6bd078650fcee8444e4e09825227b801a1ca928debb750eb36e6d56124bb20e8".parse().unwrap(),
        kind: CoinKind::P2pkh,
    };
    let pubkeys = PerSide {
        local: "023da092f6980e58d2c037173180e9a465476026ee50f96695963e8efe436f54eb".parse().unwrap(),
        remote: "030e9f7b623d2ccc7c9bd44d66d5ce21ce504c0acf6385a132cec6d3c39fa711c1".parse().unwrap(),
    };
    let (transaction, funding) =
        fund(&coin, Amount::from_sat(10_000_000), pubkeys, FeeRate::from_sat_per_kwu(15_000)).unwrap();
    let expected = "0200000001adbb20ea41a8423ea937e76e8151636bf6093b70eaff942930d20576600521fd000000006b483045022100\
        90587b6201e166ad6af0227d3036a9454223d49a1f11839c1a362184340ef0240220577f7cd5cca78719405cbf1de7414ac027f0239e\
        f6e214c90fcaab0454d84b3b012103535b32d5eb0a6ed0982a0479bbadc9868d9836f6ba94dd5a63be16d875069184ffffffff028096\
        980000000000220020c015c4a6be010e21657068fc2e6a9d02b27ebe4d490a25846f7237f104d1a3cd20256d29010000001600143ca3\
        3c2e4446f4a305f23c80df8ad1afdcf652f900000000";
    assert_eq!(serialize_hex(&transaction), expected);
    assert_eq!(
        funding.outpoint.to_string(),
        "8984484a580b825b9972d7adb15050b3ab624ccd731946b3eeddb92f4e7ef6be:0"
    );
    assert_eq!(funding.output(), transaction.output[0]);
    let swapped = PerSide { local: pubkeys.remote, remote: pubkeys.local };
    assert_eq!(Funding { pubkeys: swapped, ..funding }.script(), funding.script());
}

#[test]
fn funding_from_segwit_pays_its_feerate() {
    for (sat, outputs) in [(1_000_000, 2), (500_000, 2), (100_904, 2), (100_903, 1), (100_486, 1)] {
        let coin = Coin { amount: Amount::from_sat(sat), ..coin() };
        let amount = Amount::from_sat(100_000);
        let (transaction, funding) = fund(&coin, amount, pubkeys(), FeeRate::from_sat_per_kwu(1000)).unwrap();
        assert_eq!(transaction.output.len(), outputs, "{sat}");
        assert_eq!(transaction.output[funding.outpoint.vout as usize], funding.output());
        assert!(transaction.output.is_sorted_by(|one, other| output_order(one, other).is_le()));
        let out: Amount = transaction.output.iter().map(|output| output.value).sum();
        let fee = coin.amount - out;
        let weight = transaction.weight().to_wu();
        assert!(fee.to_sat() >= weight, "{sat}: {fee} for {weight}");
        if outputs == 2 {
            assert!(fee.to_sat() <= weight + 2, "{sat}: {fee} for {weight}");
        }
    }
}

#[test]
fn an_output_goes_where_it_is_asked_to() {
    let coin = Coin { amount: Amount::ONE_BTC, ..coin() };
    let output = TxOut { value: Amount::from_sat(100_000), script_pubkey: ScriptBuf::new() };
    for index in [0, 1, 258] {
        let feerate = FeeRate::from_sat_per_kwu(1000);
        let (transaction, outpoint) = pay(&coin, output.clone(), Some(index), feerate).unwrap();
        assert_eq!(outpoint, OutPoint { txid: transaction.compute_txid(), vout: index.into() });
        assert_eq!(transaction.output[usize::from(index)], output);
        assert_eq!(transaction.output.len(), usize::from(index) + 2);
        let out: Amount = transaction.output.iter().map(|output| output.value).sum();
        let (fee, weight) = ((coin.amount - out).to_sat(), transaction.weight().to_wu());
        assert!((weight..=weight + 10).contains(&fee), "{index}: {fee} for {weight}");
    }
}

#[test]
fn a_channel_s_funding_is_spent_with_both_keys() {
    let secret = |byte| SecretKey::from_slice(&[byte; 32]).unwrap();
    for (key, other) in [(secret(7), secret(8)), (secret(8), secret(7))] {
        let coin = Coin { key, kind: CoinKind::Channel { other }, amount: Amount::ONE_BTC, ..coin() };
        let outputs = vec![TxOut { value: Amount::from_sat(100_000), script_pubkey: ScriptBuf::new() }; 2];
        let transaction = spend(&coin, outputs.clone(), FeeRate::from_sat_per_kwu(1000)).unwrap();
        assert_eq!(transaction.output[..2], outputs);
        let out: Amount = transaction.output.iter().map(|output| output.value).sum();
        let (fee, weight) = ((coin.amount - out).to_sat(), transaction.weight().to_wu());
        assert!((weight..=weight + 10).contains(&fee), "{fee} for {weight}");

        let pubkeys = [key, other].map(|secret| PublicKey::from_secret_key_global(&secret));
        let script = scripts::funding(&pubkeys[0], &pubkeys[1]);
        assert_eq!(coin.output().script_pubkey, script.to_p2wsh());
        let hash = SighashCache::new(&transaction)
            .p2wsh_signature_hash(0, &script, coin.amount, EcdsaSighashType::All)
            .unwrap();
        let witness = transaction.input[0].witness.to_vec();
        let mut signers = pubkeys;
        signers.sort_by_key(PublicKey::serialize);
        for (signature, signer) in witness[1..3].iter().zip(signers) {
            let signature = bitcoin::ecdsa::Signature::from_slice(signature).unwrap();
            assert!(secp256k1::SECP256K1.verify_ecdsa(&hash.into(), &signature.signature, &signer).is_ok());
        }
        assert_eq!((witness[0].is_empty(), &witness[3]), (true, &script.to_bytes()));
    }
}

#[test]
fn funding_from_segwit_is_signed() {
    let coin = coin();
    let (transaction, _) =
        fund(&coin, Amount::from_sat(100_000), pubkeys(), FeeRate::from_sat_per_kwu(1000)).unwrap();
    let key = PublicKey::from_secret_key_global(&coin.key);
    let script = ScriptBuf::new_p2wpkh(&bitcoin::CompressedPublicKey(key).wpubkey_hash());
    assert_eq!(coin.output().script_pubkey, script);
    let hash = SighashCache::new(&transaction)
        .p2wpkh_signature_hash(0, &script, coin.amount, EcdsaSighashType::All)
        .unwrap();
    let witness = transaction.input[0].witness.to_vec();
    let signature = bitcoin::ecdsa::Signature::from_slice(&witness[0]).unwrap();
    assert_eq!(signature.sighash_type, EcdsaSighashType::All);
    assert!(secp256k1::SECP256K1.verify_ecdsa(&hash.into(), &signature.signature, &key).is_ok());
    assert_eq!(witness[1..], [key.serialize().to_vec()]);
}

#[test]
fn funding_from_too_little_fails() {
    let fund = |sat, feerate| {
        let coin = Coin { amount: Amount::from_sat(sat), ..coin() };
        fund(&coin, Amount::from_sat(100_000), pubkeys(), FeeRate::from_sat_per_kwu(feerate))
    };
    let error = fund(100_485, 1000).unwrap_err();
    assert_eq!(error.required, Amount::from_sat(100_486));
    assert_eq!(error.to_string(), "a coin of 100485 sat is too small for outputs and a fee of 100486 sat");
    assert!(fund(1_000_000, u64::MAX).is_err());
}

#[test]
fn channel_ids() {
    let txid = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
    let outpoint = |vout| OutPoint { txid: txid.parse().unwrap(), vout };
    let id = "201f1e1d1c1b1a191817161514131211100f0e0d0c0b0a090807060504030201";
    assert_eq!(hex::encode(channel_id_v1(outpoint(0))), id);
    assert_eq!(hex::encode(channel_id_v1(outpoint(0x1ff))), format!("{}03fe", &id[..60]));
    let (one, other) = (pubkeys().local, pubkeys().remote);
    assert_eq!(channel_id_v2(&one, &other), channel_id_v2(&other, &one));
    assert_ne!(channel_id_v2(&one, &other), temporary_channel_id_v2(&one));
}

/// Each end builds the other's transaction from the same state.
#[test]
fn both_holders_share_a_state() {
    let state = state(vec![htlc(Side::Local, 3_000_000, 500), htlc(Side::Remote, 4_000_000, 501)]);
    for format in FORMATS {
        let channel = channel(format);
        for holder in [Side::Local, Side::Remote] {
            let commitment = channel.commitment(holder, CommitmentNumber::FIRST, point(holder), &state);
            assert_eq!(commitment.to_self_delay, channel.parties[!holder].to_self_delay);
            let kinds: Vec<_> =
                commitment.htlc_transactions().iter().map(|one| (one.htlc.offered_by, one.kind)).collect();
            assert!(kinds.contains(&(holder, HtlcTransactionKind::Timeout)), "{format:?} {kinds:?}");
            assert!(kinds.contains(&(!holder, HtlcTransactionKind::Success)), "{format:?} {kinds:?}");
            for (output, what) in commitment.transaction.output.iter().zip(&commitment.outputs) {
                match &what.witness_script {
                    Some(script) => assert_eq!(output.script_pubkey, script.to_p2wsh()),
                    None => assert_eq!(what.purpose, OutputPurpose::Balance(!holder)),
                }
            }
            for transaction in commitment.htlc_transactions() {
                let input = &transaction.transaction.input[0];
                assert_eq!(input.previous_output.txid, commitment.transaction.compute_txid());
                let spent = &commitment.transaction.output[input.previous_output.vout as usize];
                assert_eq!(spent.script_pubkey, transaction.witness_script.to_p2wsh());
                assert_eq!(spent.value, transaction.htlc.amount());
            }
        }
    }
}

/// The key of a legacy `to_remote` comes from this commitment's point.
#[test]
fn legacy_to_remote() {
    let channel = channel(CommitmentFormat::Legacy);
    let commitment =
        channel.commitment(Side::Remote, CommitmentNumber::FIRST, point(Side::Remote), &state(Vec::new()));
    let key = derive_public_key(&keys(Side::Local).basepoints().payment, &point(Side::Remote));
    let index = commitment
        .outputs
        .iter()
        .position(|output| output.purpose == OutputPurpose::Balance(Side::Local))
        .unwrap();
    assert_eq!(
        commitment.transaction.output[index].script_pubkey,
        ScriptBuf::new_p2wpkh(&bitcoin::CompressedPublicKey(key).wpubkey_hash())
    );
}

#[test]
fn anchors_follow_balances_and_htlcs() {
    let channel = channel(CommitmentFormat::Anchors);
    let purposes = |state: &CommitmentState| -> Vec<OutputPurpose> {
        let commitment =
            channel.commitment(Side::Remote, CommitmentNumber::FIRST, point(Side::Remote), state);
        commitment.outputs.iter().map(|output| output.purpose).collect()
    };
    let mut state = state(Vec::new());
    assert_eq!(purposes(&state).len(), 4);
    state.balances_msat = PerSide { local: 0, remote: 10_000_000_000 };
    assert_eq!(purposes(&state), [OutputPurpose::Anchor(Side::Remote), OutputPurpose::Balance(Side::Remote)]);
    state.htlcs.push(htlc(Side::Remote, 1_000_000, 500));
    assert_eq!(purposes(&state).len(), 4);
}

#[test]
fn signatures_are_judged_by_key_hash_and_s() {
    let commitment = channel(CommitmentFormat::Anchors).commitment(
        Side::Remote,
        CommitmentNumber::FIRST,
        point(Side::Remote),
        &state(Vec::new()),
    );
    let expected = commitment.expected_signature(Side::Local);
    let signature = commitment.sign(&keys(Side::Local).funding);
    let salted =
        secp256k1::SECP256K1.sign_ecdsa_with_noncedata(&expected.hash, &keys(Side::Local).funding, &[9; 32]);
    assert_ne!(signature, salted);
    for good in [signature, salted] {
        assert_eq!(expected.check(&good.serialize_compact()), Ok(()));
        assert_eq!(expected.check(&high_s(&good)), Err(SignatureMismatch::HighS));
    }
    let other = commitment.sign(&keys(Side::Remote).funding).serialize_compact();
    let key = keys(Side::Local).funding_pubkey();
    assert_eq!(expected.check(&other), Err(SignatureMismatch::Invalid { key }));
    assert_eq!(expected.check(&[0; 64]), Err(SignatureMismatch::Invalid { key }));
    assert_eq!(expected.check(&[0xff; 64]), Err(SignatureMismatch::Malformed));
}

#[test]
fn legacy_close() {
    let close = close();
    let fee = Amount::from_sat(1000);
    let both = close.legacy(Side::Remote, fee, ClosingOutputs::Both).unwrap();
    let values: Vec<u64> = both.transaction.output.iter().map(|output| output.value.to_sat()).collect();
    assert_eq!(values, [2999, 9_996_000]);
    assert_eq!(both.transaction.input[0].sequence, Sequence::MAX);
    assert_eq!(both.transaction.lock_time.to_consensus_u32(), 0);
    assert_eq!(close.legacy_outputs(Side::Remote, fee, Amount::from_sat(2999)), Ok(ClosingOutputs::Both));
    assert_eq!(
        close.legacy_outputs(Side::Remote, fee, Amount::from_sat(3000)),
        Ok(ClosingOutputs::Only(Side::Remote))
    );
    let dust_limit = Amount::from_sat(9_996_001);
    assert_eq!(
        close.legacy_outputs(Side::Remote, fee, dust_limit),
        Err(ClosingError::NothingLeft { dust_limit })
    );
    let error = close.legacy(Side::Local, Amount::from_sat(3000), ClosingOutputs::Both).unwrap_err();
    assert_eq!(error.to_string(), "local can't pay a closing fee of 3000 sat from 2999 sat");

    let signatures = PerSide::from_fn(|side| both.sign(&keys(side).funding));
    for side in [Side::Local, Side::Remote] {
        assert_eq!(both.expected_signature(side).check(&signatures[side].serialize_compact()), Ok(()));
    }
    let signed = both.signed(&signatures);
    assert_eq!(signed.compute_txid(), both.transaction.compute_txid());
    assert_eq!(signed.input[0].witness.len(), 4);
    assert_eq!(signed.input[0].witness.last().unwrap(), close.funding.script().as_bytes());
}

#[test]
fn simple_close() {
    let mut close = close();
    close.scripts.local = ScriptBuf::new_op_return([1; 6]);
    let transaction =
        |outputs| close.simple(Side::Local, Amount::from_sat(700), 800_000, outputs).unwrap().transaction;
    let both = transaction(ClosingOutputs::Both);
    let values: Vec<u64> = both.output.iter().map(|output| output.value.to_sat()).collect();
    assert_eq!(values, [0, 9_997_000]);
    assert_eq!(both.input[0].sequence, Sequence(0xffff_fffd));
    assert_eq!(both.lock_time.to_consensus_u32(), 800_000);
    let closee = transaction(ClosingOutputs::Only(Side::Remote));
    assert_eq!(closee.output, both.output[1..]);
}

#[test]
fn dust_thresholds() {
    let key = bitcoin::CompressedPublicKey(pubkeys().local);
    let script = scripts::anchor(&key.0);
    let hex = |hex: &str| ScriptBuf::from_hex(hex).unwrap();
    let cases = [
        (ScriptBuf::new_p2pkh(&key.pubkey_hash()), Some(546)),
        (script.to_p2sh(), Some(540)),
        (ScriptBuf::new_p2wpkh(&key.wpubkey_hash()), Some(294)),
        (script.to_p2wsh(), Some(330)),
        (hex("51024e73"), Some(240)),
        (hex(&format!("5120{}", "11".repeat(32))), Some(354)),
        (hex("60020102"), Some(354)),
        (ScriptBuf::new_op_return([1; 6]), Some(0)),
        (script, None),
    ];
    for (script, sat) in cases {
        assert_eq!(dust_threshold(&script), sat.map(Amount::from_sat), "{script}");
    }
}

proptest! {
    #[test]
    fn the_order_of_htlcs_does_not_matter(
        (htlcs, shuffled) in vec(htlcs(), 0..12)
            .prop_flat_map(|htlcs| (Just(htlcs.clone()), Just(htlcs).prop_shuffle())),
        format in prop::sample::select(&FORMATS),
    ) {
        let channel = channel(format);
        let build = |htlcs| channel.commitment(Side::Local, CommitmentNumber::FIRST, point(Side::Local), &state(htlcs));
        let (one, other) = (build(htlcs), build(shuffled));
        prop_assert_eq!(&one.transaction, &other.transaction);
        let htlc_transactions = |commitment: &lnprototest_bolt::channel::Commitment| -> Vec<Transaction> {
            commitment.htlc_transactions().into_iter().map(|one| one.transaction).collect()
        };
        prop_assert_eq!(htlc_transactions(&one), htlc_transactions(&other));
        prop_assert!(one.transaction.output.is_sorted_by(|one, other| output_order(one, other).is_le()));
    }

    /// All money goes to outputs and fee, and the fee is what the BOLT says plus what is trimmed or rounded.
    #[test]
    fn nothing_is_lost(htlcs in vec(htlcs(), 0..12), feerate in 0_u64..5000, format in prop::sample::select(&FORMATS)) {
        let in_flight: u64 = htlcs.iter().map(|htlc| htlc.amount_msat).sum();
        let mut state = state(htlcs);
        state.feerate = FeeRate::from_sat_per_kwu(feerate);
        state.balances_msat.remote -= in_flight;
        let channel = channel(format);
        let commitment = channel.commitment(Side::Remote, CommitmentNumber::FIRST, point(Side::Remote), &state);
        let untrimmed = commitment.htlc_transactions().len();
        prop_assert_eq!(untrimmed + commitment.trimmed.len(), state.htlcs.len());
        let trimmed: u64 = commitment.trimmed.iter().map(|htlc| htlc.amount_msat).sum();
        let least = format.commitment_fee(state.feerate, untrimmed).to_sat() + trimmed / 1000;
        let fee = commitment.fee().to_sat();
        prop_assert!(fee >= least && fee <= least + state.htlcs.len() as u64 + 2, "{} against {}", fee, least);
    }

    /// Whatever a node claims, building does not panic.
    #[test]
    fn absurd_amounts_do_not_panic(
        local: u64, remote: u64, feerate: u64, dust: u64, amounts in vec(any::<u64>(), 0..5), expiry: u32, delay: u16,
    ) {
        for format in FORMATS {
            let mut channel = channel(format);
            channel.parties.local.dust_limit = Amount::from_sat(dust);
            channel.parties.remote.to_self_delay = delay;
            let htlcs = amounts.iter().map(|amount| htlc(Side::Remote, *amount, expiry)).collect();
            let mut state = state(htlcs);
            state.balances_msat = PerSide { local, remote };
            state.feerate = FeeRate::from_sat_per_kwu(feerate);
            let commitment =
                channel.commitment(Side::Local, CommitmentNumber::FIRST, point(Side::Local), &state);
            commitment.fee();
            commitment.htlc_transactions();
            let decoded: Transaction = deserialize_hex(&serialize_hex(&commitment.transaction)).unwrap();
            prop_assert_eq!(decoded, commitment.transaction);
        }
    }

    #[test]
    fn arbitrary_signatures_do_not_panic(bytes in vec(any::<u8>(), 64)) {
        let commitment = channel(CommitmentFormat::Legacy).commitment(
            Side::Remote, CommitmentNumber::FIRST, point(Side::Remote), &state(Vec::new()),
        );
        let bytes: [u8; 64] = bytes.try_into().unwrap();
        prop_assert!(commitment.expected_signature(Side::Local).check(&bytes).is_err());
    }
}

const FORMATS: [CommitmentFormat; 3] =
    [CommitmentFormat::Anchors, CommitmentFormat::Legacy, CommitmentFormat::StaticRemotekey];

fn channel(format: CommitmentFormat) -> ChannelParameters {
    let party = |side: Side, dust, to_self_delay| Party {
        basepoints: keys(side).basepoints(),
        dust_limit: Amount::from_sat(dust),
        to_self_delay,
    };
    ChannelParameters {
        funding: funding(),
        opener: Side::Local,
        format,
        parties: PerSide { local: party(Side::Local, 354, 5), remote: party(Side::Remote, 546, 144) },
    }
}

fn funding() -> Funding {
    let outpoint =
        "8984484a580b825b9972d7adb15050b3ab624ccd731946b3eeddb92f4e7ef6be:0".parse::<OutPoint>().unwrap();
    Funding { outpoint, amount: Amount::from_sat(10_000_000), pubkeys: pubkeys() }
}

fn pubkeys() -> PerSide<PublicKey> {
    PerSide::from_fn(|side| keys(side).funding_pubkey())
}

fn keys(side: Side) -> Keyset {
    let first = match side {
        Side::Local => 0x20,
        Side::Remote => 0x10,
    };
    let key = |offset| SecretKey::from_slice(&[first + offset; 32]).unwrap();
    Keyset {
        funding: key(0),
        revocation_base: key(1),
        payment_base: key(2),
        delayed_payment_base: key(3),
        htlc_base: key(4),
        commitment_seed: [first; 32],
    }
}

fn point(holder: Side) -> PublicKey {
    keys(holder).per_commitment_point(CommitmentNumber::FIRST)
}

fn coin() -> Coin {
    Coin {
        outpoint: OutPoint { vout: 3, ..funding().outpoint },
        amount: Amount::from_sat(1_000_000),
        key: keys(Side::Local).payment_base,
        kind: CoinKind::P2wpkh,
    }
}

fn state(htlcs: Vec<Htlc>) -> CommitmentState {
    CommitmentState {
        feerate: FeeRate::from_sat_per_kwu(253),
        balances_msat: PerSide { local: 4_000_000_000, remote: 6_000_000_000 },
        htlcs,
    }
}

fn htlc(offered_by: Side, amount_msat: u64, cltv_expiry: u32) -> Htlc {
    Htlc { offered_by, amount_msat, payment_hash: [3; 32], cltv_expiry }
}

/// HTLCs that often have the same amount, hash or expiry.
fn htlcs() -> impl Strategy<Value = Htlc> {
    (prop::bool::ANY, 0_u64..8, 0_u64..2, 500_u32..503, 0_u8..2).prop_map(
        |(local, amount, msat, cltv_expiry, hash)| Htlc {
            offered_by: if local { Side::Local } else { Side::Remote },
            amount_msat: amount * 700_000 + msat,
            payment_hash: [hash; 32],
            cltv_expiry,
        },
    )
}

fn close() -> MutualClose {
    let script = |side| {
        let key = bitcoin::CompressedPublicKey(keys(side).basepoints().payment);
        ScriptBuf::new_p2wpkh(&key.wpubkey_hash())
    };
    MutualClose {
        funding: funding(),
        balances_msat: PerSide { local: 2_999_999, remote: 9_997_000_001 },
        scripts: PerSide::from_fn(script),
    }
}
