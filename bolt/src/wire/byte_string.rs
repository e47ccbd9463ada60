//! Bytes that are cheap to clone: every field of a decoded message shares the message's own.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Immutable bytes; a clone or a slice costs a reference count. Shown as hex.
#[derive(Clone)]
pub struct ByteString {
    shared: Arc<[u8]>,
    start: usize,
    end: usize,
}

impl ByteString {
    /// The bytes in `range`, which the caller has checked to lie within.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        debug_assert!(range.start <= range.end && self.start + range.end <= self.end);
        Self { shared: self.shared.clone(), start: self.start + range.start, end: self.start + range.end }
    }
}

impl Deref for ByteString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.shared[self.start..self.end]
    }
}

impl AsRef<[u8]> for ByteString {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Default for ByteString {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<u8>> for ByteString {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl From<&[u8]> for ByteString {
    fn from(bytes: &[u8]) -> Self {
        Self { shared: bytes.into(), start: 0, end: bytes.len() }
    }
}

impl PartialEq for ByteString {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for ByteString {}

impl fmt::Debug for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
