//! A node that speaks as its script says, and does what it is asked to as a test says.

use lnprototest_runner_api::{
    ByteStream, Capabilities, Capability, Identity, LocalFuture, Node, NodeError, Operation, OperationError,
    Outcome, Runner, Settled, World,
};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::Scripted;

/// What becomes of an operation.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is done.
    Does(Outcome),
    /// The node says no.
    Fails(&'static str),
    /// It never ends.
    Never,
}

/// From an operation to what becomes of it.
type Answers = Arc<dyn Fn(&Operation) -> Answer + Send + Sync>;

/// Starts nodes that can be asked to do anything.
pub struct Asked {
    speaker: Scripted,
    answers: Answers,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Asked {
    /// Such nodes, and what they will have been asked to do, as `Debug` has it.
    pub fn new(
        speaker: Scripted,
        answers: impl Fn(&Operation) -> Answer + Send + Sync + 'static,
    ) -> (Self, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::<Mutex<Vec<String>>>::default();
        (Self { speaker, answers: Arc::new(answers), heard: heard.clone() }, heard)
    }
}

impl Runner for Asked {
    fn name(&self) -> &str {
        "asked"
    }

    fn capabilities(&self) -> Capabilities {
        let known_keys = |capability: &Capability| *capability == Capability::KnownKeys;
        Capability::ALL.into_iter().filter(|capability| !known_keys(capability)).collect()
    }

    fn start(&self, world: World) -> LocalFuture<'_, Result<Rc<dyn Node>, NodeError>> {
        Box::pin(async {
            let speaker = self.speaker.start(world).await?;
            let (answers, heard) = (self.answers.clone(), self.heard.clone());
            Ok(Rc::new(AskedNode { speaker, answers, heard, down: Cell::new(false) }) as Rc<dyn Node>)
        })
    }
}

struct AskedNode {
    speaker: Rc<dyn Node>,
    answers: Answers,
    heard: Arc<Mutex<Vec<String>>>,
    down: Cell<bool>,
}

impl AskedNode {
    fn up(&self) -> Result<(), NodeError> {
        if self.down.get() { Err(NodeError::Down("it was killed".to_owned())) } else { Ok(()) }
    }
}

impl Node for AskedNode {
    fn identity(&self) -> Identity {
        self.speaker.identity()
    }

    fn dial(&self) -> LocalFuture<'_, Result<Box<dyn ByteStream>, NodeError>> {
        Box::pin(async {
            self.up()?;
            self.speaker.dial().await
        })
    }

    fn settle(&self) -> LocalFuture<'_, Result<Settled, NodeError>> {
        Box::pin(async {
            self.up()?;
            self.speaker.settle().await
        })
    }

    fn perform(&self, operation: Operation) -> LocalFuture<'_, Result<Outcome, OperationError>> {
        self.heard.lock().unwrap().push(format!("{operation:?}"));
        let answer = (self.answers)(&operation);
        Box::pin(async move {
            match answer {
                Answer::Does(outcome) => Ok(outcome),
                Answer::Fails(why) => Err(OperationError::Failed(why.to_owned())),
                Answer::Never => std::future::pending().await,
            }
        })
    }

    fn restart(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        self.down.set(false);
        Box::pin(async { Ok(()) })
    }

    fn kill(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        self.down.set(true);
        Box::pin(async { Ok(()) })
    }

    fn stop(&self) -> LocalFuture<'_, Result<(), NodeError>> {
        Box::pin(async { Ok(()) })
    }

    fn log_tail(&self, lines: usize) -> Vec<String> {
        self.speaker.log_tail(lines)
    }
}
