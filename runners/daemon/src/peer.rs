//! How does a peer's TCP connection keep nothing back?
//!
//! A sender with Nagle's algorithm holds a small piece back until what it sent before is acknowledged, and a receiver
//! may put that off for 40 ms. Both ends then sleep with bytes on the way. So we send at once, and acknowledge
//! whenever we want to know whether there is more.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection to a daemon whose last bytes [`Quiescence`](crate::Quiescence) can call in, see
/// [`Quiescence::watch`](crate::Quiescence::watch).
#[derive(Debug)]
pub struct PeerStream {
    socket: Rc<TcpStream>,
}

impl PeerStream {
    /// Connects to a daemon's port.
    ///
    /// # Errors
    /// Those of [`TcpStream::connect`].
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(address).await?)
    }

    /// Takes a connection over, such as one that the daemon made.
    ///
    /// # Errors
    /// If the socket refuses to send at once.
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        Ok(Self { socket: Rc::new(socket) })
    }

    pub(crate) fn downgrade(&self) -> Weak<TcpStream> {
        Rc::downgrade(&self.socket)
    }
}

/// Acknowledges all that has come, until nothing more comes of it.
#[cfg(target_os = "linux")]
pub(crate) fn call_in(socket: &TcpStream) -> io::Result<()> {
    loop {
        let before = rustix::io::ioctl_fionread(socket)?;
        rustix::net::sockopt::set_tcp_quickack(socket, true)?;
        if rustix::io::ioctl_fionread(socket)? == before {
            return Ok(());
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn call_in(_socket: &TcpStream) -> io::Result<()> {
    Ok(())
}

impl AsyncRead for PeerStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.socket.poll_read_ready(cx))?;
            match self.socket.try_read(buf.initialize_unfilled()) {
                Ok(read) => {
                    buf.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.socket.poll_write_ready(cx))?;
            match self.socket.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = rustix::net::shutdown(&*self.socket, rustix::net::Shutdown::Write);
        Poll::Ready(match ended {
            // The daemon has closed it already.
            Err(rustix::io::Errno::NOTCONN) => Ok(()),
            ended => ended.map_err(Into::into),
        })
    }
}
