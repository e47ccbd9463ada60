//! Messages that are wrong on purpose.
//!
//! [`Broken`] starts from a good message and replaces the bytes of fields, or of the whole. [`RawTlvs`] is a
//! stream whose records may be in any order, twice, unknown, or with integers longer than need be.

use super::definition::Count;
use super::encode;
use super::integer;
use super::message::Message;
use super::value::{TlvRecord, TlvStream};

/// A message whose bytes break its definition.
///
/// ```
/// use lnprototest_bolt::wire::{Catalogue, broken::Broken, plain::Plain};
///
/// let pong = Catalogue::bolts().message("pong").ok_or("no pong")?;
/// let pong = pong.build(&Plain::map([("ignored", "aabb".into())]))?;
/// // It says that three bytes follow, and two do.
/// let broken = Broken::of(&pong).replace("byteslen", [0, 3])?;
/// assert_eq!(broken.into_bytes(), [0, 19, 0, 3, 0xaa, 0xbb]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Broken {
    number: u16,
    name: String,
    parts: Vec<(String, Vec<u8>)>,
    has_tlvs: bool,
    extension: Vec<u8>,
    /// Counted from the end of the message, after all else.
    cut: Cut,
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    None,
    To(usize),
    By(usize),
}

/// A break that can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} has no {what}")]
pub struct BreakError {
    message: String,
    what: String,
}

impl Broken {
    /// This message, still whole.
    pub fn of(message: &Message) -> Self {
        let parts = message.fields().iter().map(|(def, value)| {
            let mut bytes = Vec::new();
            encode::write(&mut bytes, &def.ty, value);
            (def.name.to_string(), bytes)
        });
        Self {
            number: message.number(),
            name: message.name().to_owned(),
            parts: parts.collect(),
            has_tlvs: message.tlvs().is_some(),
            extension: message.extension().to_vec(),
            cut: Cut::None,
        }
    }

    /// These bytes in place of a field's, be it a length field. Of any length.
    pub fn replace(mut self, field: &str, bytes: impl Into<Vec<u8>>) -> Result<Self, BreakError> {
        match self.parts.iter_mut().find(|(name, _)| name == field) {
            Some((_, part)) => *part = bytes.into(),
            None => return Err(BreakError { message: self.name, what: format!("field {field}") }),
        }
        Ok(self)
    }

    /// These bytes in place of its TLV stream, or of its extension if it has none.
    pub fn tlvs(mut self, stream: impl Into<Vec<u8>>) -> Self {
        match self.parts.last_mut() {
            Some((_, part)) if self.has_tlvs => *part = stream.into(),
            _ => self.extension = stream.into(),
        }
        self
    }

    /// These bytes at the end.
    pub fn append(mut self, bytes: &[u8]) -> Self {
        self.extension.extend_from_slice(bytes);
        self
    }

    /// Another type.
    pub fn number(mut self, number: u16) -> Self {
        self.number = number;
        self
    }

    /// Only its first `len` bytes, the type included.
    pub fn truncate_to(mut self, len: usize) -> Self {
        self.cut = Cut::To(len);
        self
    }

    /// Without its last `len` bytes.
    pub fn truncate_by(mut self, len: usize) -> Self {
        self.cut = Cut::By(len);
        self
    }

    /// The bytes to send.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.number.to_be_bytes().to_vec();
        bytes.extend(self.parts.into_iter().flat_map(|(_, part)| part));
        bytes.extend(self.extension);
        match self.cut {
            Cut::None => {}
            Cut::To(len) => bytes.truncate(len),
            Cut::By(len) => bytes.truncate(bytes.len().saturating_sub(len)),
        }
        bytes
    }
}

/// A TLV stream without rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawTlvs {
    records: Vec<RawRecord>,
}

impl RawTlvs {
    /// The records of a good stream.
    pub fn of(stream: &TlvStream) -> Self {
        Self { records: stream.records().iter().map(RawRecord::of).collect() }
    }

    /// One more record, at the end.
    pub fn push(mut self, record: RawRecord) -> Self {
        self.records.push(record);
        self
    }

    /// The record of this type for a second time, right after the first.
    pub fn duplicate(mut self, number: u64) -> Result<Self, BreakError> {
        let index = self.index(number)?;
        let twin = self.records[index].clone();
        self.records.insert(index, twin);
        Ok(self)
    }

    /// All records in the opposite order.
    pub fn reversed(mut self) -> Self {
        self.records.reverse();
        self
    }

    /// The record of this type, to break it.
    pub fn record(&mut self, number: u64) -> Result<&mut RawRecord, BreakError> {
        let index = self.index(number)?;
        Ok(&mut self.records[index])
    }

    /// Without the record of this type.
    pub fn without(mut self, number: u64) -> Result<Self, BreakError> {
        let index = self.index(number)?;
        self.records.remove(index);
        Ok(self)
    }

    fn index(&self, number: u64) -> Result<usize, BreakError> {
        self.records
            .iter()
            .position(|record| record.number == number)
            .ok_or_else(|| BreakError { message: "the stream".to_owned(), what: format!("record {number}") })
    }

    /// The stream's bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in self.records {
            integer::write_bigsize_wide(&mut bytes, record.number, record.number_width);
            integer::write_bigsize_wide(&mut bytes, record.len, record.len_width);
            bytes.extend(record.value);
        }
        bytes
    }
}

impl From<RawTlvs> for Vec<u8> {
    fn from(stream: RawTlvs) -> Self {
        stream.into_bytes()
    }
}

/// A record of a [`RawTlvs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    number: u64,
    number_width: usize,
    len: u64,
    len_width: usize,
    value: Vec<u8>,
    /// The bytes of the truncated integer that ends its value, if one does.
    truncated: Option<usize>,
}

impl RawRecord {
    /// A record of any type and value, correct so far.
    pub fn new(number: u64, value: impl Into<Vec<u8>>) -> Self {
        let value = value.into();
        let len = value.len() as u64;
        Self {
            number,
            number_width: integer::bigsize_width(number),
            len,
            len_width: integer::bigsize_width(len),
            value,
            truncated: None,
        }
    }

    fn of(record: &TlvRecord) -> Self {
        let last = record.fields().and_then(|fields| fields.iter().next_back());
        let truncated = last.and_then(|(def, value)| match (&def.ty, def.count) {
            (super::FieldType::Truncated(_), Count::One) => value.as_u64().map(integer::truncated_width),
            _ => None,
        });
        Self { truncated, ..Self::new(record.number(), record.encode_value()) }
    }

    /// Another value; its length follows.
    pub fn set_value(&mut self, value: impl Into<Vec<u8>>) -> &mut Self {
        *self = Self::new(self.number, value);
        self
    }

    /// Another length than its value has, in minimal form.
    pub fn claim_len(&mut self, len: u64) -> &mut Self {
        self.len = len;
        self.len_width = integer::bigsize_width(len);
        self
    }

    /// Its type as a BigSize of the next larger size, if there is one.
    pub fn widen_number(&mut self) -> &mut Self {
        self.number_width = wider(self.number_width);
        self
    }

    /// Its length as a BigSize of the next larger size, if there is one.
    pub fn widen_len(&mut self) -> &mut Self {
        self.len_width = wider(self.len_width);
        self
    }

    /// A leading zero in the truncated integer (`tu16`, `tu32`, `tu64`) that ends its value.
    pub fn pad_truncated(&mut self) -> Result<&mut Self, BreakError> {
        let Some(width) = self.truncated else {
            let message = format!("record {}", self.number);
            return Err(BreakError { message, what: "truncated integer at its end".to_owned() });
        };
        let start = self.value.len().saturating_sub(width);
        self.value.insert(start, 0);
        self.truncated = Some(width + 1);
        self.claim_len(self.value.len() as u64);
        Ok(self)
    }
}

fn wider(width: usize) -> usize {
    match width {
        1 => 3,
        3 => 5,
        _ => 9,
    }
}
