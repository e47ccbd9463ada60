//! The schema of one event's step, from the table of events.

use lnprototest_bolt::gossip::signature_fields;
use lnprototest_bolt::wire::Catalogue;
use serde_json::{Map, Value as Json, json};

use super::fields::definition_name;
use super::reference;
use crate::event::{ArgumentInfo, EventInfo, Role};

/// A step with this event: its argument with the others as siblings, or a mapping of them all.
pub(super) fn event(info: &EventInfo, catalogue: &Catalogue) -> Json {
    let written = || info.arguments.iter().filter(|argument| argument.role != Role::Derived);
    let first = written().find(|argument| matches!(argument.role, Role::Main | Role::Whole));
    let others = || written().filter(|argument| argument.role == Role::Other);
    let mut forms = Vec::new();
    forms.extend(first.map(argument));
    if first.is_none_or(|first| first.role == Role::Main) {
        forms.push(json!({
            "type": "object",
            "required": required(written()),
            "additionalProperties": false,
            "properties": properties(written()),
        }));
    }
    if first.is_none_or(|first| first.optional) {
        forms.push(json!({ "type": "null" }));
    }
    let mut siblings = properties(others());
    siblings.insert(info.name.to_owned(), json!({ "description": one_line(info.doc), "anyOf": forms }));
    siblings.insert(
        "label".to_owned(),
        json!({ "type": "string", "description": "How expectations and reports name this step." }),
    );
    siblings.insert("when".to_owned(), json!({ "description": "The step only happens if this holds.", "anyOf": [{ "type": "boolean" }, reference("expression")] }));
    let mut schema = json!({
        "type": "object",
        "required": [info.name],
        "additionalProperties": false,
        "properties": siblings,
    });
    if written().any(|argument| argument.name == "with") && first.is_some_and(|first| first.name == "message")
    {
        schema["allOf"] = fields_by_message(info.name, catalogue);
    }
    schema
}

/// Which fields `with` has, for each message that the step can name. `Msg` needs all of them.
fn fields_by_message(event: &str, catalogue: &Catalogue) -> Json {
    let rules = catalogue.messages().map(|message| {
        let fields = reference(&definition_name(&message.name));
        let needed: Vec<&str> = message
            .fields
            .iter()
            .filter(|field| event == "Msg" && !field.is_derived() && &*field.name != "tlvs")
            .map(|field| &*field.name)
            // They may stand under `sign`.
            .filter(|field| !signature_fields(&message.name).any(|signature| signature == *field))
            .collect();
        let with = json!({ "allOf": [fields], "required": needed });
        json!({
            "if": { "required": [event], "properties": { event: { "const": &*message.name } } },
            "then": { "properties": { "with": with } },
        })
    });
    rules.collect()
}

fn properties<'a>(arguments: impl Iterator<Item = &'a ArgumentInfo>) -> Map<String, Json> {
    arguments.map(|known| (known.name.to_owned(), argument(known))).collect()
}

fn required<'a>(arguments: impl Iterator<Item = &'a ArgumentInfo>) -> Vec<&'static str> {
    arguments.filter(|argument| !argument.optional).map(|argument| argument.name).collect()
}

fn argument(argument: &ArgumentInfo) -> Json {
    let mut schema = (argument.schema)();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), one_line(argument.doc).into());
    }
    schema
}

fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
