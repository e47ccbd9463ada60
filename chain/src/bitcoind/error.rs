//! Why is there no bitcoind?

use std::io;
use std::path::PathBuf;

/// Why no bitcoind could be started. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BitcoindError {
    /// It came up, but not to what was asked of it first.
    #[error("bitcoind does not take the prepared blocks: {0}")]
    Blocks(String),
    /// Something about its directory.
    #[error("can't prepare {} for bitcoind: {source}", path.display())]
    Directory {
        /// Which file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It can't be executed, or is no bitcoind.
    #[error("{} is no bitcoind that runs here: {why}; BITCOIND_EXE can name another one", path.display())]
    NotBitcoind {
        /// What was tried.
        path: PathBuf,
        /// What the system or the program said.
        why: String,
    },
    /// There is none.
    #[error(
        "no bitcoind on PATH: install Bitcoin Core or Knots, {least} or newer, let BITCOIND_EXE name its bitcoind, or \
         call ci/install-bitcoind, which gets one from Debian",
        least = super::program::LEAST_VERSION
    )]
    NotFound,
    /// It ended before it answered, or never answered.
    #[error("bitcoind does not start in {}: {why}{last_words}", dir.display())]
    Start {
        /// Its directory.
        dir: PathBuf,
        /// How it ended, or how long it was waited for.
        why: String,
        /// The end of its log, each line on one of its own.
        last_words: String,
    },
    /// It is too old.
    #[error(
        "{} is version {version}, but {least} or newer is needed; BITCOIND_EXE can name another one", path.display(),
        least = super::program::LEAST_VERSION
    )]
    TooOld {
        /// Where it is.
        path: PathBuf,
        /// What it calls itself.
        version: String,
    },
}
