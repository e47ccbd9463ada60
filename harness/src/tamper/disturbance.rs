//! One thing of what a node says that is made otherwise.

use lnprototest_bolt::wire::Message;

/// Where something came: on which of a path's connections, and as which thing on it. Both count from 0, the pongs to
/// our own pings aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) connection: usize,
    pub(crate) item: usize,
}

/// What is done to one message, close, silence, invoice or run of bytes. The node does not know of it.
#[derive(Clone, Debug)]
pub(crate) enum Disturbance {
    /// Another message of the same name.
    Alter { at: Place, message: Message },
    /// The connection ends in the message's place.
    Close { at: Place },
    /// It comes behind the next message that is not background.
    Delay { at: Place },
    /// It comes twice.
    Double { at: Place },
    /// It never comes.
    Drop { at: Place },
    /// From it on nothing comes on the connection, not even its end; but the node answers pings.
    Mute { at: Place },
    /// Another message comes in its place.
    Replace { at: Place, message: Message },
    /// When a step trusts in the path's nth silence, this message comes.
    Speak { silence: usize, message: Message },
    /// When a step trusts in the path's nth silence, the connection ends.
    Hang { silence: usize },
    /// The nth invoice that the node makes is this one.
    Invoice { nth: usize, made: String },
    /// The nth run of bytes that a step takes below the messages is otherwise.
    Bytes { run: usize, how: BytesHow },
}

/// What is done to bytes below the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BytesHow {
    /// The connection ends in their place.
    Close,
    /// They never come.
    Drop,
    /// The last bit of the last one is another.
    Flip,
    /// One more comes.
    Lengthen,
}
