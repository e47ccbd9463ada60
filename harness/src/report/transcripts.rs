//! One file a path with its conversation, for people and for comparing runs.

use std::io;
use std::path::{Path, PathBuf};

use super::{Reporter, RunEvent, SpecReport};

/// Writes `DIR/<spec>/<path>.txt`.
pub struct Transcripts {
    dir: PathBuf,
}

impl Transcripts {
    /// Transcripts below `dir`, which is made if need be.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Makes the folder and writes to it, to find out before a node starts if that can't be done.
    ///
    /// # Errors
    /// The system's.
    pub fn prepare(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        tempfile::tempfile_in(&self.dir).map(drop)
    }

    /// Writes those of one spec.
    ///
    /// # Errors
    /// The system's, with the file's name.
    pub fn write(&self, report: &SpecReport) -> io::Result<()> {
        for path in &report.paths {
            let Some(transcript) = &path.transcript else { continue };
            let dir = self.dir.join(&report.spec.name);
            let file = dir.join(format!("{}.txt", path.path));
            let text =
                format!("{} path {}: {}\n{transcript}", report.spec.name, path.path, path.verdict.name());
            std::fs::create_dir_all(&dir)
                .and_then(|()| std::fs::write(&file, text))
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
        }
        Ok(())
    }
}

impl Reporter for Transcripts {
    fn hear(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        match event {
            RunEvent::SpecFinished(report) => self.write(report),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_where_one_can_be() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let new = dir.path().join("some/new");
        Transcripts::new(&new).prepare()?;
        assert_eq!(std::fs::read_dir(&new)?.count(), 0, "nothing is left in it");

        let file = dir.path().join("file");
        std::fs::write(&file, "")?;
        assert!(Transcripts::new(&file).prepare().is_err());
        assert!(Transcripts::new(&file.join("below")).prepare().is_err());
        Ok(())
    }
}
