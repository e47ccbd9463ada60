//! From YAML to checked specs: every name resolved, every expression compiled and looked through, all mistakes of all
//! files told at once.

mod argument;
pub(crate) mod defaults;
mod finish;
mod fragments;
mod head;
mod infer;
mod language;
mod message;
mod names;
mod reader;
mod records;
mod shape;
mod step;
mod suite;
mod tree;
mod values;
mod write;

pub use language::Language;
pub use suite::{Suite, load};
pub use tree::{Tree, TreeFile};

pub(crate) use argument::{Argument, Written};
pub(crate) use reader::Reader;
pub(crate) use step::Arguments;
pub(crate) use suite::check_spec;
