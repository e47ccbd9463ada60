//! Messages out of a byte stream, however it is cut into pieces.

use super::transport::{BODY_MAC_LENGTH, Decryptor, FrameError, HEADER_LENGTH};

/// Collects the bytes of one frame at a time, so that it never holds more than 65,569 of them.
#[derive(Clone, Debug)]
pub struct Decoder {
    decryptor: Decryptor,
    wanted: Wanted,
    buffer: Vec<u8>,
}

impl Decoder {
    /// A decoder for the bytes that follow the handshake.
    pub fn new(decryptor: Decryptor) -> Self {
        Self { decryptor, wanted: Wanted::Header, buffer: Vec::new() }
    }

    /// Takes bytes off the front of `input` up to the end of the next message, and returns that message; or takes
    /// them all and returns `None` if there is more to come. Call it until it returns `None`.
    ///
    /// # Errors
    /// [`FrameError`] if the stream can't be decrypted any further. It takes nothing more then, and every later call
    /// gives the same error.
    pub fn next_message(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        loop {
            match self.wanted {
                Wanted::Header => {
                    if !self.fill(HEADER_LENGTH, input) {
                        return Ok(None);
                    }
                    let mut header = [0; HEADER_LENGTH];
                    header.copy_from_slice(&self.buffer);
                    self.buffer.clear();
                    let length = self.decryptor.decrypt_length(&header).map_err(|error| self.fail(error))?;
                    self.wanted = Wanted::Body { length };
                }
                Wanted::Body { length } => {
                    if !self.fill(usize::from(length) + BODY_MAC_LENGTH, input) {
                        return Ok(None);
                    }
                    let mut body = std::mem::take(&mut self.buffer);
                    self.decryptor.decrypt_body(&mut body).map_err(|error| self.fail(error))?;
                    self.wanted = Wanted::Header;
                    return Ok(Some(body));
                }
                Wanted::Nothing(error) => return Err(error),
            }
        }
    }

    /// Whether the stream may end here: false inside a frame and after an error.
    pub fn is_at_boundary(&self) -> bool {
        matches!(self.wanted, Wanted::Header) && self.buffer.is_empty()
    }

    /// Moves bytes from `input` until the buffer holds `length`. Returns whether it does.
    fn fill(&mut self, length: usize, input: &mut &[u8]) -> bool {
        let (taken, rest) = input.split_at(input.len().min(length - self.buffer.len()));
        self.buffer.extend_from_slice(taken);
        *input = rest;
        self.buffer.len() == length
    }

    fn fail(&mut self, error: FrameError) -> FrameError {
        self.buffer = Vec::new();
        self.wanted = Wanted::Nothing(error);
        error
    }
}

/// What the buffer is being filled with.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// A message's body and its MAC.
    Body { length: u16 },
    /// A header.
    Header,
    /// The stream is spoilt.
    Nothing(FrameError),
}
