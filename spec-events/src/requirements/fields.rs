//! Which fields does a requirement speak of? Those of messages that its sentence and its conditions name in backticks.

use lnprototest_bolt::wire::{Catalogue, FieldDef, FieldType, MessageDef};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// A field or TLV record of a message, as expressions of specs name it: `open_channel.push_msat`,
/// `open_channel.tlvs.channel_type`. One of several fields of a record: `channel_reestablish.tlvs.next_funding.retransmit_flags`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageField {
    whole: Box<str>,
    message: usize,
}

impl MessageField {
    /// The message: `open_channel`.
    pub fn message(&self) -> &str {
        &self.whole[..self.message]
    }

    /// The field's place in the message: `push_msat`, `tlvs.channel_type`.
    pub fn path(&self) -> &str {
        &self.whole[self.message + 1..]
    }

    /// Both, joined by a dot.
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    pub(super) fn from_catalogue(whole: &str) -> Option<Self> {
        let message = whole.find('.')?;
        Some(MessageField { whole: whole.into(), message })
    }

    fn new(message: &str, path: &str) -> Self {
        MessageField { whole: format!("{message}.{path}").into(), message: message.len() }
    }
}

impl fmt::Display for MessageField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.whole)
    }
}

/// The fields that a sentence of BOLT `bolt` names, in the order in which they are first named. A name is looked up in
/// the messages of the nearest heading that has any, and in those that the sentence or its conditions name; where none
/// of them has it, it means the only message that does.
pub(super) fn fields(bolt: u8, section: &[String], under: &[String], text: &str) -> Vec<MessageField> {
    let catalogue = Catalogue::bolts();
    let messages_in = |text: &String| -> Vec<&Arc<MessageDef>> {
        names(text).filter_map(|name| catalogue.message(name)).collect()
    };
    let mut messages =
        section.iter().rev().map(messages_in).find(|messages| !messages.is_empty()).unwrap_or_default();
    let words: Vec<&str> = under.iter().map(String::as_str).chain([text]).flat_map(names).collect();
    messages.extend(words.iter().filter_map(|word| catalogue.message(word)));
    let mut fields: Vec<MessageField> = Vec::new();
    for name in words {
        let mut meant: Vec<MessageField> =
            messages.iter().filter_map(|message| field(message, name)).collect();
        if meant.is_empty() && SPEAK_OF_MESSAGES.contains(&bolt) {
            meant.extend(the_only(catalogue.messages().filter_map(|message| field(message, name))));
        }
        fields.extend(meant);
    }
    let mut seen = HashSet::new();
    fields.retain(|field| seen.insert(field.clone()));
    fields
}

/// The BOLTs in which a field's name means that of a message though no message is named. Invoices and offers have
/// fields of their own.
const SPEAK_OF_MESSAGES: [u8; 5] = [1, 2, 4, 5, 7];

/// The names in backticks.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split('`').skip(1).step_by(2);
    code.flat_map(|code| code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|name| !name.is_empty())
}

/// What `name` means in `message`. A length means what it counts, for it is never written.
fn field(message: &MessageDef, name: &str) -> Option<MessageField> {
    message.fields.iter().find_map(|field| match &field.ty {
        FieldType::Tlvs(stream) => stream.records.iter().find_map(|record| {
            let path = format!("{}.{}", field.name, record.name);
            let inner = counted(&record.fields, name);
            match inner {
                _ if *record.name == *name => Some(MessageField::new(&message.name, &path)),
                Some(_) if record.single_field().is_some() => Some(MessageField::new(&message.name, &path)),
                Some(inner) => Some(MessageField::new(&message.name, &format!("{path}.{}", inner.name))),
                None => None,
            }
        }),
        _ if *field.name == *name => {
            counted(&message.fields, name).map(|field| MessageField::new(&message.name, &field.name))
        }
        _ => None,
    })
}

fn counted<'a>(fields: &'a [FieldDef], name: &str) -> Option<&'a FieldDef> {
    let named = fields.iter().find(|field| *field.name == *name)?;
    named.counts.map_or(Some(named), |counts| fields.get(counts))
}

fn the_only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next();
    first.filter(|_| all.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bolt: u8, section: &[&str], under: &[&str], text: &str) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        fields(bolt, &owned(section), &owned(under), text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_is_looked_up_in_the_headings_message() {
        let section = ["Channel", "The `open_channel` Message", "Requirements"];
        assert_eq!(
            told(2, &section, &["The sender:", "if `channel_type` is set:"], "MUST set `push_msat` to 0"),
            ["open_channel.tlvs.channel_type", "open_channel.push_msat"]
        );
        assert_eq!(told(2, &section, &[], "MUST set push_msat, `to_remote` and `features`"), [""; 0]);
    }

    #[test]
    fn messages_that_the_sentence_names_count_too() {
        assert_eq!(
            told(2, &["`accept_channel`"], &[], "MUST copy `temporary_channel_id` from `open_channel`"),
            ["accept_channel.temporary_channel_id", "open_channel.temporary_channel_id"]
        );
        assert_eq!(
            told(1, &["The `error` and `warning` Messages"], &[], "MUST set `channel_id`, and `channel_id`"),
            ["error.channel_id", "warning.channel_id"]
        );
    }

    #[test]
    fn a_name_that_one_message_alone_has_needs_no_heading() {
        let sentence = "MUST send `next_revocation_number`, `channel_id`";
        assert_eq!(
            told(2, &["Retransmission"], &[], sentence),
            ["channel_reestablish.next_revocation_number"]
        );
        assert_eq!(told(12, &["Offers"], &[], sentence), [""; 0]);
    }

    #[test]
    fn a_length_means_what_it_counts() {
        assert_eq!(
            told(2, &["`commitment_signed`"], &[], "`num_htlcs` > 0"),
            ["commitment_signed.htlc_signature"]
        );
    }

    #[test]
    fn a_field_of_a_record_is_found_in_it() {
        let section = ["The `channel_reestablish` Message"];
        assert_eq!(
            told(2, &section, &["if `next_funding` is there:"], "MUST set `next_funding_txid`"),
            [
                "channel_reestablish.tlvs.next_funding",
                "channel_reestablish.tlvs.next_funding.next_funding_txid"
            ]
        );
        assert_eq!(told(1, &["The `init` Message"], &[], "each of `chains`"), ["init.tlvs.networks"]);
        let field = MessageField::from_catalogue("init.tlvs.networks").unwrap();
        assert_eq!((field.message(), field.path()), ("init", "tlvs.networks"));
        assert_eq!(MessageField::from_catalogue("init"), None);
    }
}
