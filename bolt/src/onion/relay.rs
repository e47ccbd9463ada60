//! What forwarding over a blinded path costs, summed up for the sender and applied by each hop (BOLT 4, "`payload`
//! format").

/// Parts in a `fee_proportional_millionths` of all.
const MILLION: u128 = 1_000_000;

/// `payment_relay` of one hop, or the sums of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaymentRelay {
    /// In blocks.
    pub cltv_expiry_delta: u32,
    /// Of the amount forwarded.
    pub fee_proportional_millionths: u32,
    /// In msat.
    pub fee_base_msat: u32,
}

impl PaymentRelay {
    /// What a sender must reckon with for all forwarding hops of a path, first hop first. The recipient's
    /// `min_final_cltv_expiry_delta` comes on top. `None` if a sum does not fit its field.
    pub fn total(hops: &[Self]) -> Option<Self> {
        hops.iter().rev().try_fold(Self::default(), |total, hop| hop.before(&total))
    }

    /// This hop and all behind it.
    fn before(&self, total: &Self) -> Option<Self> {
        let (base, total_base) = (u128::from(self.fee_base_msat), u128::from(total.fee_base_msat));
        let own = u128::from(self.fee_proportional_millionths);
        let total_own = u128::from(total.fee_proportional_millionths);
        let total_base = (base * MILLION + total_base * (MILLION + own)).div_ceil(MILLION);
        let proportional = ((total_own + own) * MILLION + total_own * own).div_ceil(MILLION);
        Some(Self {
            cltv_expiry_delta: self.cltv_expiry_delta.checked_add(total.cltv_expiry_delta)?,
            fee_proportional_millionths: u32::try_from(proportional).ok()?,
            fee_base_msat: u32::try_from(total_base).ok()?,
        })
    }

    /// The `amt_to_forward` of a hop that receives `amount_msat`. `None` if that does not even pay the base fee.
    pub fn amt_to_forward(&self, amount_msat: u64) -> Option<u64> {
        let left = u128::from(amount_msat.checked_sub(self.fee_base_msat.into())?);
        let whole = MILLION + u128::from(self.fee_proportional_millionths);
        u64::try_from((left * MILLION).div_ceil(whole)).ok()
    }

    /// The `outgoing_cltv_value` of a hop that receives an HTLC with this `cltv_expiry`. `None` below zero.
    pub fn outgoing_cltv_value(&self, cltv_expiry: u32) -> Option<u32> {
        cltv_expiry.checked_sub(self.cltv_expiry_delta)
    }
}
