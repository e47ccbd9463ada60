//! What may be written to where: colours and a progress bar, as the environment wishes.

use std::io::IsTerminal;

/// Whether to write colours to `stream`: <https://no-color.org> and <https://bixense.com/clicolors> say when.
pub(super) fn has_colour(stream: &impl IsTerminal) -> bool {
    wants_colour(stream.is_terminal(), variable)
}

/// Whether somebody looks at standard error who may like to see how far a run is.
pub(super) fn has_progress() -> bool {
    wants_progress(std::io::stderr().is_terminal(), variable)
}

fn wants_colour(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    let is_on = |name| is_set(name) && variable(name).is_some_and(|value| value != "0");
    !is_set("NO_COLOR") && (is_on("CLICOLOR_FORCE") || (is_terminal && !is_dumb(&variable)))
}

/// A log that goes to the same stream would be garbled, and so would a terminal that only knows lines.
fn wants_progress(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    let is_ci = is_set("CI") && variable("CI").is_some_and(|value| value != "false");
    is_terminal && !is_ci && !is_set("RUST_LOG") && !is_dumb(&variable)
}

fn is_dumb(variable: &impl Fn(&str) -> Option<String>) -> bool {
    variable("TERM").is_some_and(|term| term == "dumb")
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn colours() {
        let colour = |is_terminal, set: &[(&str, &str)]| wants_colour(is_terminal, environment(set));
        assert!(colour(true, &[]));
        assert!(colour(true, &[("NO_COLOR", ""), ("TERM", "xterm")]));
        assert!(!colour(true, &[("NO_COLOR", "1")]));
        assert!(!colour(true, &[("TERM", "dumb")]));
        assert!(!colour(false, &[]));
        assert!(colour(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!colour(false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!colour(true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    }

    #[test]
    fn a_progress_bar() {
        let progress = |is_terminal, set: &[(&str, &str)]| wants_progress(is_terminal, environment(set));
        assert!(progress(true, &[]));
        assert!(progress(true, &[("NO_COLOR", "1"), ("CI", "false")]), "it has no colours");
        assert!(!progress(false, &[]));
        for (name, value) in [("CI", "true"), ("CI", "1"), ("RUST_LOG", "debug"), ("TERM", "dumb")] {
            assert!(!progress(true, &[(name, value)]), "{name}={value}");
        }
    }
}
