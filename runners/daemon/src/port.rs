//! Which TCP port can a daemon have?

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A free TCP port of 127.0.0.1, which nobody else in this process gets as long as this value lives.
///
/// It is bound until [`release`](Self::release)d, which is for just before the daemon starts. In the moment until the
/// daemon binds it, another process may take it: a daemon that dies at its start with "address in use" is to be
/// started once more, with a new port.
#[derive(Debug)]
pub struct Port {
    number: u16,
    held: Option<TcpListener>,
}

impl Port {
    /// Takes a free one.
    ///
    /// # Errors
    /// [`PortError`] if there is none.
    pub fn take() -> Result<Self, PortError> {
        // Each that is taken already stays bound here until another is found, or the kernel could offer it again.
        let mut passed_over = Vec::new();
        loop {
            let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(PortError)?;
            let number = held.local_addr().map_err(PortError)?.port();
            if taken(|ports| ports.insert(number)) {
                return Ok(Self { number, held: Some(held) });
            }
            passed_over.push(held);
        }
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Where the daemon listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }

    /// Unbinds it, for the daemon to bind. It stays ours within this process.
    pub fn release(&mut self) {
        self.held = None;
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.release();
        taken(|ports| ports.remove(&self.number));
    }
}

/// There is no free port.
#[derive(Debug, thiserror::Error)]
#[error("no TCP port of 127.0.0.1 is free: {0}; use fewer --jobs")]
pub struct PortError(#[source] io::Error);

fn taken<T>(change: impl FnOnce(&mut BTreeSet<u16>) -> T) -> T {
    change(&mut TAKEN.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same_though_released() {
        let ports: Vec<Port> = (0..200)
            .map(|_| {
                let mut port = Port::take().unwrap();
                port.release();
                port
            })
            .collect();
        let numbers: BTreeSet<u16> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), ports.len());
    }

    #[test]
    fn it_is_bound_until_it_is_released() {
        let mut port = Port::take().unwrap();
        TcpListener::bind(port.address()).unwrap_err();
        port.release();
        TcpListener::bind(port.address()).unwrap();
    }
}
