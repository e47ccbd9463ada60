//! `cargo test -- --runner ldk`: each spec of the bundled suite as a test.

#[path = "../src/runners.rs"]
mod runners;

use std::process::ExitCode;

fn main() -> ExitCode {
    runners::product().libtest()
}
