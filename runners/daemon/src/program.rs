//! Where is the daemon's executable, and which version is it?

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::{DaemonError, Launch};

/// An executable that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
}

impl Program {
    /// Finds `name`: `explicit` if given (a runner's argument), else what the environment's `variable` says, else the
    /// first in `PATH`. The first two are taken at their word: if nothing is there, nothing else is looked for.
    ///
    /// # Errors
    /// [`ProgramError`], which says where it was looked for and what to do.
    pub fn find(name: &str, explicit: Option<&Path>, variable: &str) -> Result<Self, ProgramError> {
        let named = match explicit {
            Some(path) => Some((path.to_owned(), "the runner's argument")),
            None => env::var_os(variable).filter(|path| !path.is_empty()).map(|p| (p.into(), variable)),
        };
        if let Some((path, said_by)) = named {
            return match executable(&path) {
                Ok(()) => Ok(Self { path }),
                Err(source) => Err(ProgramError::NotThere { path, said_by: said_by.to_owned(), source }),
            };
        }
        let path = env::var_os("PATH").unwrap_or_default();
        on_path(name.as_ref(), &path).map(|path| Self { path }).ok_or_else(|| ProgramError::NotOnPath {
            name: name.to_owned(),
            path,
            variable: variable.to_owned(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it prints when asked for its `--version`, trimmed.
    ///
    /// # Errors
    /// [`ProgramError::NoVersion`] if it fails or says nothing, [`ProgramError::Run`] if it does not run or end within
    /// `bound`.
    ///
    /// # Panics
    /// Outside a [`LocalSet`](tokio::task::LocalSet).
    pub async fn version(&self, bound: Duration) -> Result<String, ProgramError> {
        let run = |source| ProgramError::Run { path: self.path.clone(), source };
        let child = Launch::new(self).arg("--version").spawn().map_err(run)?;
        let status = child.wait_exit(bound).await.map_err(run)?;
        let said = child.last_words(usize::MAX).join("\n").trim().to_owned();
        if !status.success() || said.is_empty() {
            return Err(ProgramError::NoVersion { path: self.path.clone(), status, said });
        }
        Ok(said)
    }
}

/// Why there is no executable to run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It does not tell its version.
    #[error("`{} --version` ended with {status} and said {said:?}; is it the right program?", path.display())]
    NoVersion {
        /// The executable.
        path: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// All that it said.
        said: String,
    },
    /// It was looked for on the path.
    #[error(
        "no executable `{name}` on PATH ({}); install it there, or name it with the runner's argument or in {variable}",
        path.display()
    )]
    NotOnPath {
        /// What was looked for.
        name: String,
        /// Where.
        path: OsString,
        /// The environment's variable that could have named it.
        variable: String,
    },
    /// It was named, and isn't there.
    #[error("{} can't be run, which {said_by} names: {source}; correct that, or leave it out to search PATH", path.display())]
    NotThere {
        /// Where it should be.
        path: PathBuf,
        /// Who says so.
        said_by: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// It does not run.
    #[error("`{} --version` does not work: {source}", path.display())]
    Run {
        /// The executable.
        path: PathBuf,
        /// Why.
        source: DaemonError,
    },
}

/// The first executable file of that name in a list of folders, such as `PATH` is.
pub(crate) fn on_path(name: &OsStr, folders: &OsStr) -> Option<PathBuf> {
    env::split_paths(folders).map(|folder| folder.join(name)).find(|path| executable(path).is_ok())
}

fn executable(path: &Path) -> io::Result<()> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not executable"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_searched_last() {
        let sh = Program::find("sh", None, "LNPROTOTEST_NO_SUCH_VARIABLE").unwrap();
        assert!(sh.path().ends_with("sh"));
    }

    #[test]
    fn what_is_named_must_be_there() {
        let error = Program::find("sh", Some(Path::new("/no/such/sh")), "SH").unwrap_err().to_string();
        assert!(error.starts_with("/no/such/sh can't be run, which the runner's argument names"), "{error}");
    }

    #[test]
    fn what_is_not_executable_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("lightningd");
        std::fs::write(&file, "").unwrap();
        assert_eq!(on_path("lightningd".as_ref(), dir.path().as_os_str()), None);
        let error = Program::find("lightningd", Some(&file), "LIGHTNINGD").unwrap_err().to_string();
        assert!(error.contains("it is not executable"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named_with_the_remedy() {
        let error = Program::find("no-such-daemon", None, "NO_SUCH_DAEMON").unwrap_err().to_string();
        assert!(error.starts_with("no executable `no-such-daemon` on PATH ("), "{error}");
        assert!(error.ends_with("or in NO_SUCH_DAEMON"), "{error}");
    }
}
