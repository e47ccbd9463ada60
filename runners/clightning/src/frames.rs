//! How are JSON-RPC messages told apart in a stream of bytes?
//!
//! Core Lightning's come one after another, with blank lines between them that mean nothing.

use serde_json::Value;

/// No message of Core Lightning's is that long; its buffer for them is smaller.
const LONGEST: usize = 64 << 20;

/// The messages of a stream, of which the last may have come in part.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    begun: Vec<u8>,
}

impl Frames {
    /// Takes what was read, and gives the messages that are complete now.
    ///
    /// # Errors
    /// For bytes that are not JSON, or a message without end. Nothing can be read after that.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Value>, FrameError> {
        self.begun.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut values = serde_json::Deserializer::from_slice(&self.begun).into_iter::<Value>();
        let taken = loop {
            let taken = values.byte_offset();
            match values.next() {
                Some(Ok(message)) => messages.push(message),
                Some(Err(error)) if !error.is_eof() => return Err(FrameError::NotJson(error)),
                Some(Err(_)) | None => break taken,
            }
        };
        self.begun.drain(..taken);
        if self.begun.len() > LONGEST { Err(FrameError::TooLong) } else { Ok(messages) }
    }
}

/// The bytes of `message` on the wire.
pub(crate) fn frame(message: &Value) -> Vec<u8> {
    let mut bytes = message.to_string().into_bytes();
    bytes.extend_from_slice(b"\n\n");
    bytes
}

/// What was read is no JSON-RPC.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("what it said is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    #[error("a message of more than {LONGEST} bytes")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn messages_come_out_whole_however_the_bytes_come_in() {
        let messages =
            vec![json!({"id": 1, "result": {"a": "}\n\n{"}}), json!({"id": "x", "method": "init"})];
        let bytes: Vec<u8> = messages.iter().flat_map(frame).collect();
        for size in 1..=bytes.len() {
            let mut frames = Frames::default();
            let read: Vec<Value> = bytes.chunks(size).flat_map(|part| frames.push(part).unwrap()).collect();
            assert_eq!(read, messages, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        let error = Frames::default().push(b"{} oops").unwrap_err();
        assert!(matches!(error, FrameError::NotJson(_)), "{error}");
    }

    #[test]
    fn a_message_without_end_is_given_up() {
        let mut frames = Frames::default();
        let error = frames.push(&[&b"\""[..], &vec![b'a'; LONGEST]].concat()).unwrap_err();
        assert!(matches!(error, FrameError::TooLong), "{error}");
    }
}
