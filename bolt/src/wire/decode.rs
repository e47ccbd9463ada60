//! From bytes to values, by the definitions.

use std::sync::Arc;

use super::byte_string::ByteString;
use super::catalogue::Catalogue;
use super::definition::{Count, FieldDef, FieldType, Layout, MessageDef, SubtypeDef, TlvStreamDef};
use super::error::{DecodeError, Malformation, Malformed};
use super::integer;
use super::message::Message;
use super::reader::{Read, Reader, Within};
use super::value::{Fields, TlvRecord, TlvStream, Value};

impl Catalogue {
    /// The message that these bytes are: its type and what follows, as BOLT 8 transports it.
    pub fn decode(&self, bytes: &[u8]) -> Result<Message, DecodeError> {
        decode(bytes, |number| self.message_of_type(number))
    }

    /// The failure message that these bytes are: its code and what follows (BOLT 4, "Failure Messages").
    pub fn decode_failure(&self, bytes: &[u8]) -> Result<Message, DecodeError> {
        decode(bytes, |code| self.failure_of_code(code))
    }
}

fn decode<'a>(
    bytes: &[u8],
    find: impl FnOnce(u16) -> Option<&'a Arc<MessageDef>>,
) -> Result<Message, DecodeError> {
    let [high, low, ..] = *bytes else { return Err(DecodeError::NoType(bytes.len())) };
    let number = u16::from_be_bytes([high, low]);
    let bytes = ByteString::from(bytes);
    let Some(def) = find(number) else {
        return Err(DecodeError::UnknownType { number, payload: bytes.slice(2..bytes.len()) });
    };
    let mut reader = Reader::new(&bytes, 2);
    let fields = fields(&mut reader, &def.fields).map_err(|error| named(error, &def.name))?;
    let extension = bytes.slice(reader.position()..bytes.len());
    Ok(Message::from_parts(def.clone(), fields, extension))
}

fn named(mut malformed: Box<Malformed>, name: &Arc<str>) -> Box<Malformed> {
    malformed.name = name.clone();
    malformed
}

impl TlvStreamDef {
    /// The stream that all these bytes are.
    pub fn decode(self: &Arc<Self>, bytes: &[u8]) -> Result<TlvStream, DecodeError> {
        let bytes = ByteString::from(bytes);
        let stream = tlvs(&mut Reader::new(&bytes, 0), self).map_err(|error| named(error, &self.name))?;
        Ok(stream)
    }
}

impl SubtypeDef {
    /// The structure that these bytes start with, and how many it takes.
    pub fn decode(&self, bytes: &[u8]) -> Result<(Fields, usize), DecodeError> {
        let bytes = ByteString::from(bytes);
        let mut reader = Reader::new(&bytes, 0);
        let fields = fields(&mut reader, &self.fields).map_err(|error| named(error, &self.name))?;
        Ok((fields, reader.position()))
    }
}

fn fields(reader: &mut Reader<'_>, layout: &Layout) -> Read<Fields> {
    let mut values = Vec::with_capacity(layout.len());
    for def in layout.iter() {
        if def.option.is_some() && reader.left() == 0 && !matches!(def.ty, FieldType::Tlvs(_)) {
            break;
        }
        values.push(field(reader, def, &values).within(|| def.name.clone())?);
    }
    Ok(Fields::from_parts(layout.clone(), values))
}

fn field(reader: &mut Reader<'_>, def: &FieldDef, before: &[Value]) -> Read<Value> {
    match def.count {
        Count::Field(index) => {
            let count = before.get(index).and_then(Value::as_u64).unwrap_or(0);
            array(reader, &def.ty, count)
        }
        Count::Fixed(count) => array(reader, &def.ty, count as u64),
        Count::One => one(reader, &def.ty),
        Count::Rest { after } => rest(reader, &def.ty, after),
    }
}

/// An array of so many elements. All elements have a size, so that no count makes more work than there are bytes.
fn array(reader: &mut Reader<'_>, ty: &FieldType, count: u64) -> Read<Value> {
    match ty {
        FieldType::Unsigned(1) => reader.bytes(count).map(Value::Bytes),
        FieldType::Utf8 => text(reader, count),
        _ => {
            let needed = count.saturating_mul(ty.least_size() as u64);
            if needed > reader.left() as u64 {
                let left = reader.left();
                return reader.malformed(reader.position(), Malformation::TooShort { needed, left });
            }
            (0..count).map(|index| element(reader, ty, index)).collect::<Read<Vec<_>>>().map(Value::Array)
        }
    }
}

/// An array of all the bytes there are but the last `after`.
fn rest(reader: &mut Reader<'_>, ty: &FieldType, after: usize) -> Read<Value> {
    let Some(len) = reader.left().checked_sub(after) else {
        let left = reader.left();
        return reader.malformed(reader.position(), Malformation::TooShort { needed: after as u64, left });
    };
    let mut part = reader.part(len as u64)?;
    match ty {
        FieldType::Unsigned(1) => part.bytes(len as u64).map(Value::Bytes),
        FieldType::Utf8 => text(&mut part, len as u64),
        _ => {
            let mut elements = Vec::new();
            while part.left() > 0 {
                elements.push(element(&mut part, ty, elements.len() as u64)?);
            }
            Ok(Value::Array(elements))
        }
    }
}

fn element(reader: &mut Reader<'_>, ty: &FieldType, index: u64) -> Read<Value> {
    one(reader, ty).within(|| format!("[{index}]").into())
}

fn text(reader: &mut Reader<'_>, len: u64) -> Read<Value> {
    let start = reader.position();
    match std::str::from_utf8(reader.take(len)?) {
        Ok(text) => Ok(Value::Text(text.into())),
        Err(error) => reader.malformed(start + error.valid_up_to(), Malformation::NotUtf8),
    }
}

fn one(reader: &mut Reader<'_>, ty: &FieldType) -> Read<Value> {
    Ok(match ty {
        FieldType::BigSize => Value::Integer(reader.bigsize()?),
        FieldType::Bytes(len) => Value::Bytes(reader.bytes(*len as u64)?),
        FieldType::Point => Value::Bytes(reader.bytes(33)?),
        FieldType::SciddirOrPubkey => {
            let start = reader.position();
            let len = match reader.part(1)?.unsigned(1)? as u8 {
                0 | 1 => 8,
                2 | 3 => 32,
                other => return reader.malformed(start, Malformation::SciddirPrefix(other)),
            };
            reader.take(len)?;
            Value::Bytes(reader.since(start))
        }
        FieldType::ShortChannelId => Value::Integer(reader.unsigned(8)?),
        FieldType::Signed(width) => Value::Signed(integer::signed(reader.take(*width as u64)?)),
        FieldType::Subtype(subtype) => Value::Record(fields(reader, &subtype.fields)?),
        FieldType::Tlvs(def) => Value::Tlvs(tlvs(reader, def)?),
        FieldType::Truncated(max) => Value::Integer(reader.truncated(*max)?),
        FieldType::Unsigned(width) => Value::Integer(reader.unsigned(*width)?),
        FieldType::Utf8 => text(reader, 1)?,
    })
}

/// A stream of all the bytes there are.
fn tlvs(reader: &mut Reader<'_>, def: &Arc<TlvStreamDef>) -> Read<TlvStream> {
    let mut records: Vec<TlvRecord> = Vec::new();
    while reader.left() > 0 {
        let start = reader.position();
        let number = reader.bigsize()?;
        if let Some(after) = records.last().map(TlvRecord::number)
            && after >= number
        {
            return reader.malformed(
                start,
                if after == number {
                    Malformation::DuplicateTlv(number)
                } else {
                    Malformation::OutOfOrderTlv { number, after }
                },
            );
        }
        let known = def.record_of_number(number);
        if known.is_none() && number.is_multiple_of(2) {
            return reader.malformed(start, Malformation::UnknownEvenTlv(number));
        }
        let name = || known.map_or_else(|| number.to_string().into(), |record| record.name.clone());
        let len = reader.bigsize().within(name)?;
        let mut part = reader.part(len).within(name)?;
        records.push(match known {
            Some(record) => {
                let fields = fields(&mut part, &record.fields).within(name)?;
                if part.left() > 0 {
                    return part.malformed(part.position(), Malformation::Trailing(part.left())).within(name);
                }
                TlvRecord::known(record.clone(), fields)
            }
            None => TlvRecord::unknown(number, part.bytes(len)?),
        });
    }
    Ok(TlvStream::from_parts(def.clone(), records))
}
