//! May HTLCs still wait for one of LDK's batches?
//!
//! LDK deals with HTLCs in batches: with those that a peer has committed to for good, and then with those that it fails
//! back. Each comes at most 201 ms (log-normal in between) after there is something for it, by a timer of the node. How
//! late it is on a busy machine nobody knows, but need not know: a node that is seen asleep has set the timer, and one that
//! is seen asleep again once that must have rung has done what it woke for.

use std::cell::{Cell, OnceCell};
use std::time::{Duration, Instant};

/// How long the timer of a batch runs at most.
pub(crate) const BATCH: Duration = Duration::from_millis(205);
/// The first batch comes no sooner than so long after the start, and what is there before it has to wait as long itself.
const FIRST: Duration = Duration::from_millis(2_005);

/// Whether there may be something for the next batch, as the node's log tells.
#[derive(Default)]
pub(crate) struct Batches {
    cause: Cell<Option<Cause>>,
    /// When the next batch with something in it is over.
    over: Cell<Option<Instant>>,
    /// When the node was last seen asleep.
    seen: Cell<Option<Instant>>,
    /// When the timer of the first batch, which runs at the latest when the node is first seen asleep, has rung.
    first_rings: OnceCell<Instant>,
}

/// What there may be for the next batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// HTLCs that a peer has committed to, or payments to try again.
    Revoked,
    /// HTLCs that the last batch failed, or the chain, and that go back.
    FailedBack,
}

impl Batches {
    /// Of a node that starts, with HTLCs in its data that wait or without.
    pub(crate) fn of_a_start(htlcs_wait: bool) -> Self {
        Self { cause: Cell::new(htlcs_wait.then_some(Cause::Revoked)), ..Self::default() }
    }

    /// Whether HTLCs may wait still.
    pub(crate) fn htlcs_wait(&self) -> bool {
        self.cause.get().is_some() || self.over.get().is_some()
    }

    /// Takes in a line of the node's log.
    pub(crate) fn take_in(&self, line: &str) {
        if line.contains(" Received message RevokeAndACK(") {
            self.cause.set(Some(Cause::Revoked));
        } else if line.contains(" backwards from us") && self.cause.get().is_none() {
            self.cause.set(Some(Cause::FailedBack));
        }
    }

    /// How long it takes until they are over, if they are not. The node was asleep at some time since `since`, and all that
    /// it said until then is taken in; it is `now`.
    pub(crate) fn over_in(&self, since: Instant, now: Instant) -> Option<Duration> {
        let first_rings = *self.first_rings.get_or_init(|| now + FIRST);
        let early = self.seen.replace(Some(since)).is_none_or(|before| before < first_rings);
        let rung = self.over.get().is_some_and(|over| over <= since);
        if rung {
            self.over.set(None);
        }
        if let Some(cause) = self.cause.take() {
            let by_the_batch = rung && cause == Cause::FailedBack;
            let timer = if early && !by_the_batch { FIRST } else { BATCH };
            self.over.set(Some(now + timer));
        }
        self.over.get().map(|over| over.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVOKED: &str =
        "T TRACE lightning::ln::peer_handler:2054 Received message RevokeAndACK(..) from 02";
    const FAILED: &str = "T TRACE lightning::ln::channelmanager:9388 Failing HTLC backwards from us: ..";

    /// Seen asleep now and again until its first batch is over.
    fn grown_up() -> (Batches, Instant) {
        let (batches, start) = (Batches::default(), Instant::now());
        assert_eq!(batches.over_in(start, start), None);
        assert_eq!(batches.over_in(start + FIRST, start + FIRST), None);
        (batches, start + FIRST)
    }

    #[test]
    fn nothing_is_waited_for_without_a_cause() {
        let (batches, now) = grown_up();
        batches
            .take_in("T TRACE lightning::ln::peer_handler:2054 Received message UpdateAddHTLC(..) from 02");
        assert_eq!(batches.over_in(now, now), None);
    }

    #[test]
    fn the_time_begins_when_it_is_seen_asleep() {
        let (batches, now) = grown_up();
        batches.take_in(REVOKED);
        let asleep = now + Duration::from_secs(9);
        assert_eq!(batches.over_in(asleep, asleep), Some(BATCH));
        assert_eq!(batches.over_in(asleep + BATCH / 2, asleep + BATCH / 2), Some(BATCH - BATCH / 2));
        assert_eq!(batches.over_in(asleep + BATCH, asleep + BATCH), None);
    }

    #[test]
    fn it_may_have_been_asleep_before_it_rang() {
        let (batches, now) = grown_up();
        batches.take_in(REVOKED);
        assert_eq!(batches.over_in(now, now), Some(BATCH));
        let after = now + BATCH * 2;
        assert_eq!(batches.over_in(now + BATCH / 2, after), Some(Duration::ZERO));
        assert_eq!(batches.over_in(after, after), None);
    }

    #[test]
    fn what_fails_in_one_goes_back_with_the_next() {
        let (batches, now) = grown_up();
        batches.take_in(REVOKED);
        assert_eq!(batches.over_in(now, now), Some(BATCH));
        batches.take_in(FAILED);
        assert_eq!(batches.over_in(now + BATCH, now + BATCH), Some(BATCH));
        assert_eq!(batches.over_in(now + BATCH * 2, now + BATCH * 2), None);
    }

    #[test]
    fn a_later_cause_begins_anew() {
        let (batches, now) = grown_up();
        batches.take_in(REVOKED);
        assert_eq!(batches.over_in(now, now), Some(BATCH));
        batches.take_in(REVOKED);
        assert_eq!(batches.over_in(now + BATCH / 2, now + BATCH / 2), Some(BATCH));
    }

    #[test]
    fn the_first_lets_wait_and_the_second_does_not() {
        let (batches, start) = (Batches::default(), Instant::now());
        assert_eq!(batches.over_in(start, start), None);
        batches.take_in(REVOKED);
        let asleep = start + FIRST / 2;
        assert_eq!(batches.over_in(asleep, asleep), Some(FIRST));
        batches.take_in(FAILED);
        assert_eq!(batches.over_in(asleep + FIRST, asleep + FIRST), Some(BATCH));
        assert_eq!(batches.over_in(asleep + FIRST + BATCH, asleep + FIRST + BATCH), None);
    }

    #[test]
    fn what_waits_at_the_end_waits_after_the_next_start() {
        let (batches, now) = grown_up();
        assert!(!batches.htlcs_wait());
        batches.take_in(REVOKED);
        assert!(batches.htlcs_wait());
        assert_eq!(batches.over_in(now, now), Some(BATCH));
        assert!(batches.htlcs_wait());
        assert_eq!(batches.over_in(now + BATCH, now + BATCH), None);
        assert!(!batches.htlcs_wait());
        assert_eq!(Batches::of_a_start(true).over_in(now, now), Some(FIRST));
        assert_eq!(Batches::of_a_start(false).over_in(now, now), None);
    }
}
