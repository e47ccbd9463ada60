//! What a run is about: which node, and which part of the specs.

use clap::{Args, ValueEnum};
use lnprototest_chain::BitcoindProgram;
use lnprototest_runner_api::{Arguments, ChainKind, Runner};
use lnprototest_spec_events::Spec;
use std::str::FromStr;
use std::sync::Arc;

use super::{Product, UsageError};
use crate::ground::ChainSource;
use crate::nearest::nearest;

/// The node under test, and the part of the suite.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Target {
    /// Which node to run the specs against
    #[arg(long, value_name = "NAME", env = "LNPROTOTEST_RUNNER")]
    pub(super) runner: Option<String>,
    /// Something that the runner is to know, such as lightningd=/opt/cln/bin/lightningd (`lnprototest runners` lists them)
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(super) runner_arg: Vec<(String, String)>,
    /// Which chain the node follows [default: embedded, where the node can follow that]
    #[arg(long, value_enum, env = "LNPROTOTEST_CHAIN")]
    pub(super) chain: Option<ChainName>,
    /// Only the Mth of N parts of the specs, for N machines to share them
    #[arg(long, value_name = "M/N")]
    pub(super) partition: Option<Partition>,
}

impl Target {
    /// The runner, as it was told to be. Whether it works here is not looked at.
    ///
    /// # Errors
    /// [`UsageError`] for a runner that there is not, and an argument that it does not know.
    pub(super) fn runner(&self, product: &Product) -> Result<Arc<dyn Runner>, UsageError> {
        let mut runner = product.find_runner(self.runner.as_deref())?;
        let arguments = self.runner_arguments(&*runner)?;
        if !arguments.is_empty() {
            runner = runner.configured(&arguments)?;
        }
        Ok(runner)
    }

    /// The chains for `runner`'s nodes: what was asked for, or else what it prefers.
    ///
    /// # Errors
    /// [`UsageError`] for a chain that it can't follow, or a bitcoind that is not there.
    pub(super) fn chain(&self, runner: &dyn Runner) -> Result<ChainSource, UsageError> {
        let known = runner.chains();
        let asked = self.chain.map(ChainKind::from);
        if let Some(asked) = asked.filter(|asked| !known.contains(asked)) {
            return Err(UsageError::Chain { runner: runner.name().to_owned(), asked });
        }
        match asked.or(known.first().copied()) {
            Some(ChainKind::Bitcoind) => Ok(ChainSource::Bitcoind(BitcoindProgram::find()?)),
            _ => Ok(ChainSource::Embedded),
        }
    }

    /// Those of `specs` that are to run.
    pub(super) fn part_of(&self, specs: &[Arc<Spec>]) -> Vec<Arc<Spec>> {
        match self.partition {
            None => specs.to_vec(),
            Some(Partition { part, of }) => specs.iter().skip(part - 1).step_by(of).cloned().collect(),
        }
    }

    fn runner_arguments(&self, runner: &dyn Runner) -> Result<Arguments, UsageError> {
        let known = runner.arguments();
        for (n, (name, _)) in self.runner_arg.iter().enumerate() {
            if !known.iter().any(|argument| argument.name == name) {
                return Err(UsageError::RunnerArgument {
                    runner: runner.name().to_owned(),
                    name: name.clone(),
                    nearest: nearest(name, known.iter().map(|argument| argument.name)),
                    known: known.iter().map(|argument| argument.name.to_owned()).collect(),
                });
            }
            if self.runner_arg[..n].iter().any(|(other, _)| other == name) {
                return Err(UsageError::RunnerArgumentTwice(name.clone()));
            }
        }
        Ok(self.runner_arg.iter().cloned().collect())
    }
}

/// The chains, as the command line calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ChainName {
    /// A bitcoind of its own for each node, from PATH or BITCOIND_EXE
    Bitcoind,
    /// One in this process
    Embedded,
}

impl From<ChainName> for ChainKind {
    fn from(name: ChainName) -> Self {
        match name {
            ChainName::Bitcoind => Self::Bitcoind,
            ChainName::Embedded => Self::Embedded,
        }
    }
}

/// Every `of`th spec, from the `part`th on: parts of about equal weight, whatever the specs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    part: usize,
    of: usize,
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err("a part of a whole, from 1/3 to 3/3 for three machines".to_owned()),
        }
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a name and a value, such as keys=own".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Partition, Target};
    use crate::front::bundled;
    use std::collections::HashSet;

    #[test]
    fn partitions() {
        assert_eq!("2/3".parse(), Ok(Partition { part: 2, of: 3 }));
        for wrong in ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/3", "one/three"] {
            assert!(wrong.parse::<Partition>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_parts_make_up_the_whole_and_share_nothing() {
        let whole = bundled().unwrap();
        for of in [1, 2, 3, whole.len() + 1] {
            let mut seen = HashSet::new();
            for part in 1..=of {
                let target = Target { partition: Some(Partition { part, of }), ..Target::default() };
                let specs = target.part_of(&whole);
                assert!(specs.len().abs_diff(whole.len() / of) <= 1, "{part}/{of} has {}", specs.len());
                assert!(specs.iter().all(|spec| seen.insert(spec.name.clone())), "{part}/{of}");
            }
            assert_eq!(seen.len(), whole.len());
        }
    }
}
