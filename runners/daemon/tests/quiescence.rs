//! A daemon that was found asleep has said all it had to say.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use lnprototest_daemon::{Launch, NotAsleep, PeerStream, Program, Quiescence};
use std::cell::Cell;
use std::env;
use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use support::{LONG, Rig, on_a_worker, shell};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

/// How often each daemon is asked; more for who wants to know better.
fn rounds() -> usize {
    env::var("LNPROTOTEST_ROUNDS").map_or(100, |rounds| rounds.parse().unwrap())
}

/// Asks a daemon that answers each line with the same line, and looks for the answer once it is asleep.
async fn answers_before_it_sleeps(rig: &Rig, rounds: usize) {
    let quiescence = Quiescence::of(&rig.daemon);
    quiescence.asleep(LONG).await.unwrap();
    for round in 0..rounds {
        rig.tell(&round.to_string());
        let asleep = quiescence.asleep(LONG).await;
        assert_eq!(rig.heard(), format!("{round}\n"), "round {round}: {asleep:?}");
    }
}

#[test]
fn a_pipeline() {
    on_a_worker(async {
        answers_before_it_sleeps(&Rig::new("cat <in | cat | cat | cat >out"), rounds() * 10).await
    });
}

#[test]
fn one_that_computes() {
    let script = "while read l; do i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; echo $l; done <in >out";
    on_a_worker(async { answers_before_it_sleeps(&Rig::new(script), rounds()).await });
}

#[test]
fn one_that_starts_others() {
    on_a_worker(async {
        answers_before_it_sleeps(
            &Rig::new("while read l; do echo $(expr $l + 0) | cat; done <in >out"),
            rounds(),
        )
        .await
    });
}

#[test]
fn a_ring_in_which_one_is_awake_at_a_time() {
    let script = "
        mkfifo a b c d e
        exec 3>out
        hop() { while read n l; do if [ $n = 0 ]; then echo $l >&3; else echo $((n-1)) $l; fi; done; }
        hop <in >a & hop <a >b & hop <b >c & hop <c >d & hop <d >e & hop <e >in & wait";
    on_a_worker(async {
        let rig = Rig::new(script);
        let quiescence = Quiescence::of(&rig.daemon);
        quiescence.asleep(LONG).await.unwrap();
        for round in 0..rounds() {
            rig.tell(&format!("200 {round}"));
            let asleep = quiescence.asleep(LONG).await;
            assert_eq!(rig.heard(), format!("{round}\n"), "{asleep:?}");
        }
    });
}

#[test]
fn threads_that_hand_it_on() {
    let program =
        Program::find("thread-chain", Some(Path::new(env!("CARGO_BIN_EXE_thread-chain"))), "").unwrap();
    on_a_worker(async {
        answers_before_it_sleeps(&Rig::launch(Launch::new(&program).args(["6"])), rounds() * 10).await;
    });
}

#[test]
fn all_of_them_with_too_few_processors() {
    on_a_worker(async {
        let load: Vec<_> = (0..4).map(|_| shell("sh", "while :; do :; done").spawn().unwrap()).collect();
        answers_before_it_sleeps(&Rig::new("cat <in | cat | cat | cat >out"), rounds()).await;
        let script = "while read l; do echo $(expr $l + 0) | cat; done <in >out";
        answers_before_it_sleeps(&Rig::new(script), rounds() / 4).await;
        over_tcp("cat <&3 >&3", rounds()).await;
        assert!(load.iter().all(|one| one.exited().is_none()));
    });
}

#[test]
fn a_connection() {
    on_a_worker(over_tcp("cat <&3 >&3", rounds() * 10));
}

#[test]
fn a_connection_whose_second_piece_waits_for_an_acknowledgement() {
    on_a_worker(over_tcp(
        "while read -r l <&3; do printf %s \"${l:0:2}\" >&3; printf '%s\\n' \"${l:2}\" >&3; done",
        rounds(),
    ));
}

/// Asks a daemon that answers each line with the same line over a connection to us.
async fn over_tcp(script: &str, rounds: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let daemon = shell("bash", &format!("exec 3<>/dev/tcp/127.0.0.1/{port}; {script}")).spawn().unwrap();
    let mut stream = PeerStream::new(listener.accept().await.unwrap().0).unwrap();
    let quiescence = Quiescence::of(&daemon);
    quiescence.watch(&stream);
    quiescence.asleep(LONG).await.unwrap();
    for round in 0..rounds {
        let line = format!("line {round}\n");
        stream.write_all(line.as_bytes()).await.unwrap();
        let asleep = quiescence.asleep(LONG).await;
        assert_eq!(come(&mut stream).await, line, "{asleep:?}");
    }
}

/// What can be read at once.
async fn come(stream: &mut PeerStream) -> String {
    let mut bytes = [0; 4096];
    let mut buffer = ReadBuf::new(&mut bytes);
    // One turn of the runtime, for it to notice.
    tokio::task::yield_now().await;
    poll_fn(|context| {
        while let Poll::Ready(read) = Pin::new(&mut *stream).poll_read(context, &mut buffer) {
            read.unwrap();
        }
        Poll::Ready(())
    })
    .await;
    String::from_utf8_lossy(buffer.filled()).into_owned()
}

#[test]
fn a_timer_is_told() {
    on_a_worker(async {
        let rig = Rig::new("while read l; do sleep 0.05; echo $l; done <in >out");
        let quiescence = Quiescence::of(&rig.daemon);
        quiescence.asleep(LONG).await.unwrap();
        let mut timers = 0;
        for round in 0..5 {
            rig.tell(&round.to_string());
            loop {
                let asleep = quiescence.asleep(LONG).await.unwrap();
                let heard = rig.heard();
                if heard == format!("{round}\n") {
                    break;
                }
                assert_eq!(heard, "");
                assert!(
                    asleep.next_timer.is_some_and(|timer| timer <= Duration::from_millis(50)),
                    "{asleep:?}"
                );
                timers += 1;
            }
        }
        assert!(timers >= 5, "{timers}");
    });
}

#[test]
fn no_timer_is_told_where_there_is_none() {
    on_a_worker(async {
        let rig = Rig::new("cat <in >out");
        let asleep = Quiescence::of(&rig.daemon).asleep(LONG).await.unwrap();
        assert_eq!((asleep.next_timer, asleep.all_timers_known), (None, true));
    });
}

#[test]
fn one_that_ticks_settles_between() {
    on_a_worker(async {
        let rig = Rig::new("(while :; do sleep 0.005; done) & while read l; do echo $l; done <in >out");
        answers_before_it_sleeps(&rig, rounds() / 4).await;
    });
}

#[test]
fn one_that_never_rests_is_named() {
    on_a_worker(async {
        let daemon = shell("sh", "while :; do :; done").spawn().unwrap();
        let error = Quiescence::of(&daemon).asleep(Duration::from_millis(20)).await.unwrap_err();
        assert!(matches!(error, NotAsleep::StillBusy { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!("it still worked after 20ms: sh ({}, R) was running", daemon.pid())
        );
    });
}

#[test]
fn one_that_has_ended_is_gone() {
    on_a_worker(async {
        let daemon = shell("sh", "read l <in").spawn().unwrap();
        let quiescence = Quiescence::of(&daemon);
        let error = quiescence.asleep(LONG).await.unwrap_err();
        assert!(matches!(error, NotAsleep::Gone { pid } if pid == daemon.pid()), "{error}");
    });
}

#[test]
fn two_daemons_count_as_one() {
    on_a_worker(async {
        let rig = Rig::new("cat <in >between");
        let reader = shell(
            "sh",
            "while read l; do i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; echo $l; done <between >out",
        )
        .dir(rig.dir.path())
        .spawn()
        .unwrap();
        let quiescence = Quiescence::of(&rig.daemon).and(&reader);
        quiescence.asleep(LONG).await.unwrap();
        for round in 0..rounds() / 4 {
            rig.tell(&round.to_string());
            quiescence.asleep(LONG).await.unwrap();
            assert_eq!(rig.heard(), format!("{round}\n"));
        }
    });
}

#[test]
fn what_we_owe_it_is_paid_before_it_counts_as_asleep() {
    on_a_worker(async {
        let rig = Rig::new("exec 3>between; while read l; do echo $l >&3; done <in >out");
        // It asks, we answer into its input, by way of three tasks; it sends that back to us until nothing is left.
        let asked = rig.between();
        let (first, mut next) = mpsc::unbounded_channel::<String>();
        for _ in 0..3 {
            let (sender, receiver) = mpsc::unbounded_channel();
            let mut from = std::mem::replace(&mut next, receiver);
            spawn_local(async move {
                while let Some(line) = from.recv().await {
                    sender.send(line).unwrap();
                }
            });
        }
        let rig = Rc::new(rig);
        let answering = rig.clone();
        let answered = Rc::new(Cell::new(0));
        let count = answered.clone();
        spawn_local(async move {
            while let Some(line) = next.recv().await {
                count.set(count.get() + 1);
                let left: usize = line.trim().parse().unwrap();
                if left > 0 {
                    answering.tell(&(left - 1).to_string());
                }
            }
        });
        spawn_local(async move {
            let mut lines = BufReader::new(asked).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                first.send(line).unwrap();
            }
        });
        let quiescence = Quiescence::of(&rig.daemon);
        for round in 1..=rounds() {
            rig.tell("9");
            quiescence.asleep(LONG).await.unwrap();
            assert_eq!(answered.get(), 10 * round);
        }
    });
}
