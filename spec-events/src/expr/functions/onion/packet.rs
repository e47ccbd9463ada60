//! Functions that wrap onions and peel them.

use lnprototest_bolt::onion::{Onion, OnionPacket, PAYMENT_SIZE, PayloadKind, Peeled};
use secp256k1::SecretKey;

use super::super::table::{Function, argument};
use super::arguments::{decoded, hops, route_secrets};
use crate::Value;
use crate::expr::{Bytes, Fixed, Kind};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "onion",
        parameters: &[("session_key", Kind::Bytes), ("payment_hash", Kind::Bytes), ("hops", Kind::List)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The `onion_routing_packet` of an `update_add_htlc`: 1366 bytes. Of each hop, first hop first, `node_id` \
              and `payload`; and to lie, `length`, which the payload claims to have, or in place of both `frame`, the \
              bytes of length and payload.",
        call: |arguments| {
            let (session_key, hash): (SecretKey, Bytes) = (argument(arguments, 0)?, argument(arguments, 1)?);
            let onion = Onion::build(&hops(arguments, 2)?, &session_key, &hash, PAYMENT_SIZE);
            Ok(Value::bytes(onion.map_err(|error| error.to_string())?.packet.encode()))
        },
    },
    Function {
        name: "peel",
        parameters: &[("onion", Kind::Bytes), ("node_secret", Kind::Bytes), ("payment_hash", Kind::Bytes)],
        repeats: false,
        result: Kind::Made(&[
            ("next", Fixed::Text),
            ("payload", Fixed::Text),
            ("records", Fixed::Records("payload")),
            ("shared_secret", Fixed::Text),
        ]),
        doc: "What a node reads in an onion: `payload`, its `records` by name, the `shared_secret` with the origin, and \
              `next`, the onion to hand on, empty at the final node. Inside a blinded path `node_secret` is that of \
              `unblind`.",
        call: |arguments| {
            let (onion, node_secret): (Bytes, SecretKey) = (argument(arguments, 0)?, argument(arguments, 1)?);
            let hash: Bytes = argument(arguments, 2)?;
            Ok(match OnionPacket::decode(&onion) {
                Ok(packet) => packet.peel(&node_secret, &hash).map_or_else(Value::unreadable, peeled),
                Err(error) => Value::unreadable(error),
            })
        },
    },
    Function {
        name: "shared_secrets",
        parameters: &[("session_key", Kind::Bytes), ("node_ids", Kind::List)],
        repeats: false,
        result: Kind::List,
        doc: "What the origin of an onion shares with each hop, first hop first. Inside a blinded path a hop's id is its \
              `blinded_node_id`.",
        call: |arguments| {
            let secrets = route_secrets(arguments, 0)?;
            Ok(Value::list(secrets.into_iter().map(|secret| Value::bytes(secret.to_bytes()))))
        },
    },
];

fn peeled(peeled: Peeled) -> Value {
    let next = peeled.next.map(|packet| packet.encode()).unwrap_or_default();
    Value::map([
        ("payload", Value::bytes(&peeled.payload)),
        ("records", decoded(PayloadKind::Payment.stream(), &peeled.payload)),
        ("shared_secret", Value::bytes(peeled.shared_secret.to_bytes())),
        ("next", Value::bytes(next)),
    ])
}
