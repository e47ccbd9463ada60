//! Functions of failures: made by the hop that fails an HTLC, wrapped on their way back, read by the origin.

use lnprototest_bolt::onion::{
    ReturnPacket, Returned, enclosed_channel_update, obfuscate_reason, read_reason,
};
use lnprototest_bolt::wire::{Catalogue, MessageDef};
use std::sync::Arc;

use super::super::table::{Function, argument};
use super::arguments::{no_such, plain, route_secrets, shared_secret};
use crate::Value;
use crate::expr::{Bytes, Fixed, Kind};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "fail_reason",
        parameters: &[("shared_secret", Kind::Bytes), ("failure", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The `reason` of the `update_fail_htlc` of the hop that fails, with the failure padded to 256 bytes. The \
              secret is that of `peel`.",
        call: |arguments| {
            let (secret, failure) = (shared_secret(arguments, 0)?, part(arguments, 1)?);
            Ok(Value::bytes(ReturnPacket::new(&secret, failure).reason(&secret)))
        },
    },
    Function {
        name: "failure",
        parameters: &[("name", Kind::Text), ("fields", Kind::Map)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The failure that BOLT 4 calls so, its code and its fields: `failure('temporary_node_failure', {})`.",
        call: |arguments| {
            let failure = failure(arguments)?.build(&plain(arguments, 1)?);
            Ok(Value::bytes(failure.map_err(|errors| errors.to_string())?.encode()))
        },
    },
    Function {
        name: "failure_code",
        parameters: &[("name", Kind::Text)],
        repeats: false,
        result: Kind::Int,
        doc: "The code of the failure that BOLT 4 calls so, its flags included.",
        call: |arguments| Ok(failure(arguments)?.number.into()),
    },
    Function {
        name: "read_reason",
        parameters: &[("reason", Kind::Bytes), ("session_key", Kind::Bytes), ("node_ids", Kind::List)],
        repeats: false,
        result: Kind::Made(&[
            ("channel_update", Fixed::Various),
            ("code", Fixed::Int),
            ("failure", Fixed::Text),
            ("fields", Fixed::Various),
            ("flags", Fixed::List(&Fixed::Text)),
            ("hop", Fixed::Int),
            ("name", Fixed::Text),
            ("pad", Fixed::Text),
        ]),
        doc: "What the origin of an onion reads in a `reason`: `hop`, who failed it, from 0; the `failure` as bytes, its \
              `code`, its `name` in BOLT 4 (empty if there is none), its `flags` of `BADONION`, `PERM`, `NODE` and \
              `UPDATE`, its `fields` by name; the fields of a `channel_update`, if it encloses one; and `pad`.",
        call: |arguments| {
            let (reason, secrets) = (argument::<Bytes>(arguments, 0)?, route_secrets(arguments, 1)?);
            Ok(read_reason(&reason, &secrets).map_or_else(Value::unreadable, returned))
        },
    },
    Function {
        name: "return_packet",
        parameters: &[("shared_secret", Kind::Bytes), ("failure", Kind::Bytes), ("pad", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "What `wrap_reason` makes a `reason` of at the hop that fails: HMAC, failure, and this padding.",
        call: |arguments| {
            let secret = shared_secret(arguments, 0)?;
            let packet = ReturnPacket::padded(&secret, part(arguments, 1)?, part(arguments, 2)?);
            Ok(Value::bytes(packet.encode()))
        },
    },
    Function {
        name: "wrap_reason",
        parameters: &[("shared_secret", Kind::Bytes), ("reason", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The `reason` as a hop on its way back sends it on. A second time undoes it.",
        call: |arguments| {
            let (secret, mut reason) = (shared_secret(arguments, 0)?, argument::<Bytes>(arguments, 1)?);
            obfuscate_reason(&secret, &mut reason.0);
            Ok(Value::bytes(reason.0))
        },
    },
];

/// The failure that the first argument names.
fn failure(arguments: &[Value]) -> Result<&'static Arc<MessageDef>, String> {
    let name: String = argument(arguments, 0)?;
    let catalogue = Catalogue::bolts();
    catalogue.failure(&name).ok_or_else(|| {
        no_such("BOLT 4 has no failure", &name, catalogue.failures().map(|failure| &*failure.name))
    })
}

/// Bytes whose length two bytes can say.
fn part(arguments: &[Value], index: usize) -> Result<Vec<u8>, String> {
    let bytes: Bytes = argument(arguments, index)?;
    match u16::try_from(bytes.len()) {
        Ok(_) => Ok(bytes.0),
        Err(_) => Err(format!("failure and padding have at most 65535 bytes each, not {}", bytes.len())),
    }
}

fn returned(returned: Returned) -> Value {
    let Returned { hop, packet } = returned;
    let Some(code) = packet.code() else {
        return Value::unreadable(format!("hop {hop} returned a failure without a code"));
    };
    let message = packet.message();
    let update = message.as_ref().ok().and_then(enclosed_channel_update).map(|update| {
        ("channel_update", update.map_or_else(Value::unreadable, |update| update.to_plain().into()))
    });
    let always = [
        ("hop", Value::Int(hop as i128)),
        ("code", code.0.into()),
        ("name", code.name().unwrap_or_default().into()),
        ("flags", Value::list(code.flags().map(Value::from))),
        ("failure", Value::bytes(&packet.failure)),
        ("fields", message.map_or_else(Value::unreadable, |message| message.to_plain().into())),
        ("pad", Value::bytes(&packet.pad)),
    ];
    Value::map(always.into_iter().chain(update))
}
