//! Does a real lightningd do what the contract asks of a node? Where there is none, each test is skipped by name.

#![allow(clippy::unwrap_used, reason = "a test that unwraps has failed")]

mod channels;
mod dual_funding;
mod life;
mod own_coins;
mod pair;
mod place;

use libtest_mimic::{Arguments, Failed, Trial};
use lnprototest_daemon::{Program, ProgramError};
use lnprototest_runner_api::{LocalFuture, Runner};
use lnprototest_runner_clightning::ClightningRunner;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::LocalSet;

/// By when whatever is asked of a node must be done.
const BOUND: Duration = Duration::from_secs(120);

type Test = fn(Arc<dyn Runner>) -> LocalFuture<'static, ()>;

const TESTS: [(&str, Test); 13] = [
    ("it_answers_and_ends_in_good_order", |runner| Box::pin(life::answers(runner))),
    ("it_knows_blocks_when_it_has_settled", |runner| Box::pin(life::knows_blocks(runner))),
    ("it_keeps_its_data_over_a_restart", |runner| Box::pin(life::restarts(runner))),
    ("its_death_is_told", |runner| Box::pin(life::death_is_told(runner))),
    ("the_death_of_a_subdaemon_is_told", |runner| Box::pin(life::crash_is_told(runner))),
    ("nothing_is_left_of_what_is_dropped", |runner| Box::pin(life::nothing_is_left(runner))),
    ("it_runs_with_its_own_keys", |runner| Box::pin(life::own_keys(runner))),
    ("it_dials_whom_it_is_told_to", |runner| Box::pin(channels::dials(runner))),
    ("it_opens_uses_and_closes_channels", |runner| Box::pin(channels::from_open_to_close(runner))),
    ("it_splices", |runner| Box::pin(channels::splices(runner))),
    ("it_funds_a_channel_with_its_peer_and_replaces_that", |runner| {
        Box::pin(dual_funding::funds_and_bumps(runner))
    }),
    ("it_finds_its_confirmed_coins_on_a_chain_that_served_before", |runner| {
        Box::pin(dual_funding::finds_its_coins(runner))
    }),
    ("without_dual_funding_it_can_do_none_of_it", |runner| Box::pin(dual_funding::is_unsupported(runner))),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let runner: Arc<dyn Runner> = Arc::new(ClightningRunner::new());
    let found = Program::find("lightningd", None, "LIGHTNINGD");
    // One that is named and not there, or too old, fails the tests.
    let missing = found.err().filter(|error| matches!(error, ProgramError::NotOnPath { .. }));
    let trials = TESTS.iter().map(|(name, test)| {
        let runner = Arc::clone(&runner);
        let trial = Trial::test(*name, move || run(runner, *test));
        match &missing {
            Some(reason) => trial.with_kind(format!("skipped: {reason}")).with_ignored_flag(true),
            None => trial,
        }
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn run(runner: Arc<dyn Runner>, test: Test) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let all = async { tokio::time::timeout(BOUND, test(runner)).await };
    let ended = catch_unwind(AssertUnwindSafe(|| LocalSet::new().block_on(&runtime, all)));
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(format!("it is not done after {BOUND:?}").into()),
        Err(panic) => Err(panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()))
            .unwrap_or_else(|| "it panicked".to_owned())
            .into()),
    }
}
