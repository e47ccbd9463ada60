//! Somebody wants the run to end now.

use tokio::sync::watch;

/// A wish to end the run, shared by all that have a part in it.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Sender<bool>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Interrupt {
    /// Makes it known. Workers let go of the paths that they are at, and end their nodes.
    pub fn raise(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is raised.
    pub(crate) async fn raised(&self) {
        // The sender is in our own hands, so that there is always one to hear from.
        let _ = self.0.subscribe().wait_for(|raised| *raised).await;
    }
}
