//! BOLT 8: the encrypted transport, act by act and frame by frame.
//!
//! Nothing here does I/O: acts and frames are bytes that the caller carries, so that a test can cut, swap or break
//! any of them on the way.
//!
//! ```
//! use lnprototest_bolt::noise::{Decoder, Initiator, Responder};
//! use secp256k1::{PublicKey, SecretKey};
//!
//! let key = |byte| SecretKey::from_slice(&[byte; 32]).unwrap();
//! let node_id = PublicKey::from_secret_key_global(&key(2));
//!
//! let us = Initiator::new(key(1), node_id, key(3));
//! let (act_two, node) = Responder::new(key(2), key(4)).act_one(&us.act_one())?;
//! let mut ours = us.act_two(&act_two)?;
//! let (theirs, our_id) = node.act_three(&ours.act_three)?;
//! assert_eq!(our_id, PublicKey::from_secret_key_global(&key(1)));
//!
//! let frame = ours.transport.encryptor.encrypt(b"hello").unwrap();
//! let mut decoder = Decoder::new(theirs.decryptor);
//! assert_eq!(decoder.next_message(&mut &frame[..]).unwrap().unwrap(), b"hello");
//! # Ok::<(), lnprototest_bolt::noise::HandshakeError>(())
//! ```

mod cipher;
mod decoder;
mod handshake;
mod transport;

pub use decoder::Decoder;
pub use handshake::{
    ACT_ONE_LENGTH, ACT_THREE_LENGTH, ACT_TWO_LENGTH, Act, HandshakeError, Initiator, InitiatorDone,
    Responder, ResponderWaiting,
};
pub use transport::{
    BODY_MAC_LENGTH, Decryptor, Encryptor, FrameError, HEADER_LENGTH, MAX_MESSAGE_LENGTH, TooLong, Transport,
};
