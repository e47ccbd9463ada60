//! Reads steps: which event it is, and what belongs to which argument.

use super::Reader;
use super::argument::{Absent, Argument, Written};
use super::reader::Subject;
use super::shape::Shape;
use crate::event::{EventInfo, Role};
use crate::yaml::{Entry, Scalar, Yaml, YamlKind};
use crate::{Diagnostic, Event, Location, Step};

/// What any step can carry beside its event's arguments.
const OF_ANY_STEP: [&str; 2] = ["label", "when"];

/// More steps in one spec are taken for fragments that include each other over and over.
const MOST_STEPS: usize = 10_000;

/// What was written for the arguments of one event.
pub(crate) struct Arguments<'y> {
    pub info: &'static EventInfo,
    /// Where the event's name stands.
    pub at: &'y Location,
    given: Vec<Given<'y>>,
}

struct Given<'y> {
    name: &'y str,
    value: &'y Yaml,
}

/// What an argument is that was not written, if its type does not say so.
pub(crate) type Default<A> = fn(&mut Reader<'_>, &Location) -> Option<A>;

impl Arguments<'_> {
    /// The argument of this name. `None` if it is wrong or missing, which has been reported.
    pub fn read<A: Argument>(
        &self,
        name: &str,
        role: Role,
        default: Option<Default<A>>,
        reader: &mut Reader<'_>,
    ) -> Option<A> {
        if let Some(given) = self.given.iter().find(|given| given.name == name) {
            if role == Role::Other {
                let in_check = self.info.name == "ExpectMsg" && name == "check";
                reader.names.message =
                    reader.subject.message.clone().filter(|_| in_check).map(Shape::Message);
                let argument = A::read(given.value, reader);
                reader.names.message = None;
                return argument;
            }
            reader.subject.at = Some(given.value.at.clone());
            return A::read_main(given.value, reader);
        }
        if let Some(default) = default {
            return default(reader, self.at);
        }
        match A::absent(self, reader) {
            Absent::Is(argument) => Some(argument),
            Absent::Needed => {
                reader.error(self.at, format!("{} needs `{name}`", self.info.name));
                None
            }
        }
    }
}

impl Reader<'_> {
    /// The steps of a list.
    pub(super) fn steps_of(&mut self, yaml: &Yaml) -> Option<Vec<Step>> {
        let Some(items) = yaml.items() else {
            self.error(&yaml.at, format!("a list of steps is needed here, not {}", yaml.describe()));
            return None;
        };
        let mut steps = Some(Vec::with_capacity(items.len()));
        for item in items {
            match (self.step(item), &mut steps) {
                (Some(step), Some(steps)) => steps.push(step),
                _ => steps = None,
            }
        }
        steps
    }

    fn step(&mut self, yaml: &Yaml) -> Option<Step> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            if self.steps == MOST_STEPS + 1 {
                self.error(
                    &yaml.at,
                    format!("this spec has more than {MOST_STEPS} steps, its fragments expanded"),
                );
            }
            return None;
        }
        let Some(entries) = yaml.entries() else {
            let diagnostic =
                Diagnostic::new(&yaml.at, format!("a step is needed here, not {}", yaml.describe()));
            self.report(diagnostic.help("a step is `- Event: argument`, or `- Event: { name: argument }`"));
            return None;
        };
        let entry = self.event_of(yaml, entries)?;
        let siblings = || entries.iter().filter(|other| !std::ptr::eq(*other, entry));
        let sibling = |name| siblings().find(|sibling| sibling.key == name).map(|sibling| &sibling.value);
        let label = sibling("label").map(|label| self.fixed_text(label, "a label"));
        let when = sibling("when").map(|when| self.expr(when));
        let Some(info) = Event::ALL.iter().find(|info| info.name == entry.key) else {
            let problem = format!("there is no event `{}`", entry.key);
            let known = Event::ALL.iter().map(|info| info.name);
            self.report(Diagnostic::new(&entry.key_at, problem).nearest(&entry.key, known));
            self.names.unclear();
            return None;
        };
        let others: Vec<&Entry> =
            siblings().filter(|sibling| !OF_ANY_STEP.contains(&sibling.key.as_str())).collect();
        let arguments = self.arguments(info, entry, &others)?;
        self.subject = Subject::default();
        let Some(mut event) = Event::read(&arguments, self) else {
            self.names_after_mistake(info.name);
            return None;
        };
        self.subject.at.get_or_insert_with(|| entry.key_at.clone());
        self.finish(&mut event, &entry.key_at)?;
        Some(Step {
            event,
            label: label.transposed()?.map(|label| label.to_string()),
            when,
            at: entry.key_at.clone(),
        })
    }

    /// The key of a step that is its event.
    fn event_of<'y>(&mut self, yaml: &Yaml, entries: &'y [Entry]) -> Option<&'y Entry> {
        let is_event = |entry: &&Entry| entry.key.starts_with(|first: char| first.is_ascii_uppercase());
        let mut events = entries.iter().filter(is_event);
        let Some(first) = events.next() else {
            let names = || Event::ALL.iter().map(|info| info.name);
            let diagnostic = Diagnostic::new(&yaml.at, "this step has no event: a key with a capital letter");
            let meant = entries.iter().find_map(|entry| crate::nearest::nearest(&entry.key, names()));
            self.report(match meant {
                Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                None => diagnostic,
            });
            return None;
        };
        if let Some(second) = events.next() {
            let problem = format!("a second event in one step: {} is the first", first.key);
            self.report(Diagnostic::new(&second.key_at, problem).help("begin a step of its own with `- `"));
            return None;
        }
        Some(first)
    }

    /// What a step with a mistake would have named is not missed further on.
    fn names_after_mistake(&mut self, event: &str) {
        match (event, self.subject.name.take()) {
            ("Accept" | "Connect" | "RawConnect", Some(name)) => drop(self.names.add_session(&name)),
            (
                "Accept" | "AcceptFunding" | "Connect" | "CreateFunding" | "FundChannel" | "Include"
                | "RawConnect",
                _,
            ) => {
                self.names.unclear();
            }
            _ => {}
        }
    }

    /// What belongs to which argument. Wrong ones are reported and left out.
    fn arguments<'y>(
        &mut self,
        info: &'static EventInfo,
        event: &'y Entry,
        siblings: &[&'y Entry],
    ) -> Option<Arguments<'y>> {
        let first = info.arguments.iter().find(|argument| matches!(argument.role, Role::Main | Role::Whole));
        let mut arguments = Arguments { info, at: &event.key_at, given: Vec::new() };
        let mut others: Vec<&Entry> = siblings.to_vec();
        match (&event.value.kind, first) {
            (_, Some(whole)) if whole.role == Role::Whole => {
                arguments.given.push(Given { name: whole.name, value: &event.value });
            }
            (YamlKind::Map(entries), _) if !entries.is_empty() => {
                if let Some(sibling) = siblings.first() {
                    let problem =
                        format!("`{}` has to stand in the mapping under {}", sibling.key, info.name);
                    self.error(&sibling.key_at, problem);
                }
                others = entries.iter().collect();
            }
            _ if event.value.is_empty() => {}
            (_, Some(main)) => arguments.given.push(Given { name: main.name, value: &event.value }),
            (_, None) => {
                let diagnostic =
                    Diagnostic::new(&event.value.at, format!("{} has no value of its own", info.name));
                self.report(
                    diagnostic.help(format!("write `{}: {{}}`, or its arguments by name", info.name)),
                );
            }
        }
        for entry in others {
            let names =
                || info.arguments.iter().filter(|known| known.role != Role::Derived).map(|known| known.name);
            match names().find(|name| *name == entry.key) {
                Some(name) if arguments.given.iter().any(|given| given.name == name) => {
                    self.error(
                        &entry.key_at,
                        format!("`{name}` is already said: it is what {} stands for", info.name),
                    );
                }
                Some(name) => arguments.given.push(Given { name, value: &entry.value }),
                None => {
                    let problem = format!("{} has no argument `{}`", info.name, entry.key);
                    let known = names().chain(OF_ANY_STEP);
                    self.report(Diagnostic::new(&entry.key_at, problem).nearest(&entry.key, known));
                }
            }
        }
        Some(arguments)
    }
}

/// What was asked for and is wrong is `None`; what was not asked for is `Some(None)`.
trait Transposed<T> {
    fn transposed(self) -> Option<Option<T>>;
}

impl<T> Transposed<T> for Option<Option<T>> {
    fn transposed(self) -> Option<Option<T>> {
        match self {
            Some(Some(value)) => Some(Some(value)),
            Some(None) => None,
            None => Some(None),
        }
    }
}

impl Step {
    /// As YAML.
    pub(crate) fn written(&self) -> Written {
        let info = self.event.info();
        let mut arguments = self.event.write();
        let is_first = |name: &str| {
            info.arguments
                .iter()
                .any(|known| known.name == name && matches!(known.role, Role::Main | Role::Whole))
        };
        let first = arguments.iter().position(|(name, _)| is_first(name));
        let mut entries = match first {
            Some(first) => {
                let (_, value) = arguments.remove(first);
                let mut entries = vec![(info.name, value)];
                entries.append(&mut arguments);
                entries
            }
            None => vec![(info.name, Written::map(arguments))],
        };
        entries.extend(self.label.as_ref().map(|label| ("label", Written::text(label))));
        entries.extend(self.when.as_ref().map(|when| ("when", super::argument::write_expr(when))));
        Written::map(entries)
    }
}

/// A scalar as it would be read from a file.
pub(crate) fn text_at(text: &str, at: &Location) -> Yaml {
    Yaml { kind: YamlKind::Scalar(Scalar::Text(text.into())), at: at.clone() }
}
