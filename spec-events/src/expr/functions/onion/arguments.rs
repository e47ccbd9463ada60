//! What onion functions take out of maps and lists: hops, paths, secrets, the records of a stream.

use lnprototest_bolt::onion::{BlindedHop, BlindedPath, Hop, RecipientHop, SharedSecret, shared_secrets};
use lnprototest_bolt::wire::TlvStreamDef;
use lnprototest_bolt::wire::plain::Plain;
use secp256k1::{PublicKey, SecretKey};
use std::rc::Rc;
use std::sync::Arc;

use super::super::table::argument;
use crate::Value;
use crate::expr::{Bytes, Typed};
use crate::nearest::nearest;

/// A map that a function takes, and what errors call it: `hop 1`.
pub(super) struct Members<'v> {
    what: String,
    map: &'v Value,
}

impl<'v> Members<'v> {
    /// # Errors
    /// It is no map.
    pub fn of(what: impl Into<String>, map: &'v Value) -> Result<Self, String> {
        let what = what.into();
        match map {
            Value::Map(_) | Value::Object(_) => Ok(Self { what, map }),
            other => Err(format!("{what} is a map, not {}", other.kind())),
        }
    }

    /// # Errors
    /// It has a member of another name; the nearest of these.
    pub fn only(self, names: &[&str]) -> Result<Self, String> {
        match self.map.names().into_iter().find(|name| !names.contains(&name.as_str())) {
            None => Ok(self),
            Some(name) => Err(no_such(&format!("{} has no member", self.what), &name, names.iter().copied())),
        }
    }

    /// # Errors
    /// It is not there, or no `T`.
    pub fn required<T: Typed>(&self, name: &str) -> Result<T, String> {
        self.optional(name)?.ok_or_else(|| format!("{} needs its `{name}`: {}", self.what, T::NAME))
    }

    /// # Errors
    /// It is no `T`.
    pub fn optional<T: Typed>(&self, name: &str) -> Result<Option<T>, String> {
        let value = self.map.member(name).map(T::from_value).transpose();
        value.map_err(|problem| format!("`{name}` of {}: {problem}", self.what))
    }

    /// # Errors
    /// It is not there, or no list.
    pub fn list(&self, name: &str) -> Result<Rc<[Value]>, String> {
        items(self.required(name)?).map_err(|problem| format!("`{name}` of {}: {problem}", self.what))
    }
}

/// The items of the argument of this index.
pub(super) fn list(arguments: &[Value], index: usize) -> Result<Rc<[Value]>, String> {
    items(argument(arguments, index)?)
}

/// The argument of this index as `N` bytes, called so by its error: `a shared secret`.
pub(super) fn array<const N: usize>(
    arguments: &[Value],
    index: usize,
    what: &str,
) -> Result<[u8; N], String> {
    let bytes = argument::<Bytes>(arguments, index)?;
    bytes.0.as_slice().try_into().map_err(|_| format!("{what} has {N} bytes, not {}", bytes.len()))
}

/// The argument of this index as a secret that two share.
pub(super) fn shared_secret(arguments: &[Value], index: usize) -> Result<SharedSecret, String> {
    array(arguments, index, "a shared secret").map(SharedSecret::from_bytes)
}

/// The secrets of a route's hops: of the session key at `index`, and the node ids behind it.
pub(super) fn route_secrets(arguments: &[Value], index: usize) -> Result<Vec<SharedSecret>, String> {
    let session_key: SecretKey = argument(arguments, index)?;
    let node_ids: Vec<PublicKey> =
        list(arguments, index + 1)?.iter().cloned().map(PublicKey::from_value).collect::<Result<_, _>>()?;
    Ok(shared_secrets(&node_ids, &session_key))
}

/// The argument of this index as hops of an onion.
pub(super) fn hops(arguments: &[Value], index: usize) -> Result<Vec<Hop>, String> {
    list(arguments, index)?.iter().enumerate().map(|(number, value)| hop(number, value)).collect()
}

fn hop(number: usize, value: &Value) -> Result<Hop, String> {
    let members =
        Members::of(format!("hop {number}"), value)?.only(&["frame", "length", "node_id", "payload"])?;
    let node_id = members.required("node_id")?;
    let payload: Option<Bytes> = members.optional("payload")?;
    let length: Option<u64> = members.optional("length")?;
    match (members.optional::<Bytes>("frame")?, payload, length) {
        (None, Some(payload), None) => Ok(Hop::new(node_id, &payload)),
        (None, Some(payload), Some(length)) => Ok(Hop::claiming_length(node_id, length, &payload)),
        (Some(frame), None, None) => Ok(Hop::framed(node_id, frame.0)),
        (None, None, _) => Err(format!("hop {number} needs its `payload`, or a `frame`")),
        (Some(_), ..) => {
            Err(format!("the `frame` of hop {number} stands for both length and payload: leave those out"))
        }
    }
}

/// The argument of this index as hops of a blinded path to be.
pub(super) fn recipient_hops(arguments: &[Value], index: usize) -> Result<Vec<RecipientHop>, String> {
    let hop = |(number, value): (usize, &Value)| {
        let members = Members::of(format!("hop {number}"), value)?.only(&["data", "node_id"])?;
        let data: Bytes = members.required("data")?;
        Ok(RecipientHop { node_id: members.required("node_id")?, data: data.0 })
    };
    list(arguments, index)?.iter().enumerate().map(hop).collect()
}

/// The argument of this index as a blinded path, made here or by the node.
pub(super) fn blinded_path(arguments: &[Value], index: usize) -> Result<BlindedPath, String> {
    let path: Value = argument(arguments, index)?;
    let members = Members::of("the path", &path)?;
    let first_node_id: Bytes = members.required("first_node_id")?;
    let hop = |(number, value): (usize, &Value)| {
        let members = Members::of(format!("hop {number} of the path"), value)?;
        let data: Bytes = members.required("encrypted_recipient_data")?;
        Ok(BlindedHop {
            blinded_node_id: members.required("blinded_node_id")?,
            encrypted_recipient_data: data.0,
        })
    };
    Ok(BlindedPath {
        first_node_id: PublicKey::from_slice(&first_node_id).map_err(|_| {
            format!(
                "the path begins at `{first_node_id:?}`, which is no node's id: make one that begins there"
            )
        })?,
        first_path_key: members.required("first_path_key")?,
        hops: members.list("path")?.iter().enumerate().map(hop).collect::<Result<_, String>>()?,
    })
}

/// The argument of this index as the records of a stream, encoded.
pub(super) fn encoded(
    arguments: &[Value],
    index: usize,
    stream: &Arc<TlvStreamDef>,
) -> Result<Vec<u8>, String> {
    let built = stream.build(&plain(arguments, index)?).map_err(|errors| errors.to_string())?;
    Ok(built.encode())
}

/// These bytes as the records of a stream, by name.
pub(super) fn decoded(stream: &Arc<TlvStreamDef>, bytes: &[u8]) -> Value {
    match stream.decode(bytes) {
        Ok(records) => records.to_plain().into(),
        Err(error) => Value::unreadable(error),
    }
}

/// The argument of this index as the codec takes it.
pub(super) fn plain(arguments: &[Value], index: usize) -> Result<Plain, String> {
    Plain::try_from(&argument::<Value>(arguments, index)?)
}

/// That there is nothing of this name, and which might be meant.
pub(super) fn no_such<'n>(
    there_is_none: &str,
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> String {
    match nearest(name, names) {
        Some(near) => format!("{there_is_none} `{name}`: did you mean `{near}`?"),
        None => format!("{there_is_none} `{name}`"),
    }
}

fn items(value: Value) -> Result<Rc<[Value]>, String> {
    match value {
        Value::List(items) => Ok(items),
        other => Err(format!("a list is needed, not {}", other.kind())),
    }
}
