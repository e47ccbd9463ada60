//! A daemon says its last words, and leaves nothing behind.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use lnprototest_daemon::{DaemonError, Program, ProgramError, Signal};
use rustix::process::{Pid, Signal as Sent, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};
use support::{LONG, is_alive, on_a_worker, shell};

/// A daemon with a child that ignores what would end it, and one outside its process group.
const FAMILY: &str = "
    sh -c 'trap \"\" TERM HUP INT; echo child $$; while :; do sleep 60; done' &
    setsid sh -c 'echo stray $$; while :; do sleep 60; done' &
    echo leader $$
    wait";

async fn family() -> (lnprototest_daemon::Daemon, Vec<Pid>) {
    let daemon = shell("sh", FAMILY).spawn().unwrap();
    let mut pids = Vec::new();
    for who in ["child", "stray", "leader"] {
        let line = daemon.wait_for_line(move |line| line.starts_with(who), LONG).await.unwrap();
        pids.push(Pid::from_raw(line.split_once(' ').unwrap().1.parse().unwrap()).unwrap());
    }
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    (daemon, pids)
}

#[test]
fn a_kill_leaves_nothing() {
    on_a_worker(async {
        let (daemon, pids) = family().await;
        let status = daemon.kill().await.unwrap();
        assert_eq!(status.signal(), Some(Sent::KILL.as_raw()));
        assert!(!pids.iter().any(|pid| is_alive(*pid)));
        assert_eq!(daemon.kill().await.unwrap(), status);
    });
}

#[test]
fn a_drop_leaves_nothing() {
    let (daemon, pids) = on_a_worker(family());
    drop(daemon);
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
}

#[test]
fn a_panic_leaves_nothing() {
    let (daemon, pids) = on_a_worker(family());
    catch_unwind(AssertUnwindSafe(|| {
        let _daemon = daemon;
        panic!("of a runner");
    }))
    .unwrap_err();
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
}

#[test]
fn a_signal_is_tried_before_the_kill() {
    on_a_worker(async {
        let daemon = shell("sh", "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done")
            .spawn()
            .unwrap();
        daemon.wait_for_line(|line| line == "ready", LONG).await.unwrap();
        let status = daemon.terminate(Signal::TERM, LONG).await.unwrap();
        assert_eq!(status.code(), Some(3));
        assert_eq!(daemon.last_words(9), ["ready", "bye"]);
    });
}

#[test]
fn one_that_ignores_the_signal_is_killed() {
    on_a_worker(async {
        let (daemon, pids) = {
            let daemon = shell("sh", "trap '' TERM; echo $$; while :; do sleep 0.01; done").spawn().unwrap();
            let pid = daemon.wait_for_line(|_| true, LONG).await.unwrap().parse().unwrap();
            (daemon, Pid::from_raw(pid).unwrap())
        };
        let error = daemon.terminate(Signal::TERM, Duration::from_millis(20)).await.unwrap_err();
        assert!(matches!(error, DaemonError::Running { .. }), "it did not end by itself: {error}");
        assert_eq!(daemon.exited().unwrap().signal(), Some(Sent::KILL.as_raw()));
        assert!(!is_alive(pids));
    });
}

#[test]
fn who_dies_takes_its_group_along() {
    on_a_worker(async {
        let (daemon, pids) = family().await;
        assert_eq!(daemon.exited(), None);
        daemon.running().unwrap();
        kill_process(daemon.pid(), Sent::ABORT).unwrap();
        let status = daemon.wait_exit(LONG).await.unwrap();
        assert_eq!(status.signal(), Some(Sent::ABORT.as_raw()));
        let error = daemon.running().unwrap_err().to_string();
        assert!(error.contains("ended by itself (signal: 6 (SIGABRT)"), "{error}");
        assert!(error.contains("leader"), "{error}");
        drop(daemon);
        assert!(!is_alive(pids[0]), "the child in its group");
        assert!(!is_alive(pids[1]), "the stray");
    });
}

#[test]
fn the_last_words_are_there_at_once() {
    on_a_worker(async {
        let daemon = shell("sh", "echo out; echo err >&2; printf unfinished").spawn().unwrap();
        while daemon.exited().is_none() {
            tokio::task::yield_now().await;
        }
        let mut words = daemon.last_words(9);
        words.sort();
        assert_eq!(words, ["err", "out", "unfinished"]);
        assert_eq!(daemon.last_words(1).len(), 1);
    });
}

#[test]
fn many_and_long_lines_are_cut() {
    on_a_worker(async {
        let daemon = shell("sh", "head -c 100000 /dev/zero | tr '\\0' x; echo; seq 5000").spawn().unwrap();
        daemon.wait_exit(LONG).await.unwrap();
        let words = daemon.last_words(usize::MAX);
        assert_eq!((words.len(), words.last().unwrap().as_str()), (2_000, "5000"));
    });
    on_a_worker(async {
        let daemon = shell("sh", "head -c 100000 /dev/zero | tr '\\0' x").spawn().unwrap();
        daemon.wait_exit(LONG).await.unwrap();
        assert_eq!(daemon.last_words(1)[0].len(), 8_192);
    });
}

#[test]
fn a_line_is_waited_for_within_a_bound() {
    on_a_worker(async {
        let daemon = shell("sh", "echo first; sleep 60").spawn().unwrap();
        daemon.wait_for_line(|line| line == "first", LONG).await.unwrap();
        let error =
            daemon.wait_for_line(|line| line == "second", Duration::from_millis(10)).await.unwrap_err();
        assert!(matches!(error, DaemonError::NoLine { .. }), "{error}");
        // It has been said already.
        let error = daemon.next_line(|line| line == "first", Duration::from_millis(10)).await.unwrap_err();
        assert!(matches!(error, DaemonError::NoLine { .. }), "{error}");
    });
}

#[test]
fn a_line_is_not_waited_for_after_the_end() {
    on_a_worker(async {
        let daemon = shell("sh", "echo last; exit 7").spawn().unwrap();
        let error = daemon.wait_for_line(|line| line == "another", LONG).await.unwrap_err();
        assert!(
            matches!(&error, DaemonError::Ended { status, last_words, .. } if status.code() == Some(7) && last_words == "last"),
            "{error}"
        );
    });
}

#[test]
fn a_version_is_what_it_says() {
    on_a_worker(async {
        let find = |name| Program::find(name, None, "NO_SUCH_VARIABLE").unwrap();
        assert!(find("bash").version(LONG).await.unwrap().starts_with("GNU bash"));
        let error = find("false").version(LONG).await.unwrap_err();
        assert!(
            matches!(&error, ProgramError::NoVersion { status, .. } if status.code() == Some(1)),
            "{error}"
        );
    });
}

#[test]
fn an_end_is_waited_for_within_a_bound() {
    on_a_worker(async {
        let error =
            shell("sh", "sleep 60").spawn().unwrap().wait_exit(Duration::from_millis(5)).await.unwrap_err();
        assert!(error.to_string().ends_with("still runs after 5ms"), "{error}");
    });
}

#[test]
fn it_ends_with_the_thread_that_forgets_it() {
    if Program::find("setpriv", None, "NO_SUCH_VARIABLE").is_err() {
        return;
    }
    let pid = thread::spawn(|| {
        on_a_worker(async {
            let daemon = shell("sh", "echo ready; exec sleep 60").spawn().unwrap();
            daemon.wait_for_line(|line| line == "ready", LONG).await.unwrap();
            let pid = daemon.pid();
            std::mem::forget(daemon);
            pid
        })
    })
    .join()
    .unwrap();
    let deadline = Instant::now() + LONG;
    while is_alive(pid) {
        assert!(Instant::now() < deadline, "it lives on");
        thread::yield_now();
    }
}

#[test]
fn what_does_not_start_is_named() {
    on_a_worker(async {
        let error = shell("sh", "true").dir("/no/such/directory").spawn().err().unwrap().to_string();
        assert!(error.contains("/sh does not start in /no/such/directory: "), "{error}");
    });
}
