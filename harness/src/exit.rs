//! How the program ends: one code for each kind of ending.

/// What the whole run came to, as an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All as expected.
    Expected = 0,
    /// A node failed, or passed against its expectation.
    NodeFailed = 1,
    /// Bad usage or bad spec files, a fault of a spec or of the harness included.
    BadUsage = 2,
    /// The environment: a node that does not start, a missing daemon.
    Environment = 3,
    /// Somebody has ended it (Ctrl-C), as shells have it for SIGINT.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
