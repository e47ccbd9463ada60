//! Fragments: steps that many specs include.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::Reader;
use super::names::Names;
use super::reader::Inclusion;
use super::shape::Shape;
use super::tree::Tree;
use crate::event::{Bindings, Include, Name};
use crate::expr::{Body, CompileError, Node, compile};
use crate::yaml::{Entry, Scalar, Yaml, YamlKind, parse};
use crate::{Diagnostic, Location, Source, Template, TemplateKind};

/// The fragments that a spec can include: those of its own tree, then those of the others.
pub(crate) struct Fragments<'a> {
    trees: Vec<&'a Tree>,
    parsed: RefCell<HashMap<String, Rc<Fragment>>>,
    included: RefCell<BTreeSet<String>>,
    /// A fragment is read anew for each spec that includes it; its expressions are the same each time.
    compiled: RefCell<HashMap<String, Arc<Node>>>,
}

/// A fragment's file.
pub(crate) struct Fragment {
    source: Arc<Source>,
    root: Option<Yaml>,
    /// What is wrong with it as YAML.
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Fragments<'a> {
    /// Those of these trees, the first with a name wins.
    pub fn new(trees: Vec<&'a Tree>) -> Self {
        Self { trees, parsed: RefCell::default(), included: RefCell::default(), compiled: RefCell::default() }
    }

    /// The names of the first tree's fragments that nothing included.
    pub fn unused(&self) -> Vec<String> {
        let included = self.included.borrow();
        let own = self.trees.first().map(|tree| tree.fragment_names()).unwrap_or_default();
        own.into_iter().filter(|name| !included.contains(name)).collect()
    }

    fn find(&self, name: &str) -> Option<Rc<Fragment>> {
        if let Some(fragment) = self.parsed.borrow().get(name) {
            return Some(fragment.clone());
        }
        let file = self.trees.iter().find_map(|tree| tree.fragment(name))?;
        let mut diagnostics = file.diagnostics.clone();
        let root = parse(&file.source, &mut diagnostics);
        let fragment = Rc::new(Fragment { source: file.source.clone(), root, diagnostics });
        self.parsed.borrow_mut().insert(name.to_owned(), fragment.clone());
        Some(fragment)
    }

    /// The expression `text`, compiled.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compiled(&self, text: &str) -> Result<Arc<Node>, Vec<CompileError>> {
        if let Some(node) = self.compiled.borrow().get(text) {
            return Ok(node.clone());
        }
        let node = Arc::new(compile(text)?);
        self.compiled.borrow_mut().insert(text.to_owned(), node.clone());
        Ok(node)
    }

    fn names(&self) -> Vec<String> {
        self.trees.iter().flat_map(|tree| tree.fragment_names()).collect()
    }
}

impl Reader<'_> {
    /// Reads the fragment that `event` names in its place.
    pub(super) fn include(&mut self, event: &mut Include, at: &Location) -> Option<()> {
        if let Some(begun) = self.inclusions.iter().position(|inclusion| inclusion.fragment == event.fragment)
        {
            let chain: Vec<&str> =
                self.inclusions[begun..].iter().map(|inclusion| inclusion.fragment.as_str()).collect();
            let problem =
                format!("{} includes itself: {} -> {}", event.fragment, chain.join(" -> "), event.fragment);
            self.error(at, problem);
            return None;
        }
        let Some(fragment) = self.fragments.find(&event.fragment) else {
            let names = self.fragments.names();
            let diagnostic = Diagnostic::new(at, format!("there is no fragment `{}`", event.fragment));
            self.report(diagnostic.nearest(&event.fragment, names.iter().map(String::as_str)));
            return None;
        };
        self.fragments.included.borrow_mut().insert(event.fragment.clone());
        let given: Vec<(Name, Template, Shape)> = event
            .with
            .iter()
            .map(|(name, value)| (name.clone(), self.passed_on(value), self.shape(value)))
            .collect();
        self.names.enter();
        let parameters = HashMap::new();
        self.inclusions.push(Inclusion { fragment: event.fragment.clone(), at: at.clone(), parameters });
        let read = self.fragment(&fragment, event, given, at);
        self.inclusions.pop();
        self.names.leave();
        read
    }

    /// Reads a fragment by itself: whatever its includers would name is taken to be there.
    pub(super) fn fragment_by_itself(&mut self, name: &str) {
        let Some(fragment) = self.fragments.find(name) else { return };
        let Some(root) = &fragment.root else {
            self.diagnostics.extend(fragment.diagnostics.iter().cloned());
            return;
        };
        self.names = Names::new(true);
        self.names.enter();
        self.inclusions.push(Inclusion {
            fragment: name.to_owned(),
            at: root.at.clone(),
            parameters: HashMap::new(),
        });
        let mut event =
            Include { fragment: name.to_owned(), with: Vec::new(), lets: Vec::new(), steps: Vec::new() };
        let at = root.at.clone();
        self.fragment(&fragment, &mut event, Vec::new(), &at);
        self.inclusions.pop();
        self.diagnostics.iter_mut().for_each(|diagnostic| drop(diagnostic.included_at.pop()));
    }

    fn fragment(
        &mut self,
        fragment: &Fragment,
        event: &mut Include,
        given: Vec<(Name, Template, Shape)>,
        at: &Location,
    ) -> Option<()> {
        fragment.diagnostics.iter().for_each(|diagnostic| self.report(diagnostic.clone()));
        let root = fragment.root.as_ref()?;
        let whole = Location::new(&fragment.source, 0..0);
        let Some(entries) = root.entries() else {
            self.error(&root.at, format!("a fragment is a mapping with `steps`, not {}", root.describe()));
            return None;
        };
        self.known_keys(entries, "a fragment", &["about", "params", "let", "steps"]);
        let find = |key| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        event.lets = self.parameters(find("params"), event, given, at);
        if let Some(lets) = find("let") {
            event.lets.extend(self.lets(lets)?);
        }
        match find("steps") {
            Some(steps) => event.steps = crate::load::Argument::read(steps, self)?,
            None => self.error(&whole, "a fragment needs `steps`"),
        }
        Some(())
    }

    /// Gives each parameter what the includer says. The others' defaults are evaluated inside the fragment, each after
    /// the parameters above it: they are returned.
    fn parameters(
        &mut self,
        declared: Option<&Yaml>,
        event: &Include,
        given: Vec<(Name, Template, Shape)>,
        at: &Location,
    ) -> Bindings {
        let mut defaults = Bindings::new();
        let declared: &[Entry] = match declared {
            None => &[],
            Some(yaml) => match yaml.entries() {
                Some(entries) => entries,
                None => {
                    self.error(&yaml.at, format!("`params` is a mapping of names, not {}", yaml.describe()));
                    return defaults;
                }
            },
        };
        for (name, template, _) in &given {
            if !declared.iter().any(|entry| entry.key == **name) {
                let known = declared.iter().map(|entry| entry.key.as_str());
                let problem = format!("the fragment `{}` has no parameter `{name}`", event.fragment);
                let diagnostic = Diagnostic::new(&template.at, problem).nearest(name, known);
                self.report_outside(diagnostic);
            }
        }
        for entry in declared {
            let given = given.iter().find(|given| *given.0 == *entry.key);
            let needed = matches!(entry.value.kind, YamlKind::Scalar(Scalar::Null));
            let (template, shape) = match given {
                Some((_, template, shape)) => (Some(template.clone()), shape.clone()),
                None if !needed => {
                    let template = self.template(&entry.value);
                    let shape = self.shape(&template);
                    let given = self.passed_on(&template);
                    defaults.push((Name(entry.key.as_str().into()), template));
                    (Some(given), shape)
                }
                None if self.names.open => (None, Shape::Any),
                None => {
                    let problem =
                        format!("the fragment `{}` needs its parameter `{}`", event.fragment, entry.key);
                    let diagnostic = Diagnostic::new(at, problem);
                    self.report_outside(diagnostic.help(format!("with: {{ {}: ... }}", entry.key)));
                    (None, Shape::Any)
                }
            };
            if let Err(problem) = self.names.add_value(&entry.key, shape, true) {
                self.error(&entry.key_at, problem);
            }
            // By itself, a fragment's parameters can be anything: its defaults too. What it gives to others it gives.
            let outermost = self.inclusions.len() == 1;
            let is_known = |template: &Template| !self.names.open || (!outermost && is_literal(template));
            let template = template.filter(is_known);
            if let Some(inclusion) = self.inclusions.last_mut() {
                inclusion.parameters.insert(entry.key.clone(), template);
            }
        }
        defaults
    }

    /// What a parameter that is only passed on was given itself: so a name can go through several fragments.
    fn passed_on(&self, template: &Template) -> Template {
        let parameter = match &template.kind {
            TemplateKind::Scalar(expr) => match &expr.body {
                Body::Compiled(program) => program.text.trim(),
                Body::Literal(_) => return template.clone(),
            },
            _ => return template.clone(),
        };
        let given =
            self.inclusions.last().and_then(|inclusion| inclusion.parameters.get(parameter)?.as_ref());
        given.unwrap_or(template).clone()
    }

    /// Reports a mistake of the includer, not of the fragment.
    fn report_outside(&mut self, diagnostic: Diagnostic) {
        let inner = self.inclusions.pop();
        self.report(diagnostic);
        self.inclusions.extend(inner);
    }
}

fn is_literal(template: &Template) -> bool {
    matches!(&template.kind, TemplateKind::Scalar(expr) if matches!(expr.body, Body::Literal(_)))
}
