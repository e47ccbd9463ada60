//! What whole paths cost on an embedded LDK node, in CPU time of the one thread that runs them: a fresh chain, a fresh
//! node, BOLT 8, every message judged. A second group measures the bundled suite by the clock.

#[path = "../src/runners.rs"]
mod runners;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lnprototest_harness::run::{Plan, run};
use lnprototest_harness::verdict::VerdictKind;
use lnprototest_harness::{Engine, Worker, bundled};
use lnprototest_spec_events::{PathChoices, Spec};
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

/// Time that this thread has spent on a processor.
struct ThreadTime;

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    }

    fn end(&self, start: Duration) -> Duration {
        self.start() - start
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Paths on one thread, one after another.
struct Bench {
    engine: Arc<Engine>,
    worker: Worker,
    runtime: Runtime,
    local: LocalSet,
}

impl Bench {
    fn new() -> Self {
        let runner = runners::product().find_runner(None).expect("this build has a runner");
        let engine = Arc::new(Engine::new(runner, std::env::temp_dir()));
        Self {
            worker: Worker::new(engine.clone()),
            engine,
            runtime: Builder::new_current_thread().enable_all().build().expect("a runtime"),
            local: LocalSet::new(),
        }
    }

    fn pass(&self, spec: &Arc<Spec>, path: &PathChoices) {
        let report = self.local.block_on(&self.runtime, self.worker.run_path(spec, path, false));
        assert_eq!(report.verdict.kind(), VerdictKind::Pass, "{}: {:?}", spec.name, report.verdict);
    }
}

fn paths(criterion: &mut Criterion<ThreadTime>) {
    let specs = bundled().expect("the bundled suite is well-formed");
    let bench = Bench::new();
    let mut group = criterion.benchmark_group("paths in thread time");
    group.throughput(Throughput::Elements(1));
    for (what, name, path) in [
        ("connect and init", "bolt01/init/echo", "0"),
        ("open_channel to channel_ready, static_remotekey", "bolt02/channel_ready/locks_in", "0"),
        ("open_channel to channel_ready, anchors", "bolt02/channel_ready/locks_in", "1"),
    ] {
        let spec = specs.iter().find(|spec| spec.name == name).expect(name);
        let path = PathChoices::parse(path, spec).expect(path);
        group.bench_function(what, |bencher| bencher.iter(|| bench.pass(spec, &path)));
    }
    group.finish();
}

fn suite(criterion: &mut Criterion) {
    let specs = bundled().expect("the bundled suite is well-formed");
    let engine = Bench::new().engine;
    let plan = Plan::new(&specs, |spec| Ok::<_, std::convert::Infallible>(PathChoices::each(spec)));
    let Ok(plan) = plan;
    let mut group = criterion.benchmark_group("the bundled suite by the clock");
    group.sample_size(10);
    for jobs in [1, 2] {
        group.bench_function(format!("{jobs} jobs"), |bencher| {
            bencher.iter(|| run(&engine, &plan, jobs, false, &mut []).expect("nothing is written"));
        });
    }
    group.finish();
}

criterion_group! {
    name = in_thread_time;
    config = Criterion::default().with_measurement(ThreadTime);
    targets = paths
}
criterion_group!(by_the_clock, suite);
criterion_main!(in_thread_time, by_the_clock);
