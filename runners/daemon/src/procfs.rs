//! What does Linux tell of processes, threads and its loopback queues?

use rustix::process::Pid;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::str::FromStr;

/// What `/proc/PID/stat` or `/proc/PID/task/TID/stat` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// The name of the executable, or of the thread.
    pub(crate) name: String,
    /// `R` running or about to, `S` asleep, `D` asleep for the disk, `Z` and `X` dead, ...
    pub(crate) state: char,
    /// None for one whose parent is outside what we can see.
    pub(crate) parent: Option<Pid>,
    /// Its process group.
    pub(crate) group: Option<Pid>,
    /// How many threads its process has.
    pub(crate) threads: u64,
    /// Clock ticks since the machine started.
    pub(crate) started: u64,
}

impl Stat {
    /// Whether it has ended.
    pub(crate) fn dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, fields) = text.rsplit_once(") ")?;
        let (_, name) = head.split_once('(')?;
        let mut fields = fields.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        // A process in its last moments has -1 here.
        let mut pid = || Some(positive(fields.next()?.parse().ok()?));
        let (parent, group) = (pid()?, pid()?);
        let threads = fields.nth(14)?.parse().ok()?;
        let started = fields.nth(1)?.parse().ok()?;
        Some(Self { name: name.to_owned(), state, parent, group, threads, started })
    }
}

/// All processes that can be seen.
pub(crate) fn processes() -> io::Result<HashSet<Pid>> {
    numbers("/proc")
}

/// What a process is like now.
pub(crate) fn process(pid: Pid) -> io::Result<Stat> {
    stat(&format!("/proc/{pid}/stat"))
}

/// Whether a process lives, and in its environment there is `variable`, as `NAME=VALUE`.
pub(crate) fn is_marked(pid: Pid, variable: &str) -> bool {
    text(&format!("/proc/{pid}/environ")).is_ok_and(|text| text.split('\0').any(|each| each == variable))
}

/// The threads of a process.
pub(crate) fn threads(pid: Pid) -> io::Result<HashSet<Pid>> {
    match process(pid)?.threads {
        1 => Ok(HashSet::from([pid])),
        _ => numbers(&format!("/proc/{pid}/task")),
    }
}

/// Reads a `stat` file.
pub(crate) fn stat(path: &str) -> io::Result<Stat> {
    Stat::parse(&line(path)?).ok_or_else(|| strange(path))
}

/// How often a thread has been given a processor: the third number of its `schedstat`.
pub(crate) fn turns(thread: &str) -> io::Result<u64> {
    let path = format!("{thread}/schedstat");
    let line = line(&path)?;
    line.split_ascii_whitespace().nth(2).and_then(|turns| turns.parse().ok()).ok_or_else(|| strange(&path))
}

/// The number of the process or thread that was last made, anywhere in our namespace.
pub(crate) fn last_made() -> io::Result<u64> {
    let path = "/proc/loadavg";
    line(path)?.split_ascii_whitespace().nth(4).and_then(|pid| pid.parse().ok()).ok_or_else(|| strange(path))
}

/// Packets that were sent over loopback and wait for a processor to deliver them, on all processors.
pub(crate) fn undelivered() -> io::Result<u64> {
    let path = "/proc/net/softnet_stat";
    let text = text(path)?;
    text.lines()
        .map(|line| u64::from_str_radix(line.split_ascii_whitespace().nth(11)?, 16).ok())
        .sum::<Option<u64>>()
        .ok_or_else(|| strange(path))
}

/// Reads a file of one line, which comes as a whole.
pub(crate) fn line(path: &str) -> io::Result<String> {
    let mut bytes = [0; 1_024];
    let read = File::open(path)?.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..read]).into_owned())
}

/// Reads a small file, in as few calls as it takes.
fn text(path: &str) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    let mut length = 0;
    loop {
        bytes.resize(length + 4_096, 0);
        match file.read(&mut bytes[length..])? {
            0 => break,
            read => length += read,
        }
    }
    bytes.truncate(length);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn numbers(folder: &str) -> io::Result<HashSet<Pid>> {
    let mut numbers = HashSet::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| i32::from_str(name).ok()).and_then(positive) {
            numbers.insert(pid);
        }
    }
    Ok(numbers)
}

/// `Pid` takes no negative number.
fn positive(number: i32) -> Option<Pid> {
    (number > 0).then_some(number).and_then(Pid::from_raw)
}

fn strange(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{path} does not look as expected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_what_it_likes() {
        let line = "42 (a) S 9 (b) R 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 12345 0 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.state), ("a) S 9 (b", 'R'));
        assert_eq!((stat.threads, stat.started), (3, 12345));
        assert_eq!((stat.parent, stat.group), (Pid::from_raw(7), Pid::from_raw(42)));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in ["", "42", "42 (sh", "42 (sh) ", "42 (sh) S x", "42 (sh) S 1 2"] {
            assert_eq!(Stat::parse(line), None, "{line:?}");
        }
    }
}
