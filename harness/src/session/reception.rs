//! Where the node dials us: a pipe and a TCP port, whichever it takes.

use lnprototest_runner_api::pipe::{PipeDialer, PipeStream, pipe};
use lnprototest_runner_api::{Address, ByteStream};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::rc::Rc;

/// One place at which the node is awaited once.
#[derive(Clone, Default)]
pub(crate) struct Reception {
    pipe: Rc<Cell<Option<PipeStream>>>,
    listener: Rc<RefCell<Option<TcpListener>>>,
}

impl Reception {
    /// What the node is told.
    pub(crate) fn address(&self) -> Address {
        let here = self.clone();
        let dialer = PipeDialer::new(move || {
            let (ours, nodes) = pipe();
            here.pipe.set(Some(ours));
            nodes
        });
        let here = self.clone();
        Address::new(dialer, move || here.listen())
    }

    /// The connection, if the node has dialled.
    pub(crate) fn dialled(&self) -> io::Result<Option<Box<dyn ByteStream>>> {
        if let Some(stream) = self.pipe.take() {
            return Ok(Some(Box::new(stream)));
        }
        let listener = self.listener.borrow();
        match listener.as_ref().map(TcpListener::accept) {
            None => Ok(None),
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Some(Err(error)) => Err(error),
            Some(Ok((stream, _))) => {
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                Ok(Some(Box::new(tokio::net::TcpStream::from_std(stream)?)))
            }
        }
    }

    fn listen(&self) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        self.listener.replace(Some(listener));
        Ok(address)
    }
}
