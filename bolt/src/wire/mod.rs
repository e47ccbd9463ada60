//! Messages as bytes: the catalogue of definitions, and a codec over it.
//!
//! - [`Catalogue`] knows every message, TLV stream, subtype and failure message of the BOLTs, and of proposals
//!   loaded at run time.
//! - [`Message`] is one decoded or built message, its fields [`Value`]s. [`Catalogue::decode`] and
//!   [`Message::encode`] are its ways to and from bytes.
//! - [`Plain`](plain::Plain) is the untyped tree that specs are written in. [`MessageDef::build`] and
//!   [`Message::to_plain`] are the ways to and from it.
//! - [`broken`] makes what no correct node would send.
//!
//! ```
//! use lnprototest_bolt::wire::Catalogue;
//!
//! let pong = Catalogue::bolts().decode(&[0, 19, 0, 2, 0xaa, 0xbb])?;
//! assert_eq!(pong.name(), "pong");
//! assert_eq!(pong.bytes("ignored"), Some(&[0xaa, 0xbb][..]));
//! assert_eq!(pong.encode(), [0, 19, 0, 2, 0xaa, 0xbb]);
//! # Ok::<(), lnprototest_bolt::wire::DecodeError>(())
//! ```

pub mod broken;
mod build;
mod build_error;
mod byte_string;
mod catalogue;
mod csv;
mod decode;
mod definition;
mod encode;
mod error;
pub mod integer;
mod message;
pub mod plain;
mod reader;
mod resolve;
mod shape;
mod short_channel_id;
mod to_plain;
mod value;

pub use build::Extent;
pub use build_error::{BuildError, BuildErrors, BuildProblem};
pub use byte_string::ByteString;
pub use catalogue::Catalogue;
pub use csv::CatalogueError;
pub use definition::{Count, FieldDef, FieldType, Layout, MessageDef, SubtypeDef, TlvDef, TlvStreamDef};
pub use error::{DecodeError, Malformation, Malformed};
pub use message::Message;
pub use short_channel_id::{BadShortChannelId, ShortChannelId};
pub use value::{Fields, TlvRecord, TlvStream, Value};
