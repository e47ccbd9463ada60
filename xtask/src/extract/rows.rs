//! What is a definition in the catalogue's CSV?

use super::markdown::{Definition, Field, Message, Record};
use std::collections::HashSet;

/// The rows of all definitions, a line each, in the order of the document.
pub fn rows(definitions: &[Definition]) -> String {
    let used: HashSet<&str> = definitions.iter().flat_map(fields).map(|field| field.ty.as_str()).collect();
    let mut rows = Vec::new();
    for definition in definitions {
        match definition {
            Definition::Message(message) => {
                message_rows(&mut rows, message);
                if let Some(stream) = implied_stream(message, definitions, &used) {
                    rows.push(row(&["msgdata", &message.name, "tlvs", stream]));
                }
            }
            Definition::Subtype { name, fields } => {
                rows.push(row(&["subtype", name]));
                rows.extend(fields.iter().map(|field| field_row(&["subtypedata", name], field)));
            }
            Definition::TlvStream { name, records } => {
                for record in records {
                    record_rows(&mut rows, name, record);
                }
            }
        }
    }
    rows.concat()
}

/// Some messages don't list their stream: `channel_reestablish_tlvs` belongs to `channel_reestablish`.
fn implied_stream<'a>(
    message: &Message,
    definitions: &'a [Definition],
    used: &HashSet<&str>,
) -> Option<&'a str> {
    definitions.iter().find_map(|definition| match definition {
        Definition::TlvStream { name, .. }
            if name.strip_suffix("_tlvs") == Some(message.name.as_str()) && !used.contains(name.as_str()) =>
        {
            Some(name.as_str())
        }
        _ => None,
    })
}

fn fields(definition: &Definition) -> &[Field] {
    match definition {
        Definition::Message(message) => &message.fields,
        Definition::Subtype { fields, .. } => fields,
        Definition::TlvStream { .. } => &[],
    }
}

fn message_rows(rows: &mut Vec<String>, message: &Message) {
    // A failure is known by its flags, so one without any gets a name for none.
    let number = if message.failure && !message.number.contains('|') {
        format!("FAILURE|{}", message.number)
    } else {
        message.number.clone()
    };
    rows.push(row(&["msgtype", &message.name, &number, message.option.as_deref().unwrap_or_default()]));
    rows.extend(message.fields.iter().map(|field| field_row(&["msgdata", &message.name], field)));
}

fn record_rows(rows: &mut Vec<String>, stream: &str, record: &Record) {
    let option = record.option.as_deref().unwrap_or_default();
    rows.push(row(&["tlvtype", stream, &record.name, &record.number, option]));
    rows.extend(record.fields.iter().map(|field| field_row(&["tlvdata", stream, &record.name], field)));
}

fn field_row(start: &[&str], field: &Field) -> String {
    let count = field.count.as_deref().unwrap_or_default();
    let option = field.option.as_deref().unwrap_or_default();
    row(&[start, &[&field.name, &field.ty, count, option]].concat())
}

/// One line; empty columns at its end are left out.
fn row(columns: &[&str]) -> String {
    format!("{}\n", columns.join(",").trim_end_matches(','))
}
