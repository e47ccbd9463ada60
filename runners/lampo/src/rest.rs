//! When has Lampo nothing left to do?
//!
//! When it knows the chain's tip, has no answer of its bitcoind to wait for, and all its threads sleep with nothing to
//! read, which the kernel tells ([`Quiescence`](lnprototest_daemon::Quiescence)). What it does later it does by timers:
//! HTLCs wait for LDK's [batches](crate::batches), which this waits for too. Its other timers (pings, reconnections,
//! rebroadcasts) are ten seconds and longer, and no answer to anything.

use lnprototest_daemon::NotAsleep;
use lnprototest_runner_api::{NodeError, Settled};
use std::time::{Duration, Instant};

use crate::batches::BATCH;
use crate::lampod::Lampod;

/// How long a look at its threads may take to find them asleep.
pub(crate) const ASLEEP_WITHIN: Duration = Duration::from_secs(50);
/// A connection that it has dialled holds bytes back until those before are acknowledged (Nagle's algorithm), which Linux
/// may put off for 40 ms; of those that we have dialled the proof takes care.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_millis(60);
/// Where the kernel does not show whether it sleeps, it is watched for so long.
const WATCHED: Duration = Duration::from_millis(500);

impl Lampod {
    /// Sees it asleep, so that the time of its first batch runs from now on, and not only when it is first needed.
    pub(crate) async fn first_look(&self) {
        let since = Instant::now();
        if self.quiescence.asleep(ASLEEP_WITHIN).await.is_ok() {
            self.batches().over_in(since, Instant::now());
        }
    }

    /// Waits until it has nothing left to do.
    ///
    /// # Errors
    /// The chain's.
    pub(crate) async fn rest(&self) -> Result<Settled, NodeError> {
        let mut acknowledged = false;
        loop {
            if let Some(how) = self.end() {
                return Ok(Settled::Died { how });
            }
            let told = async {
                self.requests_sent().await;
                self.bitcoind.tip_known().await
            };
            match self.unless_it_ends(told).await {
                Ok(known) => known?,
                Err(how) => return Ok(Settled::Died { how }),
            }
            let (calls, since) = (self.bitcoind.calls(), Instant::now());
            let shown = match self.quiescence.asleep(ASLEEP_WITHIN).await {
                Ok(_) => true,
                Err(NotAsleep::Unsupported { source }) => {
                    tracing::debug!(%source, "it can't be seen whether Lampo sleeps");
                    tokio::time::sleep(WATCHED).await;
                    false
                }
                Err(NotAsleep::StillBusy { who, waited }) => {
                    return Ok(Settled::Busy { waited: format!("{waited:?}, and {who}") });
                }
                Err(gone) => {
                    tracing::debug!(%gone, "it is looked at again");
                    tokio::task::yield_now().await;
                    continue;
                }
            };
            let owed = self.bitcoind.calls() != calls || self.bitcoind.owes_an_answer() || self.in_transit();
            if owed || self.end().is_some() {
                tokio::task::yield_now().await;
                continue;
            }
            if let Some(wait) = self.batches().over_in(since, Instant::now()) {
                tokio::time::sleep(wait).await;
                continue;
            }
            if self.dials.get() && !acknowledged {
                tokio::time::sleep(ACKNOWLEDGED_WITHIN).await;
                acknowledged = true;
                continue;
            }
            self.rested.notify_waiters();
            return Ok(match shown {
                true => Settled::Within {
                    bound: BATCH,
                    fence: "all its threads asleep with nothing to read, its HTLC batches over".to_owned(),
                },
                false => Settled::Within { bound: WATCHED, fence: "its silence alone".to_owned() },
            });
        }
    }
}
