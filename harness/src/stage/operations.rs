//! What the node was asked to do and goes on with beside the conversation.

use lnprototest_runner_api::{LocalFuture, Node, NodeError, Operation, OperationError, Outcome};
use std::rc::Rc;
use std::task::{Context, Poll};

use super::Stop;
use crate::verdict::{Code, CodeKind, Lack};

/// The operations of one path.
#[derive(Default)]
pub(crate) struct Operations(Vec<Running>);

/// One operation, and whether it must come to nothing.
struct Running {
    name: &'static str,
    refused: bool,
    state: State,
}

enum State {
    Done(Result<Outcome, OperationError>),
    Going(LocalFuture<'static, Result<Outcome, OperationError>>),
}

impl Operations {
    /// Begins an operation; `refused` says that it must come to nothing.
    pub(crate) fn begin(
        &mut self,
        node: &Rc<dyn Node>,
        name: &'static str,
        operation: Operation,
        refused: bool,
    ) {
        let node = node.clone();
        let going = Box::pin(async move { node.perform(operation).await });
        self.0.push(Running { name, refused, state: State::Going(going) });
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

    /// Collects all, when nothing more is to come. One that must come to nothing may still go on: how long a node hopes
    /// for a peer's better answer is its own affair.
    ///
    /// # Errors
    /// The first that did not end, or not as it should.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        self.collect()?;
        match self.0.iter().find(|running| !running.refused) {
            None => Ok(()),
            Some(running) => Err(Stop::fail(
                Code::of(CodeKind::OperationUnfinished, running.name),
                format!("{} to be over at the path's end", running.name),
                "the node is still at it, with nothing left to do",
            )),
        }
    }
}

impl Running {
    fn judge(&self, result: &Result<Outcome, OperationError>) -> Result<(), Stop> {
        let name = self.name;
        match result {
            Ok(_) if self.refused => Err(Stop::fail(
                Code::of(CodeKind::OperationSucceeded, name),
                format!("the node to refuse {name}"),
                "it did it",
            )),
            Ok(_) => Ok(()),
            Err(OperationError::Failed(_)) if self.refused => Ok(()),
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

    fn going(refused: bool) -> Operations {
        let state = State::Going(Box::pin(std::future::pending()));
        Operations(vec![Running { name: "fund_channel", refused, state }])
    }

    #[test]
    fn only_what_must_succeed_must_end() {
        assert!(going(true).finish().is_ok());
        let Err(Stop::Fail(failing)) = going(false).finish() else { panic!("it is not over") };
        assert_eq!(failing.code.to_string(), "operation-unfinished/fund_channel");
    }
}
