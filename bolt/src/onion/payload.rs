//! What hops are told, as TLV streams: the usual payloads of payments, and the definitions for all others (BOLT 4,
//! "`payload` format").

use std::sync::Arc;

use secp256k1::PublicKey;

use crate::wire::plain::Plain;
use crate::wire::{BuildErrors, Catalogue, ShortChannelId, TlvStreamDef};

/// Who reads a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayloadKind {
    /// A hop of an onion message: `onionmsg_tlv`.
    Message,
    /// A hop of a payment: `payload`.
    Payment,
    /// A hop of a blinded path, from its recipient: `encrypted_data_tlv`.
    Recipient,
}

impl PayloadKind {
    /// The stream's name in the catalogue.
    pub fn stream_name(self) -> &'static str {
        match self {
            Self::Message => "onionmsg_tlv",
            Self::Payment => "payload",
            Self::Recipient => "encrypted_data_tlv",
        }
    }

    /// The stream's definition in BOLT 4.
    pub fn stream(self) -> &'static Arc<TlvStreamDef> {
        Catalogue::bolts()
            .tlv_stream(self.stream_name())
            .expect("the embedded catalogue has BOLT 4's streams")
    }

    /// The payload with these records.
    ///
    /// # Errors
    /// [`BuildErrors`] says all that does not fit the definition.
    pub fn encode(self, records: &Plain) -> Result<Vec<u8>, BuildErrors> {
        Ok(self.stream().build(records)?.encode())
    }
}

/// What a forwarding hop is told, outside a blinded path.
pub fn forward(short_channel_id: ShortChannelId, amt_to_forward: u64, outgoing_cltv_value: u32) -> Plain {
    Plain::map([
        ("amt_to_forward", amt_to_forward.into()),
        ("outgoing_cltv_value", outgoing_cltv_value.into()),
        ("short_channel_id", short_channel_id.to_string().into()),
    ])
}

/// What the final hop is told that gets one of the parts of `total_msat`, outside a blinded path.
pub fn last(
    amt_to_forward: u64,
    outgoing_cltv_value: u32,
    payment_secret: &[u8; 32],
    total_msat: u64,
) -> Plain {
    Plain::map([
        ("amt_to_forward", amt_to_forward.into()),
        ("outgoing_cltv_value", outgoing_cltv_value.into()),
        (
            "payment_data",
            Plain::map([("payment_secret", Plain::hex(payment_secret)), ("total_msat", total_msat.into())]),
        ),
    ])
}

/// What a hop inside a blinded path is told that is not the final one; the introduction point gets its path key so.
pub fn blinded_forward(encrypted_recipient_data: &[u8], current_path_key: Option<&PublicKey>) -> Plain {
    let path_key = current_path_key.map(|key| ("current_path_key", Plain::hex(key.serialize())));
    let data = ("encrypted_recipient_data", Plain::hex(encrypted_recipient_data));
    Plain::map([data].into_iter().chain(path_key))
}

/// What the final hop of a blinded path is told.
pub fn blinded_last(
    encrypted_recipient_data: &[u8],
    amt_to_forward: u64,
    outgoing_cltv_value: u32,
    total_amount_msat: u64,
) -> Plain {
    Plain::map([
        ("amt_to_forward", amt_to_forward.into()),
        ("outgoing_cltv_value", outgoing_cltv_value.into()),
        ("encrypted_recipient_data", Plain::hex(encrypted_recipient_data)),
        ("total_amount_msat", total_amount_msat.into()),
    ])
}
