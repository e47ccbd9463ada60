//! A runner whose nodes cost much to start: what the harness does with them is counted.

use lnprototest_harness::run::{Plan, RunOutcome, run};
use lnprototest_harness::{Engine, Interrupt};
use lnprototest_runner_api::{
    ByteStream, Capabilities, Capability, Identity, LocalFuture, Node, NodeError, Operation, OperationError,
    Outcome, Runner, Settled, StartCost, World,
};
use lnprototest_spec_events::{PathChoices, Spec};
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex};

use super::{Script, Scripted};

/// How one node behaves.
#[derive(Clone)]
pub struct Habits {
    /// What it answers.
    pub script: Script,
    pub start: Quirk,
    pub dial: Quirk,
    pub settle: Quirk,
    pub stop: Quirk,
}

/// What happens in place of, or before, the right thing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Quirk {
    /// It never ends.
    Hangs,
    #[default]
    None,
    /// The runner panics.
    Panics,
}

/// Starts nodes, each of which behaves as its number, from 0 on, says.
#[derive(Clone)]
pub struct Dear {
    habits: Arc<dyn Fn(usize) -> Habits + Send + Sync>,
    tally: Arc<Tally>,
}

/// What became of the nodes, as far as it is known by now.
#[derive(Default)]
pub struct Tally {
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Those whose start was begun.
    pub started: usize,
    /// Those that are there, stopped or not.
    pub there: usize,
    /// Those that were stopped in good order.
    pub stopped: usize,
    /// The number of the node that was dialled, for each time.
    pub dialled: Vec<usize>,
}

impl Habits {
    /// Nothing but what the script says.
    pub fn of(script: impl Fn(Option<&[u8]>) -> Vec<super::Reaction> + Send + Sync + 'static) -> Self {
        let usual = Quirk::None;
        Self { script: Arc::new(script), start: usual, dial: usual, settle: usual, stop: usual }
    }
}

impl Quirk {
    async fn happen(self, place: &str) {
        match self {
            Self::Hangs => std::future::pending().await,
            Self::None => {}
            Self::Panics => panic!("the runner panics in {place}"),
        }
    }
}

impl Dear {
    pub fn new(habits: impl Fn(usize) -> Habits + Send + Sync + 'static) -> Self {
        Self { habits: Arc::new(habits), tally: Arc::default() }
    }

    pub fn counts(&self) -> Counts {
        self.tally.counts.lock().unwrap().clone()
    }

    /// Waits until this is so.
    pub fn wait_until(&self, is_so: impl Fn(&Counts) -> bool) {
        let counts = self.tally.counts.lock().unwrap();
        drop(self.tally.changed.wait_while(counts, |counts| !is_so(counts)).unwrap());
    }

    /// Runs all paths of `specs` with so many workers, until the end or until `interrupt` is raised. Nothing must be left.
    pub fn run(&self, specs: &[Arc<Spec>], jobs: usize, interrupt: &Interrupt) -> RunOutcome {
        let work_dir = tempfile::tempdir().unwrap();
        let mut engine = Engine::new(Arc::new(self.clone()), work_dir.path().to_owned());
        engine.interrupt = interrupt.clone();
        let Ok(plan) = Plan::new(specs, |spec| Ok::<_, Infallible>(PathChoices::each(spec)));
        let outcome = run(&Arc::new(engine), &plan, jobs, false, &mut []).unwrap();
        assert_eq!(self.counts().there, 0, "a node is left");
        let left = std::fs::read_dir(work_dir.path()).unwrap().count();
        assert_eq!(left, 0, "something is left in the nodes' folder");
        outcome
    }
}

impl Tally {
    fn note(&self, note: impl FnOnce(&mut Counts)) {
        note(&mut self.counts.lock().unwrap());
        self.changed.notify_all();
    }
}

impl Runner for Dear {
    fn name(&self) -> &str {
        "dear"
    }

    fn capabilities(&self) -> Capabilities {
        [Capability::Clock, Capability::Restart].into_iter().collect()
    }

    fn start(&self, world: World) -> LocalFuture<'_, Result<Rc<dyn Node>, NodeError>> {
        let number = self.counts().started;
        self.tally.note(|counts| counts.started += 1);
        Box::pin(async move {
            let habits = (self.habits)(number);
            std::fs::create_dir_all(&world.dir).unwrap();
            std::fs::write(world.dir.join("data"), "of a node").unwrap();
            self.tally.note(|counts| counts.there += 1);
            let there = There(self.tally.clone());
            // As a process does, it comes up while others run.
            tokio::task::yield_now().await;
            habits.start.happen("start").await;
            let inner = Scripted { script: habits.script.clone(), bounded: false }.start(world).await?;
            Ok(Rc::new(DearNode { inner, number, habits, there }) as Rc<dyn Node>)
        })
    }

    fn start_cost(&self) -> StartCost {
        StartCost::High
    }
}

/// A node's process, as it were.
struct There(Arc<Tally>);

impl Drop for There {
    fn drop(&mut self) {
        self.0.note(|counts| counts.there -= 1);
    }
}

struct DearNode {
    inner: Rc<dyn Node>,
    number: usize,
    habits: Habits,
    there: There,
}

impl Node for DearNode {
    fn identity(&self) -> Identity {
        self.inner.identity()
    }

    fn dial(&self) -> LocalFuture<'_, Result<Box<dyn ByteStream>, NodeError>> {
        self.there.0.note(|counts| counts.dialled.push(self.number));
        Box::pin(async move {
            self.habits.dial.happen("dial").await;
            self.inner.dial().await
        })
    }

    fn settle(&self) -> LocalFuture<'_, Result<Settled, NodeError>> {
        Box::pin(async move {
            self.habits.settle.happen("settle").await;
            self.inner.settle().await
        })
    }

    fn perform(&self, _: Operation) -> LocalFuture<'_, Result<Outcome, OperationError>> {
        Box::pin(async { Ok(Outcome::Done) })
    }

    fn restart(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async { Ok(()) })
    }

    fn kill(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async { Ok(()) })
    }

    fn stop(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async move {
            self.habits.stop.happen("stop").await;
            self.there.0.note(|counts| counts.stopped += 1);
            Ok(())
        })
    }

    fn log_tail(&self, _lines: usize) -> Vec<String> {
        Vec::new()
    }
}
