//! lnprototest's runner for Lampo: `lampod-cli`, a process for each node, on any chain.
//!
//! Lampo knows the chain only as a bitcoind, which this runner plays: so it runs with no bitcoind installed, and sees a
//! block when it is mined. Its silence is proved by the kernel: all its threads sleep, with nothing to read.

mod api;
mod batches;
mod bitcoind;
mod coins;
mod config;
mod genesis;
mod http;
mod invoice;
mod lampod;
mod node;
mod operations;
mod prepared;

mod rest;
mod runner;

pub use runner::LampoRunner;
