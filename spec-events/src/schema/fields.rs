//! The schema of a message's fields, from its definition.

use lnprototest_bolt::wire::{Count, FieldDef, FieldType, MessageDef, TlvDef, TlvStreamDef, integer};
use serde_json::{Map, Value as Json, json};

use super::reference;

/// The name under which the fields of a message are defined.
pub(super) fn definition_name(message: &str) -> String {
    format!("fields_of_{message}")
}

/// All fields of a message. None is required here: `ExpectMsg` takes any part.
pub(super) fn fields(message: &MessageDef) -> Json {
    let mut properties = of_layout(&message.fields);
    if message.tlvs().is_none() {
        let extension = json!({ "description": "What follows the message, in hex.", "anyOf": [hex(None), reference("expression")] });
        properties.insert("extension".to_owned(), extension);
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn of_layout(layout: &[FieldDef]) -> Map<String, Json> {
    layout
        .iter()
        .filter(|field| !field.is_derived())
        .map(|field| {
            (
                field.name.to_string(),
                json!({ "description": field.shape(), "anyOf": [of_field(field), reference("expression")] }),
            )
        })
        .collect()
}

fn of_field(field: &FieldDef) -> Json {
    match (&field.ty, field.count) {
        (FieldType::Unsigned(1), Count::Fixed(length)) => hex(Some(length)),
        (FieldType::Unsigned(1), count) if count != Count::One => hex(None),
        (FieldType::Utf8, _) => json!({ "type": "string" }),
        (ty, Count::One) => of_type(ty),
        (ty, Count::Fixed(count)) => {
            json!({ "type": "array", "minItems": count, "maxItems": count, "items": { "anyOf": [of_type(ty), reference("expression")] } })
        }
        (ty, _) => json!({ "type": "array", "items": { "anyOf": [of_type(ty), reference("expression")] } }),
    }
}

fn of_type(ty: &FieldType) -> Json {
    match ty {
        FieldType::BigSize => json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX }),
        FieldType::Bytes(length) => hex(Some(*length)),
        FieldType::Point => hex(Some(33)),
        FieldType::SciddirOrPubkey => json!({ "anyOf": [hex(Some(9)), hex(Some(33))] }),
        FieldType::ShortChannelId => {
            json!({ "anyOf": [{ "type": "string", "pattern": "^[0-9]+x[0-9]+x[0-9]+$" }, { "type": "integer" }] })
        }
        FieldType::Signed(_) => json!({ "type": "integer" }),
        FieldType::Subtype(subtype) => {
            json!({ "type": "object", "additionalProperties": false, "properties": of_layout(&subtype.fields) })
        }
        FieldType::Tlvs(stream) => of_stream(stream),
        FieldType::Truncated(width) | FieldType::Unsigned(width) => {
            json!({ "type": "integer", "minimum": 0, "maximum": integer::max(*width) })
        }
        FieldType::Utf8 => json!({ "type": "string" }),
    }
}

fn of_stream(stream: &TlvStreamDef) -> Json {
    let mut properties: Map<String, Json> =
        stream.records.iter().map(|record| (record.name.to_string(), of_record(record))).collect();
    let unknown = json!({
        "type": "array",
        "description": "Records that the stream does not define.",
        "items": { "type": "object", "required": ["type", "value"], "additionalProperties": false, "properties": { "type": {}, "value": {} } },
    });
    properties.insert("unknown".to_owned(), unknown);
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn of_record(record: &TlvDef) -> Json {
    let value = match record.single_field() {
        Some(field) => of_field(field),
        None => {
            json!({ "type": "object", "additionalProperties": false, "properties": of_layout(&record.fields) })
        }
    };
    json!({ "description": format!("TLV type {}", record.number), "anyOf": [value, reference("expression")] })
}

fn hex(length: Option<usize>) -> Json {
    let count = length.map_or("*".to_owned(), |length| format!("{{{length}}}"));
    json!({ "type": "string", "pattern": format!("^([0-9a-fA-F]{{2}}){count}$") })
}
