//! What a commitment transaction is made from: what both ends said when they opened the channel, and what has
//! changed since.

use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::{Amount, FeeRate};
use secp256k1::PublicKey;

use super::commitment::Commitment;
use super::format::CommitmentFormat;
use super::funding::Funding;
use super::keys::Basepoints;
use super::secrets::CommitmentNumber;
use super::side::{PerSide, Side};

/// What stays the same for all commitments of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelParameters {
    /// The output that they spend.
    pub funding: Funding,
    /// Who sent `open_channel`, and pays the fees.
    pub opener: Side,
    /// What `channel_type` says about the transactions' form.
    pub format: CommitmentFormat,
    /// What each end said of itself.
    pub parties: PerSide<Party>,
}

impl ChannelParameters {
    /// The unsigned commitment transaction of `holder`: the one that `holder` may broadcast, and that the other end
    /// signs for it. `per_commitment_point` is the holder's, of this number.
    ///
    /// Amounts that don't add up are not noticed here: an opener who can't pay the fee pays what it has.
    pub fn commitment(
        &self,
        holder: Side,
        number: CommitmentNumber,
        per_commitment_point: PublicKey,
        state: &CommitmentState,
    ) -> Commitment {
        Commitment::build(self, holder, number, per_commitment_point, state)
    }

    /// The 48-bit commitment number as it stands in the transaction, hidden from all but both ends.
    pub fn obscured(&self, number: CommitmentNumber) -> u64 {
        let mut engine = sha256::Hash::engine();
        for side in [self.opener, !self.opener] {
            engine.input(&self.parties[side].basepoints.payment.serialize());
        }
        let mask = sha256::Hash::from_engine(engine).to_byte_array();
        mask[26..].iter().fold(0, |mask, byte| mask << 8 | u64::from(*byte)) ^ number.get()
    }
}

/// What one end said in its `open_channel` or `accept_channel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its basepoints.
    pub basepoints: Basepoints,
    /// Its `dust_limit_satoshis`, which rules the transactions that it holds itself.
    pub dust_limit: Amount,
    /// The `to_self_delay` that it sent, in blocks: how long the *other* end waits for its own money.
    pub to_self_delay: u16,
}

/// What changes from one commitment to the next. It is the same for both ends' transactions where both are in step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentState {
    /// `feerate_per_kw`.
    pub feerate: FeeRate,
    /// What each end has, in msat, without the HTLCs and before fee and anchors.
    pub balances_msat: PerSide<u64>,
    /// The HTLCs in flight.
    pub htlcs: Vec<Htlc>,
}

/// An HTLC in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Htlc {
    /// Who sent `update_add_htlc`.
    pub offered_by: Side,
    /// Its amount in msat.
    pub amount_msat: u64,
    /// What its preimage hashes to.
    pub payment_hash: [u8; 32],
    /// The height from which it can time out.
    pub cltv_expiry: u32,
}

impl Htlc {
    /// Its amount in whole sat, as transactions show it.
    pub fn amount(&self) -> Amount {
        Amount::from_sat(self.amount_msat / 1000)
    }
}
