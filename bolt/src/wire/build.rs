//! From the untyped tree to a message, with all that is wrong told at once.

use std::fmt;
use std::sync::Arc;

use super::build_error::{BuildError, BuildErrors, BuildProblem};
use super::byte_string::ByteString;
use super::definition::{Count, FieldDef, FieldType, Layout, MessageDef, SubtypeDef, TlvDef, TlvStreamDef};
use super::integer;
use super::message::Message;
use super::plain::Plain;
use super::shape::kind;
use super::short_channel_id::ShortChannelId;
use super::value::{Fields, TlvRecord, TlvStream, Value};

/// The key of a message's extension, where its definition has no TLV stream.
const EXTENSION: &str = "extension";
/// The key of a stream's unknown records.
const UNKNOWN: &str = "unknown";

impl MessageDef {
    /// The message with these field values.
    pub fn build(self: &Arc<Self>, plain: &Plain) -> Result<Message, BuildErrors> {
        let mut builder = Builder::whole();
        let message = builder.message(self, plain);
        let built = message.map(|(fields, extension)| Message::from_parts(self.clone(), fields, extension));
        builder.finish(built)
    }

    /// What is wrong with these field values; empty if nothing is. [`Plain::Deferred`] fits everything.
    pub fn check(&self, plain: &Plain, extent: Extent) -> Vec<BuildError> {
        let mut builder = Builder { errors: Vec::new(), extent, deferred: true };
        builder.message(self, plain);
        builder.errors
    }
}

impl FieldDef {
    /// What is wrong with this value for the field; empty if nothing is. [`Plain::Deferred`] fits everything.
    pub fn check(&self, plain: &Plain, extent: Extent) -> Vec<BuildError> {
        let mut builder = Builder { errors: Vec::new(), extent, deferred: true };
        builder.value(Path::Root, self, plain);
        builder.errors
    }
}

impl SubtypeDef {
    /// The structure with these field values.
    pub fn build(&self, plain: &Plain) -> Result<Fields, BuildErrors> {
        let mut builder = Builder::whole();
        let fields = builder.fields(Path::Root, &self.fields, plain, None);
        builder.finish(fields)
    }
}

impl TlvStreamDef {
    /// The stream with these records.
    pub fn build(self: &Arc<Self>, plain: &Plain) -> Result<TlvStream, BuildErrors> {
        let mut builder = Builder::whole();
        let stream = builder.tlvs(Path::Root, self, plain);
        builder.finish(stream)
    }

    /// What is wrong with these records; empty if nothing is. [`Plain::Deferred`] fits everything.
    pub fn check(self: &Arc<Self>, plain: &Plain) -> Vec<BuildError> {
        let mut builder = Builder { errors: Vec::new(), extent: Extent::Whole, deferred: true };
        builder.tlvs(Path::Root, self, plain);
        builder.errors
    }
}

impl Message {
    /// Gives one field, or `extension`, another value. Length fields follow.
    pub fn set(&mut self, name: &str, plain: impl Into<Plain>) -> Result<(), BuildErrors> {
        let mut whole = self.to_plain();
        if let Plain::Map(map) = &mut whole {
            map.insert(name.to_owned(), plain.into());
        }
        *self = self.def().build(&whole)?;
        Ok(())
    }
}

/// How much of a message must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Any part, as for a match.
    Partial,
    /// Every field, as for sending.
    Whole,
}

/// Where in the tree we are; made into text only if something is wrong.
#[derive(Clone, Copy)]
enum Path<'a> {
    Index(&'a Path<'a>, usize),
    Name(&'a Path<'a>, &'a str),
    Root,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Name(Self::Root, name) => f.write_str(name),
            Self::Name(parent, name) => write!(f, "{parent}.{name}"),
            Self::Root => Ok(()),
        }
    }
}

/// Builds what it can and collects what is wrong. `None` stands for what could not be built.
struct Builder {
    errors: Vec<BuildError>,
    extent: Extent,
    /// Whether [`Plain::Deferred`] is no error.
    deferred: bool,
}

impl Builder {
    fn whole() -> Self {
        Self { errors: Vec::new(), extent: Extent::Whole, deferred: false }
    }

    fn finish<T>(self, built: Option<T>) -> Result<T, BuildErrors> {
        match built {
            Some(built) if self.errors.is_empty() => Ok(built),
            _ => Err(BuildErrors(self.errors)),
        }
    }

    fn wrong<T>(&mut self, path: Path<'_>, problem: BuildProblem) -> Option<T> {
        self.errors.push(BuildError { path: path.to_string(), problem });
        None
    }

    fn wrong_type<T>(&mut self, path: Path<'_>, expected: String, plain: &Plain) -> Option<T> {
        match plain {
            Plain::Deferred if self.deferred => None,
            Plain::Deferred => self.wrong(path, BuildProblem::Deferred),
            _ => self.wrong(path, BuildProblem::WrongType { expected, found: kind(plain) }),
        }
    }

    fn message(&mut self, def: &MessageDef, plain: &Plain) -> Option<(Fields, ByteString)> {
        let extra = (def.tlvs().is_none() && def.field(EXTENSION).is_none()).then_some(EXTENSION);
        let fields = self.fields(Path::Root, &def.fields, plain, extra);
        let extension = match extra.and_then(|extra| plain.get(extra)) {
            Some(extension) => {
                self.hex(Path::Name(&Path::Root, EXTENSION), extension, || "hex digits".into())?
            }
            None => ByteString::default(),
        };
        Some((fields?, extension))
    }

    /// The fields out of a map, which may also have a key `extra`.
    fn fields(
        &mut self,
        path: Path<'_>,
        layout: &Layout,
        plain: &Plain,
        extra: Option<&str>,
    ) -> Option<Fields> {
        let Plain::Map(map) = plain else {
            return self.wrong_type(path, "a mapping of fields".to_owned(), plain);
        };
        for name in map.keys().filter(|name| Some(name.as_str()) != extra) {
            let path = Path::Name(&path, name);
            match layout.iter().find(|def| *def.name == **name) {
                None => self.unknown_field(path, layout, extra),
                Some(FieldDef { counts: Some(array), .. }) => {
                    let array = layout.get(*array).map(|def| def.name.to_string()).unwrap_or_default();
                    self.wrong(path, BuildProblem::DerivedField { array })
                }
                Some(_) => Some(()),
            };
        }
        let mut values: Vec<Option<Value>> = Vec::with_capacity(layout.len());
        let mut complete = true;
        for def in layout.iter() {
            let path = Path::Name(&path, &def.name);
            let value = match map.get(&*def.name) {
                _ if def.is_derived() => None,
                Some(plain) => {
                    let value = self.value(path, def, plain);
                    complete &= value.is_some();
                    value
                }
                None => match &def.ty {
                    FieldType::Tlvs(stream) => {
                        Some(Value::Tlvs(TlvStream::from_parts(stream.clone(), Vec::new())))
                    }
                    _ if def.option.is_some() => None,
                    _ => {
                        complete = false;
                        self.missing(path, def)
                    }
                },
            };
            values.push(value);
        }
        if !complete || self.extent == Extent::Partial {
            return None;
        }
        self.count_arrays(path, layout, &mut values)?;
        self.without_gap(path, layout, values).map(|values| Fields::from_parts(layout.clone(), values))
    }

    fn unknown_field(&mut self, path: Path<'_>, layout: &Layout, extra: Option<&str>) -> Option<()> {
        let names = layout.iter().filter(|def| !def.is_derived()).map(|def| &*def.name);
        let candidates = names.chain(extra).map(str::to_owned).collect();
        self.wrong(path, BuildProblem::UnknownField { candidates })
    }

    fn missing<T>(&mut self, path: Path<'_>, def: &FieldDef) -> Option<T> {
        match self.extent {
            Extent::Partial => None,
            Extent::Whole => self.wrong(path, BuildProblem::MissingField { expected: def.shape() }),
        }
    }

    /// Fills in the length fields.
    fn count_arrays(&mut self, path: Path<'_>, layout: &Layout, values: &mut [Option<Value>]) -> Option<()> {
        for (index, def) in layout.iter().enumerate() {
            let Some(array) = def.counts else { continue };
            let count = values.get(array).and_then(Option::as_ref).map(Value::count);
            let max = def.ty.largest_count().unwrap_or(0);
            if let Some(found) = count.filter(|count| *count as u64 > max) {
                let name = layout.get(array).map(|def| &*def.name).unwrap_or_default();
                return self.wrong(Path::Name(&path, name), BuildProblem::TooLong { max, found });
            }
            values[index] = count.map(|count| Value::Integer(count as u64));
        }
        Some(())
    }

    /// Optional fields may be missing at the end only.
    fn without_gap(
        &mut self,
        path: Path<'_>,
        layout: &Layout,
        values: Vec<Option<Value>>,
    ) -> Option<Vec<Value>> {
        let empty = |value: &Value| value.as_tlvs().is_some_and(|stream| stream.records().is_empty());
        let end = values.iter().position(Option::is_none).unwrap_or(values.len());
        if values[end..].iter().flatten().any(|value| !empty(value)) {
            let gap = &layout[layout[end].counts.unwrap_or(end)];
            return self.missing(Path::Name(&path, &gap.name), gap);
        }
        Some(values.into_iter().map_while(|value| value).collect())
    }

    fn value(&mut self, path: Path<'_>, def: &FieldDef, plain: &Plain) -> Option<Value> {
        match (&def.ty, def.count) {
            (ty, Count::One) => self.one(path, ty, plain),
            (FieldType::Unsigned(1), count) => {
                let bytes = self.hex(path, plain, || def.shape())?;
                self.length(path, count, "bytes", bytes.len())?;
                Some(Value::Bytes(bytes))
            }
            (FieldType::Utf8, count) => {
                let Plain::Text(text) = plain else { return self.wrong_type(path, def.shape(), plain) };
                self.length(path, count, "bytes", text.len())?;
                Some(Value::Text(text.as_str().into()))
            }
            (ty, count) => {
                let Plain::List(elements) = plain else { return self.wrong_type(path, def.shape(), plain) };
                self.length(path, count, "elements", elements.len());
                let elements = elements.iter().enumerate();
                let values: Vec<Option<Value>> = elements
                    .map(|(index, element)| self.one(Path::Index(&path, index), ty, element))
                    .collect();
                values.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
            }
        }
    }

    fn length(&mut self, path: Path<'_>, count: Count, unit: &'static str, found: usize) -> Option<()> {
        match count {
            Count::Fixed(expected) if expected != found => {
                self.wrong(path, BuildProblem::WrongLength { unit, expected, found })
            }
            _ => Some(()),
        }
    }

    fn one(&mut self, path: Path<'_>, ty: &FieldType, plain: &Plain) -> Option<Value> {
        match ty {
            FieldType::BigSize => self.unsigned(path, ty, 8, plain),
            FieldType::Bytes(len) => self.fixed(path, ty, *len, plain),
            FieldType::Point => self.fixed(path, ty, 33, plain),
            FieldType::SciddirOrPubkey => {
                let bytes = self.hex(path, plain, || ty.shape())?;
                match (bytes.first(), bytes.len()) {
                    (Some(0 | 1), 9) | (Some(2 | 3), 33) => Some(Value::Bytes(bytes)),
                    _ => self.wrong_type(path, ty.shape(), plain),
                }
            }
            FieldType::ShortChannelId => match plain {
                Plain::Text(text) => match text.parse::<ShortChannelId>() {
                    Ok(place) => Some(Value::Integer(place.to_u64())),
                    Err(_) => self.wrong_type(path, ty.shape(), plain),
                },
                _ => self.unsigned(path, ty, 8, plain),
            },
            FieldType::Signed(width) => {
                let Plain::Int(found) = *plain else { return self.wrong_type(path, ty.shape(), plain) };
                let max = i128::from(integer::max(*width) >> 1);
                match i64::try_from(found) {
                    Ok(value) if (-max - 1..=max).contains(&found) => Some(Value::Signed(value)),
                    _ => self.wrong(path, BuildProblem::OutOfRange { expected: ty.shape(), found }),
                }
            }
            FieldType::Subtype(subtype) => self.fields(path, &subtype.fields, plain, None).map(Value::Record),
            FieldType::Tlvs(stream) => self.tlvs(path, stream, plain).map(Value::Tlvs),
            FieldType::Truncated(width) | FieldType::Unsigned(width) => {
                self.unsigned(path, ty, *width, plain)
            }
            FieldType::Utf8 => self.wrong_type(path, ty.shape(), plain),
        }
    }

    fn unsigned(&mut self, path: Path<'_>, ty: &FieldType, width: usize, plain: &Plain) -> Option<Value> {
        let Plain::Int(found) = *plain else { return self.wrong_type(path, ty.shape(), plain) };
        match u64::try_from(found) {
            Ok(value) if value <= integer::max(width) => Some(Value::Integer(value)),
            _ => self.wrong(path, BuildProblem::OutOfRange { expected: ty.shape(), found }),
        }
    }

    fn fixed(&mut self, path: Path<'_>, ty: &FieldType, len: usize, plain: &Plain) -> Option<Value> {
        let bytes = self.hex(path, plain, || ty.shape())?;
        self.length(path, Count::Fixed(len), "bytes", bytes.len())?;
        Some(Value::Bytes(bytes))
    }

    fn hex(&mut self, path: Path<'_>, plain: &Plain, shape: impl FnOnce() -> String) -> Option<ByteString> {
        match plain {
            Plain::Text(text) => match hex::decode(text) {
                Ok(bytes) => Some(bytes.into()),
                Err(_) => self.wrong(path, not_hex(text)),
            },
            Plain::Int(found) => {
                self.wrong(path, BuildProblem::Unquoted { expected: shape(), found: *found })
            }
            _ => self.wrong_type(path, shape(), plain),
        }
    }

    fn tlvs(&mut self, path: Path<'_>, def: &Arc<TlvStreamDef>, plain: &Plain) -> Option<TlvStream> {
        let Plain::Map(map) = plain else {
            let expected = FieldType::Tlvs(def.clone()).shape();
            return self.wrong_type(path, expected, plain);
        };
        let mut records = Vec::with_capacity(map.len());
        for (name, plain) in map {
            let path = Path::Name(&path, name);
            match def.record(name) {
                Some(record) => records.push(self.record(path, record, plain)),
                None if name == UNKNOWN => self.unknown_records(path, def, plain, &mut records),
                None => {
                    let names = def.records.iter().map(|record| &*record.name);
                    let candidates = names.chain([UNKNOWN]).map(str::to_owned).collect();
                    records.push(self.wrong(path, BuildProblem::UnknownField { candidates }));
                }
            }
        }
        let mut records = records.into_iter().collect::<Option<Vec<_>>>()?;
        records.sort_by_key(TlvRecord::number);
        if let Some(pair) = records.windows(2).find(|pair| pair[0].number() == pair[1].number()) {
            let problem = BuildProblem::DuplicateRecord(pair[0].number());
            return self.wrong(Path::Name(&path, UNKNOWN), problem);
        }
        Some(TlvStream::from_parts(def.clone(), records))
    }

    fn record(&mut self, path: Path<'_>, def: &Arc<TlvDef>, plain: &Plain) -> Option<TlvRecord> {
        let fields = match (def.single_field(), plain) {
            (Some(field), _) => {
                let value = self.value(path, field, plain)?;
                let mut values = def.fields.iter().map(|_| None).collect::<Vec<_>>();
                let index = def.fields.iter().position(|other| other.name == field.name)?;
                values[index] = Some(value);
                self.count_arrays(path, &def.fields, &mut values)?;
                Fields::from_parts(def.fields.clone(), values.into_iter().collect::<Option<_>>()?)
            }
            (None, Plain::Bool(true) | Plain::Null) if def.fields.is_empty() => {
                Fields::from_parts(def.fields.clone(), Vec::new())
            }
            (None, _) => self.fields(path, &def.fields, plain, None)?,
        };
        Some(TlvRecord::known(def.clone(), fields))
    }

    fn unknown_records(
        &mut self,
        path: Path<'_>,
        def: &TlvStreamDef,
        plain: &Plain,
        records: &mut Vec<Option<TlvRecord>>,
    ) {
        const SHAPE: &str = "a list of {type: 55, value: 'aa'}";
        let Plain::List(unknown) = plain else {
            records.push(self.wrong_type(path, SHAPE.to_owned(), plain));
            return;
        };
        for (index, plain) in unknown.iter().enumerate() {
            let record = self.unknown_record(Path::Index(&path, index), def, plain);
            records.push(record);
        }
    }

    fn unknown_record(&mut self, path: Path<'_>, def: &TlvStreamDef, plain: &Plain) -> Option<TlvRecord> {
        let Plain::Map(map) = plain else {
            return self.wrong_type(path, "{type: 55, value: 'aa'}".to_owned(), plain);
        };
        if let Some(name) = map.keys().find(|name| !matches!(name.as_str(), "type" | "value")) {
            let candidates = vec!["type".to_owned(), "value".to_owned()];
            return self.wrong(Path::Name(&path, name), BuildProblem::UnknownField { candidates });
        }
        let number =
            self.one(Path::Name(&path, "type"), &FieldType::BigSize, map.get("type").unwrap_or(&Plain::Null));
        let value = self.hex(Path::Name(&path, "value"), map.get("value").unwrap_or(&Plain::Null), || {
            "hex digits".to_owned()
        });
        let number = number?.as_u64()?;
        if let Some(known) = def.record_of_number(number) {
            let name = known.name.to_string();
            return self.wrong(Path::Name(&path, "type"), BuildProblem::KnownRecord { name });
        }
        Some(TlvRecord::unknown(number, value?))
    }
}

fn not_hex(text: &str) -> BuildProblem {
    match text.chars().enumerate().find(|(_, digit)| !digit.is_ascii_hexdigit()) {
        Some((at, digit)) => BuildProblem::NotHex { digit, at },
        None => BuildProblem::OddHex(text.len()),
    }
}
