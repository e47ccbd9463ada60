//! A channel between us and the node, as the conversation made it.

mod negotiated;
mod state;
mod view;

pub(crate) use negotiated::Negotiated;
pub(crate) use state::{Channel, Commitments};
