//! What did a process say last, and has it said a certain line yet?

use rustix::io::Errno;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::oneshot;

/// Lines that are kept.
const LINES: usize = 2_000;
/// Bytes of a line that are kept.
const LINE: usize = 8_192;
/// Bytes that are read at once.
const CHUNK: usize = 4_096;
/// What a pipe can hold, and some more.
const CHUNKS_AT_ONCE: usize = 64;

/// The last lines of all that a process says.
#[derive(Default)]
pub(crate) struct Tail {
    lines: RefCell<VecDeque<String>>,
    watchers: RefCell<Vec<Watcher>>,
    listeners: RefCell<Vec<Listener>>,
}

/// What is called with each line.
type Listener = Box<dyn FnMut(&str)>;

struct Watcher {
    wanted: Box<dyn FnMut(&str) -> bool>,
    seen: oneshot::Sender<String>,
}

impl Tail {
    /// The last `count` lines, oldest first.
    pub(crate) fn last(&self, count: usize) -> Vec<String> {
        let lines = self.lines.borrow();
        lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect()
    }

    /// Calls `heard` with each line to come.
    pub(crate) fn listen(&self, heard: impl FnMut(&str) + 'static) {
        self.listeners.borrow_mut().push(Box::new(heard));
    }

    /// Resolves to the first wanted line: one that is kept, or the next to come. Fails when all is said.
    pub(crate) fn watch(&self, mut wanted: impl FnMut(&str) -> bool + 'static) -> oneshot::Receiver<String> {
        let (seen, receiver) = oneshot::channel();
        if let Some(line) = self.lines.borrow().iter().find(|line| wanted(line)) {
            let _ours = seen.send(line.clone());
            return receiver;
        }
        self.watch_next_with(Watcher { wanted: Box::new(wanted), seen });
        receiver
    }

    /// Resolves to the next wanted line to come.
    pub(crate) fn watch_next(&self, wanted: impl FnMut(&str) -> bool + 'static) -> oneshot::Receiver<String> {
        let (seen, receiver) = oneshot::channel();
        self.watch_next_with(Watcher { wanted: Box::new(wanted), seen });
        receiver
    }

    fn watch_next_with(&self, watcher: Watcher) {
        self.watchers.borrow_mut().push(watcher);
    }

    fn push(&self, line: String) {
        for heard in self.listeners.borrow_mut().iter_mut() {
            heard(&line);
        }
        let mut watchers = self.watchers.borrow_mut();
        let mut index = 0;
        while index < watchers.len() {
            let watcher = &mut watchers[index];
            if watcher.seen.is_closed() {
                watchers.swap_remove(index);
            } else if (watcher.wanted)(&line) {
                let _given_up = watchers.swap_remove(index).seen.send(line.clone());
            } else {
                index += 1;
            }
        }
        let mut lines = self.lines.borrow_mut();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Our end of one of its pipes.
pub(crate) struct Outlet {
    pipe: Receiver,
    begun: RefCell<Vec<u8>>,
    tail: Rc<Tail>,
}

impl Outlet {
    pub(crate) fn new(pipe: OwnedFd, tail: Rc<Tail>) -> io::Result<Self> {
        Ok(Self { pipe: Receiver::from_owned_fd(pipe)?, begun: RefCell::default(), tail })
    }

    /// Reads until the last process that holds the other end has closed it.
    pub(crate) async fn drain(&self) {
        let mut chunk = [0; CHUNK];
        loop {
            match self.pipe.try_read(&mut chunk) {
                Ok(0) => return self.end(),
                Ok(read) => self.take(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.pipe.readable().await.is_err() {
                        return;
                    }
                }
                Err(_) => return,
            }
            // A process that never stops talking must not keep the other tasks waiting.
            tokio::task::yield_now().await;
        }
    }

    /// Reads what is there, without waiting to be told by the runtime that there is something.
    pub(crate) fn catch_up(&self) {
        let mut chunk = [0; CHUNK];
        for _ in 0..CHUNKS_AT_ONCE {
            match rustix::io::read(&self.pipe, &mut chunk) {
                Ok(0) => return self.end(),
                Ok(read) => self.take(&chunk[..read]),
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// The line that has no end yet, if there is one.
    pub(crate) fn unfinished(&self) -> Option<String> {
        let begun = self.begun.borrow();
        (!begun.is_empty()).then(|| text(&begun))
    }

    fn end(&self) {
        let rest = self.begun.take();
        if !rest.is_empty() {
            self.tail.push(text(&rest));
        }
    }

    fn take(&self, chunk: &[u8]) {
        let mut begun = self.begun.borrow_mut();
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (part, ended) = part.strip_suffix(b"\n").map_or((part, false), |part| (part, true));
            let room = LINE - begun.len();
            begun.extend_from_slice(&part[..part.len().min(room)]);
            if ended {
                self.tail.push(text(&begun));
                begun.clear();
            }
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}
