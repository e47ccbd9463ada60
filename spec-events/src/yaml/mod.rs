//! YAML as a tree in which each part knows its place.

mod node;
mod parse;
mod print;

pub(crate) use node::{Entry, Scalar, Yaml, YamlKind};
pub(crate) use parse::parse;
pub(crate) use print::print;
