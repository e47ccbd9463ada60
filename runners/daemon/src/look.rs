//! How is something waited for that tells nobody when it comes?
//!
//! That a process group is empty, or that a process has ended which others may have to reap, is no event that one could be
//! woken by. It is looked for, again and again, until a bound.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks: the shortest that tokio's timer can.
pub(crate) const EACH: Duration = Duration::from_millis(1);

/// Waits until `look` finds something; None if that is not so after `bound`.
pub(crate) async fn look_for<T>(bound: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + bound;
    loop {
        match look() {
            None if Instant::now() < deadline => tokio::time::sleep(EACH).await,
            found => return found,
        }
    }
}

/// As [`look_for`], where nobody can await it.
pub(crate) fn look_for_blocking<T>(bound: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + bound;
    loop {
        match look() {
            None if Instant::now() < deadline => thread::sleep(EACH),
            found => return found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_is_found_and_the_rest_is_not_waited_for_longer() {
        let mut looks = 0;
        let third = || {
            looks += 1;
            (looks == 3).then_some(looks)
        };
        assert_eq!(look_for(Duration::from_secs(20), third).await, Some(3));
        assert_eq!(look_for(Duration::ZERO, || None::<()>).await, None);
        assert_eq!(look_for_blocking(Duration::ZERO, || Some(1)), Some(1), "it is looked for once at least");
        assert_eq!(look_for_blocking(EACH * 2, || None::<()>), None);
    }
}
