//! Events that no message brings about: what the node is asked to do.

use bitcoin::ScriptBuf;

use super::table::events;
use super::{ChannelRef, Name, SessionRef};
use crate::expr::{Bytes, Expr};

events! { Node:
    /// The node is asked to close a channel cooperatively. Needs `close_channel`.
    CloseChannel {
        /// The channel. Default: the one named last.
        chan: ChannelRef,
    }

    /// The node is asked to open and fund a channel with us. Needs `fund_channel`. The conversation goes on
    /// meanwhile; a refusal by the node is a failure.
    FundChannel {
        /// Its capacity in sat.
        [main] sat: Expr<u64>,
        /// What we start with, in msat. Default: nothing.
        push_msat: Option<Expr<u64>>,
        /// The commitment transaction's feerate in sat per 1000 weight.
        feerate: Option<Expr<u32>>,
        /// The channel is to be announced.
        announce: bool,
        /// `channel_type`, as feature bits in wire form.
        channel_type: Option<Expr<Bytes>>,
        /// Where the node's share must go on a cooperative close.
        close_to: Option<Expr<ScriptBuf>>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// It must come to nothing: the node refuses, now or when it hears our answers, or waits for better ones for ever.
        refused: bool,
        /// What the channel is called from now on. Default: `channel`.
        chan: Name = crate::load::defaults::channel,
    }

    /// The node is stopped and started again with its data. Needs `restart`. All sessions end.
    Restart {}

    /// The node's timers advance. Needs `clock`.
    Wait {
        /// How far.
        [main] seconds: Expr<u64>,
    }
}
