//! BOLT 7: gossip messages signed, missigned and judged, announcements of channels, and the arrays of queries.
//!
//! ```
//! use lnprototest_bolt::channel::PerSide;
//! use lnprototest_bolt::gossip::{AnnouncedChannel, AnnouncingKeys, check_signatures};
//! use secp256k1::SecretKey;
//!
//! let key = |byte| SecretKey::from_slice(&[byte; 32]).unwrap();
//! let keys = PerSide {
//!     local: AnnouncingKeys { node: key(2), funding: key(3) },
//!     remote: AnnouncingKeys { node: key(4), funding: key(5) },
//! };
//! let channel = AnnouncedChannel {
//!     chain_hash: [6; 32],
//!     short_channel_id: "103x1x0".parse()?,
//!     features: vec![],
//!     ends: PerSide::from_fn(|side| keys[side].end()),
//! };
//! let signatures = PerSide { local: channel.sign(&keys.local)?, remote: channel.sign(&keys.remote)? };
//! let announcement = channel.message(&signatures)?;
//! check_signatures(&announcement)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod announcement;
mod checksum;
mod policy;
pub mod query;
mod signing;

pub use crate::wire::{BadShortChannelId, ShortChannelId};
pub use announcement::{
    AnnouncedChannel, AnnouncedEnd, AnnouncementSignatures, AnnouncingKeys, announced_script_pubkey,
};
pub use checksum::{crc32c, update_checksum};
pub use policy::ForwardingPolicy;
pub use signing::{
    GossipError, SigningFlaw, check_signature, check_signatures, missign, sign, signature_fields, signed,
    signed_hash, update_signer,
};
