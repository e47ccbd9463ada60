//! The runner `clightning`: lightningd, the daemon of Core Lightning.
//!
//! A node is a [`ClightningRunner`]'s lightningd with its own directory and port. It follows the harness's chain, of
//! whichever kind, through a plugin of ours in place of `bcli`, so that it learns of a block at once and needs no bitcoind.
//! Unless told otherwise it runs for developers (`--developer`), with the keys that it is given.

mod backend;
mod command_line;
mod fees;
mod frames;
mod log;
mod network;
mod node;
mod operations;
mod plugins;
mod prepared;
mod process;
mod rpc;
mod runner;
mod settings;
mod settle;
mod version;
mod wallet;

pub use runner::ClightningRunner;
