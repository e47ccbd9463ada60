//! How does lightningd do what its user asks of it?

mod channels;
mod connect;
mod dispatch;
mod dual_funding;
mod payments;
mod refusal;

pub(crate) use dispatch::perform;
