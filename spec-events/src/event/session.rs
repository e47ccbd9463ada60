//! Events of a session: connections and messages.

use lnprototest_bolt::gossip::SigningFlaw;
use secp256k1::SecretKey;

use super::table::events;
use super::{ByField, MessageName, Name, SessionRef};
use crate::Template;
use crate::expr::{Bytes, Expr};

events! { Session:
    /// The node dials us, under our node key, and both complete BOLT 8's handshake. Needs `connect_out`.
    Accept {
        /// What the session is called from now on.
        [main] name: Name,
        /// Our node key. Default: `02` for the spec's first session, `03` for the second, and so on.
        key: Expr<SecretKey> = crate::load::defaults::node_key,
    }

    /// We dial the node and complete BOLT 8's handshake. Nothing else is sent.
    Connect {
        /// What the session is called from now on. A name used before is connected anew, with a new record.
        [main] name: Name,
        /// Our node key. Default: `02` for the spec's first session, `03` for the second, and so on.
        key: Expr<SecretKey> = crate::load::defaults::node_key,
    }

    /// We close the connection.
    Disconnect {
        /// The session. Default: the one named last.
        [main] on: SessionRef,
    }

    /// The node closes the connection.
    ExpectDisconnect {
        /// The session. Default: the one named last.
        on: SessionRef,
        /// Further messages to take for background.
        ignore: Vec<MessageName>,
    }

    /// The next message is an `error`.
    ExpectError {
        /// The channel that it must be for, as 32 bytes.
        channel_id: Option<Expr<Bytes>>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// Further messages to take for background.
        ignore: Vec<MessageName>,
    }

    /// The node fails the channel or the connection, in any of the ways that the BOLTs leave it.
    ExpectFail {
        /// `channel`: an `error`, a `warning` followed by a close, or a close. `connection`: any close, whatever
        /// `error` or `warning` comes before it.
        [main] what: FailKind,
        /// The channel that an `error` must be for, as 32 bytes; one for all channels is right too.
        channel_id: Option<Expr<Bytes>>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// Further messages to take for background.
        ignore: Vec<MessageName>,
    }

    /// The session's next message that is not background is this one.
    ExpectMsg {
        /// Its name.
        [main] message: MessageName,
        /// Fields that it must have, others are free. TLV records stand under `tlvs`.
        with: Option<Template>,
        /// Conditions that must hold; `msg` is the message.
        check: Vec<Expr<bool>>,
        /// Fields and TLV records that it must not have.
        absent: Vec<Name>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// Take no other message for background.
        strict: bool,
        /// Further messages to take for background.
        ignore: Vec<MessageName>,
        /// A name for the message in later expressions.
        bind as "as": Option<Name>,
    }

    /// The node has nothing to say, and the session is alive.
    ExpectQuiet {
        /// The session. Default: the one named last.
        on: SessionRef,
        /// Further messages to take for background.
        ignore: Vec<MessageName>,
    }

    /// The next message is a `warning`.
    ExpectWarning {
        /// The channel that it must be for, as 32 bytes.
        channel_id: Option<Expr<Bytes>>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// Further messages to take for background.
        ignore: Vec<MessageName>,
    }

    /// We send a message.
    Msg {
        /// Its name.
        [main] message: MessageName,
        /// Every field; lengths are derived. TLV records stand under `tlvs`, which may be left out.
        with: Option<Template>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// Bytes to add after its end.
        trailing: Option<Expr<Bytes>>,
        /// Send only so many bytes of it, its type's two included.
        truncate: Option<Expr<u64>>,
        /// Bytes in place of its whole TLV stream.
        raw_tlvs: Option<Expr<Bytes>>,
        /// It breaks the rules of its channel on purpose: the channel is not followed past it.
        invalid: bool,
        /// Fields of a gossip message that are signatures over the rest of it, each with the secret key that signs.
        /// They do not stand under `with`.
        sign: ByField<SecretKey>,
        /// What is wrong with these signatures: `high_s` is the valid one's twin, `other_message` is of another
        /// message, `single_hash` of the SHA-256 and not the double one, `whole_message` of the message with its type
        /// and signatures. `none` is nothing.
        flaw: ByField<Option<SigningFlaw>>,
    }

    /// From here on to the path's end the node does not send this message.
    MustNotMsg {
        /// Its name.
        [main] message: MessageName,
        /// The session. Default: the one named last.
        on: SessionRef,
    }

    /// We send these bytes as one message, its frame broken if asked to.
    RawMsg {
        /// The message, its type's two bytes first.
        [main] bytes: Expr<Bytes>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// The byte of the frame to invert: 0 and 1 are the length, 2 to 17 its MAC, the body follows, and its MAC
        /// is the last 16. Negative: from the end.
        flip: Option<Expr<i64>>,
        /// The length that the frame claims to have.
        claim: Option<Expr<u64>>,
        /// Send only so many bytes of the frame.
        cut: Option<Expr<u64>>,
        /// Send so many bytes of the frame first, let the node settle, then the rest.
        split: Option<Expr<u64>>,
    }
}

/// What is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailKind {
    /// One channel.
    Channel,
    /// The whole connection.
    Connection,
}
