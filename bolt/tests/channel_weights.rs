//! BOLT 3, appendix A: the transactions weigh what their fees are reckoned from. (The funding transaction's weight is
//! in `channel_interactive.rs`.)

#![allow(clippy::unwrap_used)]

use bitcoin::{Amount, FeeRate, OutPoint};
use lnprototest_bolt::channel::{
    ChannelParameters, Commitment, CommitmentFormat, CommitmentNumber, CommitmentState, Funding, Htlc,
    HtlcTransactionKind, Keyset, Party, PerSide, Side,
};
use secp256k1::SecretKey;
use secp256k1::ecdsa::Signature;

/// At 1 sat per weight unit, a fee is a weight.
const FEERATE: FeeRate = FeeRate::from_sat_per_kwu(1000);
/// The least height that takes 4 bytes in a script, as the appendix reckons.
const EXPIRY: u32 = 0x80_0000;

#[test]
fn commitments_without_anchors() {
    for format in [CommitmentFormat::Legacy, CommitmentFormat::StaticRemotekey] {
        for htlcs in [0, 1, 2, 100, 250] {
            let expected = 724 + 172 * htlcs as u64;
            assert_eq!(commitment_weight(format, htlcs), expected, "{format:?} with {htlcs} HTLCs");
            assert_eq!(format.commitment_fee(FEERATE, htlcs).to_sat(), expected, "{format:?}");
        }
    }
}

/// The appendix counts 3 bytes for the number of outputs, which they are from 253 outputs on: 4 and 249 HTLCs.
#[test]
fn commitments_with_anchors() {
    let format = CommitmentFormat::Anchors;
    for (htlcs, count_bytes) in [(0, 1), (1, 1), (2, 1), (248, 1), (249, 3), (300, 3)] {
        let expected = 1124 + 172 * htlcs as u64;
        assert_eq!(commitment_weight(format, htlcs), expected - 4 * (3 - count_bytes), "{htlcs} HTLCs");
        assert_eq!(format.commitment_fee(FEERATE, htlcs).to_sat(), expected);
    }
}

#[test]
fn htlc_transactions() {
    // Format, its weights for timeout and success, and what success really weighs.
    let cases = [
        (CommitmentFormat::Anchors, 666, 706, 705),
        (CommitmentFormat::Legacy, 663, 703, 702),
        (CommitmentFormat::StaticRemotekey, 663, 703, 702),
    ];
    for (format, timeout, success, real_success) in cases {
        assert_eq!(htlc_weight(format, HtlcTransactionKind::Timeout), timeout, "{format:?}");
        assert_eq!(htlc_weight(format, HtlcTransactionKind::Success), real_success, "{format:?}");
        let (timeout, success) = match format {
            CommitmentFormat::Anchors => (0, 0),
            CommitmentFormat::Legacy | CommitmentFormat::StaticRemotekey => (timeout, success),
        };
        assert_eq!(format.htlc_timeout_fee(FEERATE).to_sat(), timeout, "{format:?}");
        assert_eq!(format.htlc_success_fee(FEERATE).to_sat(), success, "{format:?}");
    }
}

fn commitment_weight(format: CommitmentFormat, htlcs: usize) -> u64 {
    let signed = commitment(format, htlcs).signed(&longest_signatures());
    let outputs = if format == CommitmentFormat::Anchors { 4 } else { 2 };
    assert_eq!(signed.output.len(), outputs + htlcs);
    signed.weight().to_wu()
}

fn htlc_weight(format: CommitmentFormat, kind: HtlcTransactionKind) -> u64 {
    let preimage = match kind {
        HtlcTransactionKind::Success => vec![7; 32],
        HtlcTransactionKind::Timeout => vec![],
    };
    let transactions = commitment(format, 2).htlc_transactions();
    let transaction = transactions.iter().find(|transaction| transaction.kind == kind).unwrap();
    transaction.signed(&longest_signatures(), &preimage).weight().to_wu()
}

/// Both signatures take 73 bytes with their sighash type: `r` and `s` each begin with a bit that DER pads.
fn longest_signatures() -> PerSide<Signature> {
    let signature = Signature::from_compact(&[0x80; 64]).unwrap();
    assert_eq!(signature.serialize_der().len(), 72);
    PerSide { local: signature, remote: signature }
}

/// A commitment with every output that it can have. HTLCs are offered and received by turns.
fn commitment(format: CommitmentFormat, htlcs: usize) -> Commitment {
    let keys = PerSide { local: keyset(0x10), remote: keyset(0x20) };
    let channel = ChannelParameters {
        funding: Funding {
            outpoint: OutPoint::null(),
            amount: Amount::ONE_BTC,
            pubkeys: PerSide::from_fn(|side| keys[side].funding_pubkey()),
        },
        opener: Side::Local,
        format,
        parties: PerSide::from_fn(|side| Party {
            basepoints: keys[side].basepoints(),
            dust_limit: Amount::from_sat(354),
            to_self_delay: 144,
        }),
    };
    let htlc = |n| Htlc {
        offered_by: if n % 2 == 0 { Side::Local } else { Side::Remote },
        amount_msat: 10_000_000,
        payment_hash: [3; 32],
        cltv_expiry: EXPIRY,
    };
    let state = CommitmentState {
        feerate: FEERATE,
        balances_msat: PerSide { local: 40_000_000_000, remote: 40_000_000_000 },
        htlcs: (0..htlcs).map(htlc).collect(),
    };
    let point = keys.local.per_commitment_point(CommitmentNumber::FIRST);
    channel.commitment(Side::Local, CommitmentNumber::FIRST, point, &state)
}

fn keyset(first: u8) -> Keyset {
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
