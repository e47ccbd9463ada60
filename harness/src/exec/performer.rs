//! One path from its first step to its end.

use lnprototest_bolt::wire::Message;
use lnprototest_spec_events::{Event, Location, PathChoices, Spec, Step, Value};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use super::naming::name_of;
use crate::session::{Arrived, Background};
use crate::stage::{Arrival, Failing, Stage, Stop};
use crate::tamper::Notes;
use crate::transcript::{Entry, Transcript};
use crate::verdict::{Blame, Code, CodeKind, Failure, Fault, Lack};

/// What came of a path.
pub(crate) struct Performance {
    pub(crate) outcome: Outcome,
    pub(crate) transcript: Transcript,
    /// Checks that only a runner with known keys can make.
    pub(crate) unjudged: Vec<String>,
    /// Whether the node may remember the path once its connections are closed.
    pub(crate) left_trace: bool,
    /// What came, and what steps took of it.
    pub(crate) notes: Notes,
}

/// How a path ended.
pub(crate) enum Outcome {
    Failed(Failure),
    Faulty(Fault),
    Lacking(Lack),
    Passed,
}

/// The one who performs a path's steps.
pub(crate) struct Performer<'a> {
    pub(crate) stage: Stage<'a>,
    pub(crate) spec: &'a Spec,
    pub(crate) path: &'a PathChoices,
    pub(crate) unjudged: Vec<String>,
}

/// A list of steps on its way; boxed, because steps hold steps.
pub(crate) type Steps<'s> = Pin<Box<dyn Future<Output = Result<(), Stop>> + 's>>;

/// Performs `path` of `spec` on `stage`.
pub(crate) async fn perform(spec: &Spec, path: &PathChoices, stage: Stage<'_>) -> Performance {
    let mut performer = Performer { stage, spec, path, unjudged: Vec::new() };
    let ended = performer.whole_path().await;
    let outcome = match ended {
        Ok(()) => Outcome::Passed,
        Err(Stop::Fail(failing)) => Outcome::Failed(failing.located()),
        Err(Stop::Fault(fault)) => Outcome::Faulty(fault),
        Err(Stop::Lack(lack)) => Outcome::Lacking(lack),
    };
    let Performer { mut stage, unjudged, .. } = performer;
    stage.sessions.clear();
    let is_well = matches!(outcome, Outcome::Lacking(_) | Outcome::Passed);
    let left_trace = !is_well || stage.left_trace || stage.settle().await.is_err();
    Performance { outcome, transcript: stage.transcript, unjudged, left_trace, notes: stage.tap.into_notes() }
}

impl<'a> Performer<'a> {
    async fn whole_path(&mut self) -> Result<(), Stop> {
        let spec = self.spec;
        for (name, value) in self.path.matrix_values(spec) {
            self.stage.names.set(name, Value::from(value));
        }
        for (name, template) in &spec.lets {
            let value = template.evaluate(&self.stage.names)?;
            self.stage.names.set(name, value);
        }
        self.steps(&spec.steps).await?;
        if self.stage.killed {
            let what =
                "the node is dead at the path's end, where it is to be judged: `Restart` starts it again";
            return Err(Stop::spec_at(spec.at.clone(), what));
        }
        if self.stage.judged == 0 && self.unjudged.is_empty() {
            let what = "this path judges nothing: add an expectation or a check";
            return Err(Stop::spec_at(spec.at.clone(), what));
        }
        self.settle_all().await?;
        match self.unjudged.first() {
            Some(unknown) if self.stage.judged == 0 => Err(Stop::Lack(Lack::KnownKeys(unknown.clone()))),
            _ => Ok(()),
        }
    }

    /// Performs `steps` in order, those whose `when` holds.
    pub(crate) fn steps<'s>(&'s mut self, steps: &'s [Step]) -> Steps<'s> {
        Box::pin(async move {
            for step in steps {
                if let Some(when) = &step.when
                    && !when.evaluate(&self.stage.names)?
                {
                    continue;
                }
                self.step(step).await.map_err(|stop| stop.at(step))?;
            }
            Ok(())
        })
    }

    async fn step(&mut self, step: &Step) -> Result<(), Stop> {
        tracing::trace!(at = %step.at, event = step.event.info().name);
        self.stage.tap.begin(&step.at);
        self.stage.transcript.push(Entry::Step { at: step.at.clone(), event: step.event.info().name });
        match &step.event {
            Event::Accept(event) => self.accept(event).await,
            Event::AcceptFunding(event) => self.accept_funding(event).await,
            Event::AddHtlc(event) => self.add_htlc(event).await,
            Event::AnyOrder(event) => self.any_order(event).await,
            Event::Block(event) => self.block(event).await,
            Event::Broadcast(event) => self.broadcast(event).await,
            Event::Check(event) => self.check(event),
            Event::CheckEq(event) => self.check_eq(event),
            Event::Claim(event) => self.claim(event),
            Event::CloseChannel(event) => self.close_channel(event).await,
            Event::Commit(event) => self.commit(event),
            Event::Connect(event) => self.connect(event).await,
            Event::CreateClosing(event) => self.create_closing(event),
            Event::CreateFunding(event) => self.create_funding(event).await,
            Event::CreateTx(event) => self.create_tx(event).await,
            Event::Disconnect(event) => self.disconnect(event).await,
            Event::ExpectBytes(event) => self.expect_bytes(event).await,
            Event::ExpectDisconnect(event) => self.expect_disconnect(event).await,
            Event::ExpectError(event) => self.expect_error(event).await,
            Event::ExpectFail(event) => self.expect_fail(event).await,
            Event::ExpectMsg(event) => self.expect_msg(event).await,
            Event::ExpectNoTx(event) => self.expect_no_tx(event).await,
            Event::ExpectQuiet(event) => self.expect_quiet(event).await,
            Event::ExpectTx(event) => self.expect_tx(event).await,
            Event::ExpectWarning(event) => self.expect_warning(event).await,
            Event::ForceClose(event) => self.force_close(event).await,
            Event::FundChannel(event) => self.fund_channel(event).await,
            Event::Handshake(event) => self.handshake(event),
            Event::Include(event) => self.include(event).await,
            Event::Invoice(event) => self.invoice(event).await,
            Event::Kill(_) => self.kill().await,
            Event::Msg(event) => self.msg(event).await,
            Event::MustNotMsg(event) => self.must_not_msg(event).await,
            Event::OneOf(event) => self.one_of(event).await,
            Event::Pay(event) => self.pay(event).await,
            Event::RawConnect(event) => self.raw_connect(event).await,
            Event::RawMsg(event) => self.raw_msg(event).await,
            Event::Restart(_) => self.restart().await,
            Event::SendBytes(event) => self.send_bytes(event).await,
            Event::Sequence(event) => self.steps(&event.steps).await,
            Event::Set(event) => self.set(event),
            Event::SetFeerate(event) => self.set_feerate(event).await,
            Event::SetPolicy(event) => self.set_policy(event).await,
            Event::TryAll(event) => self.try_all(event).await,
            Event::UpdateCommit(event) => self.update_commit(event).await,
            Event::Wait(event) => self.wait(event).await,
            event => Err(Stop::spec(format!("this harness does not perform {}", event.info().name))),
        }
    }

    /// What shows only when nothing more is to come: a message that is not background or a close that no step
    /// expected, an operation that is not over.
    async fn settle_all(&mut self) -> Result<(), Stop> {
        self.stage.settle().await?;
        let here = self.stage.sessions.values().filter(|session| !session.is_left());
        let names: Vec<Rc<str>> = here.map(|session| session.name.clone()).collect();
        for name in &names {
            while let Arrival::Came(arrived) = self.stage.arrival(name, Background::USUAL, &[]).await? {
                self.leftover(name, &arrived, Leaving::AtTheEnd)?;
                if matches!(arrived, Arrived::End) {
                    break;
                }
            }
        }
        self.stage.operations.finish()
    }

    /// Judges what has come on a session and no step has looked at, before a step ends the session: as at the path's
    /// end, but nothing more is waited for; and for its channels it never came. There need be no such session.
    pub(crate) async fn part_from(&mut self, session: &str) -> Result<(), Stop> {
        for arrived in self.stage.untaken(session).await? {
            self.leftover(session, &arrived, Leaving::Midway)?;
        }
        self.stage.part_channels(session);
        Ok(())
    }

    fn leftover(&mut self, session: &str, arrived: &Arrived, when: Leaving) -> Result<(), Stop> {
        match arrived {
            Arrived::Message(recorded) if when.lets_pass(recorded.message()) => match when {
                Leaving::AtTheEnd => self.stage.consume(session, recorded),
                Leaving::Midway => self.stage.record(session, recorded),
            },
            Arrived::Unknown { number, .. } if number % 2 == 1 => Ok(()),
            // Whoever has just sent an error or warning that a step expected is free to close.
            Arrived::End if self.stage.session(session)?.end_expected || self.has_just_blamed(session)? => {
                Ok(())
            }
            other => {
                Err(unexpected(other, &format!("nothing more on {session}, for no step has asked for it")))
            }
        }
    }

    fn has_just_blamed(&mut self, session: &str) -> Result<bool, Stop> {
        let newest = self.stage.session(session)?.rcvd.newest();
        Ok(newest.is_some_and(|recorded| matches!(recorded.message().name(), "error" | "warning")))
    }
}

/// When it is that a session is looked through for what no step has taken.
#[derive(Clone, Copy)]
enum Leaving {
    /// All steps are over: what the node says now nobody has asked for.
    AtTheEnd,
    /// A step ends the session: what was under way has not come.
    Midway,
}

impl Leaving {
    fn lets_pass(self, message: &Message) -> bool {
        match self {
            Self::AtTheEnd => Background::USUAL.covers(message, &[]),
            Self::Midway => !matches!(message.name(), "error" | "warning"),
        }
    }
}

/// The failure that something came where `expected` should have.
pub(crate) fn unexpected(arrived: &Arrived, expected: &str) -> Stop {
    let (code, got) = match arrived {
        Arrived::Bytes { count } => {
            (Code::bare(CodeKind::UnexpectedBytes), format!("{count} bytes that no step asked for"))
        }
        Arrived::End => (Code::bare(CodeKind::Closed), "the node closed the connection".to_owned()),
        Arrived::Message(recorded) => {
            let message = recorded.message();
            let mut got = message.name().to_owned();
            if let Some(text) =
                message.bytes("data").filter(|_| matches!(message.name(), "error" | "warning"))
            {
                got = format!("{got}: {:?}", String::from_utf8_lossy(text));
            }
            (Code::of(CodeKind::UnexpectedMessage, message.name()), got)
        }
        Arrived::Undecodable { name, bytes, error } => (
            Code::of(CodeKind::Undecodable, name),
            format!("bytes that are no {name} ({error}): {}", crate::transcript::shortened(bytes)),
        ),
        Arrived::Unknown { number, .. } => (
            Code::of(CodeKind::UnexpectedMessage, format!("type {number}")),
            format!("a message of the unknown type {number}"),
        ),
        Arrived::Unreadable { error } => {
            (Code::of(CodeKind::Undecodable, "frame"), format!("a frame that does not decrypt: {error}"))
        }
    };
    Stop::fail(code, expected, got)
}

impl Failing {
    fn located(self) -> Failure {
        let Failing { code, expected, got, differences, step } = self;
        let (step, at) = match step {
            Some((step, at)) => (step, Some(at)),
            None => ("end".to_owned(), None),
        };
        Failure { code, step, at, expected, got, differences, log_tail: Vec::new() }
    }
}

impl Stop {
    /// The same, in the innermost step that it happened in.
    fn at(self, step: &Step) -> Self {
        match self {
            Self::Fail(mut failing) => {
                failing.step.get_or_insert_with(|| (name_of(step), step.at.clone()));
                Self::Fail(failing)
            }
            Self::Fault(mut fault) => {
                if fault.blame == Blame::Spec {
                    fault.at.get_or_insert_with(|| Location::clone(&step.at));
                }
                Self::Fault(fault)
            }
            Self::Lack(lack) => Self::Lack(lack),
        }
    }
}
