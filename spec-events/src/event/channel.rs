//! Events that build a channel's transactions.

use bitcoin::ScriptBuf;
use lnprototest_bolt::channel::Keyset;

use super::table::events;
use super::{ChannelRef, Name, SessionRef};
use crate::expr::Expr;

events! { Channel:
    /// The node funds the channel: the funding outpoint is taken from its `funding_created`.
    AcceptFunding {
        /// What the channel is called from now on. Default: the name that `FundChannel` gave it, or `channel`.
        chan: Name = crate::load::defaults::funded_channel,
        /// Our keys in this channel.
        local: Expr<Keyset>,
        /// The session. Default: the one named last.
        on: SessionRef,
    }

    /// Both first commitment transactions are made, from the session's `open_channel` and `accept_channel`.
    Commit {
        /// Who sent `open_channel`.
        opener: Side,
        /// The channel. Default: the one named last.
        chan: ChannelRef,
    }

    /// We fund the channel: a funding transaction is made and signed, not broadcast.
    CreateFunding {
        /// What the channel is called from now on. Default: `channel`.
        chan: Name = crate::load::defaults::channel,
        /// The coin to spend: `n` is the coinbase output of block `n` + 1.
        utxo: Expr<u64>,
        /// Our keys in this channel.
        local: Expr<Keyset>,
        /// The channel's capacity in sat.
        sat: Expr<u64>,
        /// The funding transaction's feerate in sat per 1000 weight. Default: 253.
        feerate: Option<Expr<u32>>,
        /// The output's index: so many others come before it. Default: as BIP 69 orders outputs.
        output_index: Option<Expr<u64>>,
        /// What the output really holds, where this is not `sat`: the commitments are made as if it were.
        paid_sat: Option<Expr<u64>>,
        /// The script that the output really pays, where this is not the channel's.
        paid_script: Option<Expr<ScriptBuf>>,
        /// The session. Default: the one named last.
        on: SessionRef,
    }
}

/// One of the two sides of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Us.
    Local,
    /// The node.
    Remote,
}
