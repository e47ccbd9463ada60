//! What is an invoice made of?

use secp256k1::PublicKey;

use crate::wire::ShortChannelId;

/// An invoice before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The chain, as invoices name it: `bc`, `tb`, `tbs`, `bcrt`.
    pub currency: String,
    /// What it asks for; any amount if `None`.
    pub amount_msat: Option<u64>,
    /// When it was made, in seconds since 1970; 35 bits.
    pub timestamp: u64,
    /// The tagged fields, in this order.
    pub fields: Vec<Field>,
}

/// A tagged field (BOLT 11, "Tagged Fields").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// `d`: what is paid for.
    Description(String),
    /// `h`: SHA-256 of what is paid for.
    DescriptionHash([u8; 32]),
    /// `x`: how long it is good for, in seconds.
    Expiry(u64),
    /// `9`: feature bits in wire form.
    Features(Vec<u8>),
    /// `m`: bytes that the payer is to send back.
    Metadata(Vec<u8>),
    /// `c`: how many blocks the last HTLC must be away from its end.
    MinFinalCltvExpiryDelta(u64),
    /// `n`: the payee, who else follows from the signature.
    Payee(PublicKey),
    /// `p`: whose preimage is sold.
    PaymentHash([u8; 32]),
    /// `s`: what a payment must show.
    PaymentSecret([u8; 32]),
    /// `r`: a way to the payee.
    Route(Vec<RouteHop>),
    /// Any type, 0 to 31, with these values of five bits each.
    Unknown(u8, Vec<u8>),
}

/// One hop of a route that an invoice hints at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteHop {
    /// The node that forwards.
    pub node_id: PublicKey,
    /// Over this channel.
    pub short_channel_id: ShortChannelId,
    /// Its terms.
    pub fee_base_msat: u32,
    /// Its terms.
    pub fee_proportional_millionths: u32,
    /// Its terms.
    pub cltv_expiry_delta: u16,
}
