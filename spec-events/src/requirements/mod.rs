//! What the BOLTs require: a stable id for each normative sentence, so that a spec can say what it covers.
//!
//! Two sources meet here. The *catalogue* (`specs/requirements/boltNN.yaml`, bundled) names each requirement, where
//! it stands and how binding it is, without a word of its text. A *checkout* of the BOLTs, where the user has one,
//! gives the words. Both come from [`extract`], so an id means the same in either.
//!
//! What counts as a requirement and how its id is made: `specs/requirements/README.md`.

mod catalogue;
mod checkout;
mod explain;
mod extract;
mod fields;
mod id;
mod index;
mod keyword;
mod markdown;
mod role;
mod search;

#[cfg(test)]
mod tests;

pub use catalogue::{CatalogueError, read, write};
pub use checkout::{BOLTS, Checkout, CheckoutError};
pub use explain::{ExplainError, Explanation, Wording, explain};
pub use extract::{Item, extract};
pub use fields::MessageField;
pub use id::{Id, TextHash};
pub use index::{Requirement, Requirements};
pub use keyword::Level;
pub use search::search;
