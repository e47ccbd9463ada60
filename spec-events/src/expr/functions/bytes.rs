//! Functions that make, cut and spoil byte strings, and reckon with integers.

use bitcoin::hashes::{Hash, sha256, sha256d};
use std::ops::Range;

use super::table::{Function, argument};
use crate::Value;
use crate::expr::{Bytes, Kind};

/// No message is longer; two of them can still be put together.
const LONGEST: u64 = 1 << 18;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "bigsize",
        parameters: &[("n", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "`n` as BOLT 1's bigsize.",
        call: |arguments| argument(arguments, 0).map(|n| Value::bytes(bigsize(n))),
    },
    Function {
        name: "byte_len",
        parameters: &[("hex", Kind::Bytes)],
        repeats: false,
        result: Kind::Int,
        doc: "How many bytes it has.",
        call: |arguments| argument::<Bytes>(arguments, 0).map(|bytes| Value::Int(bytes.len() as i128)),
    },
    Function {
        name: "concat",
        parameters: &[("hex", Kind::Bytes)],
        repeats: true,
        result: Kind::Bytes,
        doc: "All bytes in a row, as `+` does for two.",
        call: |arguments| {
            let mut all = Vec::new();
            for index in 0..arguments.len() {
                all.extend_from_slice(&argument::<Bytes>(arguments, index)?);
            }
            Ok(Value::bytes(all))
        },
    },
    Function {
        name: "contains",
        parameters: &[("text", Kind::Text), ("part", Kind::Text)],
        repeats: false,
        result: Kind::Bool,
        doc: "Whether `part` is somewhere in `text`.",
        call: |arguments| {
            let (text, part) = (argument::<String>(arguments, 0)?, argument::<String>(arguments, 1)?);
            Ok(Value::Bool(text.contains(&part)))
        },
    },
    Function {
        name: "flip",
        parameters: &[("hex", Kind::Bytes), ("index", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The same with all bits of one byte inverted. A negative index counts from the end.",
        call: |arguments| {
            let (mut bytes, index) = byte_at(arguments)?;
            bytes[index] ^= 0xff;
            Ok(Value::bytes(bytes))
        },
    },
    Function {
        name: "max",
        parameters: &[("a", Kind::Int), ("b", Kind::Int)],
        repeats: true,
        result: Kind::Int,
        doc: "The largest.",
        call: |arguments| fold(arguments, i128::max),
    },
    Function {
        name: "min",
        parameters: &[("a", Kind::Int), ("b", Kind::Int)],
        repeats: true,
        result: Kind::Int,
        doc: "The smallest.",
        call: |arguments| fold(arguments, i128::min),
    },
    Function {
        name: "repeat",
        parameters: &[("hex", Kind::Bytes), ("n", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The bytes `n` times.",
        call: |arguments| {
            let (bytes, count) = (argument::<Bytes>(arguments, 0)?, argument::<u64>(arguments, 1)?);
            let length = length(count.saturating_mul(bytes.len() as u64))?;
            Ok(Value::bytes(bytes.iter().copied().cycle().take(length).collect::<Vec<_>>()))
        },
    },
    Function {
        name: "set_byte",
        parameters: &[("hex", Kind::Bytes), ("index", Kind::Int), ("value", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The same with one byte replaced. A negative index counts from the end.",
        call: |arguments| {
            let (mut bytes, index) = byte_at(arguments)?;
            bytes[index] = fitting(arguments, 2)?;
            Ok(Value::bytes(bytes))
        },
    },
    Function {
        name: "sha256",
        parameters: &[("hex", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "SHA-256 of the bytes.",
        call: |arguments| {
            Ok(Value::bytes(sha256::Hash::hash(&argument::<Bytes>(arguments, 0)?).as_byte_array()))
        },
    },
    Function {
        name: "sha256d",
        parameters: &[("hex", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "SHA-256 of SHA-256 of the bytes.",
        call: |arguments| {
            Ok(Value::bytes(sha256d::Hash::hash(&argument::<Bytes>(arguments, 0)?).as_byte_array()))
        },
    },
    Function {
        name: "size",
        parameters: &[("list", Kind::Any)],
        repeats: false,
        result: Kind::Int,
        doc: "How many items a list has, or members a map.",
        call: |arguments| match arguments {
            [Value::List(items)] => Ok(Value::Int(items.len() as i128)),
            [map @ (Value::Map(_) | Value::Object(_))] => Ok(Value::Int(map.names().len() as i128)),
            [Value::Text(_)] => Err("text has no size: byte_len(hex) counts bytes".to_owned()),
            _ => Err("a list or map is needed".to_owned()),
        },
    },
    Function {
        name: "slice",
        parameters: &[("hex", Kind::Bytes), ("from", Kind::Int), ("to", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The bytes from index `from` to before index `to`.",
        call: |arguments| {
            let bytes = argument::<Bytes>(arguments, 0)?;
            let range: Range<u64> = argument(arguments, 1)?..argument(arguments, 2)?;
            let part = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            match part.and_then(|(from, to)| bytes.get(from..to)) {
                Some(part) => Ok(Value::bytes(part)),
                None => {
                    Err(format!("{} bytes have no part from {} to {}", bytes.len(), range.start, range.end))
                }
            }
        },
    },
    Function {
        name: "tlv",
        parameters: &[("type", Kind::Int), ("hex", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "One TLV record: type, length, value.",
        call: |arguments| {
            let value = argument::<Bytes>(arguments, 1)?;
            let mut record = bigsize(argument(arguments, 0)?);
            record.extend(bigsize(value.len() as u64));
            record.extend_from_slice(&value);
            Ok(Value::bytes(record))
        },
    },
    Function {
        name: "to_int",
        parameters: &[("hex", Kind::Bytes)],
        repeats: false,
        result: Kind::Int,
        doc: "Up to 8 bytes as a big-endian integer.",
        call: |arguments| {
            let bytes = argument::<Bytes>(arguments, 0)?;
            if bytes.len() > 8 {
                return Err(format!("an integer has at most 8 bytes, not {}", bytes.len()));
            }
            Ok(Value::Int(bytes.iter().fold(0, |sum, byte| sum << 8 | i128::from(*byte))))
        },
    },
    Function {
        name: "u16",
        parameters: &[("n", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "`n` as 2 bytes, big-endian.",
        call: |arguments| fitting::<u16>(arguments, 0).map(|n| Value::bytes(n.to_be_bytes())),
    },
    Function {
        name: "u32",
        parameters: &[("n", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "`n` as 4 bytes, big-endian.",
        call: |arguments| fitting::<u32>(arguments, 0).map(|n| Value::bytes(n.to_be_bytes())),
    },
    Function {
        name: "u64",
        parameters: &[("n", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "`n` as 8 bytes, big-endian.",
        call: |arguments| fitting::<u64>(arguments, 0).map(|n| Value::bytes(n.to_be_bytes())),
    },
    Function {
        name: "utf8",
        parameters: &[("text", Kind::Text)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The bytes of a text.",
        call: |arguments| argument::<String>(arguments, 0).map(Value::bytes),
    },
    Function {
        name: "zeros",
        parameters: &[("n", Kind::Int)],
        repeats: false,
        result: Kind::Bytes,
        doc: "`n` bytes of zero.",
        call: |arguments| Ok(Value::bytes(vec![0; length(argument(arguments, 0)?)?])),
    },
];

/// `n` in as few bytes as bigsize allows (BOLT 1, "Appendix A: BigSize Test Vectors").
fn bigsize(n: u64) -> Vec<u8> {
    let (prefix, width): (&[u8], usize) = match n {
        0..0xfd => (&[], 1),
        0xfd..=0xffff => (&[0xfd], 2),
        0x1_0000..=0xffff_ffff => (&[0xfe], 4),
        _ => (&[0xff], 8),
    };
    [prefix, &n.to_be_bytes()[8 - width..]].concat()
}

/// The argument of this index as an integer of its width.
fn fitting<T: TryFrom<u64>>(arguments: &[Value], index: usize) -> Result<T, String> {
    let n: u64 = argument(arguments, index)?;
    T::try_from(n).map_err(|_| format!("{n} does not fit in {} bytes", size_of::<T>()))
}

/// The first argument, and where in it the second points.
fn byte_at(arguments: &[Value]) -> Result<(Vec<u8>, usize), String> {
    let (bytes, index) = (argument::<Bytes>(arguments, 0)?.0, argument::<i64>(arguments, 1)?);
    let from_start = if index < 0 { index + bytes.len() as i64 } else { index };
    match usize::try_from(from_start) {
        Ok(at) if at < bytes.len() => Ok((bytes, at)),
        _ => Err(format!("{} bytes have no byte {index}", bytes.len())),
    }
}

fn fold(arguments: &[Value], choose: fn(i128, i128) -> i128) -> Result<Value, String> {
    let mut chosen: i128 = argument(arguments, 0)?;
    for index in 1..arguments.len() {
        chosen = choose(chosen, argument(arguments, index)?);
    }
    Ok(Value::Int(chosen))
}

fn length(bytes: u64) -> Result<usize, String> {
    match usize::try_from(bytes) {
        Ok(length) if bytes <= LONGEST => Ok(length),
        _ => Err(format!("{bytes} bytes are more than {LONGEST}")),
    }
}
