//! The byte stream of one connection, read without waiting where there is nothing to wait for.

use lnprototest_runner_api::ByteStream;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

/// How much is read from a stream in one go.
const READ_SIZE: usize = 4096;

/// A stream, and the bytes that came and nobody has taken yet.
pub(crate) struct Link {
    stream: Box<dyn ByteStream>,
    incoming: Vec<u8>,
    ended: bool,
    /// How long the node may take to take in what we send.
    bound: Duration,
    /// Whether it takes no more: what follows a part of a message means nothing.
    stuck: bool,
}

impl Link {
    /// A link over `stream`, whose node takes in within `bound` what we send.
    pub(crate) fn new(stream: Box<dyn ByteStream>, bound: Duration) -> Self {
        Self { stream, incoming: Vec::new(), ended: false, bound, stuck: false }
    }

    /// The bytes that came and were not taken, in order.
    pub(crate) fn incoming(&mut self) -> &mut Vec<u8> {
        &mut self.incoming
    }

    /// Whether the node has closed the stream: nothing comes beyond [`Link::incoming`].
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Ends here, as if the node had closed the stream.
    pub(crate) fn sever(&mut self) {
        self.ended = true;
        self.stuck = true;
    }

    /// Sends all of `bytes`. A stream that the node has closed, or reads no more, is no error here: what matters
    /// shows when we read.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        if self.stuck {
            return;
        }
        match tokio::time::timeout(self.bound, sent).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the node takes no more bytes on this connection"),
            Err(_) => {
                tracing::debug!(bound = ?self.bound, "the node does not read what it is sent");
                self.stuck = true;
            }
        }
    }

    /// Closes our direction.
    pub(crate) async fn shutdown(&mut self) {
        if let Err(error) = self.stream.shutdown().await {
            tracing::debug!(%error, "closing a connection that is gone already");
        }
    }

    /// Waits for more bytes, or the end.
    pub(crate) async fn more(&mut self) {
        poll_fn(|cx| self.poll_more(cx)).await;
    }

    /// Takes in all that is there now, without waiting.
    pub(crate) async fn take_in_ready(&mut self) {
        poll_fn(|cx| {
            while !self.ended && self.poll_more(cx).is_ready() {}
            Poll::Ready(())
        })
        .await;
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.ended {
            return Poll::Ready(());
        }
        let mut space = [0; READ_SIZE];
        let mut buffer = ReadBuf::new(&mut space);
        match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                self.ended = true;
                Poll::Ready(())
            }
            Poll::Ready(Ok(())) => {
                self.incoming.extend_from_slice(buffer.filled());
                Poll::Ready(())
            }
            Poll::Ready(Err(error)) => {
                if error.kind() != io::ErrorKind::ConnectionReset {
                    tracing::debug!(%error, "the connection broke");
                }
                self.ended = true;
                Poll::Ready(())
            }
        }
    }
}
