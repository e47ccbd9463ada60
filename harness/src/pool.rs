//! The workers: one thread each, one current-thread runtime for its life, one path after another.

use futures_util::FutureExt;
use lnprototest_spec_events::{PathChoices, Spec};
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use crate::engine::{Engine, PathReport};
use crate::mutants::{Judged, PathMutants};
use crate::panics::{keep_on_this_thread, last_panic};
use crate::verdict::{Blame, Fault, Verdict};
use crate::worker::Worker;

/// Workers that run the paths that are submitted, in that order.
pub struct Pool {
    queue: Arc<Queue>,
    workers: Vec<JoinHandle<()>>,
}

/// One path to run: begun by a worker, which is told whether others follow.
type Job = Box<dyn for<'w> FnOnce(&'w Worker, bool) -> Pin<Box<dyn Future<Output = ()> + 'w>> + Send>;

#[derive(Default)]
struct Queue {
    state: Mutex<Jobs>,
    changed: Notify,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

impl Pool {
    /// Starts `workers` threads (at least one) that run paths with `engine`.
    ///
    /// # Errors
    /// The system's, if it refuses a thread or a runtime.
    pub fn start(engine: Arc<Engine>, workers: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let mut pool = Self { queue: queue.clone(), workers: Vec::new() };
        for n in 0..workers.max(1) {
            let (engine, queue) = (engine.clone(), queue.clone());
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let thread = std::thread::Builder::new().name(format!("worker-{n}"));
            pool.workers.push(thread.spawn(move || work(&engine, &queue, &runtime))?);
        }
        Ok(pool)
    }

    /// Submits paths; their reports come in the order in which they end, each with its index in `paths`. Where the run
    /// is interrupted, they come no more.
    pub fn submit(
        &self,
        paths: impl IntoIterator<Item = (Arc<Spec>, PathChoices)>,
    ) -> Receiver<(usize, PathReport)> {
        let (reply, reports) = channel();
        let jobs = paths.into_iter().enumerate().map(|(index, (spec, path))| {
            let reply = reply.clone();
            job(move |worker, more| {
                Box::pin(async move {
                    let run = AssertUnwindSafe(worker.run_path(&spec, &path, more)).catch_unwind();
                    let report = run.await.unwrap_or_else(|_| panicked(&spec, &path));
                    // Nobody waits for it any more if the run was given up.
                    drop(reply.send((index, report)));
                })
            })
        });
        self.enqueue(jobs);
        reports
    }

    /// Submits paths to be measured with their mutants; like [`Pool::submit`].
    pub fn measure(
        &self,
        paths: impl IntoIterator<Item = (Arc<Spec>, PathChoices)>,
        judged: &Arc<Judged>,
    ) -> Receiver<(usize, PathMutants)> {
        let (reply, measured) = channel();
        let jobs = paths.into_iter().enumerate().map(|(index, (spec, path))| {
            let (reply, judged) = (reply.clone(), judged.clone());
            job(move |worker, _| {
                Box::pin(async move {
                    let run = AssertUnwindSafe(worker.measure(&spec, &path, &judged)).catch_unwind();
                    let mutants = run.await.unwrap_or_else(|_| PathMutants::none(panicked(&spec, &path)));
                    drop(reply.send((index, mutants)));
                })
            })
        });
        self.enqueue(jobs);
        measured
    }

    fn enqueue(&self, jobs: impl Iterator<Item = Job>) {
        let mut queue = self.queue.lock();
        if !queue.closed {
            queue.waiting.extend(jobs);
        }
        drop(queue);
        self.queue.changed.notify_waiters();
    }
}

impl Drop for Pool {
    /// Lets the workers finish the paths that they are at, and ends them.
    fn drop(&mut self) {
        self.queue.close();
        for worker in self.workers.drain(..) {
            if worker.join().is_err() {
                tracing::error!("a worker panicked outside of any path");
            }
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No job is to be begun any more.
    fn close(&self) {
        let mut jobs = self.lock();
        jobs.closed = true;
        jobs.waiting.clear();
        drop(jobs);
        self.changed.notify_waiters();
    }

    /// The next job, and whether others wait; `None` once there will be no more. While a worker waits here, the nodes
    /// that it has at hand go on.
    async fn next(&self) -> Option<(Job, bool)> {
        loop {
            let changed = self.changed.notified();
            {
                let mut jobs = self.lock();
                if let Some(job) = jobs.waiting.pop_front() {
                    return Some((job, !jobs.waiting.is_empty()));
                }
                if jobs.closed {
                    return None;
                }
            }
            changed.await;
        }
    }
}

/// A job of this closure.
fn job<F>(run: F) -> Job
where
    F: for<'w> FnOnce(&'w Worker, bool) -> Pin<Box<dyn Future<Output = ()> + 'w>> + Send + 'static,
{
    Box::new(run)
}

fn work(engine: &Arc<Engine>, queue: &Queue, runtime: &Runtime) {
    keep_on_this_thread();
    let local = LocalSet::new();
    let worker = Worker::new(engine.clone());
    local.block_on(runtime, async {
        while let Some((job, more)) = queue.next().await {
            tokio::select! {
                biased;
                () = engine.interrupt.raised() => queue.close(),
                () = job(&worker, more) => {}
            }
        }
        worker.finish().await;
    });
}

fn panicked(spec: &Arc<Spec>, path: &PathChoices) -> PathReport {
    let how = last_panic().unwrap_or_else(|| "it panicked".to_owned());
    let fault = Fault { at: None, blame: Blame::Harness, what: format!("{how}; please report this") };
    PathReport { verdict: Verdict::Error(fault), ..PathReport::new(spec, path) }
}
