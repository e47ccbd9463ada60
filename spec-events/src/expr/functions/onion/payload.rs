//! Functions that encode what hops are told, and read such TLV streams.

use lnprototest_bolt::onion::{PayloadKind, payload};
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{BadShortChannelId, Catalogue, ShortChannelId, TlvStreamDef};
use std::sync::Arc;

use super::super::table::{Function, argument};
use super::arguments::{array, decoded, encoded, no_such};
use crate::Value;
use crate::expr::{Bytes, Kind};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "encrypted_data_tlv",
        parameters: &[("records", Kind::Records("encrypted_data_tlv"))],
        repeats: false,
        result: Kind::Bytes,
        doc: "What the maker of a blinded path tells a hop, not yet encrypted: the `data` of a hop of `blinded_path`.",
        call: |arguments| encoded(arguments, 0, PayloadKind::Recipient.stream()).map(Value::bytes),
    },
    Function {
        name: "final_payload",
        parameters: &[
            ("amt_to_forward", Kind::Int),
            ("outgoing_cltv_value", Kind::Int),
            ("payment_secret", Kind::Bytes),
            ("total_msat", Kind::Int),
        ],
        repeats: false,
        result: Kind::Bytes,
        doc: "What the final hop of a payment is told, outside a blinded path.",
        call: |arguments| {
            let (amount, cltv) = (argument(arguments, 0)?, argument(arguments, 1)?);
            let secret = array(arguments, 2, "a payment secret")?;
            payment(&payload::last(amount, cltv, &secret, argument(arguments, 3)?))
        },
    },
    Function {
        name: "forward_payload",
        parameters: &[
            ("short_channel_id", Kind::Text),
            ("amt_to_forward", Kind::Int),
            ("outgoing_cltv_value", Kind::Int),
        ],
        repeats: false,
        result: Kind::Bytes,
        doc: "What a forwarding hop of a payment is told, outside a blinded path.",
        call: |arguments| {
            let place: ShortChannelId = argument::<String>(arguments, 0)?
                .parse()
                .map_err(|error: BadShortChannelId| error.to_string())?;
            payment(&payload::forward(place, argument(arguments, 1)?, argument(arguments, 2)?))
        },
    },
    Function {
        name: "onionmsg_tlv",
        parameters: &[("records", Kind::Records("onionmsg_tlv"))],
        repeats: false,
        result: Kind::Bytes,
        doc: "What a hop of an onion message is told by its sender.",
        call: |arguments| encoded(arguments, 0, PayloadKind::Message.stream()).map(Value::bytes),
    },
    Function {
        name: "payload",
        parameters: &[("records", Kind::Records("payload"))],
        repeats: false,
        result: Kind::Bytes,
        doc: "What a hop of a payment is told: records by name, written as those of [messages](#messages). Unknown ones: \
              `'unknown': [{ 'type': 55, 'value': 'aa' }]`.",
        call: |arguments| encoded(arguments, 0, PayloadKind::Payment.stream()).map(Value::bytes),
    },
    Function {
        name: "read_tlvs",
        parameters: &[("stream", Kind::Text), ("hex", Kind::Bytes)],
        repeats: false,
        result: Kind::Map,
        doc: "The records by name of the TLV stream that the BOLTs call so: `read_tlvs('payload', peeled.payload)`.",
        call: |arguments| {
            let (stream, bytes) = (stream(arguments)?, argument::<Bytes>(arguments, 1)?);
            Ok(decoded(stream, &bytes))
        },
    },
    Function {
        name: "tlvs",
        parameters: &[("stream", Kind::Text), ("records", Kind::Map)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The bytes of the TLV stream that the BOLTs call so, from records by name: `tlvs('offer', { 'offer_description': 'tea' })`.",
        call: |arguments| encoded(arguments, 1, stream(arguments)?).map(Value::bytes),
    },
];

fn payment(records: &Plain) -> Result<Value, String> {
    PayloadKind::Payment.encode(records).map(Value::bytes).map_err(|errors| errors.to_string())
}

/// The stream that the first argument names.
fn stream(arguments: &[Value]) -> Result<&'static Arc<TlvStreamDef>, String> {
    let name: String = argument(arguments, 0)?;
    let catalogue = Catalogue::bolts();
    catalogue.tlv_stream(&name).ok_or_else(|| {
        no_such("the BOLTs have no TLV stream", &name, catalogue.tlv_streams().map(|stream| &*stream.name))
    })
}
