//! From the catalogue's rows to definitions that know each other, checked so that the codec need not be.

use indexmap::IndexMap;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::csv::{CatalogueError, Content, FieldRow, Place, Row};
use super::definition::{Count, FieldDef, FieldType, Layout, MessageDef, SubtypeDef, TlvDef, TlvStreamDef};

/// More elements than this fit into no message.
const MAX_COUNT: usize = 65535;

/// Everything that the rows define.
pub(super) struct Definitions {
    pub messages: IndexMap<Arc<str>, Arc<MessageDef>>,
    pub failures: IndexMap<Arc<str>, Arc<MessageDef>>,
    pub streams: IndexMap<Arc<str>, Arc<TlvStreamDef>>,
    pub subtypes: IndexMap<Arc<str>, Arc<SubtypeDef>>,
}

/// Resolves all rows, in whatever order they come.
pub(super) fn definitions(rows: &[Row]) -> Result<Definitions, CatalogueError> {
    let raw = Raw::gather(rows)?;
    let mut resolver = Resolver::over(&raw);
    let mut messages = IndexMap::new();
    let mut failures = IndexMap::new();
    let mut taken = HashSet::new();
    for (name, message) in &raw.messages {
        if !taken.insert((message.failure, message.number)) {
            return Err(message
                .place
                .error(format!("{name} has a number that is taken: {}", message.number)));
        }
        let def = Arc::new(MessageDef {
            name: name.clone(),
            number: message.number,
            option: message.option.clone(),
            fields: resolver.layout(&message.fields)?,
        });
        let namespace = if message.failure { &mut failures } else { &mut messages };
        namespace.insert(name.clone(), def);
    }
    for (name, subtype) in &raw.subtypes {
        resolver.subtype(name, subtype)?;
    }
    for (name, stream) in &raw.streams {
        resolver.stream(name, stream)?;
    }
    let Resolver { mut streams, mut subtypes, .. } = resolver;
    streams.sort_by_key(|name, _| raw.streams.get_index_of(name));
    subtypes.sort_by_key(|name, _| raw.subtypes.get_index_of(name));
    Ok(Definitions { messages, failures, streams, subtypes })
}

type RawFields = Vec<(Place, FieldRow)>;

struct RawMessage {
    place: Place,
    number: u16,
    failure: bool,
    option: Option<Arc<str>>,
    fields: RawFields,
}

struct RawSubtype {
    place: Place,
    fields: RawFields,
}

struct RawStream {
    place: Place,
    records: IndexMap<Arc<str>, RawRecord>,
}

struct RawRecord {
    number: u64,
    option: Option<Arc<str>>,
    fields: RawFields,
}

/// The rows, put together by what they define.
#[derive(Default)]
struct Raw {
    messages: IndexMap<Arc<str>, RawMessage>,
    subtypes: IndexMap<Arc<str>, RawSubtype>,
    streams: IndexMap<Arc<str>, RawStream>,
}

impl Raw {
    fn gather(rows: &[Row]) -> Result<Self, CatalogueError> {
        let mut raw = Raw::default();
        rows.iter().try_for_each(|row| raw.define(row))?;
        rows.iter().try_for_each(|row| raw.add_field(row))?;
        Ok(raw)
    }

    fn define(&mut self, Row { place, content }: &Row) -> Result<(), CatalogueError> {
        let twice = |name: &str| Err(place.error(format!("{name} is defined twice")));
        let (place, fields) = (place.clone(), Vec::new());
        match content {
            Content::MsgType { name, number, failure, option } => {
                let option = option.clone();
                let message =
                    RawMessage { place: place.clone(), number: *number, failure: *failure, option, fields };
                match self.messages.insert(name.clone(), message) {
                    Some(_) => twice(name),
                    None => Ok(()),
                }
            }
            Content::Subtype { name } => {
                match self.subtypes.insert(name.clone(), RawSubtype { place: place.clone(), fields }) {
                    Some(_) => twice(name),
                    None => Ok(()),
                }
            }
            Content::TlvType { stream, name, number, option } => {
                let new = || RawStream { place: place.clone(), records: IndexMap::new() };
                let records = &mut self.streams.entry(stream.clone()).or_insert_with(new).records;
                if records.values().any(|record| record.number == *number) {
                    return Err(place.error(format!("{name} has a number that is taken: {number}")));
                }
                let option = option.clone();
                let record = RawRecord { number: *number, option, fields };
                match records.insert(name.clone(), record) {
                    Some(_) => twice(name),
                    None => Ok(()),
                }
            }
            Content::MsgData { .. } | Content::SubtypeData { .. } | Content::TlvData { .. } => Ok(()),
        }
    }

    fn add_field(&mut self, Row { place, content }: &Row) -> Result<(), CatalogueError> {
        let (owner, fields, field) = match content {
            Content::MsgData { message, field } => {
                (message, self.messages.get_mut(message).map(|message| &mut message.fields), field)
            }
            Content::SubtypeData { subtype, field } => {
                (subtype, self.subtypes.get_mut(subtype).map(|subtype| &mut subtype.fields), field)
            }
            Content::TlvData { stream, record, field } => {
                let found = self.streams.get_mut(stream).and_then(|stream| stream.records.get_mut(record));
                (record, found.map(|record| &mut record.fields), field)
            }
            Content::MsgType { .. } | Content::Subtype { .. } | Content::TlvType { .. } => return Ok(()),
        };
        let fields = fields.ok_or_else(|| place.error(format!("{owner} is not defined")))?;
        if fields.iter().any(|(_, other)| other.name == field.name) {
            return Err(place.error(format!("{owner} has two fields {}", field.name)));
        }
        fields.push((place.clone(), field.clone()));
        Ok(())
    }
}

struct Resolver<'a> {
    raw: &'a Raw,
    streams: IndexMap<Arc<str>, Arc<TlvStreamDef>>,
    subtypes: IndexMap<Arc<str>, Arc<SubtypeDef>>,
    /// The names being resolved, to find what contains itself.
    open: Vec<Arc<str>>,
}

impl<'a> Resolver<'a> {
    fn over(raw: &'a Raw) -> Self {
        Self { raw, streams: IndexMap::new(), subtypes: IndexMap::new(), open: Vec::new() }
    }

    fn subtype(&mut self, name: &Arc<str>, raw: &RawSubtype) -> Result<Arc<SubtypeDef>, CatalogueError> {
        if let Some(done) = self.subtypes.get(name) {
            return Ok(done.clone());
        }
        self.enter(name, &raw.place)?;
        let def = Arc::new(SubtypeDef { name: name.clone(), fields: self.layout(&raw.fields)? });
        self.open.pop();
        self.subtypes.insert(name.clone(), def.clone());
        Ok(def)
    }

    fn stream(&mut self, name: &Arc<str>, raw: &RawStream) -> Result<Arc<TlvStreamDef>, CatalogueError> {
        if let Some(done) = self.streams.get(name) {
            return Ok(done.clone());
        }
        self.enter(name, &raw.place)?;
        let mut records = BTreeMap::new();
        for (name, record) in &raw.records {
            let fields = self.layout(&record.fields)?;
            let (name, number, option) = (name.clone(), record.number, record.option.clone());
            records.insert(number, Arc::new(TlvDef { number, name, option, fields }));
        }
        self.open.pop();
        let def = Arc::new(TlvStreamDef { name: name.clone(), records: records.into_values().collect() });
        self.streams.insert(name.clone(), def.clone());
        Ok(def)
    }

    fn enter(&mut self, name: &Arc<str>, place: &Place) -> Result<(), CatalogueError> {
        if self.open.contains(name) {
            return Err(place.error(format!("{name} contains itself")));
        }
        self.open.push(name.clone());
        Ok(())
    }

    fn layout(&mut self, raw: &RawFields) -> Result<Layout, CatalogueError> {
        let mut fields: Vec<FieldDef> = Vec::with_capacity(raw.len());
        for (place, row) in raw {
            let ty = self.field_type(place, &row.ty)?;
            let count = count(place, row, &ty, &mut fields)?;
            fields.push(FieldDef {
                name: row.name.clone(),
                ty,
                type_name: row.ty.clone(),
                count,
                counts: None,
                option: row.option.clone(),
            });
        }
        let mut after = Some(0_usize);
        for (field, (place, _)) in fields.iter_mut().zip(raw).rev() {
            if let Count::Rest { after: bytes } = &mut field.count {
                *bytes = after.ok_or_else(|| {
                    place.error("a field of variable size stands behind one that takes all bytes there are")
                })?;
            } else if field.ty.is_greedy() && after != Some(0) {
                return Err(
                    place.error(format!("{} takes all bytes there are, so it must be last", field.name))
                );
            }
            after = after.zip(field.fixed_size()).and_then(|(a, b)| a.checked_add(b));
        }
        Ok(fields.into())
    }

    fn field_type(&mut self, place: &Place, name: &Arc<str>) -> Result<FieldType, CatalogueError> {
        let raw = self.raw;
        if let Some(ty) = FieldType::fundamental(name) {
            return Ok(ty);
        }
        if let Some(subtype) = raw.subtypes.get(name) {
            return Ok(FieldType::Subtype(self.subtype(name, subtype)?));
        }
        let bare = name.strip_prefix("tlv_").unwrap_or(name);
        let stream = raw.streams.get_key_value(name).or_else(|| raw.streams.get_key_value(bare));
        match stream {
            Some((name, stream)) => Ok(FieldType::Tlvs(self.stream(name, stream)?)),
            None => Err(place.error(format!("unknown type {name}"))),
        }
    }
}

/// The count of a field; notes in the field that holds it that it does.
fn count(
    place: &Place,
    row: &FieldRow,
    ty: &FieldType,
    before: &mut [FieldDef],
) -> Result<Count, CatalogueError> {
    let name = &row.name;
    let Some(count) = &row.count else {
        return match ty {
            FieldType::Utf8 => Err(place.error(format!("{name} is a single utf8: it needs a count"))),
            _ => Ok(Count::One),
        };
    };
    if ty.is_greedy() {
        return Err(place.error(format!("{name} is an array of elements without an end")));
    }
    if ty.least_size() == 0 {
        return Err(place.error(format!("{name} is an array of elements without a size")));
    }
    if &**count == "..." {
        return Ok(Count::Rest { after: 0 });
    }
    if let Ok(fixed) = count.parse() {
        return if fixed > MAX_COUNT {
            Err(place.error(format!("{name} is longer than a message: {fixed} elements")))
        } else {
            Ok(Count::Fixed(fixed))
        };
    }
    let this = before.len();
    let (index, counter) = before
        .iter_mut()
        .enumerate()
        .find(|(_, field)| field.name == *count)
        .ok_or_else(|| place.error(format!("no field {count} stands before {name}")))?;
    if counter.ty.largest_count().is_none() || counter.count != Count::One {
        return Err(place.error(format!("{count} is no unsigned integer")));
    }
    if counter.counts.replace(this).is_some() {
        return Err(place.error(format!("{count} counts two arrays")));
    }
    Ok(Count::Field(index))
}
