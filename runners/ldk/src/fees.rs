//! Which feerates does the node reckon with?

use lightning::chain::chaininterface::{ConfirmationTarget, FeeEstimator};
use std::sync::atomic::{AtomicU32, Ordering};

/// The lowest that nodes relay, in sat per 1000 weight.
const FLOOR: u32 = 253;
/// How far below the network's feerate a peer's may be, as LDK Node has it.
const LEEWAY: u32 = 250;

/// Fixed estimates, since a regtest chain has no market to ask: about those that LDK's own sample node starts with;
/// until its user is told the network's feerate. All in sat per 1000 weight, 0 for none.
#[derive(Default)]
pub(crate) struct Fees {
    /// Of commitment transactions.
    channel: AtomicU32,
    network: AtomicU32,
}

impl Fees {
    /// From now on, estimates `feerate_per_kw` (sat per 1000 weight) for commitment transactions.
    pub(crate) fn set_channel_feerate(&self, feerate_per_kw: u32) {
        self.channel.store(feerate_per_kw, Ordering::Relaxed);
    }

    /// From now on, `feerate_per_kw` (sat per 1000 weight) is what a transaction needs, however soon it has to confirm.
    pub(crate) fn set_network_feerate(&self, feerate_per_kw: u32) {
        self.network.store(feerate_per_kw, Ordering::Relaxed);
        self.channel.store(0, Ordering::Relaxed);
    }
}

impl FeeEstimator for Fees {
    fn get_est_sat_per_1000_weight(&self, target: ConfirmationTarget) -> u32 {
        let network = |fixed| match self.network.load(Ordering::Relaxed) {
            0 => fixed,
            feerate => feerate.max(FLOOR),
        };
        let channel = |fixed| match self.channel.load(Ordering::Relaxed) {
            0 => network(fixed),
            feerate => feerate,
        };
        match target {
            ConfirmationTarget::AnchorChannelFee => channel(500),
            ConfirmationTarget::NonAnchorChannelFee => channel(2_000),
            // What gets into a block in a day or two.
            ConfirmationTarget::ChannelCloseMinimum => (network(FLOOR) / 4 * 3).max(FLOOR),
            ConfirmationTarget::MinAllowedAnchorChannelRemoteFee
            | ConfirmationTarget::MinAllowedNonAnchorChannelRemoteFee => {
                network(FLOOR).saturating_sub(LEEWAY).max(FLOOR)
            }
            ConfirmationTarget::MaximumFeeEstimate => network(0).saturating_mul(10).max(50_000),
            ConfirmationTarget::OutputSpendingFee => network(1_000),
            ConfirmationTarget::UrgentOnChainSweep => network(5_000),
        }
    }
}
