//! Messages as encrypted frames, once the handshake is over (BOLT 8, "Lightning Message Specification").

use std::fmt;

use super::cipher::{self, MAC_LENGTH};

/// The length of a frame's header: a 2-byte length, encrypted, and its MAC.
pub const HEADER_LENGTH: usize = 2 + MAC_LENGTH;
/// The length of the MAC that ends a frame's body.
pub const BODY_MAC_LENGTH: usize = MAC_LENGTH;
/// The length of the longest message.
pub const MAX_MESSAGE_LENGTH: usize = u16::MAX as usize;

/// How often a key is used before the next one takes its place: two uses a message.
const ROTATION_INTERVAL: u64 = 1000;

/// Both directions of a connection. They are independent of each other: take them apart as you like.
#[derive(Clone, Debug)]
pub struct Transport {
    /// For what we send.
    pub encryptor: Encryptor,
    /// For what we receive.
    pub decryptor: Decryptor,
}

impl Transport {
    /// The transport that a handshake ends with: the final chaining key, the key for what we send and the key for
    /// what we receive.
    pub fn new(chaining_key: [u8; 32], send_key: [u8; 32], receive_key: [u8; 32]) -> Self {
        Self {
            encryptor: Encryptor { key: RotatingKey::new(chaining_key, send_key) },
            decryptor: Decryptor { key: RotatingKey::new(chaining_key, receive_key) },
        }
    }
}

/// Turns the messages of one direction into frames.
#[derive(Clone, Debug)]
pub struct Encryptor {
    key: RotatingKey,
}

impl Encryptor {
    /// The frame of `message`, 34 bytes longer than it.
    ///
    /// # Errors
    /// [`TooLong`] if the message has more than 65,535 bytes; the key is as it was before.
    pub fn encrypt(&mut self, message: &[u8]) -> Result<Vec<u8>, TooLong> {
        let mut frame = Vec::new();
        self.encrypt_into(message, &mut frame)?;
        Ok(frame)
    }

    /// Appends the frame of `message` to `out`.
    ///
    /// # Errors
    /// [`TooLong`] if the message has more than 65,535 bytes; nothing was appended then, and the key is as it was.
    pub fn encrypt_into(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        let length = u16::try_from(message.len()).map_err(|_| TooLong { length: message.len() })?;
        self.encrypt_with_length(length, message, out);
        Ok(())
    }

    /// Lies: appends to `out` a frame whose header says `claimed` bytes, whatever the length of `message`. All MACs
    /// are right.
    pub fn encrypt_with_length(&mut self, claimed: u16, message: &[u8], out: &mut Vec<u8>) {
        out.reserve(HEADER_LENGTH + message.len() + BODY_MAC_LENGTH);
        self.encrypt_part(&claimed.to_be_bytes(), out);
        self.encrypt_part(message, out);
    }

    fn encrypt_part(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(plain);
        let nonce = self.key.next_nonce();
        let mac = cipher::encrypt(&self.key.key, nonce, &[], &mut out[start..]);
        out.extend_from_slice(&mac);
    }
}

/// Turns the frames of one direction into messages, header and body apart. [`Decoder`](super::Decoder) does so from a
/// stream.
#[derive(Clone, Debug)]
pub struct Decryptor {
    key: RotatingKey,
}

impl Decryptor {
    /// The length of the message that follows `header`. Its body is [`BODY_MAC_LENGTH`] longer.
    ///
    /// # Errors
    /// [`FrameError::BadHeaderMac`]; nothing that follows can be decrypted then.
    pub fn decrypt_length(&mut self, header: &[u8; HEADER_LENGTH]) -> Result<u16, FrameError> {
        let [high, low, mac @ ..] = *header;
        let mut length = [high, low];
        let nonce = self.key.next_nonce();
        cipher::decrypt(&self.key.key, nonce, &[], &mut length, mac).map_err(|_| FrameError::BadHeaderMac)?;
        Ok(u16::from_be_bytes(length))
    }

    /// Decrypts a whole body in place and takes its MAC off, which leaves the message.
    ///
    /// # Errors
    /// [`FrameError::ShortBody`] or [`FrameError::BadBodyMac`]; nothing that follows can be decrypted then, and `body`
    /// holds nothing of use.
    pub fn decrypt_body(&mut self, body: &mut Vec<u8>) -> Result<(), FrameError> {
        let Some((message, mac)) = body.split_last_chunk_mut::<BODY_MAC_LENGTH>() else {
            return Err(FrameError::ShortBody { length: body.len() });
        };
        let nonce = self.key.next_nonce();
        cipher::decrypt(&self.key.key, nonce, &[], message, *mac).map_err(|_| FrameError::BadBodyMac)?;
        body.truncate(body.len() - BODY_MAC_LENGTH);
        Ok(())
    }
}

/// A message that no header can announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of {length} bytes is longer than the 65535 that a frame can carry")]
pub struct TooLong {
    /// The message's length.
    pub length: usize,
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The body's MAC is not the one of these bytes under this key.
    #[error("a frame's body has a wrong MAC")]
    BadBodyMac,
    /// The header's MAC is not the one of these bytes under this key.
    #[error("a frame's header has a wrong MAC")]
    BadHeaderMac,
    /// The body is too short to hold even its MAC.
    #[error("a frame's body of {length} bytes is shorter than its MAC")]
    ShortBody {
        /// The body's length.
        length: usize,
    },
}

/// A key that gives way to the next after a thousand uses (BOLT 8, "Lightning Message Key Rotation").
#[derive(Clone)]
struct RotatingKey {
    chaining_key: [u8; 32],
    key: [u8; 32],
    nonce: u64,
}

impl RotatingKey {
    fn new(chaining_key: [u8; 32], key: [u8; 32]) -> Self {
        Self { chaining_key, key, nonce: 0 }
    }

    /// The nonce for the next use of `key`, which this may replace.
    fn next_nonce(&mut self) -> u64 {
        if self.nonce == ROTATION_INTERVAL {
            (self.chaining_key, self.key) = cipher::hkdf(&self.chaining_key, &self.key);
            self.nonce = 0;
        }
        let nonce = self.nonce;
        self.nonce += 1;
        nonce
    }
}

impl fmt::Debug for RotatingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatingKey").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}
