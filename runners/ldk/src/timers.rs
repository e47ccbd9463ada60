//! What do LDK's timers do when time passes?

use std::cell::Cell;
use std::time::Duration;

use crate::config::{ALIAS, COLOUR};
use crate::engine::Engine;

/// LDK has no clock: its user calls a `timer_tick_occurred` at certain intervals. These are the intervals of LDK's
/// own background processor.
const PING: Duration = Duration::from_secs(10);
const CLAIMS: Duration = Duration::from_secs(30);
const CHANNELS: Duration = Duration::from_secs(60);
const ANNOUNCEMENT: Duration = Duration::from_secs(3600);

/// How much time has passed for a node.
#[derive(Default)]
pub(crate) struct Timers(Cell<Duration>);

impl Timers {
    /// Lets `time` pass. Answers how often an interval ended in it.
    fn pass(&self, time: Duration) -> impl Fn(Duration) -> u64 {
        let before = self.0.get();
        let after = before + time;
        self.0.set(after);
        move |interval| after.as_secs() / interval.as_secs() - before.as_secs() / interval.as_secs()
    }
}

impl Engine {
    /// Lets `time` pass.
    ///
    /// | each | what | seen by a peer as |
    /// | --- | --- | --- |
    /// | 10 s | `PeerManager`'s tick, *at most once a call* | a ping; a hang-up if the last was not answered |
    /// | 30 s | claims are published again, with a higher fee | transactions |
    /// | 60 s | `ChannelManager`'s tick | `update_fee`, `channel_update`s, unfinished channels forgotten |
    /// | 1 h | `node_announcement`, stale gossip forgotten | `node_announcement` |
    ///
    /// A peer can't answer pings in the middle of a call, and LDK hangs up at the second tick without an answer: hence
    /// only one of those a call. To see it hang up on a silent peer, let 10 s pass twice.
    pub(crate) fn advance(&self, time: Duration) {
        let ended = self.timers.pass(time);
        for _ in 0..ended(CLAIMS) {
            self.stack.monitors.rebroadcast_pending_claims();
        }
        for _ in 0..ended(CHANNELS) {
            self.stack.manager.timer_tick_occurred();
        }
        if ended(ANNOUNCEMENT) > 0 {
            self.stack.graph.remove_stale_channels_and_tracking();
            if self.stack.manager.list_channels().iter().any(|channel| channel.is_announced) {
                self.stack.peers.broadcast_node_announcement(COLOUR, ALIAS, Vec::new());
            }
        }
        if ended(PING) > 0 {
            self.stack.peers.timer_tick_occurred();
        }
    }
}
