//! One encrypted connection between a peer and the node, with its own record.

mod background;
mod link;
mod reception;
mod record;
mod state;

pub(crate) use background::{Background, FENCE_PONG_BYTES, NO_PONG};
pub(crate) use link::Link;
pub(crate) use reception::Reception;
pub(crate) use record::{Record, Recorded};
pub(crate) use state::{Arrived, Frame, Phase, Session};
