//! What is in a decoded or built message?

use std::fmt;
use std::sync::Arc;

use super::byte_string::ByteString;
use super::definition::{FieldDef, FieldType, Layout, TlvDef, TlvStreamDef};

/// The value of a field. It fits its definition: values come from decoding and building only.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Elements of anything but single bytes and text.
    Array(Vec<Value>),
    /// An array of bytes, or a type that is bytes (`sha256`, `point`, `sciddir_or_pubkey`).
    Bytes(ByteString),
    /// An unsigned integer of any width, or a short channel id.
    Integer(u64),
    /// A structure.
    Record(Fields),
    /// A signed integer of any width.
    Signed(i64),
    /// An array of `utf8`.
    Text(Arc<str>),
    /// A TLV stream.
    Tlvs(TlvStream),
}

impl Value {
    /// The unsigned integer or short channel id that it is.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes that it is.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The stream that it is.
    pub fn as_tlvs(&self) -> Option<&TlvStream> {
        match self {
            Self::Tlvs(stream) => Some(stream),
            _ => None,
        }
    }

    /// Whether it is the compressed encoding of a point on the curve.
    pub fn valid_point(&self) -> bool {
        self.as_bytes()
            .is_some_and(|bytes| bytes.len() == 33 && secp256k1::PublicKey::from_slice(bytes).is_ok())
    }

    /// The number of its elements, as a length field would count them.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Array(elements) => elements.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Text(text) => text.len(),
            Self::Integer(_) | Self::Record(_) | Self::Signed(_) | Self::Tlvs(_) => 1,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Array(elements) => f.debug_list().entries(elements).finish(),
            Self::Bytes(bytes) => fmt::Debug::fmt(bytes, f),
            Self::Integer(value) => fmt::Debug::fmt(value, f),
            Self::Record(fields) => fmt::Debug::fmt(fields, f),
            Self::Signed(value) => fmt::Debug::fmt(value, f),
            Self::Text(text) => fmt::Debug::fmt(text, f),
            Self::Tlvs(stream) => fmt::Debug::fmt(stream, f),
        }
    }
}

/// Bytes in hex, text in quotes, all else as its parts.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The values of a message's, a record's or a subtype's fields.
#[derive(Clone)]
pub struct Fields {
    layout: Layout,
    /// One for each field of the layout; fewer if optional ones at the end are missing.
    values: Vec<Value>,
}

impl Fields {
    pub(super) fn from_parts(layout: Layout, values: Vec<Value>) -> Self {
        debug_assert!(values.len() <= layout.len());
        Self { layout, values }
    }

    /// The value of the field of this name, derived ones included.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(def, _)| &*def.name == name).map(|(_, value)| value)
    }

    /// All fields that there are, in the order of the wire, derived ones included.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&FieldDef, &Value)> {
        self.layout.iter().zip(&self.values)
    }

    /// The fields that a user writes: all but the derived ones.
    pub fn written(&self) -> impl Iterator<Item = (&FieldDef, &Value)> {
        self.iter().filter(|(def, _)| !def.is_derived())
    }

    pub(super) fn all_invalid_points(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.invalid_points("", &mut found);
        found
    }

    /// Collects the paths of all points that are not on the curve, each after `path`.
    fn invalid_points(&self, path: &str, found: &mut Vec<String>) {
        for (def, value) in self.iter() {
            invalid_points(&def.ty, value, &join(path, &def.name), found);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn invalid_points(ty: &FieldType, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                invalid_points(ty, element, &format!("{path}[{index}]"), found);
            }
        }
        Value::Bytes(bytes) => {
            let is_point = match ty {
                FieldType::Point => true,
                FieldType::SciddirOrPubkey => bytes.len() == 33,
                _ => false,
            };
            if is_point && !value.valid_point() {
                found.push(path.to_owned());
            }
        }
        Value::Record(fields) => fields.invalid_points(path, found),
        Value::Tlvs(stream) => stream.find_invalid_points(path, found),
        Value::Integer(_) | Value::Signed(_) | Value::Text(_) => {}
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        (Arc::ptr_eq(&self.layout, &other.layout) || self.layout == other.layout)
            && self.values == other.values
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(def, value)| (&def.name, value))).finish()
    }
}

/// A TLV stream: known and unknown records, by strictly ascending type.
#[derive(Clone)]
pub struct TlvStream {
    def: Arc<TlvStreamDef>,
    records: Vec<TlvRecord>,
}

impl TlvStream {
    pub(super) fn from_parts(def: Arc<TlvStreamDef>, records: Vec<TlvRecord>) -> Self {
        Self { def, records }
    }

    /// Its definition.
    pub fn def(&self) -> &Arc<TlvStreamDef> {
        &self.def
    }

    /// All records, by ascending type.
    pub fn records(&self) -> &[TlvRecord] {
        &self.records
    }

    /// The record of this name.
    pub fn record(&self, name: &str) -> Option<&TlvRecord> {
        self.records.iter().find(|record| record.name() == Some(name))
    }

    /// The record of this type, known or not.
    pub fn record_of_number(&self, number: u64) -> Option<&TlvRecord> {
        self.records.iter().find(|record| record.number == number)
    }

    /// The fields that should be points on the curve and are not: `tlv3.node_id`.
    pub fn invalid_points(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.find_invalid_points("", &mut found);
        found
    }

    fn find_invalid_points(&self, path: &str, found: &mut Vec<String>) {
        for record in &self.records {
            if let Content::Known { def, fields } = &record.content {
                fields.invalid_points(&join(path, &def.name), found);
            }
        }
    }
}

impl PartialEq for TlvStream {
    fn eq(&self, other: &Self) -> bool {
        (Arc::ptr_eq(&self.def, &other.def) || self.def == other.def) && self.records == other.records
    }
}

impl fmt::Debug for TlvStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.records).finish()
    }
}

/// One record of a TLV stream.
#[derive(Clone, PartialEq)]
pub struct TlvRecord {
    number: u64,
    content: Content,
}

#[derive(Clone, PartialEq)]
enum Content {
    Known { def: Arc<TlvDef>, fields: Fields },
    Unknown(ByteString),
}

impl TlvRecord {
    pub(super) fn known(def: Arc<TlvDef>, fields: Fields) -> Self {
        Self { number: def.number, content: Content::Known { def, fields } }
    }

    pub(super) fn unknown(number: u64, value: ByteString) -> Self {
        Self { number, content: Content::Unknown(value) }
    }

    /// Its type.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its definition, if its type is known.
    pub fn def(&self) -> Option<&Arc<TlvDef>> {
        match &self.content {
            Content::Known { def, .. } => Some(def),
            Content::Unknown(_) => None,
        }
    }

    /// Its name, if its type is known.
    pub fn name(&self) -> Option<&str> {
        self.def().map(|def| &*def.name)
    }

    /// Its fields, if its type is known.
    pub fn fields(&self) -> Option<&Fields> {
        match &self.content {
            Content::Known { fields, .. } => Some(fields),
            Content::Unknown(_) => None,
        }
    }

    /// Its value as bytes, if its type is unknown.
    pub fn unknown_value(&self) -> Option<&ByteString> {
        match &self.content {
            Content::Known { .. } => None,
            Content::Unknown(value) => Some(value),
        }
    }

    /// The value of its field of this name.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields()?.get(name)
    }

    /// The value of its only field.
    pub fn value(&self) -> Option<&Value> {
        let mut written = self.fields()?.written();
        written.next().filter(|_| written.next().is_none()).map(|(_, value)| value)
    }
}

impl fmt::Debug for TlvRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Known { def, fields } => write!(f, "{}: {fields:?}", def.name),
            Content::Unknown(value) => write!(f, "{}: {value}", self.number),
        }
    }
}
