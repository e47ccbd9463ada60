//! How does each daemon start from the same directory, made but once?

use std::io;
use std::path::Path;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{CopyError, copy_dir};

/// A directory that takes long to make, such as that of a node with a funded wallet: made when first wanted, then
/// copied for each start. All threads share it; while one makes it, the others wait. Dropped, it is removed.
#[derive(Debug, Default)]
pub struct PreparedDir {
    made: OnceCell<TempDir>,
}

impl PreparedDir {
    /// Nothing is made yet.
    pub const fn new() -> Self {
        Self { made: OnceCell::const_new() }
    }

    /// Copies it to `to`, which must not exist, having it filled by `make` if this is the first time. If `make` fails,
    /// the next call tries again.
    ///
    /// # Errors
    /// What `make` fails with, else [`PrepareError`].
    pub async fn copy_to<E>(
        &self,
        to: &Path,
        make: impl AsyncFnOnce(&Path) -> Result<(), E>,
    ) -> Result<(), PrepareError<E>> {
        let made = self
            .made
            .get_or_try_init(async || -> Result<TempDir, PrepareError<E>> {
                let dir =
                    tempfile::Builder::new().prefix("lnprototest-").tempdir().map_err(PrepareError::Dir)?;
                make(dir.path()).await.map_err(PrepareError::Make)?;
                Ok(dir)
            })
            .await?;
        Ok(copy_dir(made.path(), to)?)
    }
}

/// Why a prepared directory is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError<E> {
    /// It is not copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// There is no place to make it in.
    #[error("no temporary directory to prepare: {0}")]
    Dir(#[source] io::Error),
    /// It is not made.
    #[error(transparent)]
    Make(E),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::fs;

    #[tokio::test]
    async fn it_is_made_once_and_copied_each_time() {
        let (prepared, dir, made) = (PreparedDir::new(), tempfile::tempdir().unwrap(), Cell::new(0));
        let make = async |path: &Path| {
            made.set(made.get() + 1);
            fs::write(path.join("wallet"), "funded")
        };
        for name in ["a", "b"] {
            let to = dir.path().join(name);
            prepared.copy_to(&to, make).await.unwrap();
            assert_eq!(fs::read_to_string(to.join("wallet")).unwrap(), "funded");
            fs::write(to.join("wallet"), "spent").unwrap();
        }
        assert_eq!(made.get(), 1);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let (prepared, dir) = (PreparedDir::new(), tempfile::tempdir().unwrap());
        let to = dir.path().join("a");
        let error = prepared.copy_to(&to, async |_: &Path| Err("no daemon")).await.unwrap_err();
        assert!(matches!(error, PrepareError::Make("no daemon")), "{error:?}");
        prepared.copy_to(&to, async |_: &Path| Ok::<(), &str>(())).await.unwrap();
        assert!(to.is_dir());
    }
}
