//! Is there a lightningd, and is it new enough?

use lnprototest_runner_api::NodeError;
use std::time::Duration;
use tokio::task::LocalSet;

use crate::settings::Settings;

/// The first with all that the runner asks of it: `--dev-...` flags at run time, `channel_type` in `fundchannel`.
const OLDEST: (u32, u32) = (24, 5);

/// Printing a version takes milliseconds; on a busy machine some more.
const BOUND: Duration = Duration::from_secs(20);

/// Finds out.
///
/// # Errors
/// [`NodeError::Start`] with what is missing, and what to do.
pub(crate) fn check(settings: &Settings) -> Result<(), NodeError> {
    let start = |error: &dyn std::fmt::Display| NodeError::Start(error.to_string());
    let program = settings.program().map_err(|error| start(&error))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| start(&error))?;
    let said = LocalSet::new().block_on(&runtime, program.version(BOUND)).map_err(|error| start(&error))?;
    let version = said.lines().last().unwrap_or_default();
    if version.is_empty() || version.contains(char::is_whitespace) {
        return Err(NodeError::Start(format!(
            "{} is no lightningd: --version says {version:?}; name one in LIGHTNINGD or with --runner-arg lightningd=PATH",
            program.path().display()
        )));
    }
    match release(version) {
        Some(release) if release < OLDEST => Err(NodeError::Start(format!(
            "{} is {version}; version v24.05 or newer is needed, named in LIGHTNINGD or with --runner-arg lightningd=PATH",
            program.path().display()
        ))),
        // Who builds from the middle of nowhere knows what they do.
        _ => Ok(()),
    }
}

/// Year and month of the release that a version is or follows, such as `v24.05-12-gabcdef0`.
fn release(version: &str) -> Option<(u32, u32)> {
    let (year, rest) = version.strip_prefix('v')?.split_once('.')?;
    let month: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((year.parse().ok()?, month.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_from_versions() {
        assert_eq!(release("v26.06"), Some((26, 6)));
        assert_eq!(release("v24.05rc1-12-gabcdef0-modded"), Some((24, 5)));
        assert_eq!(release("v24.02.2"), Some((24, 2)));
        assert_eq!(release("abcdef0"), None);
    }
}
