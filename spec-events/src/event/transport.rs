//! Events below the messages: BOLT 8's acts, byte by byte.

use secp256k1::SecretKey;

use super::table::events;
use super::{Name, SessionRef};
use crate::expr::{Bytes, Expr};

events! { Transport:
    /// So many bytes come, exactly. Fewer before quiet or a close, or more, are a failure.
    ExpectBytes {
        /// How many. 50 on a raw session are taken as act two as well, which gives `act_three` its value.
        [main] count: Expr<u64>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// A name for the bytes in later expressions.
        bind as "as": Option<Name>,
    }

    /// Completes the handshake of a raw session whose act three was sent: from now on it has messages.
    Handshake {
        /// The session. Default: the one named last.
        on: SessionRef,
    }

    /// We dial the node and send nothing. The session's `act_one` is there to be sent, and after act two its
    /// `act_three`.
    RawConnect {
        /// What the session is called from now on.
        [main] name: Name,
        /// Our static key. Default: `02` for the spec's first session, `03` for the second, and so on.
        key: Expr<SecretKey> = crate::load::defaults::node_key,
        /// Our ephemeral key. Default: 32 times `12`.
        ephemeral: Expr<SecretKey> = crate::load::defaults::ephemeral_key,
    }

    /// We send these bytes as they are.
    SendBytes {
        /// The bytes.
        [main] bytes: Expr<Bytes>,
        /// The session. Default: the one named last.
        on: SessionRef,
        /// Send so many first, let the node settle, then the rest.
        split: Option<Expr<u64>>,
    }
}
