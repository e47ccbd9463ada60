//! Where in the bytes are we, and what is next?

use super::byte_string::ByteString;
use super::error::{Malformation, Malformed};
use super::integer;

/// Boxed, so that success stays small.
pub(super) type Read<T> = Result<T, Box<Malformed>>;

/// Reads a byte string from front to back, up to an end.
pub(super) struct Reader<'a> {
    source: &'a ByteString,
    position: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a ByteString, position: usize) -> Self {
        Self { source, position, end: source.len() }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn left(&self) -> usize {
        self.end - self.position
    }

    /// An error at the place where `position` was.
    pub(super) fn malformed<T>(&self, position: usize, problem: Malformation) -> Read<T> {
        Err(Box::new(Malformed { name: "".into(), path: Vec::new(), offset: position, problem }))
    }

    /// A reader of the next `len` bytes, which this one skips.
    pub(super) fn part(&mut self, len: u64) -> Read<Reader<'a>> {
        let position = self.position;
        self.take(len)?;
        Ok(Reader { source: self.source, position, end: self.position })
    }

    pub(super) fn take(&mut self, len: u64) -> Read<&'a [u8]> {
        let left = self.left();
        match usize::try_from(len) {
            Ok(len) if len <= left => {
                self.position += len;
                Ok(&self.source[self.position - len..self.position])
            }
            _ => self.malformed(self.position, Malformation::TooShort { needed: len, left }),
        }
    }

    pub(super) fn bytes(&mut self, len: u64) -> Read<ByteString> {
        let start = self.position;
        self.take(len)?;
        Ok(self.since(start))
    }

    /// What was read from `start` on.
    pub(super) fn since(&self, start: usize) -> ByteString {
        self.source.slice(start..self.position)
    }

    pub(super) fn unsigned(&mut self, width: usize) -> Read<u64> {
        self.take(width as u64).map(integer::unsigned)
    }

    pub(super) fn bigsize(&mut self) -> Read<u64> {
        let start = self.position;
        let width = match self.unsigned(1)? {
            0xfd => 2,
            0xfe => 4,
            0xff => 8,
            small => return Ok(small),
        };
        let value = self.unsigned(width)?;
        if integer::bigsize_width(value) != width + 1 {
            return self.malformed(start, Malformation::NotMinimal);
        }
        Ok(value)
    }

    /// An integer of all the bytes there are, at most `max`.
    pub(super) fn truncated(&mut self, max: usize) -> Read<u64> {
        let (start, len) = (self.position, self.left());
        if len > max {
            return self.malformed(start, Malformation::TooLong { len, max });
        }
        let bytes = self.take(len as u64)?;
        if bytes.first() == Some(&0) {
            return self.malformed(start, Malformation::NotMinimal);
        }
        Ok(integer::unsigned(bytes))
    }
}

/// The BigSize that `bytes` start with, and how many of them it takes: 1, 3, 5 or 9.
pub fn read_bigsize(bytes: &[u8]) -> Result<(u64, usize), Malformation> {
    let bytes = ByteString::from(&bytes[..bytes.len().min(9)]);
    let mut reader = Reader::new(&bytes, 0);
    let value = reader.bigsize().map_err(|malformed| malformed.problem)?;
    Ok((value, reader.position()))
}

/// Says in which field an error is, as it passes outwards.
pub(super) trait Within<T> {
    fn within(self, name: impl FnOnce() -> std::sync::Arc<str>) -> Read<T>;
}

impl<T> Within<T> for Read<T> {
    fn within(self, name: impl FnOnce() -> std::sync::Arc<str>) -> Read<T> {
        self.map_err(|mut malformed| {
            malformed.path.push(name());
            malformed
        })
    }
}
