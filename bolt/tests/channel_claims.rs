//! Each output of a commitment and of its HTLC transactions taken by each right, in all three forms, judged by Bitcoin
//! Core's interpreter.

#![allow(clippy::unwrap_used)]

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Amount, FeeRate, OutPoint, ScriptBuf, Sequence, Transaction};
use lnprototest_bolt::channel::{
    ChannelParameters, Claim, ClaimError, Commitment, CommitmentFormat, CommitmentNumber, CommitmentState,
    Funding, Htlc, HtlcTransactionKind, Keyset, OutputPurpose, Party, PerSide, Side, Unlock, claim_all,
    derive_secret_key,
};
use secp256k1::{PublicKey, SecretKey};

const FORMATS: [CommitmentFormat; 3] =
    [CommitmentFormat::Anchors, CommitmentFormat::Legacy, CommitmentFormat::StaticRemotekey];
const PREIMAGE: [u8; 32] = [9; 32];
const FEERATE: FeeRate = FeeRate::from_sat_per_kwu(253);
const NUMBER: CommitmentNumber = CommitmentNumber::FIRST;

#[test]
fn the_holder_takes_its_own_after_the_delay() {
    for_each_case(|case| {
        let (commitment, keys) = (&case.commitment, &case.keys[case.holder]);
        let delayed_payment_secret = keys.delayed_payment_secret(&case.point);
        let claims = commitment.claims(Unlock::Delayed { delayed_payment_secret });
        assert_eq!(case.purposes(&claims), [OutputPurpose::Balance(case.holder)]);
        assert_eq!(claims[0].sequence, Sequence::from_height(commitment.to_self_delay));
        assert_valid(&claims);
        assert_invalid(&Claim {
            sequence: Sequence::from_height(commitment.to_self_delay - 1),
            ..claims[0].clone()
        });
        assert_invalid(&Claim { secret: keys.delayed_payment_base, ..claims[0].clone() });

        for (transaction, claim) in case.second_stage(Unlock::Delayed { delayed_payment_secret }) {
            assert_valid_transaction(&transaction, &case.commitment);
            assert_valid(&[claim]);
        }
    });
}

#[test]
fn the_other_end_takes_its_own() {
    for_each_case(|case| {
        let keys = &case.keys[!case.holder];
        let payment_secret = match case.commitment.format {
            CommitmentFormat::Legacy => derive_secret_key(&keys.payment_base, &case.point),
            CommitmentFormat::Anchors | CommitmentFormat::StaticRemotekey => keys.payment_base,
        };
        let claims = case.commitment.claims(Unlock::Payment { payment_secret });
        assert_eq!(case.purposes(&claims), [OutputPurpose::Balance(!case.holder)]);
        assert_valid(&claims);
        assert_invalid(&Claim { secret: keys.funding, ..claims[0].clone() });
    });
}

#[test]
fn the_other_end_takes_htlcs_by_preimage_and_timeout() {
    for_each_case(|case| {
        let htlc_secret = case.keys[!case.holder].htlc_secret(&case.point);
        let offered = case.commitment.claims(Unlock::Preimage { htlc_secret, preimage: PREIMAGE });
        assert_eq!(case.purposes(&offered), [OutputPurpose::Htlc(htlc(case.holder, 20_000_000))]);
        assert_valid(&offered);
        assert_invalid(&Claim { choice: Some(vec![8; 32]), ..offered[0].clone() });

        let received = case.commitment.claims(Unlock::Timeout { htlc_secret });
        assert_eq!(case.purposes(&received), [OutputPurpose::Htlc(htlc(!case.holder, 30_000_000))]);
        assert_valid(&received);
        let early = LockTime::from_consensus(499);
        assert_invalid(&Claim { lock_time: early, ..received[0].clone() });

        assert_valid(&[offered, received.clone()].concat());
        if case.commitment.format == CommitmentFormat::Anchors {
            let at_once = Sequence::ENABLE_RBF_NO_LOCKTIME;
            assert_invalid(&Claim { sequence: at_once, ..received[0].clone() });
        }
    });
}

#[test]
fn a_cheater_loses_everything() {
    for_each_case(|case| {
        let secret = case.keys[case.holder].per_commitment_secret(NUMBER);
        let revocation_secret = case.keys[!case.holder].revocation_secret(&secret);
        let unlock = Unlock::Penalty { revocation_secret };
        let claims = case.commitment.claims(unlock);
        let mut purposes = case.purposes(&claims);
        purposes.retain(|purpose| matches!(purpose, OutputPurpose::Htlc(_)));
        assert_eq!((claims.len(), purposes.len()), (3, 2));
        assert_valid(&claims);
        for claim in claims {
            assert_invalid(&Claim { secret: case.keys[!case.holder].revocation_base, ..claim });
        }
        let second: Vec<Claim> = case.second_stage(unlock).into_iter().map(|(_, claim)| claim).collect();
        assert_eq!(second.len(), 2);
        assert_valid(&second);
    });
}

#[test]
fn anchors_are_taken_by_their_own_end() {
    for_each_case(|case| {
        for side in [Side::Local, Side::Remote] {
            let funding_secret = case.keys[side].funding;
            let claims: Vec<Claim> = (0..)
                .zip(&case.commitment.outputs)
                .filter(|(_, output)| output.purpose == OutputPurpose::Anchor(side))
                .filter_map(|(vout, _)| case.commitment.claim(vout, Unlock::Anchor { funding_secret }))
                .collect();
            assert_eq!(claims.len(), usize::from(case.commitment.format == CommitmentFormat::Anchors));
            if let [claim] = &claims[..] {
                assert_valid_at(&claims, FeeRate::ZERO);
                let other = Claim { secret: case.keys[!side].funding, ..claim.clone() };
                assert!(!is_valid(&[other], FeeRate::ZERO));
            }
        }
    });
}

#[test]
fn what_can_not_be_taken() {
    for_each_case(|case| {
        let secret = case.keys.local.funding;
        assert_eq!(case.commitment.claim(99, Unlock::Anchor { funding_secret: secret }), None);
        let transaction = &case.commitment.htlc_transactions()[0];
        let outpoint = OutPoint::null();
        assert_eq!(transaction.claim(outpoint, Unlock::Timeout { htlc_secret: secret }), None);
        let claims = case.commitment.claims(Unlock::Timeout { htlc_secret: secret });
        let dear = FeeRate::from_sat_per_kwu(1_000_000);
        let error = claim_all(&claims, ScriptBuf::new(), dear).unwrap_err();
        assert!(matches!(error, ClaimError::TooLittle { available, .. } if available.to_sat() == 30_000));
        assert_eq!(claim_all(&[], ScriptBuf::new(), FEERATE), Err(ClaimError::Nothing));
    });
}

struct Case {
    holder: Side,
    keys: PerSide<Keyset>,
    point: PublicKey,
    commitment: Commitment,
}

impl Case {
    fn purposes(&self, claims: &[Claim]) -> Vec<OutputPurpose> {
        claims.iter().map(|claim| self.commitment.outputs[claim.outpoint.vout as usize].purpose).collect()
    }

    /// The HTLC transactions, signed by both, and how their outputs are taken.
    fn second_stage(&self, unlock: Unlock) -> Vec<(Transaction, Claim)> {
        let transactions = self.commitment.htlc_transactions();
        transactions
            .iter()
            .map(|transaction| {
                let signatures = PerSide::from_fn(|side| {
                    transaction.sign(side, &self.keys[side].htlc_secret(&self.point))
                });
                let signed = match transaction.kind {
                    HtlcTransactionKind::Success => transaction.signed(&signatures, &PREIMAGE),
                    HtlcTransactionKind::Timeout => transaction.signed(&signatures, &[]),
                };
                let outpoint = OutPoint { txid: signed.compute_txid(), vout: 0 };
                (signed, transaction.claim(outpoint, unlock).unwrap())
            })
            .collect()
    }
}

/// Each format, held by each end: a balance each, an HTLC each way, and one each way that is dust.
fn for_each_case(check: impl Fn(&Case)) {
    for format in FORMATS {
        for holder in [Side::Local, Side::Remote] {
            let keys = PerSide { local: keyset(0x20), remote: keyset(0x40) };
            let channel = ChannelParameters {
                funding: Funding {
                    outpoint: OutPoint { txid: bitcoin::Txid::all_zeros(), vout: 1 },
                    amount: Amount::from_sat(1_000_000),
                    pubkeys: PerSide::from_fn(|side| keys[side].funding_pubkey()),
                },
                opener: Side::Local,
                format,
                parties: PerSide::from_fn(|side| Party {
                    basepoints: keys[side].basepoints(),
                    dust_limit: Amount::from_sat(354),
                    to_self_delay: 6,
                }),
            };
            let state = CommitmentState {
                feerate: FEERATE,
                balances_msat: PerSide { local: 600_000_000, remote: 349_600_000 },
                htlcs: vec![
                    htlc(holder, 20_000_000),
                    htlc(!holder, 30_000_000),
                    htlc(holder, 200_000),
                    htlc(!holder, 200_000),
                ],
            };
            let point = keys[holder].per_commitment_point(NUMBER);
            let commitment = channel.commitment(holder, NUMBER, point, &state);
            assert_eq!(commitment.trimmed.len(), 2);
            check(&Case { holder, keys, point, commitment });
        }
    }
}

fn htlc(offered_by: Side, amount_msat: u64) -> Htlc {
    let payment_hash = sha256::Hash::hash(&PREIMAGE).to_byte_array();
    Htlc { offered_by, amount_msat, payment_hash, cltv_expiry: 500 }
}

fn keyset(first: u8) -> Keyset {
    let key = |index| SecretKey::from_slice(&[first + index; 32]).unwrap();
    Keyset {
        funding: key(0),
        revocation_base: key(1),
        payment_base: key(2),
        delayed_payment_base: key(3),
        htlc_base: key(4),
        commitment_seed: [first; 32],
    }
}

fn assert_valid(claims: &[Claim]) {
    assert_valid_at(claims, FEERATE);
}

fn assert_valid_at(claims: &[Claim], feerate: FeeRate) {
    let transaction = claim_all(claims, ScriptBuf::new(), feerate).unwrap();
    assert!(is_valid(claims, feerate), "{transaction:?}");
    let available: Amount = claims.iter().map(|claim| claim.output.value).sum();
    let fee = (available - transaction.output[0].value).to_sat();
    let weight = transaction.weight().to_wu();
    let needed = |weight: u64| feerate.to_sat_per_kwu() * weight / 1000;
    assert!((needed(weight)..=needed(weight + 2 * claims.len() as u64)).contains(&fee), "{fee} for {weight}");
}

fn assert_invalid(claim: &Claim) {
    assert!(!is_valid(std::slice::from_ref(claim), FEERATE), "{claim:?}");
}

fn is_valid(claims: &[Claim], feerate: FeeRate) -> bool {
    let bytes = serialize(&claim_all(claims, ScriptBuf::new(), feerate).unwrap());
    claims.iter().enumerate().all(|(index, claim)| {
        verify(claim.output.script_pubkey.as_bytes(), claim.output.value, &bytes, index)
    })
}

fn assert_valid_transaction(transaction: &Transaction, spent: &Commitment) {
    let output = &spent.transaction.output[transaction.input[0].previous_output.vout as usize];
    assert!(verify(output.script_pubkey.as_bytes(), output.value, &serialize(transaction), 0));
}

fn verify(script_pubkey: &[u8], value: Amount, transaction: &[u8], index: usize) -> bool {
    bitcoinconsensus::verify(script_pubkey, value.to_sat(), transaction, None, index).is_ok()
}
