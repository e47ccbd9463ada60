//! What all paths of a run have in common, and how one is judged.

use lnprototest_bolt::wire::Catalogue;
use lnprototest_runner_api::{Identity, Runner};
use lnprototest_spec_events::requirements::Requirements;
use lnprototest_spec_events::{PathChoices, Spec};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::expectations::Expectations;
use crate::ground::ChainSource;
use crate::interrupt::Interrupt;
use crate::lack::lacking_capability;
use crate::starts::Starts;
use crate::verdict::Verdict;

/// How long a node may take to start or to stop.
pub(crate) const START_BOUND: Duration = Duration::from_secs(60);

/// How long a node may take to come to rest: a daemon may look for blocks but each 30 seconds.
pub(crate) const SETTLE_BOUND: Duration = Duration::from_secs(60);

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
    /// The chains that nodes follow.
    pub chain: ChainSource,
    /// Raised when the run is to end before its paths do.
    pub interrupt: Interrupt,
    pub(crate) starts: Starts,
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
            chain: ChainSource::default(),
            interrupt: Interrupt::default(),
            starts: Starts::default(),
            serial: AtomicU64::new(0),
        }
    }

    /// Why this spec can't run on this runner, as far as can be told before a node starts.
    pub fn lacks(&self, spec: &Spec) -> Option<Verdict> {
        lacking_capability(spec, &self.runner.capabilities()).map(Verdict::Skip)
    }

    /// The messages of the protocol.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.extended.as_ref().unwrap_or_else(|| Catalogue::bolts())
    }

    /// A directory that nobody else has; it does not exist yet.
    pub(crate) fn own_dir(&self) -> PathBuf {
        self.work_dir.join(self.serial.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// `bound`, or longer where the user says so.
    pub(crate) fn scaled(&self, bound: Duration) -> Duration {
        Duration::try_from_secs_f64(bound.as_secs_f64() * self.timeout_scale).unwrap_or(Duration::MAX)
    }

    /// Enters the verdict into `report`: what the path came to, in the light of what was expected of it.
    pub(crate) fn judge(&self, report: &mut PathReport, came_to: Verdict) {
        let version = report.identity.as_ref().map(|identity| identity.version.as_str());
        let verdict = self.expectations.judge(&report.spec.name, &report.path, version, came_to);
        report.verdict = match verdict {
            Verdict::Fail(failure) if !self.strict && covers_only_shoulds(&report.spec) => {
                Verdict::Warn(failure)
            }
            verdict => verdict,
        };
    }
}

impl PathReport {
    /// Of a path that nothing is known of yet.
    pub(crate) fn new(spec: &Arc<Spec>, path: &PathChoices) -> Self {
        Self {
            spec: spec.clone(),
            path: path.to_string(),
            verdict: Verdict::Pass,
            transcript: None,
            unjudged: Vec::new(),
            identity: None,
            took: Duration::ZERO,
        }
    }
}

fn covers_only_shoulds(spec: &Spec) -> bool {
    let requirements = Requirements::bundled();
    !spec.covers.is_empty()
        && spec.covers.iter().all(|id| {
            requirements.by_id(&id.value).is_some_and(|requirement| !requirement.level.is_binding())
        })
}
