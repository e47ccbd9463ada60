//! Which flags does a command need that runs a path as this run did?

use clap::ValueEnum;

use super::arguments::{Judging, Proposals};
use super::target::Target;

/// Those that a verdict may depend on, as they were given. The runner and the path are not among them.
pub(super) fn replayed_flags(target: &Target, judging: &Judging, proposals: &Proposals) -> Vec<String> {
    let mut flags = Vec::new();
    flags.extend(target.runner_arg.iter().map(|(name, value)| format!("--runner-arg={name}={value}")));
    let chain = target.chain.and_then(|chain| chain.to_possible_value());
    flags.extend(chain.map(|chain| format!("--chain={}", chain.get_name())));
    flags.extend(proposals.messages.iter().map(|file| format!("--messages={}", file.display())));
    flags.extend(judging.expectations.iter().map(|file| format!("--expectations={}", file.display())));
    flags.extend(judging.strict.then(|| "--strict".to_owned()));
    if judging.timeout_scale != 1.0 {
        flags.push(format!("--timeout-scale={}", judging.timeout_scale));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::super::arguments::{Arguments, Command, TestArguments};
    use super::*;
    use clap::Parser;

    const GIVEN: [&str; 7] = [
        "--runner-arg=keys=own",
        "--runner-arg=lightningd=/opt/a b/lightningd",
        "--chain=bitcoind",
        "--messages=mine.csv",
        "--expectations=known.yaml",
        "--strict",
        "--timeout-scale=2.5",
    ];

    fn of_the_program(given: &[&str]) -> Vec<String> {
        let line = ["lnprototest", "run"].iter().chain(given);
        let Command::Run(run) = Arguments::try_parse_from(line).unwrap().command else { unreachable!() };
        let running = run.running;
        replayed_flags(&running.target, &running.judging, &running.what.proposals)
    }

    fn of_the_tests(given: &[&str]) -> Vec<String> {
        let TestArguments { target, judging, proposals, .. } =
            TestArguments::try_parse_from(["conformance"].iter().chain(given)).unwrap();
        replayed_flags(&target, &judging, &proposals)
    }

    #[test]
    fn what_was_given_is_repeated() {
        assert_eq!(of_the_program(&GIVEN), GIVEN);
        assert_eq!(of_the_tests(&GIVEN), GIVEN);
    }

    #[test]
    fn nothing_else_is() {
        let others = ["--runner=ldk", "--partition=1/3", "--allow-fixed", "--transcripts=dir", "--path=0"];
        assert_eq!(of_the_program(&others), [""; 0]);
        assert_eq!(of_the_tests(&others), [""; 0]);
    }
}
