//! Events that no message brings about: what the node is asked to do.

use bitcoin::ScriptBuf;

use super::table::events;
use super::{ChannelRef, Name, SessionRef};
use crate::expr::{Bytes, Expr};

events! { Node:
    /// The node is asked to offer us an HTLC, with us as the payment's final node. Needs `add_htlc`. The conversation
    /// goes on meanwhile.
    AddHtlc {
        /// What it pays.
        [main] amount_msat: Expr<u64>,
        /// Whose preimage settles it.
        payment_hash: Expr<Bytes>,
        /// Of the payment's onion. Default: 32 bytes of zero.
        payment_secret: Option<Expr<Bytes>>,
        /// How many blocks from the tip until it times out. Default: 18.
        cltv_delta: Option<Expr<u32>>,
        /// It must come to nothing: the node refuses, or waits for ever.
        refused: bool,
        /// The channel. Default: the one named last.
        chan: ChannelRef,
    }

    /// The node is asked to close a channel cooperatively. Needs `close_channel`.
    CloseChannel {
        /// The channel. Default: the one named last.
        chan: ChannelRef,
    }

    /// The node is asked to close a channel by publishing its own commitment transaction. Needs `force_close`. What it
    /// tells us about that, an `error` or nothing, is left to it.
    ForceClose {
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

    /// The node is asked to make an invoice. Needs `create_invoice`, and `chosen_preimage` with a preimage.
    Invoice {
        /// What it asks for. Default: whatever one pays.
        amount_msat: Option<Expr<u64>>,
        /// The preimage whose hash it names. Default: one that the node keeps to itself.
        preimage: Option<Expr<Bytes>>,
        /// A name for it: `invoice`, its text, `payment_hash`, `payment_secret`, and `preimage` if that was given.
        bind as "as": Name,
    }

    /// The node dies as in a crash, in the midst of what it was doing. Needs `restart`. All sessions end, and what it
    /// was asked to do and has not done is given up. `Restart` brings it back.
    Kill {}

    /// The node is asked to pay an invoice. Needs `pay`. The conversation goes on meanwhile; that it fails is a failure,
    /// and so is a payment that is not over at the path's end.
    Pay {
        /// The invoice: `${ invoice({...}) }` makes one of ours.
        [main] invoice: Expr<String>,
        /// The payment must fail, and the node say so.
        fails: bool,
        /// It may still go on at the path's end.
        unfinished: bool,
        /// A name for it: `state`, which is `pending`, `paid` or `failed`, and `preimage` once it is paid.
        bind as "as": Option<Name>,
    }

    /// The node is stopped in good order, if it runs, once it has nothing left to do, and started again with its data.
    /// Needs `restart`. All sessions end, and what it was asked to do and has not done is given up.
    Restart {}

    /// The node takes this for the network's feerate from now on. Needs `set_feerate`. Of a channel that it opened, it
    /// may tell us so by an `update_fee`.
    SetFeerate {
        /// In sat per 1000 weight.
        [main] per_kw: Expr<u32>,
    }

    /// The node is asked to forward over a channel on other terms from now on. Needs `set_policy`, and
    /// `set_htlc_limits` with either limit.
    SetPolicy {
        /// `fee_base_msat`.
        fee_base_msat: Expr<u32>,
        /// `fee_proportional_millionths`.
        fee_proportional_millionths: Expr<u32>,
        /// `htlc_minimum_msat`. Default: as it was.
        htlc_minimum_msat: Option<Expr<u64>>,
        /// `htlc_maximum_msat`. Default: as it was.
        htlc_maximum_msat: Option<Expr<u64>>,
        /// The channel. Default: the one named last.
        chan: ChannelRef,
    }

    /// The node's timers advance. Needs `clock`.
    Wait {
        /// How far.
        [main] seconds: Expr<u64>,
    }
}
