//! What every chain must do: one test body, run over each of them.

#![allow(clippy::unwrap_used, reason = "a case that fails may panic anywhere")]

mod bitcoind;
mod blocks;
mod differential;
mod limits;
mod mempool;
mod properties;
mod refusals;
mod reorganisation;
mod spend;
mod timelocks;
mod unlocking;

use libtest_mimic::{Arguments, Failed, Trial};
use lnprototest_chain::EmbeddedChain;
use lnprototest_runner_api::{Chain, ChainError, LocalFuture, RejectCode};
use std::fmt::Debug;
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;

/// Names all cases.
macro_rules! cases {
    ($($module:ident: [ $($case:ident)* ])*) => {
        &[$($((
            concat!(stringify!($module), "::", stringify!($case)),
            |chain| Box::pin(crate::$module::$case(chain)),
        ),)*)*]
    };
}

/// What runs on every chain.
const CASES: &[(&str, Case)] = cases! {
    blocks: [
        a_block_is_real
        coinbases_mature_one_by_one
        later_blocks_are_empty
        nothing_is_mined_with_a_bad_transaction
        the_prepared_tip
        the_subsidy_halves
    ]
    limits: [
        a_block_has_room_for_what_is_wanted
        evictions
        signature_operations
        weight
        what_unlocks
    ]
    mempool: [
        a_block_evicts_what_conflicts_with_it
        a_descendant_leaves_with_its_replaced_parent
        a_known_transaction_is_accepted_again
        a_replacement_pays_for_all_it_evicts
        a_replacement_spends_nothing_it_evicts
        chains_of_unconfirmed_transactions
        mining_takes_the_given_witnesses
        policy_does_not_bind_blocks
    ]
    refusals: [
        amounts
        dust
        forms_that_are_not_relayed
        high_s
        missing_inputs
        premature_coinbase
        structure
        the_first_fault_is_named
        too_little_fee
    ]
    reorganisation: [
        a_lost_coinbase_takes_its_descendants
        below_the_prepared_tip
        no_such_height
        replaced_blocks_differ
        to_the_tip_changes_nothing
        transactions_return_in_order
        unspent_outputs_are_restored
        what_is_no_longer_final_is_dropped
    ]
    timelocks: [
        absolute_height
        absolute_time
        final_sequences_ignore_the_lock_time
        relative_height
        relative_time
        relative_to_an_unconfirmed_parent
        scripts_check_them
        version_1_has_no_relative_lock
    ]
    unlocking: [
        every_kind_of_output
        the_amount_is_signed
        the_taproot_amounts_of_all_inputs_are_signed
        wrong_keys
    ]
};

type Case = for<'a> fn(&'a dyn Chain) -> LocalFuture<'a, ()>;

fn main() -> ExitCode {
    if bitcoind::hold() {
        return ExitCode::SUCCESS;
    }
    let mut arguments = Arguments::from_args();
    // A case waits more for its daemon than it computes.
    arguments.test_threads.get_or_insert_with(|| 2 * thread::available_parallelism().map_or(1, usize::from));
    let embedded = || Rc::new(EmbeddedChain::new()) as Rc<dyn Chain>;
    let mut trials: Vec<Trial> = Vec::new();
    for &(name, case) in CASES {
        trials.push(Trial::test(format!("embedded::{name}"), move || passes(|| run(embedded(), case))));
        trials.push(bitcoind::trial(name, move |program| run(Rc::new(bitcoind::fresh(program)), case)));
    }
    trials.extend(properties::trials());
    trials.extend(bitcoind::trials());
    trials.extend(differential::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs a case on a fresh chain.
fn run(chain: Rc<dyn Chain>, case: Case) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(case(&*chain));
}

/// What libtest-mimic wants of a body that panics if it fails.
fn passes(body: impl FnOnce()) -> Result<(), Failed> {
    body();
    Ok(())
}

/// Asserts that a transaction was refused for `code`, with a detail that holds `words`.
#[track_caller]
fn assert_refused<T: Debug>(result: Result<T, ChainError>, code: RejectCode, words: &str) {
    match result {
        Err(ChainError::Rejected(rejection)) => {
            assert_eq!(rejection.code, code, "{rejection}");
            // A daemon explains itself in its own words.
            let foreign = rejection.detail.starts_with("bitcoind says: ");
            assert!(foreign || rejection.detail.contains(words), "no {words:?} in: {rejection}");
        }
        other => panic!("expected a refusal with {code}, got {other:?}"),
    }
}
