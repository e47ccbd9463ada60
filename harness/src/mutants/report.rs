//! The score on a terminal: the survivors by spec and field, then what they come to.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::measure::{Fate, Mutant};
use super::score::{Score, SpecScore};

/// How many paths of a survivor are named.
const SHOWN: usize = 4;

/// Writes the whole report to `out`.
///
/// # Errors
/// The system's, if it can't be written.
pub fn write(out: &mut impl Write, score: &Score) -> io::Result<()> {
    for spec in &score.specs {
        survivors(out, spec)?;
    }
    let named = |chosen: &dyn Fn(&SpecScore) -> bool| -> Vec<&str> {
        let chosen = score.specs.iter().filter(|spec| chosen(spec));
        chosen.map(|spec| spec.spec.name.as_str()).collect()
    };
    section(out, "vacuous, for no mutant can fail it", &named(&SpecScore::is_vacuous))?;
    section(out, "not measured, for no path passes undisturbed", &named(&|spec| !spec.is_measured()))?;
    let (killed, all) = score.killed();
    let (survived, faulted) =
        (score.count(|fate| *fate == Fate::Survived), score.count(|fate| matches!(fate, Fate::Faulted(_))));
    let (free, may_be) = score.free_fields();
    writeln!(
        out,
        "\n{} fields: {free} not judged ({may_be} may be), {} judged in part",
        score.fields().len(),
        score.partly_free_fields()
    )?;
    writeln!(
        out,
        "{} of {all} mutants: {killed} killed, {survived} survived, {faulted} called a fault of the spec; besides, \
         {} are the node's choice, {} did not come about",
        percent(killed, all),
        score.count(|fate| *fate == Fate::Permitted),
        score.count(|fate| *fate == Fate::NotApplied)
    )?;
    let (killed, all) = score.killed_of_fields();
    writeln!(out, "{} of the {all} among them that have another value of a field", percent(killed, all))?;
    score.faults().iter().try_for_each(|fault| writeln!(out, "not good enough: {fault}"))
}

fn survivors(out: &mut impl Write, spec: &SpecScore) -> io::Result<()> {
    let mut by_mutant: BTreeMap<(&Mutant, Option<&str>), Vec<&str>> = BTreeMap::new();
    for path in &spec.paths {
        for (mutant, fate) in &path.mutants {
            let fault = match fate {
                Fate::Faulted(fault) => Some(fault.as_str()),
                Fate::Survived => None,
                Fate::Killed | Fate::NotApplied | Fate::Permitted => continue,
            };
            by_mutant.entry((mutant, fault)).or_default().push(&path.undisturbed.path);
        }
    }
    if by_mutant.is_empty() {
        return Ok(());
    }
    let (survived, all) =
        (spec.count(|fate| fate.counts() && *fate != Fate::Killed), spec.count(Fate::counts));
    writeln!(out, "{} ({survived} of {all})", spec.spec.name)?;
    for ((Mutant { what, change }, fault), paths) in by_mutant {
        write!(out, "  {what}: {change} ({})", listed(&paths))?;
        match fault {
            Some(fault) => writeln!(out, ": {fault}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

fn listed(paths: &[&str]) -> String {
    let shown = paths[..paths.len().min(SHOWN)].join(", ");
    let more = if paths.len() > SHOWN { format!(" and {} more", paths.len() - SHOWN) } else { String::new() };
    let noun = if paths.len() == 1 { "path" } else { "paths" };
    format!("{noun} {shown}{more}")
}

fn section(out: &mut impl Write, title: &str, names: &[&str]) -> io::Result<()> {
    if !names.is_empty() {
        writeln!(out, "\n{title}:")?;
    }
    names.iter().try_for_each(|name| writeln!(out, "  {name}"))
}

/// Rounded down, so that 95 % are not told of less.
fn percent(part: usize, of: usize) -> String {
    match (part * 1000).checked_div(of) {
        Some(permille) => format!("{}.{} %", permille / 10, permille % 10),
        None => "none".to_owned(),
    }
}
