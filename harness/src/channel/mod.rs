//! A channel between us and the node, as the conversation made it.

mod claim;
mod closing;
mod follow;
mod life;
mod negotiated;
mod state;
mod view;

pub(crate) use claim::ClaimRequest;
pub(crate) use closing::Closing;
pub(crate) use life::Life;
pub(crate) use negotiated::Negotiated;
pub(crate) use state::Channel;
