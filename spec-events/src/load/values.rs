//! The arguments that are names, choices and lists.

use bitcoin::Transaction;
use secp256k1::SecretKey;
use serde_json::{Value as Json, json};
use std::sync::Arc;

use super::argument::{Absent, Argument, Written, write_expr, write_template};
use super::names::Latest;
use super::{Arguments, Reader};
use crate::event::{
    Alternatives, Bindings, ByField, ChannelRef, ClaimedOutput, FailKind, MessageName, Name, Pair,
    SessionRef, Side, TxOutput,
};
use crate::expr::{Expr, Typed};
use crate::yaml::{Entry, Scalar, Yaml, YamlKind};
use crate::{Diagnostic, Location, Step, Template};

impl Argument for Name {
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.fixed_text(yaml, "a name")?;
        match is_name(&text) {
            true => Some(Self(text)),
            false => {
                let problem = format!("`{text}` is no name: small letters, digits and `_`, a letter first");
                reader.error(&yaml.at, problem);
                None
            }
        }
    }

    fn read_main(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let name = Self::read(yaml, reader)?;
        reader.subject.name = Some(name.clone());
        Some(name)
    }

    fn write(&self) -> Option<Written> {
        Some(Written::text(&**self))
    }

    fn schema() -> Json {
        json!({ "$ref": "#/$defs/name" })
    }
}

impl Argument for MessageName {
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let name = reader.fixed_text(yaml, "the name of a message")?;
        let catalogue = reader.language.catalogue;
        let by_itself =
            reader.inclusions.last().is_some_and(|inclusion| inclusion.parameters.contains_key(&*name));
        if catalogue.message(&name).is_none() && !(reader.names.open && by_itself) {
            let known = catalogue.messages().map(|message| &*message.name);
            reader.report(
                Diagnostic::new(&yaml.at, format!("there is no message `{name}`")).nearest(&name, known),
            );
            return None;
        }
        Some(Self(name))
    }

    fn read_main(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let name = Self::read(yaml, reader)?;
        reader.subject.message = reader.language.catalogue.message(&name).cloned();
        Some(name)
    }

    fn write(&self) -> Option<Written> {
        Some(Written::text(&**self))
    }

    fn schema() -> Json {
        json!({ "$ref": "#/$defs/message" })
    }
}

impl Argument for SessionRef {
    const OPTIONAL: bool = true;

    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let name = Name::read(yaml, reader)?;
        if !reader.names.is_session(&name) {
            let diagnostic =
                Diagnostic::new(&yaml.at, format!("no step before this one names a session `{name}`"));
            let diagnostic = diagnostic.nearest(&name, reader.names.sessions());
            reader.report(diagnostic);
        }
        reader.names.session = Latest::One(name.clone());
        Some(Self { name, implied: false })
    }

    fn absent(event: &Arguments<'_>, reader: &mut Reader<'_>) -> Absent<Self> {
        let latest = reader.names.session.clone();
        let name = implied(event, reader, latest, "on", "session", "Connect, Accept or RawConnect");
        Absent::Is(Self { name, implied: true })
    }

    fn write(&self) -> Option<Written> {
        (!self.implied).then(|| Written::text(&*self.name))
    }

    fn schema() -> Json {
        json!({ "$ref": "#/$defs/name" })
    }
}

impl Argument for ChannelRef {
    const OPTIONAL: bool = true;

    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let name = Name::read(yaml, reader)?;
        if !reader.names.is_channel(&name) {
            let diagnostic =
                Diagnostic::new(&yaml.at, format!("no step before this one names a channel `{name}`"));
            let diagnostic = diagnostic.nearest(&name, reader.names.channels());
            reader.report(diagnostic);
        }
        reader.names.channel = Latest::One(name.clone());
        Some(Self { name, implied: false })
    }

    fn absent(event: &Arguments<'_>, reader: &mut Reader<'_>) -> Absent<Self> {
        let latest = reader.names.channel.clone();
        let makers = "CreateFunding, AcceptFunding or FundChannel";
        let name = implied(event, reader, latest, "chan", "channel", makers);
        Absent::Is(Self { name, implied: true })
    }

    fn write(&self) -> Option<Written> {
        (!self.implied).then(|| Written::text(&*self.name))
    }

    fn schema() -> Json {
        json!({ "$ref": "#/$defs/name" })
    }
}

/// The session or channel that was named last. If there is none, that is reported, and any name stands in for it.
fn implied(
    event: &Arguments<'_>,
    reader: &mut Reader<'_>,
    latest: Latest,
    argument: &str,
    what: &str,
    makers: &str,
) -> Name {
    let stand_in = Name(Arc::from(what));
    let problem = match latest {
        Latest::One(name) => return name,
        Latest::None if reader.names.open => return stand_in,
        Latest::Unclear => return stand_in,
        Latest::None => {
            format!("{} needs a {what}, and no step before it names one: {makers} does", event.info.name)
        }
        Latest::Several => {
            format!("which {what}? The ways that lead here name different ones: say `{argument}: name`")
        }
    };
    reader.error(event.at, problem);
    stand_in
}

/// Words to choose from.
macro_rules! choice {
    ($type:ident: $($variant:ident = $word:literal),+) => {
        impl Argument for $type {
            fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
                match &*reader.fixed_text(yaml, "a word")? {
                    $($word => Some(Self::$variant),)+
                    other => {
                        let problem = format!("`{other}` is not one of the words that go here");
                        reader.report(Diagnostic::new(&yaml.at, problem).nearest(other, [$($word),+]));
                        None
                    }
                }
            }

            fn write(&self) -> Option<Written> {
                Some(Written::text(match self {
                    $(Self::$variant => $word,)+
                }))
            }

            fn schema() -> Json {
                json!({ "enum": [$($word),+] })
            }
        }
    };
}

choice!(ClaimedOutput:
    Htlc = "htlc",
    ToLocal = "to_local",
    ToLocalAnchor = "to_local_anchor",
    ToRemote = "to_remote",
    ToRemoteAnchor = "to_remote_anchor"
);
choice!(FailKind: Channel = "channel", Connection = "connection");
choice!(Side: Local = "local", Remote = "remote");

/// The name of a fragment.
impl Argument for String {
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        match yaml.text() {
            Some(text) => Some(text.to_string()),
            None => {
                reader.error(&yaml.at, format!("text is needed here, not {}", yaml.describe()));
                None
            }
        }
    }

    fn write(&self) -> Option<Written> {
        Some(Written::text(self))
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

impl Argument for Bindings {
    const OPTIONAL: bool = true;

    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        read_bindings(yaml, reader, |_, _, _| {})
    }

    /// Names them one by one: each can use those before it.
    fn read_main(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        read_bindings(yaml, reader, |reader, binding, at| {
            let shape = reader.shape(&binding.1);
            if let Err(problem) = reader.names.add_value(&binding.0, shape, false) {
                reader.error(at, problem);
            }
        })
    }

    fn absent(_: &Arguments<'_>, _: &mut Reader<'_>) -> Absent<Self> {
        Absent::Is(Vec::new())
    }

    fn write(&self) -> Option<Written> {
        let entries = self.iter().map(|(name, template)| (&**name, write_template(template)));
        (!self.is_empty()).then(|| Written::map(entries))
    }

    fn schema() -> Json {
        json!({ "type": "object", "propertyNames": { "$ref": "#/$defs/name" } })
    }
}

/// What is done with each binding, and where its name stands.
type Bound = fn(&mut Reader<'_>, &(Name, Template), &Location);

fn read_bindings(yaml: &Yaml, reader: &mut Reader<'_>, bound: Bound) -> Option<Bindings> {
    let Some(entries) = yaml.entries() else {
        reader
            .error(&yaml.at, format!("a mapping of names to values is needed here, not {}", yaml.describe()));
        return None;
    };
    let mut bindings = Some(Vec::new());
    for entry in entries {
        let key = Yaml {
            kind: YamlKind::Scalar(Scalar::Text(entry.key.as_str().into())),
            at: entry.key_at.clone(),
        };
        let name = Name::read(&key, reader);
        let template = reader.template(&entry.value);
        let Some(name) = name else {
            bindings = None;
            continue;
        };
        let binding = (name, template);
        bound(reader, &binding, &entry.key_at);
        if let Some(bindings) = &mut bindings {
            bindings.push(binding);
        }
    }
    bindings
}

impl Argument for Pair {
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let Some([left, right]) = yaml.items() else {
            reader.error(&yaml.at, format!("two values in a list are needed here, not {}", yaml.describe()));
            return None;
        };
        let pair = Self(reader.template(left), reader.template(right));
        let kinds = (reader.shape(&pair.0).kind(), reader.shape(&pair.1).kind());
        if !super::infer::fits(kinds.0, kinds.1) {
            reader.error(&yaml.at, format!("{} and {} are never equal", kinds.0, kinds.1));
        }
        Some(pair)
    }

    fn write(&self) -> Option<Written> {
        Some(Written::list([write_template(&self.0), write_template(&self.1)]))
    }

    fn schema() -> Json {
        json!({ "type": "array", "minItems": 2, "maxItems": 2 })
    }
}

impl<T: Typed> Argument for ByField<T> {
    const OPTIONAL: bool = true;

    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(entries) = yaml.entries() else {
            reader.error(&yaml.at, format!("a map of fields is needed here, not {}", yaml.describe()));
            return None;
        };
        let field = |entry: &Entry| (Name(entry.key.as_str().into()), reader.expr(&entry.value));
        Some(entries.iter().map(field).collect())
    }

    fn absent(_: &Arguments<'_>, _: &mut Reader<'_>) -> Absent<Self> {
        Absent::Is(Vec::new())
    }

    fn write(&self) -> Option<Written> {
        let entries = self.iter().map(|(name, expr)| (&**name, write_expr(expr)));
        (!self.is_empty()).then(|| Written::map(entries))
    }

    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": Expr::<T>::schema() })
    }
}

/// An argument that stands in lists; by itself it is a list of one.
pub(crate) trait Item: Argument {}

impl Item for Expr<SecretKey> {}
impl Item for Expr<Transaction> {}
impl Item for Expr<bool> {}
impl Item for MessageName {}
impl Item for Name {}
impl Item for TxOutput {}

impl<A: Item> Argument for Vec<A> {
    const OPTIONAL: bool = true;

    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let items = yaml.items().unwrap_or(std::slice::from_ref(yaml));
        let items: Vec<_> = items.iter().map(|item| A::read(item, reader)).collect();
        items.into_iter().collect()
    }

    fn absent(_: &Arguments<'_>, _: &mut Reader<'_>) -> Absent<Self> {
        Absent::Is(Vec::new())
    }

    fn write(&self) -> Option<Written> {
        match self.as_slice() {
            [] => None,
            items => Some(Written::list(items.iter().filter_map(A::write))),
        }
    }

    fn schema() -> Json {
        json!({ "anyOf": [A::schema(), { "type": "array", "items": A::schema() }] })
    }
}

impl Argument for TxOutput {
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(entries) = yaml.entries() else {
            reader.error(
                &yaml.at,
                format!("an output is written as {{ sat: .., script: .. }}, not {}", yaml.describe()),
            );
            return None;
        };
        let mut output = Self { sat: None, script: None };
        for entry in entries {
            match entry.key.as_str() {
                "sat" => output.sat = Some(reader.expr(&entry.value)),
                "script" => output.script = Some(reader.expr(&entry.value)),
                other => {
                    let diagnostic = Diagnostic::new(&entry.key_at, format!("an output has no `{other}`"));
                    reader.report(diagnostic.nearest(other, ["sat", "script"]));
                    return None;
                }
            }
        }
        Some(output)
    }

    fn write(&self) -> Option<Written> {
        let sat = self.sat.as_ref().map(|sat| ("sat", write_expr(sat)));
        let script = self.script.as_ref().map(|script| ("script", write_expr(script)));
        Some(Written::map(sat.into_iter().chain(script)))
    }

    fn schema() -> Json {
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "sat": Expr::<u64>::schema(),
                "script": Expr::<bitcoin::ScriptBuf>::schema(),
            },
        })
    }
}

impl Argument for Vec<Step> {
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let steps = reader.steps_of(yaml)?;
        if steps.is_empty() {
            reader.error(&yaml.at, "there are no steps here");
        }
        Some(steps)
    }

    fn write(&self) -> Option<Written> {
        Some(Written::list(self.iter().map(Step::written)))
    }

    fn schema() -> Json {
        json!({ "$ref": "#/$defs/steps" })
    }
}

impl Argument for Alternatives {
    /// Each begins with the names before it; behind them all, what any of them named is there.
    fn read(yaml: &Yaml, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(items) = yaml.items().filter(|items| !items.is_empty()) else {
            reader.error(&yaml.at, format!("a list of alternatives is needed here, not {}", yaml.describe()));
            return None;
        };
        let before = reader.names.clone();
        let mut after = None;
        let mut alternatives = Some(Vec::new());
        for item in items {
            reader.names = before.clone();
            let steps = match &item.kind {
                YamlKind::Map(_) => {
                    reader.steps_of(&Yaml { kind: YamlKind::List(vec![item.clone()]), at: item.at.clone() })
                }
                _ => reader.steps_of(item),
            };
            alternatives = alternatives.zip(steps).map(|(mut alternatives, steps): (Vec<_>, _)| {
                alternatives.push(steps);
                alternatives
            });
            let names = std::mem::replace(&mut reader.names, before.clone());
            match &mut after {
                None => after = Some(names),
                Some(after) => after.join(names),
            }
        }
        reader.names = after.unwrap_or(before);
        alternatives
    }

    fn write(&self) -> Option<Written> {
        Some(Written::list(self.iter().map(|steps| Written::list(steps.iter().map(Step::written)))))
    }

    fn schema() -> Json {
        json!({
            "type": "array",
            "minItems": 1,
            "items": { "anyOf": [{ "$ref": "#/$defs/step" }, { "$ref": "#/$defs/alternative" }] },
        })
    }
}

/// Whether `text` can name something.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
