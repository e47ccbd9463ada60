//! How is a directory copied?

use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Folders within folders.
const DEPTH: usize = 16;
/// Files, folders and links.
const ENTRIES: usize = 10_000;
/// Of all files together.
const BYTES: u64 = 1 << 30;

/// Copies a directory, which must not exist at its new place, with its permissions. Symbolic links are copied as such;
/// sockets and pipes, which daemons leave behind, are left out. It blocks, so what it copies should be small.
///
/// # Errors
/// [`CopyError`], which names the path: also if there are more than 16 folders within each other, 10,000 entries or
/// 1 GiB. What has been copied until then stays.
pub fn copy_dir(from: &Path, to: &Path) -> Result<(), CopyError> {
    Copy { entries: 0, bytes: 0 }.folder(from, to, 0)
}

struct Copy {
    entries: usize,
    bytes: u64,
}

impl Copy {
    fn folder(&mut self, from: &Path, to: &Path, depth: usize) -> Result<(), CopyError> {
        let reading = |source| CopyError::Read { path: from.to_owned(), source };
        let writing = |source| CopyError::Write { path: to.to_owned(), source };
        if depth > DEPTH {
            return Err(CopyError::TooMuch { path: from.to_owned() });
        }
        fs::create_dir(to).map_err(writing)?;
        for entry in fs::read_dir(from).map_err(reading)? {
            self.entry(&entry.map_err(reading)?, to, depth)?;
        }
        let permissions = fs::metadata(from).map_err(reading)?.permissions();
        fs::set_permissions(to, permissions).map_err(writing)
    }

    fn entry(&mut self, entry: &DirEntry, into: &Path, depth: usize) -> Result<(), CopyError> {
        let (from, to) = (entry.path(), into.join(entry.file_name()));
        let reading = |source| CopyError::Read { path: from.clone(), source };
        let writing = |source| CopyError::Write { path: to.clone(), source };
        let metadata = entry.metadata().map_err(reading)?;
        self.entries += 1;
        if metadata.is_file() {
            self.bytes = self.bytes.saturating_add(metadata.len());
        }
        if self.entries > ENTRIES || self.bytes > BYTES {
            return Err(CopyError::TooMuch { path: from });
        }
        if metadata.is_dir() {
            self.folder(&from, &to, depth + 1)
        } else if metadata.is_symlink() {
            symlink(fs::read_link(&from).map_err(reading)?, &to).map_err(writing)
        } else if metadata.is_file() {
            fs::copy(&from, &to).map(drop).map_err(writing)
        } else {
            Ok(())
        }
    }
}

/// Why a directory is not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The original can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is larger than a fresh daemon's directory can be.
    #[error("too much to copy (16 levels, 10,000 entries or 1 GiB): gave up at {}", path.display())]
    TooMuch {
        /// Where the limit was reached.
        path: PathBuf,
    },
    /// The copy can't be written.
    #[error("{} can't be written: {source}; is there room on the disk?", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_copy_is_the_same_but_for_sockets() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("regtest/empty")).unwrap();
        fs::write(from.join("regtest/hsm_secret"), [7; 32]).unwrap();
        fs::set_permissions(from.join("regtest/hsm_secret"), fs::Permissions::from_mode(0o400)).unwrap();
        fs::set_permissions(from.join("regtest"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("regtest/hsm_secret", from.join("link")).unwrap();
        let _socket = UnixListener::bind(from.join("rpc")).unwrap();

        copy_dir(&from, &to).unwrap();

        let mode = |path: &str| fs::metadata(to.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(fs::read(to.join("regtest/hsm_secret")).unwrap(), [7; 32]);
        assert_eq!((mode("regtest/hsm_secret"), mode("regtest")), (0o400, 0o700));
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("regtest/hsm_secret"));
        assert!(to.join("regtest/empty").is_dir());
        assert!(!to.join("rpc").exists());
    }

    #[test]
    fn a_failure_names_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let missing = copy_dir(&from, &to).unwrap_err().to_string();
        assert!(missing.contains(from.to_str().unwrap()), "{missing}");
        fs::create_dir_all(&from).unwrap();
        fs::create_dir_all(&to).unwrap();
        let there_already = copy_dir(&from, &to).unwrap_err();
        assert!(matches!(&there_already, CopyError::Write { path, .. } if *path == to), "{there_already}");
    }

    #[test]
    fn a_bottomless_directory_ends_at_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        let mut folder = from.clone();
        folder.extend(["deeper"; 20]);
        fs::create_dir_all(&folder).unwrap();
        let error = copy_dir(&from, &dir.path().join("to")).unwrap_err();
        assert!(matches!(error, CopyError::TooMuch { .. }), "{error}");
        fs::remove_dir_all(&from).unwrap();
        fs::create_dir(&from).unwrap();
        fs::File::create(from.join("sparse")).unwrap().set_len(BYTES + 1).unwrap();
        let error = copy_dir(&from, &dir.path().join("again")).unwrap_err();
        assert!(matches!(error, CopyError::TooMuch { .. }), "{error}");
    }
}
