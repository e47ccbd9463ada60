//! What a program built on this library brings along: runners, and specs of its own.

use lnprototest_runner_api::Runner;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::{UsageError, libtest, program};

/// A conformance program in the making: runners, the specs that it runs by default, and their known failures.
///
/// A whole `tests/conformance.rs` of an implementation's own repository (with `harness = false` for it in
/// `Cargo.toml`) is a `main` that returns `Product::new().runner(MyRunner::new()).specs("tests/specs").libtest()`.
#[derive(Clone, Default)]
pub struct Product {
    pub(super) runners: Vec<Arc<dyn Runner>>,
    pub(super) specs: Option<PathBuf>,
    pub(super) expectations: Option<PathBuf>,
}

impl Product {
    /// One without runners that runs the bundled suite.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a runner. The first one is the default.
    #[must_use]
    pub fn runner(mut self, runner: impl Runner + 'static) -> Self {
        self.runners.push(Arc::new(runner));
        self
    }

    /// Runs the specs below this folder by default, in place of the bundled suite.
    #[must_use]
    pub fn specs(mut self, folder: impl AsRef<Path>) -> Self {
        self.specs = Some(folder.as_ref().to_owned());
        self
    }

    /// Takes the known failures from this file, in place of the bundled ones.
    #[must_use]
    pub fn expectations(mut self, file: impl AsRef<Path>) -> Self {
        self.expectations = Some(file.as_ref().to_owned());
        self
    }

    /// Is the `lnprototest` program: reads the command line and does as it says.
    pub fn program(self) -> ExitCode {
        program::main(&self)
    }

    /// Is a test binary: understands libtest's flags and prints its lines, a spec a test.
    pub fn libtest(self) -> ExitCode {
        libtest::main(&self)
    }

    /// The runner of this name; the default one if none is named, or the empty one (an empty environment variable).
    pub fn find_runner(&self, name: Option<&str>) -> Result<Arc<dyn Runner>, UsageError> {
        let found = match name.filter(|name| !name.is_empty()) {
            None => self.runners.first(),
            Some(name) => self.runners.iter().find(|runner| runner.name() == name),
        };
        found.cloned().ok_or_else(|| UsageError::Runner {
            name: name.unwrap_or_default().to_owned(),
            known: self.runners.iter().map(|runner| runner.name().to_owned()).collect(),
        })
    }
}
