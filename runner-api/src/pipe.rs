//! A byte stream inside one thread, for nodes that live in this process.
//!
//! One end is an [`AsyncRead`] + [`AsyncWrite`] for the harness, the other a plain handle that a node reads and
//! writes without waiting. Nothing is bounded: an embedded node is settled after each step, so little piles up.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A new pipe: the harness's end and the node's.
pub fn pipe() -> (PipeStream, PipeEnd) {
    let shared = Rc::new(RefCell::new(Shared::default()));
    (PipeStream(shared.clone()), PipeEnd(shared))
}

#[derive(Default)]
struct Shared {
    to_node: Vec<u8>,
    to_harness: Vec<u8>,
    /// The harness will send no more.
    harness_closed: bool,
    /// The node will send no more.
    node_closed: bool,
    reader: Option<Waker>,
}

impl Shared {
    fn wake(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }
}

/// The harness's end.
pub struct PipeStream(Rc<RefCell<Shared>>);

impl AsyncRead for PipeStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.0.borrow_mut();
        if shared.to_harness.is_empty() {
            if shared.node_closed {
                return Poll::Ready(Ok(()));
            }
            shared.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let taken = buf.remaining().min(shared.to_harness.len());
        buf.put_slice(&shared.to_harness[..taken]);
        shared.to_harness.drain(..taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for PipeStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut shared = self.0.borrow_mut();
        if shared.node_closed || shared.harness_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        shared.to_node.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().harness_closed = true;
        Poll::Ready(Ok(()))
    }
}

impl Drop for PipeStream {
    fn drop(&mut self) {
        self.0.borrow_mut().harness_closed = true;
    }
}

/// The node's end.
pub struct PipeEnd(Rc<RefCell<Shared>>);

impl PipeEnd {
    /// Takes all bytes that the peer has sent, in order; empty if there are none.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut().to_node)
    }

    /// Whether the peer has closed its end. Bytes sent before may still be there to take.
    pub fn is_closed(&self) -> bool {
        self.0.borrow().harness_closed
    }

    /// Sends bytes to the peer. Dropped unseen if it has gone.
    pub fn send(&self, bytes: &[u8]) {
        let mut shared = self.0.borrow_mut();
        if !shared.node_closed && !shared.harness_closed {
            shared.to_harness.extend_from_slice(bytes);
            shared.wake();
        }
    }

    /// Closes the stream: the peer reads what was sent, then its end.
    pub fn close(&self) {
        let mut shared = self.0.borrow_mut();
        shared.node_closed = true;
        shared.wake();
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        self.close();
    }
}

/// An address in this process: a node that dials it gets its end of a fresh pipe.
#[derive(Clone)]
pub struct PipeDialer(Rc<dyn Fn() -> PipeEnd>);

impl PipeDialer {
    /// A dialer that makes connections with `accept`, which keeps the harness's end.
    pub fn new(accept: impl Fn() -> PipeEnd + 'static) -> Self {
        Self(Rc::new(accept))
    }

    /// Dials.
    pub fn dial(&self) -> PipeEnd {
        (self.0)()
    }
}

impl fmt::Debug for PipeDialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PipeDialer")
    }
}
