//! The JSON schema that editors take.

use lnprototest_bolt::wire::Catalogue;
use lnprototest_spec_events::{Event, schema::json_schema};
use serde_json::Value as Json;

fn references<'a>(json: &'a Json, found: &mut Vec<&'a str>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        Json::Object(members) => {
            found.extend(members.get("$ref").and_then(Json::as_str));
            members.values().for_each(|member| references(member, found));
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let schema = json_schema(Catalogue::bolts());
    let mut found = Vec::new();
    references(&schema, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
        assert!(schema.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_event_and_message_is_there() {
    let schema = json_schema(Catalogue::bolts());
    let definitions = &schema["$defs"];
    assert!(Event::ALL.iter().all(|info| definitions[info.name].is_object()));
    assert!(
        Catalogue::bolts()
            .messages()
            .all(|message| definitions[format!("fields_of_{}", message.name)].is_object())
    );
}

#[test]
fn a_step_and_a_message_are_described_by_their_tables() {
    let schema = json_schema(Catalogue::bolts());
    let parts = [&schema["$defs"]["RawMsg"], &schema["$defs"]["Set"], &schema["$defs"]["fields_of_ping"]];
    let drawn: Vec<String> = parts.iter().map(|part| serde_json::to_string_pretty(part).unwrap()).collect();
    insta::assert_snapshot!(drawn.join("\n"));
}
