//! How is a field written, in words? For errors, and for the documentation of messages.

use super::definition::{Count, FieldDef, FieldType};
use super::integer;
use super::plain::Plain;

impl FieldDef {
    /// How its value is written: `an integer from 0 to 65535`, `66 hex digits (33 bytes)`.
    pub fn shape(&self) -> String {
        match (&self.ty, self.count) {
            (ty, Count::One) => ty.shape(),
            (FieldType::Unsigned(1), Count::Fixed(len)) => digits(len),
            (FieldType::Unsigned(1), _) => "hex digits".to_owned(),
            (FieldType::Utf8, _) => "text".to_owned(),
            (ty, Count::Fixed(len)) => format!("a list of {len}, each {}", ty.shape()),
            (ty, _) => format!("a list, each {}", ty.shape()),
        }
    }
}

impl FieldType {
    /// How one element is written.
    pub(super) fn shape(&self) -> String {
        match self {
            Self::BigSize => format!("an integer from 0 to {}", u64::MAX),
            Self::Bytes(len) => digits(*len),
            Self::Point => digits(33),
            Self::SciddirOrPubkey => {
                "18 hex digits (9 bytes) that start with 00 or 01, or 66 (33 bytes) that start with 02 or 03"
                    .to_owned()
            }
            Self::ShortChannelId => "a short channel id, such as '103x1x0'".to_owned(),
            Self::Signed(width) => {
                let max = (integer::max(*width) >> 1) as i64;
                format!("an integer from {} to {max}", -max - 1)
            }
            Self::Subtype(subtype) => format!("a mapping of the fields of {}", subtype.name),
            Self::Tlvs(stream) => format!("a mapping of the records of {}", stream.name),
            Self::Truncated(width) | Self::Unsigned(width) => {
                format!("an integer from 0 to {}", integer::max(*width))
            }
            Self::Utf8 => "text".to_owned(),
        }
    }
}

fn digits(len: usize) -> String {
    format!("{} hex digits ({len} bytes)", 2 * len)
}

/// What a value is, in a word or two.
pub(super) fn kind(plain: &Plain) -> String {
    match plain {
        Plain::Bool(value) => format!("the boolean {value}"),
        Plain::Deferred => "a value that is not known yet".to_owned(),
        Plain::Int(value) => format!("the integer {value}"),
        Plain::List(elements) => format!("a list of {}", elements.len()),
        Plain::Map(_) => "a mapping".to_owned(),
        Plain::Null => "nothing".to_owned(),
        Plain::Text(text) if text.chars().count() > 20 => {
            format!("the text '{}...'", text.chars().take(16).collect::<String>())
        }
        Plain::Text(text) => format!("the text '{text}'"),
    }
}
