//! BOLT 4: onions built and peeled, errors returned and read, blinded paths and onion messages.
//!
//! Anything may be made wrong: a packet's parts are plain fields, a hop may claim any length ([`Hop::framed`]), and
//! payloads come from the codec or from [`broken`](crate::wire::broken).
//!
//! ```
//! use lnprototest_bolt::onion::{
//!     Hop, Onion, PAYMENT_SIZE, PayloadKind, ReturnPacket, obfuscate_reason, payload, read_reason,
//! };
//! use lnprototest_bolt::wire::{Catalogue, plain::Plain};
//! use secp256k1::{PublicKey, SecretKey};
//!
//! let [session_key, alice, bob] = [3, 4, 5].map(|byte| SecretKey::from_slice(&[byte; 32]).unwrap());
//! let hash = [42; 32];
//! let forward = PayloadKind::Payment.encode(&payload::forward("103x1x0".parse()?, 1000, 120))?;
//! let last = PayloadKind::Payment.encode(&payload::last(1000, 120, &[7; 32], 1000))?;
//! let hops = [
//!     Hop::new(PublicKey::from_secret_key_global(&alice), &forward),
//!     Hop::new(PublicKey::from_secret_key_global(&bob), &last),
//! ];
//! let onion = Onion::build(&hops, &session_key, &hash, PAYMENT_SIZE)?;
//!
//! let at_alice = onion.packet.peel(&alice, &hash)?;
//! let at_bob = at_alice.next.ok_or("alice forwards")?.peel(&bob, &hash)?;
//! assert_eq!((&at_alice.payload, &at_bob.payload), (&forward, &last));
//! assert!(at_bob.next.is_none());
//!
//! let timeout = Catalogue::bolts().failure("mpp_timeout").ok_or("no such failure")?;
//! let failure = timeout.build(&Plain::map([]))?;
//! let mut reason = ReturnPacket::new(&at_bob.shared_secret, failure.encode()).reason(&at_bob.shared_secret);
//! obfuscate_reason(&at_alice.shared_secret, &mut reason);
//! let returned = read_reason(&reason, &onion.secrets)?;
//! assert_eq!((returned.hop, returned.packet.message()?.name()), (1, "mpp_timeout"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attribution;
mod blinding;
mod build;
mod failure;
mod message;
mod packet;
pub mod payload;
mod peel;
mod relay;
mod return_packet;
mod secret;

pub use attribution::{Attribution, AttributionData, MAX_ATTRIBUTED_HOPS};
pub use blinding::{BlindedHop, BlindedPath, NotForUs, RecipientHop, Unblinded};
pub use build::{Hop, Onion, OnionError, shared_secrets};
pub use failure::{FailureCode, enclosed_channel_update};
pub use message::{MessageError, OnionMessage, ReadError, ReadMessage};
pub use packet::{LARGE_MESSAGE_SIZE, OnionPacket, PAYMENT_SIZE, PacketTooShort};
pub use payload::PayloadKind;
pub use peel::{PeelError, Peeled};
pub use relay::PaymentRelay;
pub use return_packet::{ReasonError, ReturnPacket, Returned, obfuscate_reason, read_reason};
pub use secret::{KeyUsage, SharedSecret};
