//! What the node was asked to do and goes on with beside the conversation.

use lnprototest_runner_api::{LocalFuture, Node, NodeError, Operation, OperationError, Outcome};
use std::cell::OnceCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::Stop;
use crate::verdict::{Code, CodeKind, Lack};

/// The operations of one path.
#[derive(Default)]
pub(crate) struct Operations(Vec<Running>);

/// One operation.
struct Running {
    name: &'static str,
    aim: Aim,
    state: State,
    ending: Ending,
}

/// What must come of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// The node must do it.
    Success,
    /// The node must do it, but not before the path's end.
    Progress,
    /// The node must fail at it, and say so.
    Failure,
    /// The node must not do it. It may go on with it for ever.
    Nothing,
}

impl Aim {
    /// That of an operation that the node must do, or not.
    pub(crate) fn refused(refused: bool) -> Self {
        if refused { Self::Nothing } else { Self::Success }
    }
}

/// How an operation ended that ended as it should: nothing until then.
pub(crate) type Ending = Rc<OnceCell<Result<Outcome, String>>>;

enum State {
    Done(Result<Outcome, OperationError>),
    Going(LocalFuture<'static, Result<Outcome, OperationError>>),
}

impl Operations {
    /// Begins an operation. Its ending shows how it ended, once it is collected.
    pub(crate) fn begin(
        &mut self,
        node: &Rc<dyn Node>,
        name: &'static str,
        operation: Operation,
        aim: Aim,
    ) -> Ending {
        let node = node.clone();
        let going = Box::pin(async move { node.perform(operation).await });
        let ending = Ending::default();
        self.0.push(Running { name, aim, state: State::Going(going), ending: ending.clone() });
        ending
    }

    /// Gives up those that have not ended: the node forgets about them.
    pub(crate) fn give_up(&mut self) {
        self.0.retain(|running| matches!(running.state, State::Done(_)));
    }

    /// Lets each of them go on as far as it can.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
        for running in &mut self.0 {
            if let State::Going(going) = &mut running.state
                && let Poll::Ready(result) = going.as_mut().poll(cx)
            {
                running.state = State::Done(result);
            }
        }
    }

    /// Collects those that have ended.
    ///
    /// # Errors
    /// The first that did not end as it should.
    pub(crate) fn collect(&mut self) -> Result<(), Stop> {
        let mut stop = Ok(());
        self.0.retain(|running| match &running.state {
            State::Going(_) => true,
            State::Done(result) => {
                if stop.is_ok() {
                    stop = running.judge(result);
                }
                false
            }
        });
        stop
    }

    /// Collects all, when nothing more is to come. One that the node must not do may still go on: how long a node hopes
    /// for a peer's better answer is its own affair.
    ///
    /// # Errors
    /// The first that did not end, or not as it should.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        self.collect()?;
        let must_end = |running: &&Running| matches!(running.aim, Aim::Failure | Aim::Success);
        match self.0.iter().find(must_end) {
            None => Ok(()),
            Some(running) => Err(unfinished(running.name, "at the path's end")),
        }
    }
}

/// The failure that an operation is not over when it should be.
pub(crate) fn unfinished(name: &str, when: &str) -> Stop {
    Stop::fail(
        Code::of(CodeKind::OperationUnfinished, name),
        format!("{name} to be over {when}"),
        "the node is still at it, with nothing left to do",
    )
}

impl Running {
    fn must_not_be_done(&self) -> bool {
        matches!(self.aim, Aim::Failure | Aim::Nothing)
    }

    fn judge(&self, result: &Result<Outcome, OperationError>) -> Result<(), Stop> {
        let name = self.name;
        match result {
            Ok(_) if self.must_not_be_done() => Err(Stop::fail(
                Code::of(CodeKind::OperationSucceeded, name),
                match self.aim {
                    Aim::Failure => format!("{name} to fail"),
                    _ => format!("the node to refuse {name}"),
                },
                "it did it",
            )),
            Ok(outcome) => {
                let _ = self.ending.set(Ok(outcome.clone()));
                Ok(())
            }
            Err(OperationError::Failed(reason)) if self.must_not_be_done() => {
                let _ = self.ending.set(Err(reason.clone()));
                Ok(())
            }
            Err(OperationError::Failed(reason)) => Err(Stop::fail(
                Code::of(CodeKind::OperationFailed, name),
                format!("the node to do {name}"),
                format!("it says: {reason}"),
            )),
            Err(OperationError::Node(NodeError::Down(how))) => Err(Stop::fail(
                Code::bare(CodeKind::Crash),
                format!("the node to do {name}"),
                format!("it is not running: {how}"),
            )),
            Err(OperationError::Node(error)) => Err(Stop::environment(format!("{name}: {error}"))),
            Err(OperationError::Unsupported(capability)) => {
                Err(Stop::Lack(Lack::Capability(capability.name().to_owned())))
            }
            Err(error) => Err(Stop::environment(format!("{name}: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn going(aim: Aim) -> Operations {
        let state = State::Going(Box::pin(std::future::pending()));
        Operations(vec![Running { name: "fund_channel", aim, state, ending: Ending::default() }])
    }

    #[test]
    fn what_must_succeed_or_fail_must_end() {
        assert!(going(Aim::Nothing).finish().is_ok());
        assert!(going(Aim::Progress).finish().is_ok());
        for aim in [Aim::Success, Aim::Failure] {
            let Err(Stop::Fail(failing)) = going(aim).finish() else { panic!("it is not over") };
            assert_eq!(failing.code.to_string(), "operation-unfinished/fund_channel");
        }
    }
}
