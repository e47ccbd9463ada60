//! Events that build a channel's transactions.

use bitcoin::ScriptBuf;
use lnprototest_bolt::channel::Keyset;

use super::table::events;
use super::{ChannelRef, Name, SessionRef};
use crate::expr::{Bytes, Expr};

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

    /// A transaction of ours is made and signed that takes an output of a commitment; it is not broadcast. An HTLC of our
    /// own commitment is taken by its HTLC transaction.
    Claim {
        /// Which output: `to_local`, `to_remote`, `to_local_anchor` or `to_remote_anchor`, as BOLT 3 calls them for the
        /// commitment's holder, or `htlc`.
        [main] output: ClaimedOutput,
        /// Whose commitment it is.
        of: Side,
        /// The commitment's number. Default: the current one.
        number: Option<Expr<u64>>,
        /// Which of the commitment's `htlcs`, counted from 0. Default: the first.
        htlc: Option<Expr<u64>>,
        /// What its hash is the HTLC's. Without one, an HTLC is taken because it has timed out.
        preimage: Option<Expr<Bytes>>,
        /// Take it because the node has revoked its commitment.
        penalty: bool,
        /// Where it goes. Default: P2WPKH of the secret key 77.
        script: Option<Expr<ScriptBuf>>,
        /// Its feerate in sat per 1000 weight, unless it is an HTLC transaction. Default: 253.
        feerate: Option<Expr<u32>>,
        /// The channel. Default: the one named last.
        chan: ChannelRef,
        /// A name for the transaction in later expressions.
        bind as "as": Name,
    }

    /// Both first commitment transactions are made, from the session's `open_channel` and `accept_channel`.
    Commit {
        /// Who sent `open_channel`.
        opener: Side,
        /// The channel. Default: the one named last.
        chan: ChannelRef,
    }

    /// The transaction that closes the channel is made: `closing` has our signature of it and the node's to come.
    CreateClosing {
        /// `fee_satoshis`.
        [main] fee: Expr<u64>,
        /// Whose output alone it has. Default: all that are not below our `dust_limit_satoshis`; both with `closer`.
        only: Option<Side>,
        /// Who sends `closing_complete` for it, and pays its fee. Without it, it is one of `closing_signed`.
        closer: Option<Side>,
        /// `locktime` of `closing_complete`. Default: 0.
        locktime: Option<Expr<u32>>,
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

    /// Both ends take all changes into their commitments: one sends `commitment_signed`, the other `revoke_and_ack` and its
    /// own `commitment_signed`, and the first `revoke_and_ack`. All of the node's must be right.
    UpdateCommit {
        /// Who signs first.
        [main] first: Side,
        /// The channel. Default: the one named last.
        chan: ChannelRef,
    }
}

/// An output of a commitment transaction. "Local" is who holds the commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimedOutput {
    /// One of its HTLCs.
    Htlc,
    /// The holder's balance.
    ToLocal,
    /// The holder's anchor.
    ToLocalAnchor,
    /// The other end's balance.
    ToRemote,
    /// The other end's anchor.
    ToRemoteAnchor,
}

/// One of the two sides of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Us.
    Local,
    /// The node.
    Remote,
}
