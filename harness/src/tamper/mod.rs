//! What the node says, disturbed on its way to us: whether specs notice is what `mutants` measures.

mod disturbance;
mod tap;

pub(crate) use disturbance::{BytesHow, Disturbance, Place};
pub(crate) use tap::{Notes, Taken, TakenAs, Tap, is_background};
