//! What a path, a spec or a run came to, and the evidence for it.

use lnprototest_spec_events::Location;
use serde::Serialize;
use std::fmt;

use crate::nearest::nearest;

/// What a path or a spec came to.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// A fault of the spec or the harness, never blamed on the node.
    Error(Fault),
    /// The node did not do what the spec demands.
    Fail(Box<Failure>),
    /// Passed against its expectation, whose reason this is.
    Fixed {
        /// Why the expectation said that it fails.
        because: String,
    },
    /// Failed as its expectation says.
    Known {
        /// The reason, as the expectation gives it.
        because: String,
        /// How it failed.
        failure: Box<Failure>,
    },
    /// The node did all that the spec demands.
    Pass,
    /// Not run to its end, because the runner or the node lacks something.
    Skip(Lack),
    /// Failed, but the spec covers only SHOULDs.
    Warn(Box<Failure>),
}

impl Verdict {
    /// Its name in reports: `pass`, `fail`, ...
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Which of the seven it is, without the evidence.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Error(_) => VerdictKind::Error,
            Self::Fail(_) => VerdictKind::Fail,
            Self::Fixed { .. } => VerdictKind::Fixed,
            Self::Known { .. } => VerdictKind::Known,
            Self::Pass => VerdictKind::Pass,
            Self::Skip(_) => VerdictKind::Skip,
            Self::Warn(_) => VerdictKind::Warn,
        }
    }

    /// How the node failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Fail(failure) | Self::Known { failure, .. } | Self::Warn(failure) => Some(failure),
            Self::Error(_) | Self::Fixed { .. } | Self::Pass | Self::Skip(_) => None,
        }
    }
}

/// The seven verdicts, from the one that matters least in a sum to the one that matters most: a spec's verdict is
/// the greatest of its paths'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VerdictKind {
    /// See [`Verdict::Skip`].
    Skip,
    /// See [`Verdict::Pass`].
    Pass,
    /// See [`Verdict::Known`].
    Known,
    /// See [`Verdict::Warn`].
    Warn,
    /// See [`Verdict::Fixed`].
    Fixed,
    /// See [`Verdict::Fail`].
    Fail,
    /// See [`Verdict::Error`].
    Error,
}

impl VerdictKind {
    /// All of them, in the order of a summary.
    pub const ALL: [Self; 7] =
        [Self::Pass, Self::Fail, Self::Known, Self::Fixed, Self::Skip, Self::Warn, Self::Error];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Fail => "fail",
            Self::Fixed => "fixed",
            Self::Known => "known",
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Warn => "warn",
        }
    }
}

impl fmt::Display for VerdictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a runner or a node lacks for a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The runner has no such capability: known before anything starts.
    Capability(String),
    /// The node's `init` does not offer this feature.
    Feature(String),
    /// The node's keys are not known beforehand.
    KnownKeys(String),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability(name) => write!(f, "the runner lacks the capability {name}"),
            Self::Feature(name) => write!(f, "the node does not offer {name}"),
            Self::KnownKeys(what) => {
                write!(f, "{what} is not known: the runner lacks the capability known_keys")
            }
        }
    }
}

impl Fault {
    /// One of the environment.
    pub(crate) fn environment(what: impl ToString) -> Self {
        Self { at: None, blame: Blame::Environment, what: what.to_string() }
    }
}

/// A fault of the spec or of the harness.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The step, where it can be told.
    pub at: Option<Location>,
    /// Whose fault it is.
    pub blame: Blame,
    /// What went wrong, and the remedy.
    pub what: String,
}

/// Who is at fault when it is not the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The machine: no daemon, no memory, a node that does not start.
    Environment,
    /// This library.
    Harness,
    /// The YAML file.
    Spec,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "environment",
            Self::Harness => "harness",
            Self::Spec => "spec",
        })
    }
}

/// How a node failed a path: enough to understand it without running it again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind of failure, for expectations.
    pub code: Code,
    /// The step's label, or its event and main argument such as `ExpectMsg accept_channel`; `end` for what shows
    /// only when all is settled at the path's end.
    pub step: String,
    /// Where the step stands; at the path's end none does.
    pub at: Option<Location>,
    /// What should have happened.
    pub expected: String,
    /// What happened instead.
    pub got: String,
    /// The differences field by field, where a message came that does not match.
    pub differences: Vec<Difference>,
    /// The last lines of the node's log, oldest first.
    pub log_tail: Vec<String>,
}

/// One place in which a message differs from what a spec demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Such as `tlvs.channel_type` or `check`.
    pub field: String,
    /// What the spec says.
    pub expected: String,
    /// What the message has.
    pub got: String,
}

/// A failure's kind, as expectations name it: `kind` or `kind/detail`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// What went wrong.
    pub kind: CodeKind,
    /// With what: a message, a field, an operation.
    pub detail: Option<String>,
}

impl Code {
    /// A code with nothing more to say.
    pub fn bare(kind: CodeKind) -> Self {
        Self { kind, detail: None }
    }

    /// Checks that `text` is a code as [`Code`] prints it.
    ///
    /// # Errors
    /// The name of the kind nearest to it.
    pub fn check(text: &str) -> Result<(), String> {
        let kind = text.split_once('/').map_or(text, |(kind, _)| kind);
        let mut names = CodeKind::ALL.iter().map(|kind| kind.name());
        match names.any(|name| name == kind) {
            true => Ok(()),
            false => Err(nearest(kind, CodeKind::ALL.iter().map(|kind| kind.name())).unwrap_or_default()),
        }
    }

    /// A code with its detail.
    pub fn of(kind: CodeKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: Some(detail.into()) }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match &self.detail {
            Some(detail) => write!(f, "/{detail}"),
            None => Ok(()),
        }
    }
}

macro_rules! code_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The kinds of failure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum CodeKind { $($(#[$doc])* $variant,)* }

        impl CodeKind {
            /// All of them, in alphabetical order.
            pub const ALL: &'static [CodeKind] = &[$(CodeKind::$variant),*];

            /// Its name in an expectation.
            pub fn name(self) -> &'static str {
                match self { $(CodeKind::$variant => $name,)* }
            }
        }
    };
}

code_kinds! {
    /// It was still at work when the runner's bound was reached.
    Busy = "busy",
    /// A condition of the spec does not hold: `check`.
    Check = "check",
    /// The connection closed where it should not have.
    Closed = "closed",
    /// The node died.
    Crash = "crash",
    /// A message that must not come came: `forbidden-message/NAME`.
    ForbiddenMessage = "forbidden-message",
    /// A BOLT 8 act that is wrong: `handshake/ACT`.
    Handshake = "handshake",
    /// A record or field that must not be there is: `must-be-absent/FIELD`.
    MustBeAbsent = "must-be-absent",
    /// A negative expectation whose connection turned out dead: `not-alive`.
    NotAlive = "not-alive",
    /// The node goes on where it must fail the channel or connection: `not-failed/channel`.
    NotFailed = "not-failed",
    /// An operation that the node should do failed: `operation-failed/NAME`.
    OperationFailed = "operation-failed",
    /// An operation that the node should refuse succeeded: `operation-succeeded/NAME`.
    OperationSucceeded = "operation-succeeded",
    /// An operation was not over at the path's end: `operation-unfinished/NAME`.
    OperationUnfinished = "operation-unfinished",
    /// A message came that the state of its channel does not allow: `out-of-order/NAME`.
    OutOfOrder = "out-of-order",
    /// Nothing came, and nothing more will.
    Quiet = "quiet",
    /// A transaction that should be there is not.
    TxMissing = "tx-missing",
    /// A transaction that should be refused was accepted, or one that must not be there is.
    TxUnexpected = "tx-unexpected",
    /// What the node's signatures make up is refused by the chain: `tx-refused/REASON`.
    TxRefused = "tx-refused",
    /// Bytes that are no message: `undecodable/NAME`.
    Undecodable = "undecodable",
    /// Other bytes than those that must come.
    UnexpectedBytes = "unexpected-bytes",
    /// Another message than the one that must come: `unexpected-message/NAME`.
    UnexpectedMessage = "unexpected-message",
    /// Bytes in a message that are not what they should be: an onion, a returned failure.
    Unreadable = "unreadable",
    /// A field of the right message is wrong: `wrong-field/FIELD`.
    WrongField = "wrong-field",
}
