//! Functions of gossip: the signatures in its messages, and the arrays and checksums of queries (BOLT 7).

use lnprototest_bolt::gossip::{self, ShortChannelId, query, signature_fields};
use lnprototest_bolt::wire::{Catalogue, Message, MessageDef, plain::Plain};
use std::sync::Arc;

use super::table::{Function, argument};
use crate::Value;
use crate::expr::{Bytes, Kind};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "all_signed",
        parameters: &[("announcement", Kind::Map)],
        repeats: false,
        result: Kind::Bool,
        doc: "Whether each signature in a `channel_announcement` or `node_announcement` is by the key that it names.",
        call: |arguments| {
            let message = gossip_message(arguments)?;
            match gossip::check_signatures(&message) {
                Ok(()) => Ok(Value::Bool(true)),
                Err(gossip::GossipError::BadKey { .. } | gossip::GossipError::BadSignature { .. }) => {
                    Ok(Value::Bool(false))
                }
                Err(error) => Err(error.to_string()),
            }
        },
    },
    Function {
        name: "decode_short_ids",
        parameters: &[("encoded_short_ids", Kind::Bytes)],
        repeats: false,
        result: Kind::List,
        doc: "The short channel ids in `encoded_short_ids`, as they come.",
        call: |arguments| {
            let ids = query::decode_short_ids(&argument::<Bytes>(arguments, 0)?);
            let ids = ids.map_err(|error| error.to_string())?;
            Ok(Value::list(ids.iter().map(|id| Value::from(id.to_string()))))
        },
    },
    Function {
        name: "decode_timestamps",
        parameters: &[("timestamps_tlv", Kind::Map)],
        repeats: false,
        result: Kind::List,
        doc: "The timestamps in a `timestamps_tlv`: for each channel a map of `timestamp_node_id_1` and \
              `timestamp_node_id_2`.",
        call: |arguments| {
            let Some(record) = arguments.first() else { return Err("a record is needed".to_owned()) };
            let member = |name| record.member(name).ok_or_else(|| format!("a timestamps_tlv has {name}"));
            let Value::Int(encoding_type) = member("encoding_type")? else {
                return Err("encoding_type is a number".to_owned());
            };
            let encoding_type = u8::try_from(encoding_type).map_err(|error| error.to_string())?;
            let encoded = argument::<Bytes>(&[member("encoded_timestamps")?], 0)?;
            let pairs =
                query::decode_timestamps(encoding_type, &encoded).map_err(|error| error.to_string())?;
            Ok(Value::list(pairs.iter().map(|pair| {
                Value::map([
                    ("timestamp_node_id_1", Value::from(pair.node_id_1)),
                    ("timestamp_node_id_2", Value::from(pair.node_id_2)),
                ])
            })))
        },
    },
    Function {
        name: "encode_query_flags",
        parameters: &[("flags", Kind::List)],
        repeats: false,
        result: Kind::Bytes,
        doc: "These numbers as `encoded_query_flags`.",
        call: |arguments| {
            let flags = items(arguments, argument::<u64>)?;
            Ok(Value::bytes(query::encode_query_flags(&flags)))
        },
    },
    Function {
        name: "encode_short_ids",
        parameters: &[("short_channel_ids", Kind::List)],
        repeats: false,
        result: Kind::Bytes,
        doc: "These short channel ids as `encoded_short_ids`, uncompressed, in this order.",
        call: |arguments| {
            let id = |texts: &[Value], index| {
                let text: String = argument(texts, index)?;
                text.parse::<ShortChannelId>().map_err(|error| error.to_string())
            };
            Ok(Value::bytes(query::encode_short_ids(&items(arguments, id)?)))
        },
    },
    Function {
        name: "signed_hash",
        parameters: &[("message", Kind::Map)],
        repeats: false,
        result: Kind::Bytes,
        doc: "What each signature in a `channel_announcement`, `channel_update` or `node_announcement` signs; of \
              its fields the signatures may be missing.",
        call: |arguments| {
            let hash = gossip::signed_hash(&gossip_message(arguments)?).map_err(|error| error.to_string())?;
            Ok(Value::bytes(hash.as_ref()))
        },
    },
    Function {
        name: "update_checksum",
        parameters: &[("channel_update", Kind::Map)],
        repeats: false,
        result: Kind::Int,
        doc: "The checksum of a `channel_update` in `reply_channel_range`: the CRC32C of all but its signature and \
              timestamp.",
        call: |arguments| {
            let checksum = gossip::update_checksum(&gossip_message(arguments)?);
            Ok(Value::from(checksum.map_err(|error| error.to_string())?))
        },
    },
];

/// The messages that are signed, each with a field that none of the others has.
const SIGNED: [(&str, &str); 3] = [
    ("channel_announcement", "bitcoin_key_1"),
    ("channel_update", "channel_flags"),
    ("node_announcement", "rgb_color"),
];

/// The message whose fields the only argument is.
fn gossip_message(arguments: &[Value]) -> Result<Message, String> {
    let fields = arguments.first().ok_or("a message is needed")?;
    let names = fields.names();
    let known = SIGNED.iter().find(|(_, field)| names.iter().any(|name| name == field));
    let (name, _) = known.ok_or("this is no channel_announcement, channel_update or node_announcement")?;
    let def: &Arc<MessageDef> = Catalogue::bolts().message(name).ok_or("BOLT 7 has no such message")?;
    let mut plain = Plain::try_from(fields)?;
    if let Plain::Map(map) = &mut plain {
        for field in signature_fields(name).filter(|field| !names.iter().any(|name| name == field)) {
            map.insert(field.to_owned(), Plain::hex([0; 64]));
        }
    }
    def.build(&plain).map_err(|errors| format!("{name}: {errors}"))
}

/// What `item` makes of each item of the list that the only argument is.
fn items<T>(
    arguments: &[Value],
    item: impl Fn(&[Value], usize) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let [Value::List(values)] = arguments else { return Err("a list is needed".to_owned()) };
    (0..values.len()).map(|index| item(values, index)).collect()
}
