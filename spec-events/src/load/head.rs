//! Reads what stands around the steps of a spec: what it covers, what it needs, what it names.

use indexmap::IndexMap;
use lnprototest_bolt::features::Feature;

use super::argument::Argument;
use super::infer::of_literal;
use super::shape::Shape;
use super::step::text_at;
use super::{Reader, fragments::Fragments, language::Language};
use crate::event::{Bindings, Name};
use crate::expr::{Body, Literal};
use crate::paths::number_sites;
use crate::requirements::{Fate, Requirements};
use crate::yaml::{Entry, Yaml};
use crate::{Diagnostic, Located, Location, Requires, Spec, Step, TemplateKind};

/// The keys of a spec.
pub(crate) const SPEC_KEYS: [&str; 6] = ["about", "covers", "requires", "matrix", "let", "steps"];

/// More paths than this through one matrix are a mistake.
const MOST_COMBINATIONS: usize = 4096;

/// Reads a spec from its tree; `whole` is where it begins. `None` if it is wrong, which the diagnostics say.
pub(crate) fn read_spec(
    name: &str,
    whole: &Location,
    root: &Yaml,
    language: Language<'_>,
    fragments: &Fragments<'_>,
) -> (Option<Spec>, Vec<Diagnostic>) {
    let mut reader = Reader::new(language, fragments, false);
    let spec = reader.spec(name, whole, root);
    let spec = spec.filter(|_| reader.diagnostics.is_empty());
    (spec, reader.diagnostics)
}

impl Reader<'_> {
    fn spec(&mut self, name: &str, whole: &Location, root: &Yaml) -> Option<Spec> {
        let Some(entries) = root.entries() else {
            self.error(
                &root.at,
                format!("a spec is a mapping with `about`, `covers` and `steps`, not {}", root.describe()),
            );
            return None;
        };
        self.known_keys(entries, "a spec", &SPEC_KEYS);
        let find = |key| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        let about = match find("about") {
            Some(about) => self.string(about, "`about`"),
            None => self.needed(whole, "`about`: what the node does if it passes, in one sentence"),
        };
        let covers = match find("covers") {
            Some(covers) => self.covers(covers),
            None => self.needed(whole, "`covers`: the ids of the requirements that it covers"),
        };
        let requires = find("requires").map_or(Some(Requires::default()), |requires| self.requires(requires));
        let matrix = find("matrix").map_or(Some(IndexMap::new()), |matrix| self.matrix(matrix));
        let lets = find("let").map_or(Some(Vec::new()), |lets| self.lets(lets));
        let steps: Option<Vec<Step>> = match find("steps") {
            Some(steps) => Argument::read(steps, self),
            None => self.needed(whole, "`steps`: what happens, in order"),
        };
        let mut steps = steps?;
        number_sites(&mut steps);
        Some(Spec {
            name: name.to_owned(),
            at: root.at.clone(),
            about: about?,
            covers: covers?,
            requires: requires?,
            matrix: matrix?,
            lets: lets?.into_iter().map(|(name, template)| (name.to_string(), template)).collect(),
            steps,
        })
    }

    /// Reports the keys that `what` does not have.
    pub(super) fn known_keys(&mut self, entries: &[Entry], what: &str, known: &[&str]) {
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let diagnostic = Diagnostic::new(&entry.key_at, format!("{what} has no key `{}`", entry.key));
            self.report(diagnostic.nearest(&entry.key, known.iter().copied()));
        }
    }

    /// Names with what they stand for, each of which can use those before it.
    pub(super) fn lets(&mut self, yaml: &Yaml) -> Option<Bindings> {
        let Some(entries) = yaml.entries() else {
            self.error(&yaml.at, format!("`let` is a mapping of names to values, not {}", yaml.describe()));
            return None;
        };
        let mut lets = Some(Vec::new());
        for entry in entries {
            let name = Name::read(&text_at(&entry.key, &entry.key_at), self);
            let template = self.template(&entry.value);
            let Some(name) = name else {
                lets = None;
                continue;
            };
            let shape = self.shape(&template);
            if let Err(problem) = self.names.add_value(&name, shape, true) {
                self.error(&entry.key_at, problem);
            }
            if let Some(lets) = &mut lets {
                lets.push((name, template));
            }
        }
        lets
    }

    fn covers(&mut self, yaml: &Yaml) -> Option<Vec<Located<String>>> {
        let covers = self.words(yaml, "the id of a requirement")?;
        if covers.is_empty() {
            self.error(&yaml.at, "a spec covers at least one requirement");
        }
        for (index, id) in covers.iter().enumerate() {
            let requirements = self.language.requirements;
            if requirements.by_id(id).is_none() {
                self.report(unknown(requirements, id));
            }
            if covers[..index].iter().any(|other| other.value == id.value) {
                self.error(&id.at, format!("{} is here twice", id.value));
            }
        }
        Some(covers)
    }

    fn requires(&mut self, yaml: &Yaml) -> Option<Requires> {
        let Some(entries) = yaml.entries() else {
            self.error(&yaml.at, format!("`requires` is a mapping, not {}", yaml.describe()));
            return None;
        };
        self.known_keys(entries, "`requires`", &["features", "capabilities"]);
        let find = |key| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        let features = find("features").map_or(Some(Vec::new()), |names| self.words(names, "a feature"));
        let capabilities =
            find("capabilities").map_or(Some(Vec::new()), |names| self.words(names, "a capability"));
        for name in features.iter().flatten() {
            if Feature::named(name).is_none() {
                let known = Feature::all().iter().map(|feature| feature.name);
                let problem = format!("BOLT 9 has no feature `{}`", name.value);
                self.report(Diagnostic::new(&name.at, problem).nearest(name, known));
            }
        }
        let known = self.language.capabilities;
        for name in capabilities.iter().flatten().filter(|name| !known.contains(&name.as_str())) {
            let problem = format!("there is no capability `{}`", name.value);
            self.report(Diagnostic::new(&name.at, problem).nearest(name, known.iter().copied()));
        }
        Some(Requires { features: features?, capabilities: capabilities? })
    }

    fn matrix(&mut self, yaml: &Yaml) -> Option<IndexMap<String, Vec<Literal>>> {
        let Some(entries) = yaml.entries() else {
            self.error(&yaml.at, format!("`matrix` is a mapping of names to lists, not {}", yaml.describe()));
            return None;
        };
        let mut matrix = Some(IndexMap::new());
        for entry in entries {
            let name = Name::read(&text_at(&entry.key, &entry.key_at), self);
            match (name, self.literals(&entry.value)) {
                (Some(name), Some((values, shape))) => {
                    if let Err(problem) = self.names.add_value(&name, shape, true) {
                        self.error(&entry.key_at, problem);
                    }
                    matrix
                        .iter_mut()
                        .for_each(|matrix| drop(matrix.insert(name.to_string(), values.clone())));
                }
                _ => matrix = None,
            }
        }
        let lengths = matrix.iter().flatten().map(|(_, values)| values.len());
        if lengths.fold(1_usize, usize::saturating_mul) > MOST_COMBINATIONS {
            self.error(&yaml.at, format!("this matrix has more than {MOST_COMBINATIONS} combinations"));
        }
        matrix
    }

    /// The values of a matrix name, and what is known of each.
    fn literals(&mut self, yaml: &Yaml) -> Option<(Vec<Literal>, Shape)> {
        let Some(items) = yaml.items().filter(|items| !items.is_empty()) else {
            self.error(&yaml.at, format!("a list of values is needed here, not {}", yaml.describe()));
            return None;
        };
        let mut values = Vec::new();
        for item in items {
            let template = self.template(item);
            let literal = match template.kind {
                TemplateKind::Scalar(expr) => match expr.body {
                    Body::Literal(literal) => Some(literal),
                    Body::Compiled(_) => None,
                },
                _ => None,
            };
            let Some(literal) = literal else {
                self.error(&item.at, "a matrix holds numbers, texts, true and false only");
                return None;
            };
            values.push(literal);
        }
        let first = of_literal(values.first()?);
        let same = values.iter().all(|value| of_literal(value).kind() == first.kind());
        Some((values, if same { first } else { Shape::Any }))
    }

    fn words(&mut self, yaml: &Yaml, what: &str) -> Option<Vec<Located<String>>> {
        let Some(items) = yaml.items() else {
            self.error(&yaml.at, format!("a list is needed here, not {}", yaml.describe()));
            return None;
        };
        let words: Vec<_> = items
            .iter()
            .map(|item| Some(Located { value: self.string(item, what)?, at: item.at.clone() }))
            .collect();
        words.into_iter().collect()
    }

    fn string(&mut self, yaml: &Yaml, what: &str) -> Option<String> {
        match yaml.text() {
            Some(text) if !text.trim().is_empty() => Some(text.to_string()),
            _ => {
                self.error(&yaml.at, format!("{what} is text, not {}", yaml.describe()));
                None
            }
        }
    }

    fn needed<T>(&mut self, whole: &Location, what: &str) -> Option<T> {
        self.error(whole, format!("a spec needs {what}"));
        None
    }
}

/// A spec covers what there is not, or not any more.
fn unknown(requirements: &Requirements, id: &Located<String>) -> Diagnostic {
    let Some(fate) = requirements.fate(id) else {
        let near = requirements.nearest(id).map(|requirement| requirement.id.as_str());
        return Diagnostic::new(&id.at, format!("there is no requirement {}", id.value)).nearest(id, near);
    };
    let problem = format!("there is no requirement {} any more: {fate}", id.value);
    Diagnostic::new(&id.at, problem).help(match fate {
        Fate::Moved(now) => format!("write {now}"),
        Fate::Changed(now) => {
            format!(
                "write {now} if the spec tests that too: `lnprototest explain {now}` says where it stands"
            )
        }
        Fate::Removed => "take it out, and the spec if it tests nothing else".to_owned(),
    })
}
