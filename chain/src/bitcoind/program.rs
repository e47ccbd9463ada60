//! Which bitcoind is there, and is it one that will do?

use std::env;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::BitcoindError;

/// The lowest major version whose answers and options are known to be the right ones.
pub(super) const LEAST_VERSION: u32 = 27;

/// How long it may take to tell its version: milliseconds, but on a machine under load.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked whether it has.
const LOOK_EACH: Duration = Duration::from_millis(2);
/// Of what it says, so many bytes are looked at.
const MOST_SAID: u64 = 4_096;

/// A bitcoind (Core or Knots) that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitcoindProgram {
    path: PathBuf,
    version: String,
}

impl BitcoindProgram {
    /// The one that `BITCOIND_EXE` names, or else the first on `PATH`.
    ///
    /// # Errors
    /// [`BitcoindError::NotFound`], or those of [`Self::at`].
    pub fn find() -> Result<Self, BitcoindError> {
        match env::var_os("BITCOIND_EXE").filter(|path| !path.is_empty()) {
            Some(path) => Self::at(path),
            None => Self::at(on_path("bitcoind").ok_or(BitcoindError::NotFound)?),
        }
    }

    /// The one at `path`.
    ///
    /// # Errors
    /// [`BitcoindError::NotBitcoind`] if it does not run, [`BitcoindError::TooOld`] below version 27.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, BitcoindError> {
        let path = path.into();
        let (status, said) = match ask_version(&path, ANSWERS_WITHIN) {
            Ok(answer) => answer,
            Err(error) => return Err(BitcoindError::NotBitcoind { path, why: error.to_string() }),
        };
        let first = said.lines().next().unwrap_or_default().trim();
        let Some((major, version)) = parse_version(first) else {
            let why = match first {
                "" => format!("--version ends with {status} and no word"),
                words => format!("--version says {words:?}"),
            };
            return Err(BitcoindError::NotBitcoind { path, why });
        };
        if major < LEAST_VERSION {
            return Err(BitcoindError::TooOld { path, version });
        }
        Ok(Self { path, version })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it calls itself, such as `29.0.0` or `29.4.3.knots20260508`.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// How it ended, and what it said, when asked for its version.
fn ask_version(path: &Path, bound: Duration) -> io::Result<(ExitStatus, String)> {
    let (mut output, input) = io::pipe()?;
    let mut command = Command::new(path);
    command.arg("--version").stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
    let mut child = command.spawn()?;
    // It holds our ends of the pipe, which is not to be waited for.
    drop(command);
    let deadline = Instant::now() + bound;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other(format!("--version has not ended after {bound:?}")));
        }
        thread::sleep(LOOK_EACH);
    };
    let mut said = Vec::new();
    output.by_ref().take(MOST_SAID).read_to_end(&mut said)?;
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

/// The major and the full version of `Bitcoin Core daemon version v29.0.0` and the like.
fn parse_version(line: &str) -> Option<(u32, String)> {
    let (name, version) = line.split_once(" version v")?;
    let version = version.split_whitespace().next()?;
    let major = version.split(['.', '-']).next()?.parse().ok()?;
    name.starts_with("Bitcoin").then(|| (major, version.to_owned()))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::{ask_version, parse_version};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    #[test]
    fn one_that_hangs_is_given_up() {
        let place = tempfile::tempdir().unwrap();
        let program = place.path().join("bitcoind");
        fs::write(&program, "#!/bin/sh\nexec sleep 60\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let error = ask_version(&program, Duration::from_millis(20)).unwrap_err().to_string();
        assert_eq!(error, "--version has not ended after 20ms");
    }

    #[test]
    fn versions() {
        let parse = |line| parse_version(line).map(|(major, version)| format!("{major} {version}"));
        for (line, parsed) in [
            ("Bitcoin Core daemon version v29.0.0 bitcoind", Some("29 29.0.0")),
            ("Bitcoin Knots daemon version v29.4.3.knots20260508", Some("29 29.4.3.knots20260508")),
            ("Bitcoin Core version v27.0.0", Some("27 27.0.0")),
            ("Bitcoin Core version v30.99.0-0123abc", Some("30 30.99.0-0123abc")),
            ("Bitcoin Core version v0.21.2", Some("0 0.21.2")),
            ("Elements Core daemon version v23.2.4", None),
            ("Bitcoin Core daemon version v", None),
            ("", None),
        ] {
            assert_eq!(parse(line).as_deref(), parsed, "{line}");
        }
    }
}
