//! Functions that make and read invoices (BOLT 11).

use lnprototest_bolt::invoice::{Field, Invoice, ReadInvoice, RouteHop};
use lnprototest_bolt::wire::ShortChannelId;
use secp256k1::{PublicKey, SecretKey};

use super::table::{Function, argument};
use crate::Value;
use crate::expr::{Bytes, Kind, Typed};
use crate::nearest::nearest;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "invoice",
        parameters: &[("fields", Kind::Map)],
        repeats: false,
        result: Kind::Text,
        doc: "An invoice of ours (BOLT 11), from a map: `key` is the payee's node secret. `payment_hash`, \
          `payment_secret`, `amount_msat`, `description_hash`, `metadata`, `min_final_cltv_expiry_delta`, `payee` and \
          `routes` are left out if they are not given, and `description` if there is a `description_hash`. Else it is \
          empty, `currency` is `bcrt`, `timestamp` some day, `expiry` a hundred years, and `features` are bits 8 and \
          14. A route is a list of hops with `node_id`, `short_channel_id`, \
          `fee_base_msat`, `fee_proportional_millionths` and `cltv_expiry_delta`.",
        call: |arguments| {
            let [fields] = arguments else { return Err("a map of fields is needed".to_owned()) };
            invoice(&Fields::of(fields, &FIELDS)?).map(Value::from)
        },
    },
    Function {
        name: "read_invoice",
        parameters: &[("invoice", Kind::Text)],
        repeats: false,
        result: Kind::Map,
        doc: "What an invoice says (BOLT 11): a map of the fields that `invoice` takes, the first of each kind, as far as \
          they are there, but for its `key`; and `amount` as it is written, `signer`, whose signature it bears, \
          `low_s`, whether that has the low S, and `types`, the letters of all its fields in order.",
        call: |arguments| {
            let text: String = argument(arguments, 0)?;
            ReadInvoice::of(&text).map(|read| value(&read)).map_err(|error| format!("`{text}`: {error}"))
        },
    },
];

const FIELDS: [&str; 14] = [
    "amount_msat",
    "currency",
    "description",
    "description_hash",
    "expiry",
    "features",
    "key",
    "metadata",
    "min_final_cltv_expiry_delta",
    "payee",
    "payment_hash",
    "payment_secret",
    "routes",
    "timestamp",
];

const HOP: [&str; 5] =
    ["cltv_expiry_delta", "fee_base_msat", "fee_proportional_millionths", "node_id", "short_channel_id"];

/// A moment of the past, the same in each run.
const TIMESTAMP: u64 = 1_700_000_000;
/// A hundred years, so that no run comes too late.
const EXPIRY: u64 = 100 * 365 * 24 * 60 * 60;
/// `var_onion_optin` and `payment_secret`, both compulsory.
const FEATURES: [u8; 2] = [0x41, 0x00];

fn invoice(given: &Fields<'_>) -> Result<String, String> {
    let mut fields = Vec::new();
    let hash = given.optional("payment_hash")?.map(|bytes| bytes_32("payment_hash", bytes)).transpose()?;
    fields.extend(hash.map(Field::PaymentHash));
    let secret =
        given.optional("payment_secret")?.map(|bytes| bytes_32("payment_secret", bytes)).transpose()?;
    fields.extend(secret.map(Field::PaymentSecret));
    let description_hash = given.optional("description_hash")?;
    let description_hash = description_hash.map(|bytes| bytes_32("description_hash", bytes)).transpose()?;
    let description = given.optional("description")?;
    // One of both must be there.
    let description = description.or(description_hash.is_none().then(String::new));
    fields.extend(description.map(Field::Description));
    fields.extend(description_hash.map(Field::DescriptionHash));
    fields.extend(given.optional("payee")?.map(Field::Payee));
    fields.extend(given.optional::<Bytes>("metadata")?.map(|bytes| Field::Metadata(bytes.0)));
    fields.push(Field::Expiry(given.optional("expiry")?.unwrap_or(EXPIRY)));
    fields.extend(given.optional("min_final_cltv_expiry_delta")?.map(Field::MinFinalCltvExpiryDelta));
    let features = given.optional::<Bytes>("features")?.map_or_else(|| FEATURES.to_vec(), |bytes| bytes.0);
    fields.push(Field::Features(features));
    if let Some(routes) = given.0.member("routes") {
        let Value::List(routes) = routes else { return Err("routes is a list of routes".to_owned()) };
        for route in routes.iter() {
            let Value::List(hops) = route else { return Err("a route is a list of hops".to_owned()) };
            fields.push(Field::Route(hops.iter().map(hop).collect::<Result<_, _>>()?));
        }
    }
    let invoice = Invoice {
        currency: given.optional("currency")?.unwrap_or_else(|| "bcrt".to_owned()),
        amount_msat: given.optional("amount_msat")?,
        timestamp: given.optional("timestamp")?.unwrap_or(TIMESTAMP),
        fields,
    };
    invoice.sign(&given.needed::<SecretKey>("key")?).map_err(|error| error.to_string())
}

fn value(read: &ReadInvoice) -> Value {
    let invoice = &read.invoice;
    let mut members = indexmap::IndexMap::from([
        ("amount".to_owned(), Value::from(read.amount.as_str())),
        ("currency".to_owned(), Value::from(invoice.currency.as_str())),
        ("low_s".to_owned(), Value::Bool(read.is_low_s)),
        ("signer".to_owned(), Value::bytes(read.signer.serialize())),
        ("timestamp".to_owned(), Value::from(invoice.timestamp)),
    ]);
    members.extend(invoice.amount_msat.map(|msat| ("amount_msat".to_owned(), Value::from(msat))));
    let letters = invoice.fields.iter().map(|field| Value::from(field.letter().to_string()));
    members.insert("types".to_owned(), Value::list(letters));
    let mut routes = Vec::new();
    for field in &invoice.fields {
        let (name, value) = match field {
            Field::Description(text) => ("description", Value::from(text.as_str())),
            Field::DescriptionHash(hash) => ("description_hash", Value::bytes(hash)),
            Field::Expiry(seconds) => ("expiry", Value::from(*seconds)),
            Field::Features(wire) => ("features", Value::bytes(wire)),
            Field::Metadata(bytes) => ("metadata", Value::bytes(bytes)),
            Field::MinFinalCltvExpiryDelta(blocks) => ("min_final_cltv_expiry_delta", Value::from(*blocks)),
            Field::Payee(key) => ("payee", Value::bytes(key.serialize())),
            Field::PaymentHash(hash) => ("payment_hash", Value::bytes(hash)),
            Field::PaymentSecret(secret) => ("payment_secret", Value::bytes(secret)),
            Field::Route(hops) => {
                routes.push(Value::list(hops.iter().map(hop_value)));
                continue;
            }
            Field::Unknown(..) => continue,
        };
        members.entry(name.to_owned()).or_insert(value);
    }
    if !routes.is_empty() {
        members.insert("routes".to_owned(), Value::list(routes));
    }
    Value::map(members)
}

fn hop_value(hop: &RouteHop) -> Value {
    Value::map([
        ("cltv_expiry_delta", Value::from(u32::from(hop.cltv_expiry_delta))),
        ("fee_base_msat", Value::from(hop.fee_base_msat)),
        ("fee_proportional_millionths", Value::from(hop.fee_proportional_millionths)),
        ("node_id", Value::bytes(hop.node_id.serialize())),
        ("short_channel_id", Value::from(hop.short_channel_id.to_string())),
    ])
}

fn hop(hop: &Value) -> Result<RouteHop, String> {
    let hop = Fields::of(hop, &HOP)?;
    let delta: u32 = hop.needed("cltv_expiry_delta")?;
    Ok(RouteHop {
        node_id: hop.needed::<PublicKey>("node_id")?,
        short_channel_id: hop
            .needed::<String>("short_channel_id")?
            .parse::<ShortChannelId>()
            .map_err(|error| format!("short_channel_id: {error}"))?,
        fee_base_msat: hop.needed("fee_base_msat")?,
        fee_proportional_millionths: hop.needed("fee_proportional_millionths")?,
        cltv_expiry_delta: delta.try_into().map_err(|_| "cltv_expiry_delta is at most 65535".to_owned())?,
    })
}

/// A map of which all names are known.
struct Fields<'v>(&'v Value);

impl<'v> Fields<'v> {
    fn of(value: &'v Value, known: &[&str]) -> Result<Self, String> {
        match value.names().into_iter().find(|name| !known.contains(&name.as_str())) {
            None => Ok(Self(value)),
            Some(unknown) => Err(match nearest(&unknown, known.iter().copied()) {
                Some(meant) => format!("there is no field `{unknown}`: did you mean `{meant}`?"),
                None => format!("there is no field `{unknown}`"),
            }),
        }
    }

    fn optional<T: Typed>(&self, name: &str) -> Result<Option<T>, String> {
        let value = self.0.member(name);
        value.map(|value| T::from_value(value).map_err(|problem| format!("{name}: {problem}"))).transpose()
    }

    fn needed<T: Typed>(&self, name: &str) -> Result<T, String> {
        self.optional(name)?.ok_or_else(|| format!("`{name}` is missing"))
    }
}

fn bytes_32(name: &str, bytes: Bytes) -> Result<[u8; 32], String> {
    let length = bytes.len();
    bytes.0.try_into().map_err(|_| format!("{name} has 32 bytes, not {length}"))
}
