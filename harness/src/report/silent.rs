//! A reporter for runs whose outcome is told by somebody else.

use super::{Reporter, RunEvent};

/// Tells nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn hear(&mut self, _: &RunEvent<'_>) -> std::io::Result<()> {
        Ok(())
    }
}
