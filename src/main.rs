//! The `lnprototest` program: the harness, the bundled suite, and the bundled runners, one cargo feature each.

mod runners;

use std::process::ExitCode;

fn main() -> ExitCode {
    runners::product().program()
}
