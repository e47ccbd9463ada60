//! The command that runs one path again, as it was run.

use lnprototest_spec_events::Spec;

/// What a path is replayed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    front: FrontEnd,
    runner: String,
    flags: Vec<String>,
}

/// Which front end a path is replayed with: the one that told of it, as another may lack its runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrontEnd {
    /// The `lnprototest` program.
    Program,
    /// `cargo test`.
    Test {
        /// The test target's name.
        target: String,
    },
}

impl Replay {
    /// A replay on the runner of this name. `flags` are those on which a verdict may depend, as they were given.
    pub fn new(front: FrontEnd, runner: &str, flags: Vec<String>) -> Self {
        Self { front, runner: runner.to_owned(), flags }
    }

    /// The command that runs this path of `spec`, for a shell.
    pub fn command(&self, spec: &Spec, path: &str) -> String {
        let (mut words, name) = match &self.front {
            FrontEnd::Program => (vec!["lnprototest", "run"], vec![origin(spec)]),
            FrontEnd::Test { target } => {
                (vec!["cargo", "test", "--test", target, "--"], vec!["--exact", &spec.name])
            }
        };
        words.extend(["--runner", &self.runner]);
        words.extend(self.flags.iter().map(String::as_str));
        words.extend(["--path", path]);
        words.extend(name);
        words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// How a command line names the spec: a bundled one by its name, another by its file.
fn origin(spec: &Spec) -> &str {
    let source = spec.at.source();
    // A folder `specs/` may be anybody's.
    let bundled = source.name.strip_prefix("specs/").and_then(lnprototest_specs::file);
    if bundled.is_some_and(|file| file.text == source.text) { &spec.name } else { &source.name }
}

/// `word` as a POSIX shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::bundled;

    #[test]
    fn a_bundled_spec_is_replayed_by_its_name() {
        let specs = bundled().unwrap();
        let (spec, flags) = (&specs[0], vec!["--strict".to_owned(), "--chain=bitcoind".to_owned()]);
        let program = Replay::new(FrontEnd::Program, "ldk", flags.clone());
        assert_eq!(
            program.command(spec, "2.0.1"),
            format!("lnprototest run --runner ldk --strict --chain=bitcoind --path 2.0.1 {}", spec.name)
        );
        let test = Replay::new(FrontEnd::Test { target: "conformance".to_owned() }, "ldk", flags);
        assert_eq!(
            test.command(spec, "0"),
            format!(
                "cargo test --test conformance -- --runner ldk --strict --chain=bitcoind --path 0 --exact {}",
                spec.name
            )
        );
    }

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(
            quoted("--runner-arg=lightningd=/opt/cln-26.06/bin"),
            "--runner-arg=lightningd=/opt/cln-26.06/bin"
        );
        assert_eq!(quoted("my specs/ping.yaml"), "'my specs/ping.yaml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$(reboot)"), "'$(reboot)'");
        assert_eq!(quoted(""), "''");
    }
}
