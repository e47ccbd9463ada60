//! What `channel_type` changes in a channel's transactions: the three forms, their weights and fees.

use bitcoin::{Amount, EcdsaSighashType, FeeRate, Sequence};

/// What each anchor output holds.
pub const ANCHOR_AMOUNT: Amount = Amount::from_sat(330);

/// The form of a channel's commitment and HTLC transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitmentFormat {
    /// `option_anchors`: anchor outputs, `to_remote` delayed by a block, HTLC transactions without fee.
    Anchors,
    /// Neither: `to_remote` pays to a key of this commitment only. BOLT 3 has dropped it; BOLT 9 takes
    /// `option_static_remotekey` for granted.
    Legacy,
    /// `option_static_remotekey`: `to_remote` pays to the other end's `payment_basepoint`.
    StaticRemotekey,
}

impl CommitmentFormat {
    /// The fee that the opener pays for a commitment transaction with so many untrimmed HTLCs ("Fee Calculation").
    pub fn commitment_fee(self, feerate: FeeRate, untrimmed_htlcs: usize) -> Amount {
        let base = match self {
            Self::Anchors => 1124,
            Self::Legacy | Self::StaticRemotekey => 724,
        };
        fee(feerate, base + 172 * untrimmed_htlcs as u64)
    }

    /// The fee of an HTLC-success transaction.
    pub fn htlc_success_fee(self, feerate: FeeRate) -> Amount {
        self.htlc_fee(feerate, 703)
    }

    /// The fee of an HTLC-timeout transaction.
    pub fn htlc_timeout_fee(self, feerate: FeeRate) -> Amount {
        self.htlc_fee(feerate, 663)
    }

    /// What the opener pays into the anchors.
    pub fn anchors_amount(self) -> Amount {
        match self {
            Self::Anchors => ANCHOR_AMOUNT * 2,
            Self::Legacy | Self::StaticRemotekey => Amount::ZERO,
        }
    }

    /// `nSequence` of an HTLC transaction's input.
    pub(super) fn htlc_sequence(self) -> Sequence {
        match self {
            Self::Anchors => Sequence(1),
            Self::Legacy | Self::StaticRemotekey => Sequence(0),
        }
    }

    /// What the other end's signature on the holder's HTLC transaction covers.
    pub(super) fn htlc_counter_sighash_type(self) -> EcdsaSighashType {
        match self {
            Self::Anchors => EcdsaSighashType::SinglePlusAnyoneCanPay,
            Self::Legacy | Self::StaticRemotekey => EcdsaSighashType::All,
        }
    }

    fn htlc_fee(self, feerate: FeeRate, weight: u64) -> Amount {
        match self {
            Self::Anchors => Amount::ZERO,
            Self::Legacy | Self::StaticRemotekey => fee(feerate, weight),
        }
    }
}

/// `feerate * weight / 1000`, rounded down as BOLT 3 has it. No feerate that fits on the wire saturates it.
pub(super) fn fee(feerate: FeeRate, weight: u64) -> Amount {
    Amount::from_sat(feerate.to_sat_per_kwu().saturating_mul(weight) / 1000)
}
