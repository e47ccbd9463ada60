//! Why a path ends before its last step.

use lnprototest_runner_api::{ChainError, NodeError};
use lnprototest_spec_events::{EvalError, EvalErrorKind, Location};

use crate::verdict::{Blame, Code, CodeKind, Difference, Fault, Lack};

/// Why a path ends before its last step.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The node failed.
    Fail(Box<Failing>),
    /// The suite failed.
    Fault(Fault),
    /// The runner or node lacks something.
    Lack(Lack),
}

/// A failure that does not know yet at which step it happened.
#[derive(Debug)]
pub(crate) struct Failing {
    pub(crate) code: Code,
    pub(crate) expected: String,
    pub(crate) got: String,
    pub(crate) differences: Vec<Difference>,
    /// The innermost step, once it is known.
    pub(crate) step: Option<(String, Location)>,
}

impl Stop {
    /// The node failed: with `code`, doing `got` in place of `expected`.
    pub(crate) fn fail(code: Code, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Fail(Box::new(Failing {
            code,
            expected: expected.into(),
            got: got.into(),
            differences: vec![],
            step: None,
        }))
    }

    /// The spec is at fault, in the step that is running.
    pub(crate) fn spec(what: impl Into<String>) -> Self {
        Self::Fault(Fault { at: None, blame: Blame::Spec, what: what.into() })
    }

    /// The spec is at fault, at `at`.
    pub(crate) fn spec_at(at: Location, what: impl Into<String>) -> Self {
        Self::Fault(Fault { at: Some(at), blame: Blame::Spec, what: what.into() })
    }

    /// The environment is at fault.
    pub(crate) fn environment(what: impl Into<String>) -> Self {
        Self::Fault(Fault { at: None, blame: Blame::Environment, what: what.into() })
    }
}

/// A node that is down has crashed; all else that goes wrong below the protocol is the environment's.
impl From<NodeError> for Stop {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Chain(error) => error.into(),
            NodeError::Down(how) => {
                Self::fail(Code::bare(CodeKind::Crash), "the node is running", format!("it is not: {how}"))
            }
            NodeError::Unsupported(what) => Self::Lack(Lack::Capability(what.to_owned())),
            error => Self::environment(error.to_string()),
        }
    }
}

/// What the chain refuses of ours is the spec's fault; where the node's part in a transaction matters, the step
/// looks at the reason itself.
impl From<ChainError> for Stop {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Unavailable(what) => Self::environment(what),
            error => Self::spec(error.to_string()),
        }
    }
}

/// A check that needs what this runner can't know is skipped with its path, and bytes of the node's that can't be read
/// are its failure; all else is the spec's fault.
impl From<EvalError> for Stop {
    fn from(error: EvalError) -> Self {
        let expression = format!("`{}`", error.expression);
        match error.kind {
            EvalErrorKind::Unknown(_) => Self::Lack(Lack::KnownKeys(expression)),
            EvalErrorKind::Unreadable(why) => {
                Self::fail(Code::bare(CodeKind::Unreadable), format!("what {expression} can read"), why)
            }
            kind => Self::spec_at(error.at, format!("{expression}: {kind}")),
        }
    }
}
