//! A JSON schema of the language, so that an editor completes and checks what one types.

mod events;
mod fields;

use lnprototest_bolt::features::Feature;
use lnprototest_bolt::wire::Catalogue;
use serde_json::{Map, Value as Json, json};

use crate::Event;

/// The schema (JSON Schema, draft 2020-12) of specs and fragments, with the fields of these messages.
///
/// It knows less than the loader: it can't look into expressions, and knows no names.
pub fn json_schema(catalogue: &Catalogue) -> Json {
    let mut definitions = Map::new();
    for (name, schema) in [
        ("alternative", json!({ "type": "array", "items": reference("step") })),
        ("bindings", bindings()),
        ("expression", json!({ "type": "string", "pattern": r"^\s*\$\{[\s\S]*\}\s*$" })),
        ("fragment", fragment()),
        ("message", message_names(catalogue)),
        ("name", json!({ "type": "string", "pattern": r"^([a-z][a-z0-9_]*|\$\{.*\})$" })),
        ("spec", spec()),
        (
            "step",
            json!({ "type": "object", "anyOf": Event::ALL.iter().map(|info| reference(info.name)).collect::<Vec<_>>() }),
        ),
        ("steps", json!({ "type": "array", "minItems": 1, "items": reference("step") })),
    ] {
        definitions.insert(name.to_owned(), schema);
    }
    for info in Event::ALL {
        definitions.insert(info.name.to_owned(), events::event(info, catalogue));
    }
    for message in catalogue.messages() {
        definitions.insert(fields::definition_name(&message.name), fields::fields(message));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A spec or fragment of lnprototest",
        "anyOf": [reference("spec"), reference("fragment")],
        "$defs": definitions,
    })
}

fn reference(definition: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

fn spec() -> Json {
    let words = json!({ "type": "array", "items": { "type": "string" } });
    let features: Vec<&str> = Feature::all().iter().map(|feature| feature.name).collect();
    json!({
        "type": "object",
        "required": ["about", "covers", "steps"],
        "additionalProperties": false,
        "properties": {
            "about": { "type": "string", "description": "What the node does if it passes, in one sentence." },
            "covers": {
                "type": "array",
                "minItems": 1,
                "items": { "type": "string", "pattern": "^B[0-9]{2}-" },
                "description": "The ids of the requirements that it covers.",
            },
            "requires": {
                "type": "object",
                "additionalProperties": false,
                "description": "What a node needs for it; without it the spec is skipped.",
                "properties": {
                    "features": { "type": "array", "items": { "enum": features } },
                    "capabilities": words,
                },
            },
            "matrix": {
                "type": "object",
                "propertyNames": reference("name"),
                "additionalProperties": { "type": "array", "minItems": 1, "items": { "type": ["boolean", "integer", "string"] } },
                "description": "Names with the values that they take in turn: one path for each combination.",
            },
            "let": reference("bindings"),
            "steps": reference("steps"),
        },
    })
}

fn fragment() -> Json {
    json!({
        "type": "object",
        "required": ["steps"],
        "additionalProperties": false,
        "properties": {
            "about": { "type": "string" },
            "params": {
                "type": "object",
                "propertyNames": reference("name"),
                "description": "Its parameters with their defaults; null for one that must be given.",
            },
            "let": reference("bindings"),
            "steps": reference("steps"),
        },
    })
}

fn bindings() -> Json {
    json!({
        "type": "object",
        "propertyNames": reference("name"),
        "description": "Names with what they stand for, evaluated in order.",
    })
}

/// The names of all messages; in a fragment, a parameter may name one.
fn message_names(catalogue: &Catalogue) -> Json {
    let names: Vec<&str> = catalogue.messages().map(|message| &*message.name).collect();
    json!({ "anyOf": [{ "enum": names }, reference("expression")] })
}
