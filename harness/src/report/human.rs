//! The report on a terminal: a line a spec, the story of what went wrong, a summary.

use std::io::{self, Write};

use super::{Replay, Reporter, RunEvent, SpecReport, Story};
use crate::verdict::VerdictKind;

/// How the report looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// With the transcript of each path, failed or not.
    pub verbose: bool,
}

/// Writes for people.
pub struct Human<W> {
    out: W,
    style: Style,
    replay: Replay,
    to_explain: Vec<SpecReport>,
}

impl<W: Write> Human<W> {
    /// A report that goes to `out`, and tells how to `replay` a path.
    pub fn new(out: W, style: Style, replay: Replay) -> Self {
        Self { out, style, replay, to_explain: Vec::new() }
    }

    fn spec(&mut self, report: &SpecReport) -> io::Result<()> {
        let kind = report.kind();
        write!(self.out, "{}  {}", self.painted(kind), report.spec.name)?;
        match report.paths.len() {
            0 | 1 => {}
            count => write!(self.out, " ({count} paths)")?,
        }
        match report.reason() {
            Some(reason) => writeln!(self.out, ": {reason}")?,
            None => writeln!(self.out)?,
        }
        if self.style.verbose {
            for path in &report.paths {
                write!(self.out, "{}", Story { report: path, replay: &self.replay })?;
            }
        } else if matters(kind) {
            self.to_explain.push(report.clone());
        }
        Ok(())
    }

    fn stories(&mut self) -> io::Result<()> {
        for report in std::mem::take(&mut self.to_explain) {
            for path in report.paths.iter().filter(|path| matters(path.verdict.kind())) {
                write!(self.out, "\n{}", Story { report: path, replay: &self.replay })?;
            }
        }
        Ok(())
    }

    fn painted(&self, kind: VerdictKind) -> String {
        let name = format!("{:5}", kind.name());
        let colour = match kind {
            VerdictKind::Error | VerdictKind::Fail | VerdictKind::Fixed => 31,
            VerdictKind::Known | VerdictKind::Warn => 33,
            VerdictKind::Pass => 32,
            VerdictKind::Skip => 36,
        };
        if self.style.colour { format!("\x1b[{colour}m{name}\x1b[0m") } else { name }
    }
}

impl<W: Write> Reporter for Human<W> {
    /// A reader who has gone (`| head`) ends the report, not the run.
    fn hear(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        match self.write(event) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

impl<W: Write> Human<W> {
    fn write(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        match event {
            RunEvent::Started { runner, specs, paths } => {
                writeln!(
                    self.out,
                    "running {} ({}) on {runner}",
                    counted(*specs, "spec"),
                    counted(*paths, "path")
                )
            }
            RunEvent::PathFinished(_) => Ok(()),
            RunEvent::SpecFinished(report) => self.spec(report),
            RunEvent::Finished(summary) => {
                self.stories()?;
                writeln!(self.out, "\n{summary}")?;
                self.out.flush()
            }
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Whether a verdict is one that somebody has to look at.
fn matters(kind: VerdictKind) -> bool {
    matches!(kind, VerdictKind::Error | VerdictKind::Fail | VerdictKind::Fixed | VerdictKind::Warn)
}
