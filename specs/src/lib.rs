//! lnprototest's bundled suite, embedded as text: specs, fragments and the known failures of the bundled runners.
//!
//! A crate of its own, so that an implementation's repository can use the suite, or only its fragments, without the
//! bundled runners.

/// One YAML file of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Below this folder, such as `bolt01/init/echo.yaml`.
    pub path: &'static str,
    /// All of it.
    pub text: &'static str,
}

/// Every file, in the order of their paths.
pub fn files() -> &'static [File] {
    FILES
}

/// The file at `path`.
pub fn file(path: &str) -> Option<&'static File> {
    FILES.binary_search_by(|file| file.path.cmp(path)).ok().map(|n| &FILES[n])
}

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_found_under_its_path() {
        assert!(!files().is_empty());
        assert!(files().iter().all(|entry| file(entry.path) == Some(entry)));
        assert_eq!(file("no/such.yaml"), None);
    }
}
