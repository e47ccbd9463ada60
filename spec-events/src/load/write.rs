//! Writes a spec as YAML. Read again, it is the same spec.

use std::fmt;

use super::argument::{Argument, Written, write_template};
use crate::expr::Literal;
use crate::yaml::print;
use crate::{Spec, Step};

/// As a YAML file. Fragments are named, not expanded.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |words: &[crate::Located<String>]| {
            Written::list(words.iter().map(|word| Written::text(&word.value)))
        };
        let mut entries = vec![("about", Written::text(&self.about)), ("covers", words(&self.covers))];
        let requires = [("features", &self.requires.features), ("capabilities", &self.requires.capabilities)];
        let requires: Vec<_> = requires.into_iter().filter(|(_, names)| !names.is_empty()).collect();
        if !requires.is_empty() {
            entries.push((
                "requires",
                Written::map(requires.into_iter().map(|(key, names)| (key, words(names)))),
            ));
        }
        if !self.matrix.is_empty() {
            let values = |values: &Vec<Literal>| Written::list(values.iter().map(Written::literal));
            entries
                .push(("matrix", Written::map(self.matrix.iter().map(|(name, list)| (name, values(list))))));
        }
        if !self.lets.is_empty() {
            let lets = self.lets.iter().map(|(name, template)| (name, write_template(template)));
            entries.push(("let", Written::map(lets)));
        }
        entries.extend(Argument::write(&self.steps).map(|steps| ("steps", steps)));
        f.write_str(&print(&Written::map(entries).into_yaml()))
    }
}

/// As it stands in a list of steps.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(&Written::list([self.written()]).into_yaml()))
    }
}
