//! Which feerates does the node reckon with?

use lightning::chain::chaininterface::{ConfirmationTarget, FeeEstimator};
use std::sync::atomic::{AtomicU32, Ordering};

/// Fixed estimates, since a regtest chain has no market to ask: about those that LDK's own sample node starts with.
#[derive(Default)]
pub(crate) struct Fees {
    /// Of commitment transactions, in sat per 1000 weight; 0 for the fixed estimates.
    channel: AtomicU32,
}

impl Fees {
    /// From now on, estimates `feerate_per_kw` (sat per 1000 weight) for commitment transactions.
    pub(crate) fn set_channel_feerate(&self, feerate_per_kw: u32) {
        self.channel.store(feerate_per_kw, Ordering::Relaxed);
    }
}

impl FeeEstimator for Fees {
    fn get_est_sat_per_1000_weight(&self, target: ConfirmationTarget) -> u32 {
        let chosen = |fixed| match self.channel.load(Ordering::Relaxed) {
            0 => fixed,
            feerate => feerate,
        };
        match target {
            ConfirmationTarget::AnchorChannelFee => chosen(500),
            ConfirmationTarget::NonAnchorChannelFee => chosen(2_000),
            ConfirmationTarget::ChannelCloseMinimum
            | ConfirmationTarget::MinAllowedAnchorChannelRemoteFee
            | ConfirmationTarget::MinAllowedNonAnchorChannelRemoteFee => 253,
            ConfirmationTarget::MaximumFeeEstimate => 50_000,
            ConfirmationTarget::OutputSpendingFee => 1_000,
            ConfirmationTarget::UrgentOnChainSweep => 5_000,
        }
    }
}
