//! Messages that a node may send at any time and that most specs do not speak of.

use lnprototest_bolt::wire::Message;
use lnprototest_spec_events::event::MessageName;

/// The `num_pong_bytes` of the harness's own pings. Their pongs appear in no record, so specs use other numbers.
pub(crate) const FENCE_PONG_BYTES: u16 = 4_242;

/// From this `num_pong_bytes` on a ping is not answered (BOLT 1, "The `ping` and `pong` Messages").
pub(crate) const NO_PONG: u64 = 65_532;

/// Gossip, its queries and peer storage: whatever a node sends of its own accord.
const ALWAYS: [&str; 11] = [
    "channel_announcement",
    "channel_update",
    "gossip_timestamp_filter",
    "node_announcement",
    "peer_storage",
    "peer_storage_retrieval",
    "ping",
    "query_channel_range",
    "query_short_channel_ids",
    "reply_channel_range",
    "reply_short_channel_ids_end",
];

/// What an expectation passes over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Background<'a> {
    /// The usual, and these by name.
    Also(&'a [MessageName]),
    /// Nothing: the very next message counts, and pings are not answered.
    Nothing,
}

impl Background<'_> {
    /// The usual, and nothing more.
    pub(crate) const USUAL: Background<'static> = Background::Also(&[]);

    /// Whether `message` is passed over by an expectation of one of `wanted`.
    pub(crate) fn covers(self, message: &Message, wanted: &[&str]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Also(_) if wanted.contains(&message.name()) => false,
            Self::Also(also) => {
                ALWAYS.contains(&message.name()) || also.iter().any(|name| **name == *message.name())
            }
        }
    }

    /// Whether messages of unknown odd types and pings are dealt with here.
    pub(crate) fn is_some(self) -> bool {
        matches!(self, Self::Also(_))
    }
}
