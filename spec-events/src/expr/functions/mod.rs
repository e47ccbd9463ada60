//! The functions of the language: pure, without chance, over hex and integers.

mod bytes;
mod keys;
mod scripts;
mod table;

pub use table::FunctionInfo;
pub(crate) use table::{Function, Kind, find, names};
