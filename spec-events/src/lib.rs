//! lnprototest's event language: specs as a checked, typed model, read from YAML files or built in Rust.
//!
//! [`Spec`] is what the harness runs: its [`Step`]s hold one typed [`Event`] each, with every name resolved and
//! every fragment expanded. Arguments are expressions ([`Expr`], [`Template`]), compiled when the file is loaded
//! and evaluated against a [`Scope`] of the harness.

pub mod build;
mod diagnostic;
pub mod event;
mod expr;
mod load;
mod location;
mod nearest;
pub mod paths;
mod plain;
pub mod requirements;
pub mod schema;
mod spec;
mod template;
mod value;
mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use event::Event;
pub use expr::{Bytes, EvalError, EvalErrorKind, Expr, Fixed, FunctionInfo, Kind, Literal, Scope, Typed};
pub use lnprototest_bolt::channel::ExpectedSignature;
pub use load::{Language, Suite, Tree, TreeFile, load};
pub use location::{Located, Location, Source};
pub use paths::PathChoices;
pub use spec::{Requires, Spec, Step};
pub use template::{Template, TemplateKind};
pub use value::{Object, Value};
