//! Where does the next path's node come from? From the last path, if that left no trace on it; from a start ahead of
//! need; or it is started now.

use lnprototest_runner_api::StartCost;
use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::Arc;
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::ground::{Ground, Land};
use crate::verdict::Fault;

/// The nodes of one worker that no path runs on.
#[derive(Default)]
pub(crate) struct Supply {
    kept: RefCell<Option<Ground>>,
    /// A chain whose node is gone.
    land: RefCell<Option<Land>>,
    ahead: RefCell<Option<JoinHandle<Result<Ground, Fault>>>>,
}

impl Supply {
    /// A node for a path: one that is there, or else a fresh one.
    ///
    /// # Errors
    /// A fault of the environment.
    pub(crate) async fn any(&self, engine: &Arc<Engine>) -> Result<Ground, Fault> {
        match self.kept.take() {
            Some(ground) => Ok(ground),
            None => self.fresh(engine).await,
        }
    }

    /// A node on which no path ran before.
    ///
    /// # Errors
    /// A fault of the environment.
    pub(crate) async fn fresh(&self, engine: &Arc<Engine>) -> Result<Ground, Fault> {
        let ahead = self.ahead.take();
        match ahead {
            Some(starting) => match starting.await {
                Ok(started) => started,
                Err(error) => match error.try_into_panic() {
                    // As it would have been had the node been started now.
                    Ok(panic) => resume_unwind(panic),
                    Err(error) => Err(Fault::environment(format!("the start of a node: {error}"))),
                },
            },
            None => start(engine, self.land.take()).await,
        }
    }

    /// Starts a node that a later path will need, unless that costs nothing then.
    pub(crate) fn start_ahead(&self, engine: &Arc<Engine>) {
        let mut ahead = self.ahead.borrow_mut();
        if engine.runner.start_cost() == StartCost::High && ahead.is_none() {
            let (engine, land) = (engine.clone(), self.land.take());
            *ahead = Some(tokio::task::spawn_local(async move { start(&engine, land).await }));
        }
    }

    /// Keeps a node on which a path has left no trace.
    pub(crate) fn keep(&self, mut ground: Ground) {
        ground.is_used = true;
        self.kept.replace(Some(ground));
    }

    /// Keeps a chain that nothing has touched.
    pub(crate) fn keep_land(&self, land: Land) {
        self.land.replace(Some(land));
    }

    /// All nodes that are there. One that is on its way is given up.
    pub(crate) async fn drain(&self) -> Vec<Ground> {
        let (kept, ahead) = (self.kept.take(), self.ahead.take());
        let mut grounds: Vec<Ground> = kept.into_iter().collect();
        if let Some(starting) = ahead {
            starting.abort();
            // Its failure is nobody's: no path needed it.
            grounds.extend(starting.await.ok().and_then(Result::ok));
        }
        grounds
    }
}

async fn start(engine: &Engine, land: Option<Land>) -> Result<Ground, Fault> {
    let start = async {
        let land = match land {
            Some(land) => land,
            None => Land::new(engine).await?,
        };
        Ground::start(engine, land).await
    };
    engine.starts.one_more(start).await
}
