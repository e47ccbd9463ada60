//! Functions of BOLT 4. What can't be read in a node's bytes is a value of its own, [`Value::Unreadable`](crate::Value),
//! so that the node is blamed for it and not the spec.

mod arguments;
mod attribution;
mod blinding;
mod failure;
mod message;
mod packet;
mod payload;

use super::table::Function;

/// All of them, by what they are about.
pub(super) const GROUPS: [&[Function]; 6] = [
    packet::FUNCTIONS,
    payload::FUNCTIONS,
    failure::FUNCTIONS,
    attribution::FUNCTIONS,
    blinding::FUNCTIONS,
    message::FUNCTIONS,
];
