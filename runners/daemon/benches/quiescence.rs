//! What does it cost to prove that a daemon sleeps, and to start and kill one?

#![allow(missing_docs, reason = "criterion's macros make items without any")]

use criterion::{Criterion, criterion_group, criterion_main};
use lnprototest_daemon::{Daemon, Launch, Program, Quiescence};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

const LONG: Duration = Duration::from_secs(20);

fn quiescence(c: &mut Criterion) {
    let (runtime, tasks) =
        (Builder::new_current_thread().enable_all().build().expect("a runtime"), LocalSet::new());
    for count in [1, 8, 20] {
        let daemon = tasks.block_on(&runtime, async { processes(count) });
        let quiescence = Quiescence::of(&daemon);
        tasks.block_on(&runtime, quiescence.asleep(LONG)).expect("sleep sleeps");
        c.bench_function(&format!("daemon/asleep_{count}_processes"), |b| {
            b.iter(|| tasks.block_on(&runtime, quiescence.asleep(LONG)).expect("it still sleeps"));
        });
        // What another path's daemon that starts meanwhile makes us do.
        c.bench_function(&format!("daemon/asleep_{count}_processes_listed_anew"), |b| {
            b.iter(|| {
                tasks.block_on(&runtime, Quiescence::of(&daemon).asleep(LONG)).expect("it still sleeps")
            });
        });
    }
    c.bench_function("daemon/launch_kill", |b| b.iter(|| launch_kill(&runtime, &tasks)));
}

fn launch_kill(runtime: &Runtime, tasks: &LocalSet) {
    tasks.block_on(runtime, async { processes(1).kill().await }).expect("it dies");
}

/// So many processes of one thread each.
fn processes(count: usize) -> Daemon {
    let shell = Program::find("sh", None, "LNPROTOTEST_NO_SUCH_VARIABLE").expect("a shell");
    let script = format!("for i in $(seq 2 {count}); do sleep 1000 & done; exec sleep 1000");
    Launch::new(&shell).args(["-c", &script]).spawn().expect("it starts")
}

criterion_group!(benches, quiescence);
criterion_main!(benches);
