//! What is known of a value before any spec runs: its kind and its members.

use indexmap::IndexMap;
use lnprototest_bolt::wire::{
    Catalogue, Count, FieldDef, FieldType, Layout, MessageDef, TlvDef, TlvStreamDef,
};
use std::rc::Rc;
use std::sync::Arc;

use crate::expr::{Fixed, KEYSET_MEMBERS, Kind};

/// What is known of a value.
#[derive(Clone)]
pub(crate) enum Shape {
    /// Nothing.
    Any,
    Bool,
    /// Fields of a record or structure.
    Fields(Layout),
    /// A map that the suite makes, with these members.
    Fixed(&'static [(&'static str, Fixed)]),
    Int,
    List(Rc<Shape>),
    Map(Rc<IndexMap<String, Shape>>),
    Message(Arc<MessageDef>),
    /// Messages by name; with `all`, lists of them.
    Record {
        all: bool,
    },
    Text,
    Tlvs(Arc<TlvStreamDef>),
}

/// What a member is.
pub(crate) enum Member {
    Is(Shape),
    /// There is none: the names that there are.
    Missing(Vec<String>),
    /// The value has no members at all.
    NoMap,
}

/// `chain`.
pub(crate) const CHAIN: Shape = Shape::Fixed(&[
    ("coinbase_key", Fixed::Text),
    ("hash", Fixed::Text),
    ("height", Fixed::Int),
    ("tip", Fixed::Text),
]);

/// A channel.
pub(crate) const CHANNEL: Shape = Shape::Fixed(CHANNEL_MEMBERS);

const CHANNEL_MEMBERS: &[(&str, Fixed)] = &[
    ("closing", Fixed::Map(CLOSING_MEMBERS)),
    ("commit", Fixed::Map(COMMIT_MEMBERS)),
    ("funding", Fixed::Map(FUNDING_MEMBERS)),
    ("local", Fixed::Map(COMMITMENTS)),
    ("remote", Fixed::Map(COMMITMENTS)),
];

/// `closing`: the channel's closing transaction.
pub(crate) const CLOSING: Shape = Shape::Fixed(CLOSING_MEMBERS);

const CLOSING_MEMBERS: &[(&str, Fixed)] = &[
    ("fee", Fixed::Int),
    ("sig_for_node", Fixed::Text),
    ("sig_from_node", Fixed::Text),
    ("signed", Fixed::Text),
    ("tx", Fixed::Text),
    ("txid", Fixed::Text),
];

/// `commit`: the channel's current pair of commitments.
pub(crate) const COMMIT: Shape = Shape::Fixed(COMMIT_MEMBERS);

const COMMIT_MEMBERS: &[(&str, Fixed)] = &[
    ("hash_for_node", Fixed::Text),
    ("local", Fixed::Map(COMMITMENTS)),
    ("remote", Fixed::Map(COMMITMENTS)),
    ("sig_for_node", Fixed::Text),
    ("sig_from_node", Fixed::Text),
];

const COMMITMENT: Fixed = Fixed::Map(&[
    ("fee", Fixed::Int),
    ("feerate", Fixed::Int),
    ("htlc_sigs", Fixed::List(&Fixed::Text)),
    ("htlcs", Fixed::List(&HTLC)),
    ("number", Fixed::Int),
    ("point", Fixed::Text),
    ("secret", Fixed::Text),
    ("sig", Fixed::Text),
    ("signed", Fixed::Text),
    ("to_local", OUTPUT),
    ("to_local_anchor", OUTPUT),
    ("to_remote", OUTPUT),
    ("to_remote_anchor", OUTPUT),
    ("tx", Fixed::Text),
    ("txid", Fixed::Text),
]);

const COMMITMENTS: &[(&str, Fixed)] = &[
    ("balance_msat", Fixed::Int),
    ("current", COMMITMENT),
    ("last_secret", Fixed::Text),
    ("next", COMMITMENT),
    ("next_commitment_number", Fixed::Int),
    ("next_revocation_number", Fixed::Int),
    ("revoked", Fixed::List(&COMMITMENT)),
];

const HTLC: Fixed = Fixed::Map(&[
    ("amount_msat", Fixed::Int),
    ("cltv_expiry", Fixed::Int),
    ("offered_by", Fixed::Text),
    ("outpoint", Fixed::Text),
    ("payment_hash", Fixed::Text),
    ("sat", Fixed::Int),
    ("script", Fixed::Text),
    ("tx", Fixed::Text),
    ("txid", Fixed::Text),
]);

const OUTPUT: Fixed = Fixed::Map(&[("outpoint", Fixed::Text), ("sat", Fixed::Int), ("script", Fixed::Text)]);

/// `funding`.
pub(crate) const FUNDING: Shape = Shape::Fixed(FUNDING_MEMBERS);

const FUNDING_MEMBERS: &[(&str, Fixed)] = &[
    ("channel_id", Fixed::Text),
    ("outpoint", Fixed::Text),
    ("output_index", Fixed::Int),
    ("sat", Fixed::Int),
    ("script", Fixed::Text),
    ("tx", Fixed::Text),
    ("txid", Fixed::Text),
    ("txid_display", Fixed::Text),
];

/// What `Invoice` names.
pub(crate) const INVOICE: Shape =
    Shape::Fixed(&[("invoice", Fixed::Text), ("payment_hash", Fixed::Text), ("payment_secret", Fixed::Text)]);

/// What `Invoice` names if it was given the preimage.
pub(crate) const INVOICE_WITH_PREIMAGE: Shape = Shape::Fixed(&[
    ("invoice", Fixed::Text),
    ("payment_hash", Fixed::Text),
    ("payment_secret", Fixed::Text),
    ("preimage", Fixed::Text),
]);

/// `node`.
pub(crate) const NODE: Shape = Shape::Fixed(&[
    ("delayed_payment_basepoint", Fixed::Text),
    ("features", Fixed::Text),
    ("first_per_commitment_point", Fixed::Text),
    ("funding_pubkey", Fixed::Text),
    ("htlc_basepoint", Fixed::Text),
    ("id", Fixed::Text),
    ("name", Fixed::Text),
    ("payment_basepoint", Fixed::Text),
    ("revocation_basepoint", Fixed::Text),
    ("second_per_commitment_point", Fixed::Text),
    ("version", Fixed::Text),
]);

/// What `Pay` names.
pub(crate) const PAYMENT: Shape = Shape::Fixed(&[("preimage", Fixed::Text), ("state", Fixed::Text)]);

/// A session.
pub(crate) const SESSION: Shape = Shape::Fixed(&[
    ("act_one", Fixed::Text),
    ("act_three", Fixed::Text),
    ("act_two", Fixed::Text),
    ("node_id", Fixed::Text),
    ("rcvd", Fixed::Record),
    ("sent", Fixed::Record),
]);

/// What `CreateTx` and `ExpectTx` name.
pub(crate) const TRANSACTION: Shape = Shape::Fixed(&[
    (
        "inputs",
        Fixed::List(&Fixed::Map(&[
            ("outpoint", Fixed::Text),
            ("sequence", Fixed::Int),
            ("witness", Fixed::List(&Fixed::Text)),
        ])),
    ),
    ("locktime", Fixed::Int),
    ("outputs", Fixed::List(&OUTPUT)),
    ("tx", Fixed::Text),
    ("txid", Fixed::Text),
    ("txid_display", Fixed::Text),
]);

impl Shape {
    /// What a field of a message holds.
    pub fn of_field(field: &FieldDef) -> Self {
        match (&field.ty, field.count) {
            (FieldType::Unsigned(1), count) if count != Count::One => Self::Text,
            (FieldType::Utf8, _) => Self::Text,
            (ty, Count::One) => Self::of_type(ty),
            (ty, _) => Self::List(Rc::new(Self::of_type(ty))),
        }
    }

    /// The kind of value that it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Any => Kind::Any,
            Self::Bool => Kind::Bool,
            Self::Int => Kind::Int,
            Self::List(_) => Kind::List,
            Self::Text => Kind::Text,
            _ => Kind::Map,
        }
    }

    /// The shape of a value of this kind.
    pub fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Any | Kind::Map => Self::Any,
            Kind::Bool => Self::Bool,
            Kind::Bytes | Kind::Text => Self::Text,
            Kind::Int => Self::Int,
            Kind::Keyset => Self::Map(Rc::new(
                KEYSET_MEMBERS.map(|name| (name.to_owned(), Self::Text)).into_iter().collect(),
            )),
            Kind::List => Self::List(Rc::new(Self::Any)),
            Kind::Made(members) => Self::Fixed(members),
            Kind::Records(stream) => Self::of_records(stream),
        }
    }

    /// An item of a list.
    pub fn item(&self) -> Self {
        match self {
            Self::List(item) => (**item).clone(),
            _ => Self::Any,
        }
    }

    /// The member of this name.
    pub fn member(&self, name: &str, catalogue: &Catalogue) -> Member {
        match self {
            Self::Any => Member::Is(Self::Any),
            Self::Bool | Self::Int | Self::List(_) | Self::Text => Member::NoMap,
            Self::Fields(layout) => of_layout(layout, name, None),
            Self::Fixed(members) => match members.iter().find(|member| member.0 == name) {
                Some((_, member)) => Member::Is(Self::of_fixed(member)),
                None => missing(members.iter().map(|member| member.0)),
            },
            Self::Map(members) => match members.get(name) {
                Some(member) => Member::Is(member.clone()),
                None => missing(members.keys()),
            },
            Self::Message(message) => of_layout(&message.fields, name, Some("extension")),
            Self::Record { all: false } if name == "all" => Member::Is(Self::Record { all: true }),
            Self::Record { all } => match catalogue.message(name) {
                Some(message) if *all => Member::Is(Self::List(Rc::new(Self::Message(message.clone())))),
                Some(message) => Member::Is(Self::Message(message.clone())),
                None => missing(catalogue.messages().map(|message| &*message.name)),
            },
            Self::Tlvs(_) if name == "unknown" => Member::Is(Self::List(Rc::new(Self::Any))),
            Self::Tlvs(stream) => match stream.record(name) {
                Some(record) => Member::Is(Self::of_tlv(record)),
                None => missing(stream.records.iter().map(|record| &*record.name).chain(["unknown"])),
            },
        }
    }

    fn of_fixed(fixed: &Fixed) -> Self {
        match fixed {
            Fixed::Bool => Self::Bool,
            Fixed::Int => Self::Int,
            Fixed::List(item) => Self::List(Rc::new(Self::of_fixed(item))),
            Fixed::Map(members) => Self::Fixed(members),
            Fixed::Record => Self::Record { all: false },
            Fixed::Records(stream) => Self::of_records(stream),
            Fixed::Text => Self::Text,
            Fixed::Various => Self::Any,
        }
    }

    /// The records of a stream of this name; functions know those of the BOLTs only.
    fn of_records(stream: &str) -> Self {
        Catalogue::bolts().tlv_stream(stream).map_or(Self::Any, |stream| Self::Tlvs(stream.clone()))
    }

    fn of_tlv(record: &TlvDef) -> Self {
        match record.single_field() {
            Some(field) => Self::of_field(field),
            None => Self::Fields(record.fields.clone()),
        }
    }

    fn of_type(ty: &FieldType) -> Self {
        match ty {
            FieldType::BigSize | FieldType::Signed(_) | FieldType::Truncated(_) | FieldType::Unsigned(_) => {
                Self::Int
            }
            FieldType::Bytes(_)
            | FieldType::Point
            | FieldType::SciddirOrPubkey
            | FieldType::ShortChannelId
            | FieldType::Utf8 => Self::Text,
            FieldType::Subtype(subtype) => Self::Fields(subtype.fields.clone()),
            FieldType::Tlvs(stream) => Self::Tlvs(stream.clone()),
        }
    }
}

fn of_layout(layout: &Layout, name: &str, other: Option<&str>) -> Member {
    let mut written = layout.iter().filter(|field| !field.is_derived());
    match written.clone().find(|field| &*field.name == name) {
        Some(field) => Member::Is(Shape::of_field(field)),
        None if other == Some(name) => Member::Is(Shape::Text),
        None => missing(written.by_ref().map(|field| &*field.name)),
    }
}

fn missing<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Member {
    Member::Missing(names.into_iter().map(|name| name.as_ref().to_owned()).collect())
}
