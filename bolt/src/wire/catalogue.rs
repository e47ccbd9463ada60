//! Which definitions are there, by name and by number?

use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::csv::{self, CatalogueError, Row};
use super::definition::{MessageDef, SubtypeDef, TlvStreamDef};
use super::resolve::{self, Definitions};

/// The BOLTs' own definitions.
const BOLTS: [(&str, &str); 5] = [
    ("bolt01.csv", include_str!("../../catalogue/bolt01.csv")),
    ("bolt02.csv", include_str!("../../catalogue/bolt02.csv")),
    ("bolt04.csv", include_str!("../../catalogue/bolt04.csv")),
    ("bolt07.csv", include_str!("../../catalogue/bolt07.csv")),
    ("bolt12.csv", include_str!("../../catalogue/bolt12.csv")),
];

/// All definitions: those of the BOLTs, and of proposals added to them.
#[derive(Debug)]
pub struct Catalogue {
    rows: Vec<Row>,
    messages: IndexMap<Arc<str>, Arc<MessageDef>>,
    by_number: BTreeMap<u16, Arc<MessageDef>>,
    failures: IndexMap<Arc<str>, Arc<MessageDef>>,
    by_code: BTreeMap<u16, Arc<MessageDef>>,
    streams: IndexMap<Arc<str>, Arc<TlvStreamDef>>,
    subtypes: IndexMap<Arc<str>, Arc<SubtypeDef>>,
}

impl Catalogue {
    /// The definitions of BOLT 1, 2, 4, 7 and 12; read once.
    pub fn bolts() -> &'static Catalogue {
        static BOLTS_CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        BOLTS_CATALOGUE.get_or_init(|| {
            let rows =
                BOLTS.iter().map(|(source, csv)| csv::rows(source, csv)).collect::<Result<Vec<_>, _>>();
            // These are part of the program: a test reads them all.
            rows.and_then(|rows| Self::from_rows(rows.concat())).expect("the embedded catalogue is valid")
        })
    }

    /// This catalogue and the definitions of `csv`, whose errors are told with `source_name` and the line.
    ///
    /// A proposal may define messages, streams and subtypes, and add fields and records to those there are.
    pub fn extended(&self, source_name: &str, csv: &str) -> Result<Catalogue, CatalogueError> {
        let mut rows = self.rows.clone();
        rows.extend(csv::rows(source_name, csv)?);
        Self::from_rows(rows)
    }

    fn from_rows(rows: Vec<Row>) -> Result<Self, CatalogueError> {
        let Definitions { messages, failures, streams, subtypes } = resolve::definitions(&rows)?;
        let by_number = messages.values().map(|message| (message.number, message.clone())).collect();
        let by_code = failures.values().map(|failure| (failure.number, failure.clone())).collect();
        Ok(Self { rows, messages, by_number, failures, by_code, streams, subtypes })
    }

    /// The message of this name.
    pub fn message(&self, name: &str) -> Option<&Arc<MessageDef>> {
        self.messages.get(name)
    }

    /// The message of this type.
    pub fn message_of_type(&self, number: u16) -> Option<&Arc<MessageDef>> {
        self.by_number.get(&number)
    }

    /// All messages, as the BOLTs order them.
    pub fn messages(&self) -> impl Iterator<Item = &Arc<MessageDef>> {
        self.messages.values()
    }

    /// The failure message of this name (BOLT 4, "Failure Messages").
    pub fn failure(&self, name: &str) -> Option<&Arc<MessageDef>> {
        self.failures.get(name)
    }

    /// The failure message of this `failure_code`.
    pub fn failure_of_code(&self, code: u16) -> Option<&Arc<MessageDef>> {
        self.by_code.get(&code)
    }

    /// All failure messages, as BOLT 4 orders them.
    pub fn failures(&self) -> impl Iterator<Item = &Arc<MessageDef>> {
        self.failures.values()
    }

    /// The TLV stream of this name: `open_channel_tlvs`, `payload`, `offer`.
    pub fn tlv_stream(&self, name: &str) -> Option<&Arc<TlvStreamDef>> {
        self.streams.get(name)
    }

    /// All TLV streams.
    pub fn tlv_streams(&self) -> impl Iterator<Item = &Arc<TlvStreamDef>> {
        self.streams.values()
    }

    /// The subtype of this name: `blinded_path`, `onion_packet`.
    pub fn subtype(&self, name: &str) -> Option<&Arc<SubtypeDef>> {
        self.subtypes.get(name)
    }

    /// All subtypes.
    pub fn subtypes(&self) -> impl Iterator<Item = &Arc<SubtypeDef>> {
        self.subtypes.values()
    }
}
