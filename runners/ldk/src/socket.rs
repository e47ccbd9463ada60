//! How do bytes get from a pipe to LDK and back?

use lightning::ln::peer_handler::SocketDescriptor;
use lnprototest_runner_api::pipe::PipeEnd;
use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// How many bytes LDK wants to be given at once.
const CHUNK: usize = 4096;

/// One connection as LDK knows it.
#[derive(Clone)]
pub(crate) struct Socket {
    id: u64,
    link: Rc<Link>,
}

struct Link {
    end: PipeEnd,
    /// Bytes of the peer that LDK has not been given yet.
    unread: RefCell<Vec<u8>>,
    /// LDK wants no more bytes for now.
    paused: Cell<bool>,
    /// LDK hung up.
    hung_up: Cell<bool>,
    /// Bytes went out since [`Socket::take_wrote`] asked last.
    wrote: Cell<bool>,
}

impl Socket {
    pub(crate) fn new(id: u64, end: PipeEnd) -> Self {
        let link = Link {
            end,
            unread: RefCell::default(),
            paused: Cell::new(false),
            hung_up: Cell::new(false),
            wrote: Cell::new(false),
        };
        Self { id, link: Rc::new(link) }
    }

    /// The next bytes for LDK; `None` if there are none, or none are wanted now.
    pub(crate) fn next_chunk(&self) -> Option<Vec<u8>> {
        if self.link.paused.get() {
            return None;
        }
        let mut unread = self.link.unread.borrow_mut();
        unread.extend(self.link.end.take());
        if unread.is_empty() {
            return None;
        }
        if unread.len() <= CHUNK {
            return Some(std::mem::take(&mut unread));
        }
        let rest = unread.split_off(CHUNK);
        Some(std::mem::replace(&mut unread, rest))
    }

    /// Whether the peer has closed, and [`Socket::next_chunk`] has given all that it sent before.
    pub(crate) fn is_at_end(&self) -> bool {
        self.link.end.is_closed() && !self.link.paused.get() && self.link.unread.borrow().is_empty()
    }

    /// Whether LDK hung up.
    pub(crate) fn is_hung_up(&self) -> bool {
        self.link.hung_up.get()
    }

    /// Whether bytes went out since it was asked last.
    pub(crate) fn take_wrote(&self) -> bool {
        self.link.wrote.take()
    }

    /// Sends bytes that LDK gave us outside of `send_data`.
    pub(crate) fn send(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.link.end.send(bytes);
            self.link.wrote.set(true);
        }
    }

    /// Closes it: the peer reads what was sent, then the end.
    pub(crate) fn hang_up(&self) {
        self.link.end.close();
        self.link.hung_up.set(true);
    }
}

impl SocketDescriptor for Socket {
    fn send_data(&mut self, data: &[u8], continue_read: bool) -> usize {
        self.link.paused.set(!continue_read);
        self.send(data);
        data.len()
    }

    fn disconnect_socket(&mut self) {
        self.hang_up();
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Socket {}

impl Hash for Socket {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}
