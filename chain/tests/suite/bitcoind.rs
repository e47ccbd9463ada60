//! What concerns the daemon alone: how it is found, started and stopped, and what it says when it can't.

use libtest_mimic::{Completion, Failed, Trial};
use lnprototest_chain::{Bitcoind, BitcoindError, BitcoindProgram, EmbeddedChain};
use lnprototest_runner_api::{Chain, LocalFuture};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::TcpStream;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};
use tempfile::TempDir;

use crate::passes;

/// Names the directory of a daemon that is to be held.
const HOLDER: &str = "LNPROTOTEST_CHAIN_HOLDER";

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
    let without = |name: &str, case: fn()| Trial::test(format!("bitcoind::{name}"), move || passes(case));
    vec![
        trial("access", access),
        trial("its_directory_is_its_own", its_directory_is_its_own),
        trial("killed_in_mid_use", killed_in_mid_use),
        trial("nothing_is_left_of_a_killed_process", nothing_is_left_of_a_killed_process),
        trial("nothing_is_left_of_a_panic", nothing_is_left_of_a_panic),
        without("one_that_dies_at_start", one_that_dies_at_start),
        without("programs_that_will_not_do", programs_that_will_not_do),
    ]
}

fn access(program: &BitcoindProgram) {
    let chain = fresh(program);
    let access = chain.rpc().unwrap();
    assert_eq!(access, chain.access());
    let cookie = fs::read_to_string(&access.cookie_file).unwrap();
    assert_eq!(cookie.trim_end(), format!("{}:{}", access.user, access.password));
    assert_eq!(access.url(), format!("http://127.0.0.1:{}", access.address.port()));
    TcpStream::connect(access.address).unwrap();
    assert!(chain.name().starts_with("bitcoind "), "{}", chain.name());
    assert!(EmbeddedChain::new().rpc().is_none());
}

fn its_directory_is_its_own(program: &BitcoindProgram) {
    let dir = TempDir::new().unwrap();
    match Bitcoind::start(program, dir.path()) {
        Err(BitcoindError::Directory { path, .. }) => assert_eq!(path, dir.path()),
        other => panic!("{:?}", other.err()),
    }
    assert!(dir.path().is_dir());
}

fn killed_in_mid_use(program: &BitcoindProgram) {
    let dir = new_dir();
    let chain = Bitcoind::start(program, &dir).unwrap();
    now(chain.mine(1, &[])).unwrap();
    kill_process(pid(chain.process_id()), Signal::KILL).unwrap();
    for _ in 0..2 {
        let began = Instant::now();
        for error in [now(chain.tip()).unwrap_err(), now(chain.mine(1, &[])).unwrap_err()] {
            let error = error.to_string();
            assert!(error.contains("bitcoind has ended (signal: 9 (SIGKILL)); its last words:\n"), "{error}");
            assert!(error.contains("UpdateTip"), "{error}");
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
    drop(chain);
    assert!(!dir.exists());
}

fn nothing_is_left_of_a_panic(program: &'static BitcoindProgram) {
    let dir = new_dir();
    let panicked = thread::spawn({
        let dir = dir.clone();
        move || {
            let chain = Bitcoind::start(program, &dir).unwrap();
            assert!(dir.is_dir());
            // Silent: a test's output is for failures.
            resume_unwind(Box::new(chain.process_id()))
        }
    });
    let id = *panicked.join().unwrap_err().downcast::<u32>().unwrap();
    assert!(!dir.exists());
    assert!(test_kill_process(pid(id)).is_err());
}

fn nothing_is_left_of_a_killed_process(_: &BitcoindProgram) {
    let dir = new_dir();
    let mut holder = Command::new(env::current_exe().unwrap())
        .env(HOLDER, &dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let id = pid(line.trim().parse().unwrap());
    assert!(dir.is_dir() && test_kill_process(id).is_ok());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while dir.exists() || test_kill_process(id).is_ok() {
        assert!(Instant::now() < until, "{} or process {line} is left", dir.display());
        thread::yield_now();
    }
}

/// In the process that is to be killed: holds a daemon until its input ends.
pub fn hold() -> bool {
    let Some(dir) = env::var_os(HOLDER) else { return false };
    let chain = Bitcoind::start(program().unwrap(), dir).unwrap();
    println!("{}", chain.process_id());
    io::stdin().read_line(&mut String::new()).unwrap();
    true
}

fn one_that_dies_at_start() {
    let place = TempDir::new().unwrap();
    let program = script(
        &place,
        r#"case $1 in --version) echo 'Bitcoin Core daemon version v29.0.0';; *) echo 'Disk space is too low!' >&2; exit 1;; esac"#,
    );
    let dir = place.path().join("data");
    let error = Bitcoind::start(&BitcoindProgram::at(program).unwrap(), &dir).err().unwrap();
    let expected =
        format!("bitcoind does not start in {}: exit status: 1\n    Disk space is too low!", dir.display());
    assert_eq!(error.to_string(), expected);
    assert!(!dir.exists());
}

fn programs_that_will_not_do() {
    let place = TempDir::new().unwrap();
    let old = script(&place, "echo 'Bitcoin Core version v26.2.0'");
    let path = old.display().to_string();
    let remedy = "BITCOIND_EXE can name another one";
    let error = |path: &Path| BitcoindProgram::at(path).unwrap_err().to_string();
    assert_eq!(error(&old), format!("{path} is version 26.2.0, but 27 or newer is needed; {remedy}"));
    let silent = script(&place, "exit 3");
    let why = "--version ends with exit status: 3 and no word";
    assert_eq!(error(&silent), format!("{path} is no bitcoind that runs here: {why}; {remedy}"));
    let other = script(&place, "echo 'GNU bash, version 5'");
    let why = r#"--version says "GNU bash, version 5""#;
    assert_eq!(error(&other), format!("{path} is no bitcoind that runs here: {why}; {remedy}"));
    fs::remove_file(&other).unwrap();
    assert!(error(&other).contains("No such file"), "{}", error(&other));
    assert!(BitcoindError::NotFound.to_string().contains("ci/install-bitcoind"));
}

/// Writes a shell script. Another process does it: while this one has a file open to write, a fork of another thread
/// has it, too, and then nobody can execute it.
fn script(place: &TempDir, body: &str) -> PathBuf {
    let path = place.path().join("bitcoind");
    let write = r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#;
    let written = Command::new("/bin/sh").args(["-c", write, "write"]).arg(&path).arg(body).status().unwrap();
    assert!(written.success());
    path
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id.try_into().unwrap()).unwrap()
}

/// What a future that never waits comes to.
fn now<T>(future: LocalFuture<'_, T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
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
