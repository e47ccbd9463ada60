//! From values to the untyped tree that [`MessageDef::build`](super::MessageDef::build) takes.

use std::fmt;

use super::definition::{FieldDef, FieldType};
use super::message::Message;
use super::plain::Plain;
use super::short_channel_id::ShortChannelId;
use super::value::{Fields, TlvRecord, TlvStream, Value};

impl Message {
    /// Its fields as a map. Building that gives the same message again.
    pub fn to_plain(&self) -> Plain {
        let mut map = self.fields().to_plain();
        if let Plain::Map(map) = &mut map
            && !self.extension().is_empty()
        {
            map.insert("extension".to_owned(), Plain::hex(self.extension()));
        }
        map
    }
}

/// For transcripts: `pong {ignored: 'aabb'}`.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.to_plain())
    }
}

impl FieldDef {
    /// A value of this field, as it is written.
    pub fn to_plain(&self, value: &Value) -> Plain {
        plain(&self.ty, value)
    }
}

impl Fields {
    /// All fields but the derived ones, as a map.
    pub fn to_plain(&self) -> Plain {
        Plain::map(self.written().map(|(def, value)| (&*def.name, def.to_plain(value))))
    }
}

impl TlvStream {
    /// The known records by name, then `unknown`.
    pub fn to_plain(&self) -> Plain {
        let known = self.records().iter().filter_map(|record| Some((record.name()?, record.to_plain())));
        let unknown: Vec<Plain> = self
            .records()
            .iter()
            .filter(|record| record.name().is_none())
            .map(|record| Plain::map([("type", record.number().into()), ("value", record.to_plain())]))
            .collect();
        let unknown = (!unknown.is_empty()).then_some(("unknown", Plain::List(unknown)));
        Plain::map(known.chain(unknown))
    }
}

impl TlvRecord {
    /// Its only field's value; a map if it has several or none; hex if its type is unknown.
    pub fn to_plain(&self) -> Plain {
        match self.fields() {
            Some(fields) => {
                let single = self.def().and_then(|def| def.single_field());
                match single.and_then(|field| fields.get(&field.name).map(|value| field.to_plain(value))) {
                    Some(value) => value,
                    None => fields.to_plain(),
                }
            }
            None => Plain::hex(self.unknown_value().map(|value| &**value).unwrap_or_default()),
        }
    }
}

fn plain(ty: &FieldType, value: &Value) -> Plain {
    match value {
        Value::Array(elements) => Plain::List(elements.iter().map(|element| plain(ty, element)).collect()),
        Value::Bytes(bytes) => Plain::hex(bytes),
        Value::Integer(place) if *ty == FieldType::ShortChannelId => {
            ShortChannelId::from_u64(*place).to_string().into()
        }
        Value::Integer(value) => (*value).into(),
        Value::Record(fields) => fields.to_plain(),
        Value::Signed(value) => (*value).into(),
        Value::Text(text) => Plain::from(&**text),
        Value::Tlvs(stream) => stream.to_plain(),
    }
}
