//! What does a definition say of a message, a TLV stream, a subtype and their fields?

use std::sync::Arc;

/// The fields of a message, a TLV record or a subtype, in their order on the wire.
pub type Layout = Arc<[FieldDef]>;

/// A message, or a failure message of BOLT 4.
#[derive(Debug, PartialEq)]
pub struct MessageDef {
    /// As the BOLT names it.
    pub name: Arc<str>,
    /// Its type on the wire; a failure message's `failure_code`.
    pub number: u16,
    /// The feature that it belongs to, where the BOLT says so.
    pub option: Option<Arc<str>>,
    /// Its fields, without the type and the extension.
    pub fields: Layout,
}

impl MessageDef {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&FieldDef> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// Whether there is a field of this name that a user may write: derived length fields are none.
    pub fn is_field(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| !field.is_derived())
    }

    /// The TLV stream that ends the message, if it has one.
    pub fn tlvs(&self) -> Option<&Arc<TlvStreamDef>> {
        match &self.fields.last()?.ty {
            FieldType::Tlvs(stream) => Some(stream),
            _ => None,
        }
    }
}

/// A field of a message, a TLV record or a subtype.
#[derive(Debug, PartialEq)]
pub struct FieldDef {
    /// As the BOLT names it.
    pub name: Arc<str>,
    /// Of one element.
    pub ty: FieldType,
    /// The type as the BOLT writes it, without the count: `channel_id`, `u16`.
    pub type_name: Arc<str>,
    /// How many elements.
    pub count: Count,
    /// The index of the array that this field counts: its value follows from that array, and is never written.
    pub counts: Option<usize>,
    /// The feature that it belongs to, where the BOLT says so: it may be missing at the end of a message.
    pub option: Option<Arc<str>>,
}

impl FieldDef {
    /// Whether its value is the length of another field.
    pub fn is_derived(&self) -> bool {
        self.counts.is_some()
    }

    /// Its size in bytes, if that is always the same.
    pub(super) fn fixed_size(&self) -> Option<usize> {
        match self.count {
            Count::One => self.ty.fixed_size(),
            Count::Fixed(count) => self.ty.fixed_size()?.checked_mul(count),
            Count::Field(_) | Count::Rest { .. } => None,
        }
    }

    /// The least number of bytes that it takes.
    pub(super) fn least_size(&self) -> usize {
        match self.count {
            Count::One => self.ty.least_size(),
            Count::Fixed(count) => self.ty.least_size().saturating_mul(count),
            Count::Field(_) | Count::Rest { .. } => 0,
        }
    }
}

/// How many elements a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// As many as the field at this index says.
    Field(usize),
    /// Always so many.
    Fixed(usize),
    /// It is no array.
    One,
    /// As many as there are bytes for.
    Rest {
        /// The bytes that the fields behind it take.
        after: usize,
    },
}

/// The type of one element (BOLT 1, "Fundamental Types").
#[derive(Clone, Debug, PartialEq)]
pub enum FieldType {
    /// A variable-length unsigned integer of 1, 3, 5 or 9 bytes.
    BigSize,
    /// So many bytes: `sha256`, `signature`, `chain_hash` and the like.
    Bytes(usize),
    /// A 33-byte compressed point. Any 33 bytes are taken, for nodes may send bad ones and specs do.
    Point,
    /// 8 bytes: block height, transaction index and output index.
    ShortChannelId,
    /// 9 bytes (a direction and a short channel id) or 33 (a point).
    SciddirOrPubkey,
    /// A two's complement integer of so many bytes.
    Signed(usize),
    /// A structure.
    Subtype(Arc<SubtypeDef>),
    /// A TLV stream, to the end of what it stands in.
    Tlvs(Arc<TlvStreamDef>),
    /// An unsigned integer of at most so many bytes, without leading zeros, to the end of what it stands in.
    Truncated(usize),
    /// An unsigned integer of so many bytes. An array of single bytes is a byte string.
    Unsigned(usize),
    /// A byte of UTF-8 text; it stands in arrays only.
    Utf8,
}

impl FieldType {
    /// A fundamental type by its name, with `[..n]` for its first n bytes.
    pub(super) fn fundamental(name: &str) -> Option<Self> {
        if let Some((whole, rest)) = name.split_once("[..") {
            let len = rest.strip_suffix(']')?.parse().ok()?;
            return (len <= Self::fundamental(whole)?.fixed_size()?).then_some(Self::Bytes(len));
        }
        Some(match name {
            "bigsize" => Self::BigSize,
            "bip340sig" | "signature" => Self::Bytes(64),
            "byte" | "u8" => Self::Unsigned(1),
            "chain_hash" | "channel_id" | "sha256" => Self::Bytes(32),
            "point" => Self::Point,
            "s16" => Self::Signed(2),
            "s32" => Self::Signed(4),
            "s64" => Self::Signed(8),
            "s8" => Self::Signed(1),
            "sciddir_or_pubkey" => Self::SciddirOrPubkey,
            "short_channel_id" => Self::ShortChannelId,
            "tu16" => Self::Truncated(2),
            "tu32" => Self::Truncated(4),
            "tu64" => Self::Truncated(8),
            "u16" => Self::Unsigned(2),
            "u32" => Self::Unsigned(4),
            "u64" => Self::Unsigned(8),
            "utf8" => Self::Utf8,
            _ => return None,
        })
    }

    /// The largest number that it holds, if it can count an array.
    pub(super) fn largest_count(&self) -> Option<u64> {
        match self {
            Self::BigSize => Some(u64::MAX),
            Self::Unsigned(width) => Some(super::integer::max(*width)),
            _ => None,
        }
    }

    pub(super) fn fixed_size(&self) -> Option<usize> {
        match self {
            Self::BigSize | Self::SciddirOrPubkey | Self::Tlvs(_) | Self::Truncated(_) => None,
            Self::Bytes(len) => Some(*len),
            Self::Point => Some(33),
            Self::ShortChannelId => Some(8),
            Self::Signed(width) | Self::Unsigned(width) => Some(*width),
            Self::Subtype(subtype) => {
                subtype.fields.iter().try_fold(0_usize, |sum, field| sum.checked_add(field.fixed_size()?))
            }
            Self::Utf8 => Some(1),
        }
    }

    pub(super) fn least_size(&self) -> usize {
        match self {
            Self::BigSize => 1,
            Self::SciddirOrPubkey => 9,
            Self::Subtype(subtype) => {
                subtype.fields.iter().fold(0, |sum, field| sum.saturating_add(field.least_size()))
            }
            Self::Tlvs(_) | Self::Truncated(_) => 0,
            _ => self.fixed_size().unwrap_or(0),
        }
    }

    /// Whether it takes all the bytes there are.
    pub(super) fn is_greedy(&self) -> bool {
        match self {
            Self::Subtype(subtype) => subtype
                .fields
                .iter()
                .any(|field| matches!(field.count, Count::Rest { .. }) || field.ty.is_greedy()),
            Self::Tlvs(_) | Self::Truncated(_) => true,
            _ => false,
        }
    }
}

/// A structure that messages and records are made of; `onion_packet` and other parts of BOLT 4 too.
#[derive(Debug, PartialEq)]
pub struct SubtypeDef {
    /// As the BOLT names it.
    pub name: Arc<str>,
    /// What it is made of.
    pub fields: Layout,
}

/// A TLV stream (BOLT 1, "Type-Length-Value Format").
#[derive(Debug, PartialEq)]
pub struct TlvStreamDef {
    /// As the BOLT names it.
    pub name: Arc<str>,
    /// By ascending number.
    pub records: Vec<Arc<TlvDef>>,
}

impl TlvStreamDef {
    /// The record of this name.
    pub fn record(&self, name: &str) -> Option<&Arc<TlvDef>> {
        self.records.iter().find(|record| &*record.name == name)
    }

    /// The record of this type.
    pub fn record_of_number(&self, number: u64) -> Option<&Arc<TlvDef>> {
        let index = self.records.binary_search_by_key(&number, |record| record.number).ok()?;
        self.records.get(index)
    }
}

/// A record of a TLV stream.
#[derive(Debug, PartialEq)]
pub struct TlvDef {
    /// Its type on the wire.
    pub number: u64,
    /// As the BOLT names it.
    pub name: Arc<str>,
    /// The feature that it belongs to, where the BOLT says so.
    pub option: Option<Arc<str>>,
    /// What its value is made of.
    pub fields: Layout,
}

impl TlvDef {
    /// Its field, if it has but one that a user may write: then the record is written as that field's value.
    pub fn single_field(&self) -> Option<&FieldDef> {
        let mut written = self.fields.iter().filter(|field| !field.is_derived());
        written.next().filter(|_| written.next().is_none())
    }
}
