//! What the harness puts up with: how long a node may go on, and how large a number in a spec may be.

use std::time::{Duration, Instant};

use super::Stop;
use crate::verdict::{Code, CodeKind};

/// How long one wait may last on which the node goes on talking: each message ends its silence, so that the bound of
/// the silence alone would never be reached.
pub(crate) struct Patience {
    begun: Instant,
    bound: Duration,
}

impl Patience {
    /// Patience that ends `bound` from now.
    pub(crate) fn new(bound: Duration) -> Self {
        Self { begun: Instant::now(), bound }
    }

    /// Fails once it has ended.
    pub(crate) fn check(&self, session: &str) -> Result<(), Stop> {
        match self.begun.elapsed() <= self.bound {
            true => Ok(()),
            false => Err(Stop::fail(
                Code::bare(CodeKind::Busy),
                format!("the node to come to rest within {:?} (--timeout-scale changes that)", self.bound),
                format!("it goes on sending on {session}"),
            )),
        }
    }
}

/// `number` as an index within so many bytes: the argument `name` of a step can't ask for more than there are.
pub(crate) fn within(name: &str, number: u64, bytes: usize) -> Result<usize, Stop> {
    usize::try_from(number)
        .ok()
        .filter(|number| *number <= bytes)
        .ok_or_else(|| Stop::spec(format!("{name}: there are only {bytes} bytes, not {number}")))
}
