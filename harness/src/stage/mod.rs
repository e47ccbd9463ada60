//! The world of one path: a node, its chain, our connections to it, and what is known so far.

mod facts;
mod hearing;
mod judge;
mod names;
mod operations;
mod patience;
mod state;
mod stop;

pub(crate) use hearing::{Arrival, Silence};
pub(crate) use judge::{Judgement, compare, compare_values, signature_value};
pub(crate) use names::Names;
pub(crate) use operations::{Aim, Ending, Operations};
pub(crate) use patience::{Patience, within};
pub(crate) use state::{Bounds, Stage};
pub(crate) use stop::{Failing, Stop};
