//! What a node asks of the HTLCs that it forwards over a channel, as its `channel_update` says (BOLT 7, "HTLC Fees").

use super::signing::GossipError;
use crate::wire::Message;

/// One end's terms for forwarding over one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardingPolicy {
    /// In blocks.
    pub cltv_expiry_delta: u16,
    /// In msat.
    pub htlc_minimum_msat: u64,
    /// In msat.
    pub htlc_maximum_msat: u64,
    /// In msat, for each HTLC.
    pub fee_base_msat: u32,
    /// Of the amount forwarded.
    pub fee_proportional_millionths: u32,
}

impl ForwardingPolicy {
    /// What this `channel_update` says.
    ///
    /// # Errors
    /// [`GossipError::NoField`] if it is another message.
    pub fn of(update: &Message) -> Result<Self, GossipError> {
        Ok(Self {
            cltv_expiry_delta: number(update, "cltv_expiry_delta")?,
            htlc_minimum_msat: number(update, "htlc_minimum_msat")?,
            htlc_maximum_msat: number(update, "htlc_maximum_msat")?,
            fee_base_msat: number(update, "fee_base_msat")?,
            fee_proportional_millionths: number(update, "fee_proportional_millionths")?,
        })
    }

    /// The least fee for forwarding so much, in msat. Rounded down.
    pub fn fee_msat(&self, amt_to_forward: u64) -> u64 {
        let proportional =
            u128::from(amt_to_forward) * u128::from(self.fee_proportional_millionths) / 1_000_000;
        u64::try_from(proportional).unwrap_or(u64::MAX).saturating_add(self.fee_base_msat.into())
    }

    /// The least `amount_msat` of an HTLC that is forwarded with `amt_to_forward`.
    pub fn incoming_msat(&self, amt_to_forward: u64) -> u64 {
        amt_to_forward.saturating_add(self.fee_msat(amt_to_forward))
    }

    /// The least `cltv_expiry` of an HTLC that is forwarded with `outgoing_cltv_value`.
    pub fn incoming_cltv_expiry(&self, outgoing_cltv_value: u32) -> u32 {
        outgoing_cltv_value.saturating_add(self.cltv_expiry_delta.into())
    }
}

fn number<T: TryFrom<u64>>(update: &Message, field: &str) -> Result<T, GossipError> {
    let value = update.u64(field).and_then(|value| T::try_from(value).ok());
    value.ok_or_else(|| GossipError::no_field(update, field))
}
