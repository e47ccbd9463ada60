//! Runs lnprototest's specs against a node and judges what it does. A library without runners.
//!
//! [`Product`] is the way in: a program or a test binary made of runners and specs. Below it an [`Engine`] runs one
//! path of a spec on a fresh node, a [`Pool`] of workers runs many, [`run`](run::run) performs a whole plan of them,
//! and the reporters of [`report`] tell people and files what came of it.

mod channel;
mod engine;
mod exec;
pub mod exit;
pub mod expectations;
mod front;
mod lack;
mod nearest;
mod panics;
mod pool;
pub mod report;
pub mod run;
mod session;
mod stage;
mod transcript;
pub mod verdict;
mod version;

pub use engine::{Engine, PathReport};
pub use front::{Product, UsageError, bundled};
pub use pool::Pool;
