//! The whole story of a path that did not simply pass, for a person to read.

use std::fmt;

use super::Replay;
use crate::engine::PathReport;
use crate::verdict::{Failure, Fault, Verdict};

/// Prints what is demanded, where, what came, the conversation, the node's last words and how to replay it.
pub struct Story<'a> {
    /// The path.
    pub report: &'a PathReport,
    /// What replays it.
    pub replay: &'a Replay,
}

/// How much of a line of the node's log is shown.
const LOG_WIDTH: usize = 200;

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PathReport { spec, path, verdict, .. } = self.report;
        write!(f, "{} {} path {path}", verdict.name(), spec.name)?;
        if let Some(identity) = &self.report.identity {
            write!(f, ", {} {}", identity.name, identity.version)?;
        }
        writeln!(f)?;
        writeln!(f, "  about:    {}", spec.about)?;
        if !spec.covers.is_empty() {
            let covers: Vec<&str> = spec.covers.iter().map(|id| id.value.as_str()).collect();
            writeln!(f, "  covers:   {}", covers.join(" "))?;
        }
        match verdict {
            Verdict::Error(fault) => writeln!(f, "  {fault}")?,
            Verdict::Fail(failure) | Verdict::Warn(failure) => self.failure(f, failure)?,
            Verdict::Fixed { because } => {
                writeln!(f, "  passes against its expectation, which says: {because}")?;
                writeln!(
                    f,
                    "  remedy:   take its entry out of the expectations, or run with --update-expectations"
                )?;
            }
            Verdict::Known { because, failure } => {
                writeln!(f, "  known:    {because}")?;
                self.failure(f, failure)?;
            }
            Verdict::Pass => {}
            Verdict::Skip(lack) => writeln!(f, "  skipped:  {lack}")?,
        }
        for check in &self.report.unjudged {
            writeln!(f, "  not judged, as the node's keys are not known: {check}")?;
        }
        if let Some(transcript) = &self.report.transcript {
            writeln!(f, "  transcript (> sent, < received):")?;
            indent(f, transcript)?;
        }
        writeln!(f, "  replay:   {}", self.replay.command(spec, path))
    }
}

impl Story<'_> {
    fn failure(&self, f: &mut fmt::Formatter<'_>, failure: &Failure) -> fmt::Result {
        let Failure { code, step, at, expected, got, differences, log_tail } = failure;
        match at {
            Some(at) => writeln!(f, "  at:       {at} {step}")?,
            None => writeln!(f, "  at:       the path's {step}")?,
        }
        writeln!(f, "  expected: {expected}")?;
        writeln!(f, "  got:      {got}")?;
        for difference in differences {
            writeln!(f, "    {}:", difference.field)?;
            writeln!(f, "      - {}", difference.expected)?;
            writeln!(f, "      + {}", difference.got)?;
        }
        writeln!(f, "  code:     {code}")?;
        if !log_tail.is_empty() {
            writeln!(f, "  the node's last words:")?;
            for line in log_tail {
                let cut = line.char_indices().nth(LOG_WIDTH).map_or("", |_| "...");
                writeln!(f, "    {line:.LOG_WIDTH$}{cut}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault of the {}", self.blame)?;
        if let Some(at) = &self.at {
            write!(f, " at {at}")?;
        }
        write!(f, ": {}", self.what)
    }
}

fn indent(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.lines().try_for_each(|line| writeln!(f, "    {line}"))
}
