//! What the runners of real daemons share.
//!
//! A [`Program`] is found, given a [`PreparedDir`]'s copy and some [`Port`]s, and [`Launch`]ed. The [`Daemon`] that
//! comes of it leaves no process behind, whatever happens, and [`Quiescence`] proves that it has nothing left to do,
//! with no look at its log and no waiting time. Unix only; the proof needs Linux.

mod census;
mod copy;
mod daemon;
mod family;
mod launch;
mod look;
mod peer;
mod port;
mod prepared;
mod procfs;
mod program;
mod quiescence;
mod sleeper;
mod tail;

pub use copy::{CopyError, copy_dir};
pub use daemon::{Daemon, DaemonError};
pub use launch::Launch;
pub use peer::PeerStream;
pub use port::{Port, PortError};
pub use prepared::{PrepareError, PreparedDir};
pub use program::{Program, ProgramError};
pub use quiescence::{Asleep, Busy, NotAsleep, Quiescence};
pub use rustix::process::Signal;
