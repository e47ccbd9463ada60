//! What does lightningd's log say?

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Its file in the node's directory.
pub(crate) const LOG: &str = "lightningd.log";

/// Where to look for the last lines: enough for more than a report shows, and not more than is read at once.
const TAIL: u64 = 1 << 20;

/// How many lines of a crash are evidence enough: what happened, and where.
const CRASH_LINES: usize = 6;

/// Connectd leaves a subdaemon five seconds before it closes its peer's connection, and the peer's last messages five more.
const CLOSING: Duration = Duration::from_secs(11);

/// The log of a node, over all its starts.
pub(crate) struct Log {
    path: PathBuf,
    watched: RefCell<Watched>,
}

/// What was looked at already.
#[derive(Default)]
struct Watched {
    upto: u64,
    crash: Option<String>,
    /// Peers whose connections are about to be closed, and when that was noticed.
    closing: HashMap<String, Instant>,
}

impl Log {
    /// That of the node in `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self { path: dir.join(LOG), watched: RefCell::default() }
    }

    /// The last `lines` lines, oldest first.
    pub(crate) fn tail(&self, lines: usize) -> Vec<String> {
        let text = self.read_last(TAIL).unwrap_or_default();
        let all: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect()
    }

    /// The first lines of a crash of lightningd or one of its subdaemons, once there was one: lightningd outlives
    /// most of them, and a peer sees but a closed connection.
    pub(crate) fn crash(&self) -> Option<String> {
        self.watch();
        self.watched.borrow().crash.clone()
    }

    /// Whether it has decided to close a connection that is still open.
    pub(crate) fn is_closing(&self) -> bool {
        self.watch();
        self.watched.borrow().closing.values().any(|noticed| noticed.elapsed() < CLOSING)
    }

    /// Looks at what is new.
    fn watch(&self) {
        let mut watched = self.watched.borrow_mut();
        // A log that can't be read tells nothing; if lightningd itself is gone, that is noticed otherwise.
        let (new, upto) = self.read_from(watched.upto).unwrap_or_else(|_| (String::new(), watched.upto));
        // An unfinished line is for the next look.
        let complete = new.rfind('\n').map_or(0, |end| end + 1);
        watched.upto = upto - (new.len() - complete) as u64;
        let new = &new[..complete];
        if watched.crash.is_none() {
            watched.crash = crash_in(new);
        }
        for line in new.lines() {
            watched.note_closing(line);
        }
    }

    fn read_last(&self, bytes: u64) -> io::Result<String> {
        let length = fs::metadata(&self.path)?.len();
        Ok(self.read_from(length.saturating_sub(bytes))?.0)
    }

    /// What stands behind the first `from` bytes, and how long all of it is.
    fn read_from(&self, from: u64) -> io::Result<(String, u64)> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        let read = file.read_to_end(&mut bytes)?;
        // Lightningd writes ASCII, and escapes what peers send: else positions would be off by what is replaced here.
        Ok((String::from_utf8_lossy(&bytes).into_owned(), from + read as u64))
    }
}

impl Watched {
    /// Takes note if `line` tells that a peer's connection is to be closed, or is.
    fn note_closing(&mut self, line: &str) {
        let Some((peer, event)) = line.split_whitespace().nth(2).zip(line.split_once(": ")) else { return };
        let peer = peer.split('-').next().unwrap_or_default();
        if event.1.starts_with("disconnect_peer: ") {
            self.closing.insert(peer.to_owned(), Instant::now());
        } else if event.1.starts_with("draining done") || event.1 == "peer_disconnected" {
            self.closing.remove(peer);
        }
    }
}

/// A crash and what follows it, as far as it is as grave.
fn crash_in(text: &str) -> Option<String> {
    let broken = |line: &&str| line.contains("BROKEN");
    let first = text.lines().position(|line| broken(&line) && is_crash(line))?;
    let lines: Vec<&str> = text.lines().skip(first).filter(broken).take(CRASH_LINES).collect();
    Some(lines.join("\n"))
}

/// Other BROKEN lines tell of what should not happen, but not of an end: one is a peer's bad block height.
fn is_crash(line: &str) -> bool {
    ["FATAL SIGNAL", "killed with signal", "STATUS_FAIL_INTERNAL_ERROR", "STATUS_FAIL_HSM_IO"]
        .iter()
        .any(|sign| line.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const CRASH: &str =
        "2026-11-21T02:00:00Z **BROKEN** 02-channeld-chan#1: FATAL SIGNAL 6 (version v26.06)\n";

    #[test]
    fn a_crash_is_noticed_once_its_line_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(dir.path());
        assert_eq!(log.crash(), None);
        let mut file = File::create(dir.path().join(LOG)).unwrap();
        file.write_all(b"2026-11-21T02:00:00Z **BROKEN** lightningd: a thing that should not happen\n")
            .unwrap();
        file.write_all(&CRASH.as_bytes()[..60]).unwrap();
        assert_eq!(log.crash(), None);
        file.write_all(&CRASH.as_bytes()[60..]).unwrap();
        file.write_all(b"2026-11-21T02:00:00Z DEBUG lightningd: more\n").unwrap();
        let crash = log.crash().unwrap();
        assert!(crash.ends_with("FATAL SIGNAL 6 (version v26.06)"), "{crash}");
        assert_eq!(log.crash(), Some(crash), "it stays crashed");
    }

    #[test]
    fn a_connection_is_closing_until_it_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(dir.path());
        let mut file = File::create(dir.path().join(LOG)).unwrap();
        let mut say = |who: &str, what: &str| {
            writeln!(file, "2026-11-21T02:00:00Z DEBUG   {who}: {what}").unwrap();
        };
        say("02ab-connectd", "Handed peer, entering loop");
        assert!(!log.is_closing());
        say("02ab-connectd", "disconnect_peer: setting 5 second timer for subd 0/2.");
        say("03cd-lightningd", "peer_disconnected");
        assert!(log.is_closing());
        say("02ab-lightningd", "peer_disconnected");
        assert!(!log.is_closing());
    }

    #[test]
    fn the_tail_has_no_more_lines_than_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LOG), "1\n2\n\n\n3\n").unwrap();
        let log = Log::new(dir.path());
        assert_eq!(log.tail(2), ["2", "3"]);
        assert_eq!(log.tail(9), ["1", "2", "3"]);
    }
}
