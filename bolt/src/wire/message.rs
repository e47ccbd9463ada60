//! One message, decoded or built.

use std::fmt;
use std::sync::Arc;

use super::byte_string::ByteString;
use super::definition::MessageDef;
use super::value::{Fields, TlvRecord, TlvStream, Value};

/// A message of the catalogue with a value for each field, or a failure message of BOLT 4.
#[derive(Clone, PartialEq)]
pub struct Message {
    def: Arc<MessageDef>,
    fields: Fields,
    extension: ByteString,
}

impl Message {
    pub(super) fn from_parts(def: Arc<MessageDef>, fields: Fields, extension: ByteString) -> Self {
        Self { def, fields, extension }
    }

    /// Its definition.
    pub fn def(&self) -> &Arc<MessageDef> {
        &self.def
    }

    /// As the BOLT names it.
    pub fn name(&self) -> &str {
        &self.def.name
    }

    /// Its type on the wire.
    pub fn number(&self) -> u16 {
        self.def.number
    }

    /// All its fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// What follows the known fields of a message without a TLV stream of its own (BOLT 1, "Lightning Message
    /// Format"). It is kept, for signatures cover it.
    pub fn extension(&self) -> &ByteString {
        &self.extension
    }

    /// The value of the field of this name, derived length fields included.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// The value of an unsigned integer or a short channel id.
    pub fn u64(&self, name: &str) -> Option<u64> {
        self.field(name)?.as_u64()
    }

    /// The value of a field of bytes.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.field(name)?.as_bytes()
    }

    /// The value of a field of N bytes.
    pub fn array<const N: usize>(&self, name: &str) -> Option<[u8; N]> {
        self.bytes(name)?.try_into().ok()
    }

    /// Its TLV stream, if it has one.
    pub fn tlvs(&self) -> Option<&TlvStream> {
        self.fields.iter().next_back()?.1.as_tlvs()
    }

    /// The record of this name in its TLV stream.
    pub fn tlv(&self, name: &str) -> Option<&TlvRecord> {
        self.tlvs()?.record(name)
    }

    /// The fields that should be points on the curve and are not: `funding_pubkey`, `tlvs.blinded_path.path_key`.
    pub fn invalid_points(&self) -> Vec<String> {
        self.fields.all_invalid_points()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
