//! From values to bytes. It can't fail: a value fits its definition.

use super::definition::FieldType;
use super::integer;
use super::message::Message;
use super::value::{Fields, TlvRecord, TlvStream, Value};

impl Message {
    /// The message as BOLT 8 transports it: its type, its fields, its extension.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(&self.number().to_be_bytes());
        self.fields().write(&mut out);
        out.extend_from_slice(self.extension());
        out
    }
}

impl Fields {
    /// The fields one after the other.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (def, value) in self.iter() {
            write(out, &def.ty, value);
        }
    }
}

impl TlvStream {
    /// The records one after the other.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut value = Vec::new();
        for record in self.records() {
            value.clear();
            record.write_value(&mut value);
            integer::write_bigsize(out, record.number());
            integer::write_bigsize(out, value.len() as u64);
            out.extend_from_slice(&value);
        }
    }
}

impl TlvRecord {
    /// Its value, without its type and length.
    pub fn encode_value(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_value(&mut out);
        out
    }

    fn write_value(&self, out: &mut Vec<u8>) {
        if let Some(fields) = self.fields() {
            fields.write(out);
        } else if let Some(value) = self.unknown_value() {
            out.extend_from_slice(value);
        }
    }
}

pub(super) fn write(out: &mut Vec<u8>, ty: &FieldType, value: &Value) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| write(out, ty, element)),
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        Value::Integer(value) => match ty {
            FieldType::BigSize => integer::write_bigsize(out, *value),
            FieldType::Truncated(_) => integer::write(out, *value, integer::truncated_width(*value)),
            FieldType::Unsigned(width) => integer::write(out, *value, *width),
            _ => integer::write(out, *value, 8),
        },
        Value::Record(fields) => fields.write(out),
        Value::Signed(value) => match ty {
            FieldType::Signed(width) => integer::write(out, *value as u64, *width),
            _ => integer::write(out, *value as u64, 8),
        },
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Tlvs(stream) => stream.write(out),
    }
}
