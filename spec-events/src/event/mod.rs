//! The events: what can happen in a spec.
//!
//! Each is declared once, in the table of its group (`events!`): its name, its arguments with their types, and
//! what they mean. The reader, the JSON schema, the printer and the documentation all follow the table.

mod argument;
mod chain;
mod channel;
mod node;
mod session;
mod structure;
mod table;
mod transport;

pub use argument::{Alternatives, ByField, ChannelRef, MessageName, Name, SessionRef};
pub use chain::{Block, Broadcast, CreateTx, ExpectNoTx, ExpectTx, TxOutput};
pub use channel::{
    AcceptFunding, Claim, ClaimedOutput, Commit, CreateClosing, CreateFunding, Side, UpdateCommit,
};
pub use node::{
    AddHtlc, CloseChannel, ForceClose, FundChannel, Invoice, Kill, Pay, Restart, SetFeerate, SetPolicy, Wait,
};
pub use session::{
    Accept, Connect, Disconnect, ExpectDisconnect, ExpectError, ExpectFail, ExpectMsg, ExpectQuiet,
    ExpectWarning, FailKind, Msg, MustNotMsg, RawMsg,
};
pub use structure::{AnyOrder, Bindings, Check, CheckEq, Include, OneOf, Pair, Sequence, Set, TryAll};
pub use table::{ArgumentInfo, Event, EventInfo, Group, Role};
pub use transport::{ExpectBytes, Handshake, RawConnect, SendBytes};
