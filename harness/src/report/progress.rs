//! How far is the run? A line on a terminal that is drawn again and again, below what another reporter writes.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io;
use std::time::Duration;

use super::{Reporter, RunEvent};
use crate::verdict::VerdictKind;

/// How often the line is drawn though nothing happens, so that its time runs.
const TICK: Duration = Duration::from_millis(200);

/// Draws on standard error how far a run is, around a reporter that writes to the same terminal: when that one speaks,
/// the line goes, and comes back below.
pub struct Progress<R> {
    inner: R,
    bar: ProgressBar,
    specs: usize,
    /// How many specs came to what, in the order of a summary.
    came_to: [usize; VerdictKind::ALL.len()],
}

impl<R: Reporter> Progress<R> {
    /// Around `inner`. Where it is not to be `shown`, or standard error is no terminal, nothing is drawn.
    pub fn around(inner: R, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self::on(target, inner)
    }

    fn on(target: ProgressDrawTarget, inner: R) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        Self { inner, bar, specs: 0, came_to: Default::default() }
    }

    fn begin(&mut self, specs: usize, paths: usize) {
        self.specs = specs;
        let style =
            ProgressStyle::with_template("[{elapsed_precise}] {bar:24} {msg}").unwrap_or_else(|error| {
                tracing::error!(%error, "the template of the progress bar");
                ProgressStyle::default_bar()
            });
        self.bar.set_style(style.progress_chars("=> "));
        self.bar.set_length(paths as u64);
        self.bar.set_message(self.counts());
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(TICK);
        }
    }

    fn note(&mut self, kind: VerdictKind) {
        for (count, of) in self.came_to.iter_mut().zip(VerdictKind::ALL) {
            *count += usize::from(of == kind);
        }
        self.bar.set_message(self.counts());
    }

    /// `63/186 specs: 60 pass, 3 known`.
    fn counts(&self) -> String {
        let done: usize = self.came_to.iter().sum();
        let mut text = format!("{done}/{} specs", self.specs);
        let of_each = self.came_to.iter().zip(VerdictKind::ALL).filter(|(count, _)| **count > 0);
        for (n, (count, kind)) in of_each.enumerate() {
            text.push_str(&format!("{} {count} {kind}", if n == 0 { ":" } else { "," }));
        }
        text
    }
}

impl<R: Reporter> Reporter for Progress<R> {
    fn hear(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        if let RunEvent::Finished(_) = event {
            self.bar.finish_and_clear();
        }
        let heard = match event {
            // It is of interest to nobody who writes for people, and there are many.
            RunEvent::PathFinished(_) => self.inner.hear(event),
            _ => self.bar.suspend(|| self.inner.hear(event)),
        };
        match event {
            RunEvent::Started { specs, paths, .. } => self.begin(*specs, *paths),
            RunEvent::PathFinished(_) => self.bar.inc(1),
            RunEvent::SpecFinished(report) => self.note(report.kind()),
            RunEvent::Finished(_) => {}
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::PathReport;
    use crate::front::bundled;
    use crate::report::{FrontEnd, Human, Replay, SpecReport, Style, Summary};
    use crate::verdict::{Blame, Fault, Verdict};
    use indicatif::{InMemoryTerm, TermLike};
    use lnprototest_spec_events::PathChoices;
    use std::io::Write;

    /// Standard output on the same terminal.
    struct Output(InMemoryTerm);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write_str(&String::from_utf8_lossy(bytes).replace('\n', "\r\n"))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    fn report(kind: VerdictKind, paths: usize) -> SpecReport {
        let spec = bundled().unwrap().remove(0);
        let verdict = match kind {
            VerdictKind::Pass => Verdict::Pass,
            VerdictKind::Error => {
                Verdict::Error(Fault { at: None, blame: Blame::Harness, what: "it is a test".to_owned() })
            }
            _ => unreachable!(),
        };
        let path = PathReport { verdict, ..PathReport::new(&spec, &PathChoices::each(&spec)[0]) };
        SpecReport { spec, paths: vec![path; paths] }
    }

    fn tell(reporter: &mut impl Reporter, report: &SpecReport) {
        for path in &report.paths {
            reporter.hear(&RunEvent::PathFinished(path)).unwrap();
        }
        reporter.hear(&RunEvent::SpecFinished(report)).unwrap();
    }

    #[test]
    fn the_report_stays_whole_and_the_line_below_it() {
        let screen = InMemoryTerm::new(20, 100);
        let replay = Replay::new(FrontEnd::Program, "ldk", Vec::new());
        let human = Human::new(Output(screen.clone()), Style::default(), replay);
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let mut progress = Progress::on(target, human);
        let reports = [report(VerdictKind::Pass, 3), report(VerdictKind::Error, 1)];

        progress.hear(&RunEvent::Started { runner: "ldk", specs: 3, paths: 8 }).unwrap();
        reports.iter().for_each(|report| tell(&mut progress, report));
        progress.bar.tick();
        let name = &reports[0].spec.name;
        let shown = screen.contents();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[..2], ["running 3 specs (8 paths) on ldk", &format!("pass   {name} (3 paths)")]);
        assert!(lines[2].starts_with(&format!("error  {name}: ")), "{shown}");
        assert!(lines[3].starts_with("[00:00:"), "{shown}");
        assert!(lines[3].ends_with("2/3 specs: 1 pass, 1 error"), "{shown}");
        assert!(lines[3].contains("===>"), "half of the paths are run: {shown}");
        assert_eq!(lines.len(), 4, "{shown}");

        progress.hear(&RunEvent::Finished(&Summary::default())).unwrap();
        assert!(!screen.contents().contains("2/3 specs"), "the line is left on the screen");
    }

    #[test]
    fn where_nobody_looks_nothing_is_drawn() {
        let mut out = Vec::new();
        let replay = Replay::new(FrontEnd::Program, "ldk", Vec::new());
        let human = Human::new(&mut out, Style::default(), replay);
        let mut progress = Progress::around(human, false);
        progress.hear(&RunEvent::Started { runner: "ldk", specs: 1, paths: 1 }).unwrap();
        tell(&mut progress, &report(VerdictKind::Pass, 1));
        progress.hear(&RunEvent::Finished(&Summary::default())).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("running 1 spec (1 path) on ldk\npass   "), "{text}");
        assert!(!text.contains(['\r', '\x1b']), "{text}");
    }
}
