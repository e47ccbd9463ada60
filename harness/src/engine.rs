//! Runs one path of one spec: a fresh node on a fresh chain, the steps, the verdict.

use lnprototest_bolt::wire::Catalogue;
use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::{Capability, Chain, Identity, NodeError, NodeKeys, Runner, World};
use lnprototest_spec_events::requirements::Requirements;
use lnprototest_spec_events::{PathChoices, Spec};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::exec::{Outcome, Performance};
use crate::expectations::Expectations;
use crate::lack::lacking_capability;
use crate::stage::{Bounds, Stage};
use crate::verdict::{Blame, Code, CodeKind, Failure, Fault, Verdict};

/// How many of the node's last log lines go with a failure.
const LOG_TAIL: usize = 20;

/// What all paths of a run have in common.
pub struct Engine {
    /// The adapter to the node under test.
    pub runner: Arc<dyn Runner>,
    /// The messages of the protocol, where a proposal adds to the BOLTs'.
    pub extended: Option<Catalogue>,
    /// The runner's known failures.
    pub expectations: Expectations,
    /// Whether a failed SHOULD is a failure too.
    pub strict: bool,
    /// By how much longer than usual the harness waits.
    pub timeout_scale: f64,
    /// Whether reports carry the transcripts of paths that did not fail.
    pub all_transcripts: bool,
    /// Below it each node gets its own directory. The harness removes what nodes leave there.
    pub work_dir: PathBuf,
    serial: AtomicU64,
}

/// What came of one path.
#[derive(Clone, Debug)]
pub struct PathReport {
    /// The spec.
    pub spec: Arc<Spec>,
    /// The path's name, such as `2.0.1`.
    pub path: String,
    /// What it came to.
    pub verdict: Verdict,
    /// The conversation, if it was asked for or did not pass.
    pub transcript: Option<String>,
    /// The checks that were left out, because only a runner with known keys can make them.
    pub unjudged: Vec<String>,
    /// The node, if one was started.
    pub identity: Option<Identity>,
    /// How long it took.
    pub took: Duration,
}

impl Engine {
    /// An engine for `runner` with nothing expected, the BOLTs' messages and the usual bounds.
    pub fn new(runner: Arc<dyn Runner>, work_dir: PathBuf) -> Self {
        Self {
            runner,
            extended: None,
            expectations: Expectations::default(),
            strict: false,
            timeout_scale: 1.0,
            all_transcripts: false,
            work_dir,
            serial: AtomicU64::new(0),
        }
    }

    /// Why this spec can't run on this runner, as far as can be told before a node starts.
    pub fn lacks(&self, spec: &Spec) -> Option<Verdict> {
        lacking_capability(spec, &self.runner.capabilities()).map(Verdict::Skip)
    }

    /// Runs one path on a fresh node.
    pub async fn run_path(&self, spec: &Arc<Spec>, path: &PathChoices) -> PathReport {
        let begun = Instant::now();
        let name = path.to_string();
        let mut report = PathReport {
            spec: spec.clone(),
            path: name.clone(),
            verdict: Verdict::Pass,
            transcript: None,
            unjudged: Vec::new(),
            identity: None,
            took: Duration::ZERO,
        };
        if let Some(verdict) = self.lacks(spec) {
            report.verdict = verdict;
            return report;
        }
        let verdict = match self.stage(spec).await {
            Ok(stage) => self.perform(spec, path, stage, &mut report).await,
            Err(fault) => Verdict::Error(fault),
        };
        let version = report.identity.as_ref().map(|identity| identity.version.as_str());
        let verdict = self.expectations.judge(&spec.name, &name, version, verdict);
        report.verdict = match verdict {
            Verdict::Fail(failure) if !self.strict && covers_only_shoulds(spec) => Verdict::Warn(failure),
            verdict => verdict,
        };
        report.took = begun.elapsed();
        report
    }

    async fn perform(
        &self,
        spec: &Arc<Spec>,
        path: &PathChoices,
        stage: Stage<'_>,
        report: &mut PathReport,
    ) -> Verdict {
        let node = stage.node.clone();
        report.identity = Some(stage.identity.clone());
        let Performance { outcome, transcript, unjudged } = crate::exec::perform(spec, path, stage).await;
        report.unjudged = unjudged;
        let verdict = match outcome {
            Outcome::Failed(mut failure) => {
                failure.log_tail = node.log_tail(LOG_TAIL);
                Verdict::Fail(Box::new(failure))
            }
            Outcome::Faulty(fault) => Verdict::Error(fault),
            Outcome::Lacking(lack) => Verdict::Skip(lack),
            Outcome::Passed => Verdict::Pass,
        };
        if self.all_transcripts || !matches!(verdict, Verdict::Pass | Verdict::Skip(_)) {
            report.transcript = Some(transcript.to_string());
        }
        let bound = self.scaled(START_BOUND);
        let stopped = match tokio::time::timeout(bound, node.stop()).await {
            Ok(Err(NodeError::Down(how))) if matches!(verdict, Verdict::Pass) => {
                return Verdict::Fail(Box::new(Failure {
                    code: Code::bare(CodeKind::Crash),
                    step: "end".to_owned(),
                    at: None,
                    expected: "the node to run until it is stopped".to_owned(),
                    got: how,
                    differences: Vec::new(),
                    log_tail: node.log_tail(LOG_TAIL),
                }));
            }
            Ok(stopped) => stopped.map_err(|error| error.to_string()),
            Err(_) => Err(format!("it takes more than {bound:?}")),
        };
        match stopped {
            Err(reason) if matches!(verdict, Verdict::Pass) => Verdict::Error(Fault {
                at: None,
                blame: Blame::Environment,
                what: format!("the node does not stop in good order: {reason}"),
            }),
            _ => verdict,
        }
    }

    fn scaled(&self, bound: Duration) -> Duration {
        Duration::try_from_secs_f64(bound.as_secs_f64() * self.timeout_scale).unwrap_or(Duration::MAX)
    }

    /// A fresh node on a fresh chain.
    async fn stage(&self, spec: &Spec) -> Result<Stage<'_>, Fault> {
        let environment = |what: String| Fault { at: None, blame: Blame::Environment, what };
        let chain: Rc<dyn Chain> = Rc::new(EmbeddedChain::new());
        let tip = chain.tip().await.map_err(|error| environment(error.to_string()))?;
        let keys = NodeKeys::classic();
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let world = World {
            chain: chain.clone(),
            tip,
            keys: keys.clone(),
            dir: self.work_dir.join(serial.to_string()),
        };
        let bound = self.scaled(START_BOUND);
        let started = tokio::time::timeout(bound, self.runner.start(world)).await;
        let started =
            started.map_err(|_| environment(format!("the node does not start within {bound:?}")))?;
        let node = started.map_err(|error| environment(error.to_string()))?;
        let known_keys = self.runner.capabilities().has(Capability::KnownKeys).then_some(keys);
        let bounds = Bounds { settle: self.scaled(SETTLE_BOUND) };
        let catalogue = self.extended.as_ref().unwrap_or_else(|| Catalogue::bolts());
        let required = spec.requires.features.iter().map(|name| name.value.clone()).collect();
        Stage::new(catalogue, bounds, node, known_keys, chain, required).await.map_err(|stop| match stop {
            crate::stage::Stop::Fault(fault) => fault,
            _ => environment("the node failed before the first step".to_owned()),
        })
    }
}

/// How long a node may take to start or to stop.
const START_BOUND: Duration = Duration::from_secs(60);

/// How long a node may take to come to rest.
const SETTLE_BOUND: Duration = Duration::from_secs(30);

fn covers_only_shoulds(spec: &Spec) -> bool {
    let requirements = Requirements::bundled();
    !spec.covers.is_empty()
        && spec.covers.iter().all(|id| {
            requirements.by_id(&id.value).is_some_and(|requirement| !requirement.level.is_binding())
        })
}
