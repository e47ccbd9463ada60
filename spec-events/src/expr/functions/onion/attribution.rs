//! Functions of `attribution_data`: how long each hop held an HTLC.

use lnprototest_bolt::onion::{AttributionData, SharedSecret, obfuscate_reason};

use super::super::table::{Function, argument};
use super::arguments::{Members, route_secrets, shared_secret};
use crate::Value;
use crate::expr::{Bytes, Fixed, Kind, Typed};

/// The record of `update_fail_htlc` and `update_fulfill_htlc`.
const RECORD: Kind = Kind::Made(&[
    ("htlc_hold_times", Fixed::List(&Fixed::Int)),
    ("truncated_hmacs", Fixed::List(&Fixed::Text)),
]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "attribution_data",
        parameters: &[("shared_secret", Kind::Bytes), ("hold_time", Kind::Int), ("reason", Kind::Bytes)],
        repeats: false,
        result: RECORD,
        doc: "The record of that name of the hop that fails or fulfils an HTLC, which it held for so many times 100 ms. \
              `reason` is what it sends beside it, empty if it fulfils.",
        call: |arguments| passed_on(arguments, &AttributionData::BLANK),
    },
    Function {
        name: "pass_attribution",
        parameters: &[
            ("shared_secret", Kind::Bytes),
            ("hold_time", Kind::Int),
            ("reason", Kind::Bytes),
            ("downstream", Kind::Map),
        ],
        repeats: false,
        result: RECORD,
        doc: "The same of a hop on the way back, which got the record `downstream`.",
        call: |arguments| passed_on(arguments, &record(&argument(arguments, 3)?)?),
    },
    Function {
        name: "read_attribution",
        parameters: &[
            ("record", Kind::Map),
            ("reason", Kind::Bytes),
            ("session_key", Kind::Bytes),
            ("node_ids", Kind::List),
        ],
        repeats: false,
        result: Kind::Made(&[("blamed", Fixed::Int), ("hold_times", Fixed::List(&Fixed::Int))]),
        doc: "What the origin reads in `attribution_data`: the `hold_times` of the hops whose HMACs are right, and \
              `blamed`, the first hop whose HMAC is wrong, from 0; -1 if all are right. `node_ids` are those of the \
              hops up to the one that failed or fulfilled the HTLC; `reason` is empty if it was fulfilled.",
        call: |arguments| {
            let (record, reason) = (record(&argument(arguments, 0)?)?, argument::<Bytes>(arguments, 1)?);
            let attribution = record.read(&reason, &route_secrets(arguments, 2)?);
            let blamed = attribution.blamed.map_or(-1, |hop| hop as i128);
            Ok(Value::map([
                ("hold_times", Value::list(attribution.hold_times.into_iter().map(Value::from))),
                ("blamed", Value::Int(blamed)),
            ]))
        },
    },
];

/// What the hop of the first three arguments makes of this record.
fn passed_on(arguments: &[Value], downstream: &AttributionData) -> Result<Value, String> {
    let (secret, hold_time): (SharedSecret, u32) = (shared_secret(arguments, 0)?, argument(arguments, 1)?);
    let mut packet = argument::<Bytes>(arguments, 2)?;
    // The HMACs are of the reason as it was before this hop's own obfuscation.
    obfuscate_reason(&secret, &mut packet.0);
    Ok(downstream.passed_on(&secret, hold_time, &packet).to_plain().into())
}

fn record(value: &Value) -> Result<AttributionData, String> {
    let members = Members::of("attribution_data", value)?;
    let mut bytes = Vec::new();
    for hold_time in members.list("htlc_hold_times")?.iter() {
        bytes.extend(u32::from_value(hold_time.clone())?.to_be_bytes());
    }
    for hmac in members.list("truncated_hmacs")?.iter() {
        bytes.extend(Bytes::from_value(hmac.clone())?.0);
    }
    AttributionData::decode(&bytes).ok_or_else(|| {
        format!("attribution_data has 20 hold times and 210 HMACs, 920 bytes, not {}", bytes.len())
    })
}
