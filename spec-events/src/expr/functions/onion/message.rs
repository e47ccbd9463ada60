//! Functions of onion messages.

use lnprototest_bolt::onion::{
    LARGE_MESSAGE_SIZE, MessageError, Onion, OnionError, OnionMessage, OnionPacket, PAYMENT_SIZE, ReadMessage,
};
use secp256k1::{PublicKey, SecretKey};

use super::super::table::{Function, argument};
use super::arguments::{self, Members, hops, plain};
use crate::Value;
use crate::expr::{Bytes, Fixed, Kind};

/// The fields of an `onion_message`.
const FIELDS: &[(&str, Fixed)] = &[("onion_message_packet", Fixed::Text), ("path_key", Fixed::Text)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "onion_message",
        parameters: &[
            ("session_key", Kind::Bytes),
            ("path", Kind::Map),
            ("records", Kind::Records("onionmsg_tlv")),
        ],
        repeats: false,
        result: Kind::Made(FIELDS),
        doc: "The fields of an `onion_message` that goes along a blinded path, `path_key` and `onion_message_packet`, \
              with these records for the recipient. To be sent to the path's `first_node_id`.",
        call: |arguments| {
            let (session_key, path) =
                (argument::<SecretKey>(arguments, 0)?, arguments::blinded_path(arguments, 1)?);
            let content = plain(arguments, 2)?;
            let message = in_either_size(|size| OnionMessage::build(&path, &content, &session_key, size));
            Ok(message.map_err(|error| error.to_string())?.to_plain().into())
        },
    },
    Function {
        name: "onion_message_packet",
        parameters: &[("session_key", Kind::Bytes), ("hops", Kind::List)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The `onion_message_packet` for hops as `onion` takes them: of 1366 bytes or, if they don't fit, of 32834.",
        call: |arguments| {
            let (session_key, hops) = (argument::<SecretKey>(arguments, 0)?, hops(arguments, 1)?);
            let onion =
                in_either_size(|size| Onion::build(&hops, &session_key, &[], size).map_err(Into::into));
            Ok(Value::bytes(onion.map_err(|error| error.to_string())?.packet.encode()))
        },
    },
    Function {
        name: "read_onion_message",
        parameters: &[("message", Kind::Map), ("node_secret", Kind::Bytes)],
        repeats: false,
        result: Kind::Made(&[
            ("content", Fixed::Records("onionmsg_tlv")),
            ("data", Fixed::Records("encrypted_data_tlv")),
            ("next", Fixed::Map(FIELDS)),
        ]),
        doc: "What a node reads in an `onion_message` (`rcvd.onion_message`): by name the records of the sender, \
              `content`, and those of the maker of the path, `data`; and unless it is the recipient, `next`, the fields \
              of the message to hand on.",
        call: |arguments| {
            let message: Value = argument(arguments, 0)?;
            let members = Members::of("an onion message", &message)?;
            let (path_key, packet): (Bytes, Bytes) =
                (members.required("path_key")?, members.required("onion_message_packet")?);
            let node_secret: SecretKey = argument(arguments, 1)?;
            Ok(read(&path_key, &packet, &node_secret).unwrap_or_else(Value::unreadable))
        },
    },
];

fn read(path_key: &[u8], packet: &[u8], node_secret: &SecretKey) -> Result<Value, String> {
    let message = OnionMessage {
        path_key: PublicKey::from_slice(path_key)
            .map_err(|_| "the onion message's path_key is no point in compressed form")?,
        packet: OnionPacket::decode(packet).map_err(|error| error.to_string())?,
    };
    let ReadMessage { content, data, next } = message.read(node_secret).map_err(|error| error.to_string())?;
    let always = [("content", content.to_plain().into()), ("data", data.to_plain().into())];
    Ok(Value::map(always.into_iter().chain(next.map(|next| ("next", next.to_plain().into())))))
}

/// With the smaller of both packets that BOLT 4 recommends, if all fits there.
fn in_either_size<T>(build: impl Fn(usize) -> Result<T, MessageError>) -> Result<T, MessageError> {
    match build(PAYMENT_SIZE) {
        Err(MessageError::Onion(OnionError::TooLong { .. })) => build(LARGE_MESSAGE_SIZE),
        built => built,
    }
}
