//! In which system call does a thread sleep, and for how long at most?

use rustix::process::Pid;
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// A system call that has not returned yet, with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    number: i64,
    args: [u64; 6],
}

/// When a sleeping thread wakes without being woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// It does not.
    None,
    /// It may, nobody knows when.
    Unknown,
    /// After so long, or earlier.
    Within(Duration),
}

impl Call {
    /// Reads `/proc/PID/task/TID/syscall`; None if the thread is on a processor, or waits for one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let number = words.next()?.parse().ok()?;
        let mut args = [0; 6];
        for (arg, word) in args.iter_mut().zip(words) {
            *arg = u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()?;
        }
        Some(Self { number, args })
    }

    /// When a thread of `process` that sleeps in this call wakes by itself.
    pub(crate) fn timer(&self, process: Pid) -> Timer {
        let Some(timeout) = self.timeout() else { return Timer::None };
        let (address, unit, clock) = match timeout {
            // An int, negative for ever; the upper half of the register means nothing.
            Timeout::Milliseconds(count) => {
                return match u64::try_from(count as i32) {
                    Ok(count) => Timer::Within(Duration::from_millis(count)),
                    Err(_) => Timer::None,
                };
            }
            Timeout::Unknown => return Timer::Unknown,
            Timeout::After { address, unit } => (address, unit, None),
            Timeout::At { address, clock } => (address, Unit::Nanoseconds, Some(clock)),
        };
        if address == 0 {
            return Timer::None;
        }
        let Some(time) = read_time(process, address, unit) else { return Timer::Unknown };
        let now = clock.map_or(Duration::ZERO, |clock| {
            let now = clock_gettime(clock);
            Duration::new(now.tv_sec.cast_unsigned(), now.tv_nsec as u32)
        });
        Timer::Within(time.saturating_sub(now))
    }

    /// Whether it waits for nothing but the time.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_nap(&self) -> bool {
        [libc::SYS_clock_nanosleep, libc::SYS_nanosleep].contains(&self.number)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn is_nap(&self) -> bool {
        false
    }

    #[cfg(target_os = "linux")]
    fn timeout(&self) -> Option<Timeout> {
        use Unit::{Microseconds, Nanoseconds};
        let args = &self.args;
        let after = |address: u64, unit| Some(Timeout::After { address, unit });
        match self.number {
            #[cfg(target_arch = "x86_64")]
            libc::SYS_poll => Some(Timeout::Milliseconds(args[2])),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_epoll_wait => Some(Timeout::Milliseconds(args[3])),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_select => after(args[4], Microseconds),
            libc::SYS_clock_nanosleep if args[1] & ABSOLUTE == 0 => after(args[2], Nanoseconds),
            libc::SYS_clock_nanosleep => Some(Timeout::at(args[2], args[0] == REALTIME)),
            libc::SYS_epoll_pwait => Some(Timeout::Milliseconds(args[3])),
            libc::SYS_epoll_pwait2 => after(args[3], Nanoseconds),
            libc::SYS_futex if args[3] == 0 => None,
            libc::SYS_futex => match args[1] & !(FUTEX_PRIVATE | FUTEX_REALTIME) {
                FUTEX_WAIT => after(args[3], Nanoseconds),
                FUTEX_WAIT_BITSET => Some(Timeout::at(args[3], args[1] & FUTEX_REALTIME != 0)),
                _ => Some(Timeout::Unknown),
            },
            libc::SYS_nanosleep => after(args[0], Nanoseconds),
            libc::SYS_ppoll | libc::SYS_rt_sigtimedwait => after(args[2], Nanoseconds),
            libc::SYS_pselect6 => after(args[4], Nanoseconds),
            libc::SYS_io_getevents | libc::SYS_io_uring_enter | libc::SYS_restart_syscall => {
                Some(Timeout::Unknown)
            }
            _ => None,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn timeout(&self) -> Option<Timeout> {
        let _unseen = (self.number, self.args);
        Some(Timeout::Unknown)
    }
}

/// How a call was told its timeout.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux shows system calls"))]
enum Timeout {
    After { address: u64, unit: Unit },
    At { address: u64, clock: ClockId },
    Milliseconds(u64),
    Unknown,
}

#[cfg(target_os = "linux")]
impl Timeout {
    fn at(address: u64, realtime: bool) -> Self {
        Self::At { address, clock: if realtime { ClockId::Realtime } else { ClockId::Monotonic } }
    }
}

/// What the second half of a C `timespec` or `timeval` counts.
#[derive(Clone, Copy)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux shows system calls"))]
enum Unit {
    Microseconds,
    Nanoseconds,
}

#[cfg(target_os = "linux")]
const ABSOLUTE: u64 = libc::TIMER_ABSTIME as u64;
#[cfg(target_os = "linux")]
const REALTIME: u64 = libc::CLOCK_REALTIME as u64;
#[cfg(target_os = "linux")]
const FUTEX_PRIVATE: u64 = libc::FUTEX_PRIVATE_FLAG as u64;
#[cfg(target_os = "linux")]
const FUTEX_REALTIME: u64 = libc::FUTEX_CLOCK_REALTIME as u64;
#[cfg(target_os = "linux")]
const FUTEX_WAIT: u64 = libc::FUTEX_WAIT as u64;
#[cfg(target_os = "linux")]
const FUTEX_WAIT_BITSET: u64 = libc::FUTEX_WAIT_BITSET as u64;

/// Reads a `timespec` or `timeval` (two longs) out of another process.
fn read_time(process: Pid, address: u64, unit: Unit) -> Option<Duration> {
    if cfg!(not(target_pointer_width = "64")) {
        return None;
    }
    let mut bytes = [0; 16];
    File::open(format!("/proc/{process}/mem")).ok()?.read_exact_at(&mut bytes, address).ok()?;
    let (seconds, rest) = bytes.split_first_chunk::<8>()?;
    let seconds = u64::try_from(i64::from_ne_bytes(*seconds)).ok()?;
    let rest = u64::try_from(i64::from_ne_bytes(rest.try_into().ok()?)).ok()?;
    let rest = match unit {
        Unit::Microseconds => Duration::from_micros(rest),
        Unit::Nanoseconds => Duration::from_nanos(rest),
    };
    Duration::from_secs(seconds).checked_add(rest)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn own() -> Pid {
        rustix::process::getpid()
    }

    #[test]
    fn a_thread_that_runs_is_in_no_call() {
        assert_eq!(Call::parse("running\n"), None);
        assert_eq!(Call::parse(""), None);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn milliseconds_are_an_int() {
        let poll =
            |timeout| Call::parse(&format!("7 0x7ffe 0x1 {timeout} 0x0 0x0 0x0 0x7ffe 0x7f7a\n")).unwrap();
        assert_eq!(poll("0x3e8").timer(own()), Timer::Within(Duration::from_secs(1)));
        assert_eq!(poll("0xffffffff").timer(own()), Timer::None);
        assert_eq!(poll("0xffffffffffffffff").timer(own()), Timer::None);
    }

    #[test]
    fn a_nap_is_told_from_a_wait_with_a_timeout() {
        let call = |number| Call { number, args: [0; 6] };
        assert!(call(libc::SYS_clock_nanosleep).is_nap() && call(libc::SYS_nanosleep).is_nap());
        assert!(!call(libc::SYS_ppoll).is_nap());
    }

    #[test]
    fn times_are_read_out_of_the_process() {
        let time: [i64; 2] = [3, 500_000_000];
        let address = time.as_ptr().addr() as u64;
        let call = |number, args| Call { number, args };
        let ppoll = call(libc::SYS_ppoll, [0, 0, address, 0, 0, 0]);
        assert_eq!(ppoll.timer(own()), Timer::Within(Duration::from_millis(3500)));
        assert_eq!(call(libc::SYS_ppoll, [0; 6]).timer(own()), Timer::None);
        // An address that nothing is mapped at.
        assert_eq!(call(libc::SYS_ppoll, [0, 0, 8, 0, 0, 0]).timer(own()), Timer::Unknown);
        // Of a moment long past nothing is left.
        let absolute = call(libc::SYS_clock_nanosleep, [REALTIME, ABSOLUTE, address, 0, 0, 0]);
        assert_eq!(absolute.timer(own()), Timer::Within(Duration::ZERO));
    }

    #[test]
    fn reading_has_no_timer() {
        assert_eq!(Call { number: libc::SYS_read, args: [1; 6] }.timer(own()), Timer::None);
    }
}
