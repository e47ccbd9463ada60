//! What concerns the daemon alone: how it is found, started and stopped, and what it says when it can't.

use libtest_mimic::{Completion, Failed, Trial};
use lnprototest_chain::{Bitcoind, BitcoindError, BitcoindProgram};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, process};

/// A case that needs a bitcoind.
pub fn trial(name: &str, case: impl FnOnce(&'static BitcoindProgram) + Send + 'static) -> Trial {
    let name = format!("bitcoind::{name}");
    Trial::ignorable_test(name, || match program() {
        Ok(program) => {
            case(program);
            Ok(Completion::Completed)
        }
        Err(error @ BitcoindError::NotFound) if env::var_os("CI").is_none() => {
            Ok(Completion::ignored_with(error))
        }
        Err(error) => Err(Failed::from(error)),
    })
}

pub fn trials() -> Vec<Trial> {
    Vec::new()
}

/// One at the prepared tip.
pub fn fresh(program: &BitcoindProgram) -> Bitcoind {
    Bitcoind::start(program, new_dir()).unwrap()
}

/// A name that is not taken, in memory if there is such a place.
fn new_dir() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let memory = PathBuf::from("/dev/shm");
    let base = if memory.is_dir() { memory } else { env::temp_dir() };
    base.join(format!("lnprototest-chain-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
}

fn program() -> Result<&'static BitcoindProgram, &'static BitcoindError> {
    static PROGRAM: OnceLock<Result<BitcoindProgram, BitcoindError>> = OnceLock::new();
    PROGRAM.get_or_init(BitcoindProgram::find).as_ref()
}
