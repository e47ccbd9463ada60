//! Runs one path of one spec after another: a node on a chain, the steps, the verdict.

use lnprototest_bolt::wire::Catalogue;
use lnprototest_runner_api::{Capability, NodeError, NodeKeys, StartCost};
use lnprototest_spec_events::{PathChoices, Spec};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::{Engine, PathReport, SETTLE_BOUND, START_BOUND};
use crate::exec::{Outcome, Performance};
use crate::ground::Ground;
use crate::stage::{Bounds, Stage, Stop};
use crate::supply::Supply;
use crate::tamper::{Disturbance, Notes, Tap};
use crate::verdict::{Code, CodeKind, Failure, Fault, Verdict};

/// How many of the node's last log lines go with a failure.
const LOG_TAIL: usize = 20;

/// Runs paths on one thread, with the nodes that it has at hand there.
pub struct Worker {
    engine: Arc<Engine>,
    supply: Supply,
}

/// In which manner a path is run.
#[derive(Default)]
pub(crate) struct Manner {
    /// What of the node's words is made otherwise.
    pub(crate) disturbance: Option<Rc<Disturbance>>,
    /// Whether it is one of so many that nobody reads the conversation of one that fails.
    pub(crate) in_bulk: bool,
}

impl Worker {
    /// A worker without nodes yet.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, supply: Supply::default() }
    }

    /// Runs one path, on a node on which no path has left a trace. `more` says that other paths follow, so that nodes
    /// may be started ahead.
    ///
    /// A node that costs much to start may have served other paths; what fails there is repeated on a fresh one, whose
    /// word counts. Such a runner's paths must run on a [`LocalSet`](tokio::task::LocalSet).
    pub async fn run_path(&self, spec: &Arc<Spec>, path: &PathChoices, more: bool) -> PathReport {
        self.run_path_in(spec, path, more, &Manner::default()).await.0
    }

    /// As [`Worker::run_path`], in any manner. Tells also what came, and what steps took of it.
    pub(crate) async fn run_path_in(
        &self,
        spec: &Arc<Spec>,
        path: &PathChoices,
        more: bool,
        manner: &Manner,
    ) -> (PathReport, Notes) {
        let begun = Instant::now();
        let mut report = PathReport::new(spec, path);
        if let Some(verdict) = self.engine.lacks(spec) {
            report.verdict = verdict;
            return (report, Notes::default());
        }
        let ground = self.supply.any(&self.engine).await;
        if more {
            self.supply.start_ahead(&self.engine);
        }
        let was_used = ground.as_ref().is_ok_and(|ground| ground.is_used);
        let (mut verdict, mut notes) = self.attempt(ground, spec, path, manner, &mut report).await;
        if was_used && matches!(verdict, Verdict::Error(_) | Verdict::Fail(_)) {
            tracing::debug!(spec = spec.name, %path, verdict = verdict.name(), "repeated on a fresh node");
            report.transcript = None;
            let ground = self.supply.fresh(&self.engine).await;
            (verdict, notes) = self.attempt(ground, spec, path, manner, &mut report).await;
        }
        self.engine.judge(&mut report, verdict);
        report.took = begun.elapsed();
        tracing::debug!(spec = spec.name, %path, took = ?report.took, "done");
        (report, notes)
    }

    /// The messages of the protocol.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.engine.catalogue()
    }

    /// Ends the nodes that no path needs any more: in good order, or at once where the run is interrupted.
    pub async fn finish(&self) {
        for ground in self.supply.drain().await {
            tokio::select! {
                biased;
                () = self.engine.interrupt.raised() => {}
                ended = self.end(&ground) => if let Err(reason) = ended {
                    tracing::debug!(?reason, "a node that no path needs any more");
                },
            }
        }
    }

    async fn attempt(
        &self,
        ground: Result<Ground, Fault>,
        spec: &Arc<Spec>,
        path: &PathChoices,
        manner: &Manner,
        report: &mut PathReport,
    ) -> (Verdict, Notes) {
        let ground = match ground {
            Ok(ground) => ground,
            Err(fault) => return (Verdict::Error(fault), Notes::default()),
        };
        let mut stage = match self.stage(&ground, spec).await {
            Ok(stage) => stage,
            Err(fault) => return (Verdict::Error(fault), Notes::default()),
        };
        stage.tap = Tap::new(manner.disturbance.clone());
        report.identity = Some(stage.identity.clone());
        let Performance { outcome, transcript, unjudged, left_trace, notes } =
            crate::exec::perform(spec, path, stage).await;
        report.unjudged = unjudged;
        let verdict = match outcome {
            Outcome::Failed(mut failure) => {
                failure.log_tail = ground.node.log_tail(LOG_TAIL);
                Verdict::Fail(Box::new(failure))
            }
            Outcome::Faulty(fault) => Verdict::Error(fault),
            Outcome::Lacking(lack) => Verdict::Skip(lack),
            Outcome::Passed => Verdict::Pass,
        };
        report.transcript = (self.engine.all_transcripts
            || (!manner.in_bulk && !matches!(verdict, Verdict::Pass | Verdict::Skip(_))))
        .then(|| transcript.to_string());
        (self.leave(ground, left_trace, verdict).await, notes)
    }

    /// The keys of all nodes, where they are known.
    pub(crate) fn known_keys(&self) -> Option<NodeKeys> {
        self.engine.runner.capabilities().has(Capability::KnownKeys).then(NodeKeys::classic)
    }

    /// The node of `ground` with the conversation about to begin.
    async fn stage<'e>(&'e self, ground: &Ground, spec: &Spec) -> Result<Stage<'e>, Fault> {
        let engine = &*self.engine;
        let bounds = Bounds { settle: engine.scaled(SETTLE_BOUND) };
        let required = spec.requires.features.iter().map(|name| name.value.clone()).collect();
        let chain = ground.land.chain.clone();
        let stage =
            Stage::new(engine.catalogue(), bounds, ground.node.clone(), self.known_keys(), chain, required)
                .await;
        stage.map_err(|stop| match stop {
            Stop::Fault(fault) => fault,
            _ => Fault::environment("the node failed before the first step"),
        })
    }

    /// Keeps what the path has left as it was, and ends the rest.
    async fn leave(&self, ground: Ground, left_trace: bool, verdict: Verdict) -> Verdict {
        let is_well = matches!(verdict, Verdict::Pass | Verdict::Skip(_));
        let is_untouched = matches!(ground.land.is_untouched().await, Ok(true));
        if is_well && !left_trace && is_untouched && self.engine.runner.start_cost() == StartCost::High {
            self.supply.keep(ground);
            return verdict;
        }
        let ended = self.end(&ground).await;
        if is_untouched {
            self.supply.keep_land(ground.land.clone());
        }
        match (ended, verdict) {
            (Ok(()), verdict) => verdict,
            (Err(NodeError::Down(how)), Verdict::Pass) => Verdict::Fail(Box::new(Failure {
                code: Code::bare(CodeKind::Crash),
                step: "end".to_owned(),
                at: None,
                expected: "the node to run until it is stopped".to_owned(),
                got: how,
                differences: Vec::new(),
                log_tail: ground.node.log_tail(LOG_TAIL),
            })),
            // Its connections may end before it is seen to be dead.
            (Err(NodeError::Down(how)), Verdict::Fail(mut failure))
                if failure.code.kind != CodeKind::Crash =>
            {
                failure.code = Code::bare(CodeKind::Crash);
                failure.got = format!("{}; it died: {how}", failure.got);
                Verdict::Fail(failure)
            }
            (Err(error), Verdict::Pass) => {
                Verdict::Error(Fault::environment(format!("the node does not stop in good order: {error}")))
            }
            (Err(_), verdict) => verdict,
        }
    }

    async fn end(&self, ground: &Ground) -> Result<(), NodeError> {
        let bound = self.engine.scaled(START_BOUND);
        let stopped = tokio::time::timeout(bound, ground.node.stop()).await;
        stopped.unwrap_or_else(|_| Err(NodeError::Hangs(format!("it takes more than {bound:?} to stop"))))
    }
}
