//! The functions of the language: pure, without chance, over hex and integers.

mod bytes;
mod features;
mod gossip;
mod invoice;
mod keys;
mod onion;
mod scripts;
mod table;

pub(crate) use keys::KEYSET_MEMBERS;
pub use table::FunctionInfo;
pub(crate) use table::{Function, find, names};
