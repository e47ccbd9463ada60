//! When has a lightningd nothing left to do?
//!
//! Once it knows the chain's tip, and all its processes sleep with nothing to read: lightningd, its subdaemons, its plugins.
//! Then only a timer can make it say something. Those of less than a twentieth of a second are waited for, such as that
//! which gathers changes to be signed together; and if the log says that a connection is to be closed, that for which
//! subdaemons have five seconds. Others, such as pings and the spreading of gossip, are not; nor what version 26.04 and later
//! keep back for up to a second, until something urgent goes to the same peer: the answer to the harness's ping is.

use lnprototest_daemon::{Asleep, NotAsleep};
use lnprototest_runner_api::{NodeError, Settled};
use std::time::{Duration, Instant};

use crate::process::Process;

/// How long it may work on what it was sent. With its own keys it looks for blocks each 30 seconds.
const BOUND: Duration = Duration::from_secs(45);
/// Timers that end sooner are waited for.
const NEAR: Duration = Duration::from_millis(50);
/// How long it is watched where the system does not show whether it sleeps.
const BLIND_WATCH: Duration = Duration::from_millis(500);

/// Waits until `process` has nothing left to do.
///
/// # Errors
/// [`NodeError::Chain`] if that failed it.
pub(crate) async fn settle(process: &Process) -> Result<Settled, NodeError> {
    let begun = Instant::now();
    let deadline = begun + BOUND;
    loop {
        if let Some(how) = process.death() {
            return Ok(Settled::Died { how });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, process.backend().catch_up()).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                if process.wait_end().await.is_none() {
                    return Ok(Settled::Died { how: "lightningd gave up its chain backend".to_owned() });
                }
                continue;
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Ok(busy("for its next look at the chain", begun)),
        }
        let near = match process.quiescence.asleep(left).await {
            // Subdaemons sleep for a second now and then, in the middle of what they do.
            Ok(Asleep { is_napping: true, .. }) => Err(NEAR),
            Ok(asleep) => asleep.next_timer.filter(|timer| *timer < NEAR).map_or(Ok(asleep), Err),
            Err(NotAsleep::Gone { .. }) => {
                process.wait_end().await;
                continue;
            }
            Err(NotAsleep::StillBusy { who, .. }) => {
                return Ok(busy(&format!("until it sleeps: {who}"), begun));
            }
            Err(_) => {
                tokio::time::sleep(BLIND_WATCH).await;
                return Ok(blind());
            }
        };
        let near = if process.log.is_closing() { Err(NEAR) } else { near };
        match near {
            Err(timer) if Instant::now() < deadline => tokio::time::sleep(timer).await,
            Err(_) => return Ok(busy("for its next timer, again and again", begun)),
            // Who began something looks for the same, and has a turn.
            Ok(_) if process.has_begun() && Instant::now() < deadline => tokio::task::yield_now().await,
            Ok(asleep) => {
                // While it fell asleep, the chain may have grown, or it may have found its end.
                if process.death().is_none() && process.backend().is_caught_up().await? {
                    return Ok(within(begun, &asleep));
                }
            }
        }
    }
}

fn within(begun: Instant, asleep: &Asleep) -> Settled {
    let timers = if asleep.all_timers_known { "no timer" } else { "no timer that can be known" };
    Settled::Within {
        bound: begun.elapsed(),
        fence: format!(
            "all its processes sleep with nothing to read, and {timers} of theirs ends within {NEAR:?}"
        ),
    }
}

fn busy(what: &str, begun: Instant) -> Settled {
    Settled::Busy { waited: format!("{what}, {:?}", begun.elapsed()) }
}

fn blind() -> Settled {
    Settled::Within {
        bound: BLIND_WATCH,
        fence: "nothing but the time: this system does not show whether a process sleeps".to_owned(),
    }
}
