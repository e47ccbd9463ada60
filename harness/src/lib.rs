//! Runs lnprototest's specs against a node and judges what it does. A library without runners.
//!
//! [`Product`] is the way in: a program or a test binary made of runners and specs. Below it a [`Worker`]
//! runs paths of specs, as an [`Engine`] is set to, a [`Pool`] of them runs many at a time, [`run`](run::run) performs
//! a whole plan of paths, and the reporters of [`report`] tell people and files what came of it.

mod channel;
mod engine;
mod exec;
pub mod exit;
pub mod expectations;
mod front;
mod ground;
mod interrupt;
mod lack;
pub mod mutants;
mod nearest;
mod panics;
mod pool;
pub mod report;
pub mod run;
mod session;
mod stage;
mod starts;
mod supply;
mod tamper;
mod transcript;
pub mod verdict;
mod version;
mod worker;

pub use engine::{Engine, PathReport};
pub use front::{Product, UsageError, bundled};
pub use ground::ChainSource;
pub use interrupt::Interrupt;
pub use pool::Pool;
pub use worker::Worker;
