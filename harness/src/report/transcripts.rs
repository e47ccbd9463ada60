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
