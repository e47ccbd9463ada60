//! Functions of blinded paths: made by their recipient, undone by their hops.

use lnprototest_bolt::onion::{BlindedPath, PayloadKind, PaymentRelay, Unblinded};
use secp256k1::{PublicKey, SecretKey};

use super::super::table::{Function, argument};
use super::arguments::{self, Members, decoded, list, recipient_hops};
use crate::Value;
use crate::expr::{Bytes, Fixed, Kind};

/// The fields of a `blinded_path`.
const PATH: Kind = Kind::Made(&[
    ("first_node_id", Fixed::Text),
    ("first_path_key", Fixed::Text),
    (
        "path",
        Fixed::List(&Fixed::Map(&[
            ("blinded_node_id", Fixed::Text),
            ("encrypted_recipient_data", Fixed::Text),
        ])),
    ),
]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "blinded_amt_to_forward",
        parameters: &[("payment_relay", Kind::Map), ("amount_msat", Kind::Int)],
        repeats: false,
        result: Kind::Int,
        doc: "How much of an HTLC's amount a hop of a blinded path forwards that was told this `payment_relay`.",
        call: |arguments| {
            let (relay, amount) = (relay(&argument(arguments, 0)?)?, argument::<u64>(arguments, 1)?);
            let left = relay.amt_to_forward(amount);
            left.map(Value::from).ok_or_else(|| {
                format!("{amount} msat do not even pay the base fee of {} msat", relay.fee_base_msat)
            })
        },
    },
    Function {
        name: "blinded_path",
        parameters: &[("path_secret", Kind::Bytes), ("hops", Kind::List)],
        repeats: false,
        result: PATH,
        doc: "The fields of a `blinded_path`: `first_node_id`, `first_path_key`, and `path`, of each hop its \
              `blinded_node_id` and `encrypted_recipient_data`. Of each hop, introduction point first, recipient last, \
              `node_id` and `data`, mostly made by `encrypted_data_tlv`.",
        call: |arguments| {
            let (secret, hops) = (argument::<SecretKey>(arguments, 0)?, recipient_hops(arguments, 1)?);
            let path = BlindedPath::build(&hops, &secret).ok_or("a blinded path needs at least one hop")?;
            Ok(path.to_plain().into())
        },
    },
    Function {
        name: "blinded_payinfo",
        parameters: &[("relays", Kind::List)],
        repeats: false,
        result: Kind::Made(&[
            ("cltv_expiry_delta", Fixed::Int),
            ("fee_base_msat", Fixed::Int),
            ("fee_proportional_millionths", Fixed::Int),
        ]),
        doc: "What a path of hops with these `payment_relay`s, first hop first, costs its user in all.",
        call: |arguments| {
            let relays = list(arguments, 0)?.iter().map(relay).collect::<Result<Vec<_>, _>>()?;
            let total = PaymentRelay::total(&relays).ok_or("the costs do not fit in 32 bits: lower them")?;
            Ok(Value::map([
                ("fee_base_msat", total.fee_base_msat.into()),
                ("fee_proportional_millionths", total.fee_proportional_millionths.into()),
                ("cltv_expiry_delta", total.cltv_expiry_delta.into()),
            ]))
        },
    },
    Function {
        name: "join_paths",
        parameters: &[("path", Kind::Map), ("tail", Kind::Map)],
        repeats: false,
        result: PATH,
        doc: "Both blinded paths as one. The last hop of the first must have been told the `first_path_key` of `tail` as \
              its `next_path_key_override`.",
        call: |arguments| {
            let [path, tail] =
                [arguments::blinded_path(arguments, 0)?, arguments::blinded_path(arguments, 1)?];
            Ok(path.join(tail).to_plain().into())
        },
    },
    Function {
        name: "read_recipient_data",
        parameters: &[
            ("encrypted_recipient_data", Kind::Bytes),
            ("node_secret", Kind::Bytes),
            ("path_key", Kind::Bytes),
        ],
        repeats: false,
        result: Kind::Made(&[
            ("data", Fixed::Text),
            ("next_path_key", Fixed::Text),
            ("records", Fixed::Records("encrypted_data_tlv")),
        ]),
        doc: "What a hop of a blinded path was told by its maker: `data` as bytes, its `records` by name, and the path \
              key to hand on, `next_path_key`, which is the `next_path_key_override` if there is one.",
        call: |arguments| {
            let encrypted: Bytes = argument(arguments, 0)?;
            let unblinded = match unblinded(arguments, 2, 1)? {
                Ok(unblinded) => unblinded,
                Err(unreadable) => return Ok(unreadable),
            };
            let data = match unblinded.decrypt(&encrypted) {
                Ok(data) => data,
                Err(error) => return Ok(Value::unreadable(error)),
            };
            let stream = PayloadKind::Recipient.stream();
            let next = match stream.decode(&data) {
                Ok(records) => Value::bytes(unblinded.next_path_key(&records).serialize()),
                Err(error) => Value::unreadable(error),
            };
            Ok(Value::map([
                ("data", Value::bytes(&data)),
                ("records", decoded(stream, &data)),
                ("next_path_key", next),
            ]))
        },
    },
    Function {
        name: "unblind",
        parameters: &[("path_key", Kind::Bytes), ("node_secret", Kind::Bytes)],
        repeats: false,
        result: Kind::Made(&[
            ("next_path_key", Fixed::Text),
            ("node_secret", Fixed::Text),
            ("shared_secret", Fixed::Text),
        ]),
        doc: "What a hop of a blinded path derives from the path key: the `node_secret` with which it peels the onion, \
              the `shared_secret` with the path's maker, and the `next_path_key`, unless it is told another one.",
        call: |arguments| {
            Ok(unblinded(arguments, 0, 1)?.map_or_else(
                |unreadable| unreadable,
                |unblinded| {
                    Value::map([
                        ("node_secret", Value::bytes(unblinded.node_secret.secret_bytes())),
                        ("shared_secret", Value::bytes(unblinded.shared_secret.to_bytes())),
                        ("next_path_key", Value::bytes(unblinded.next_path_key.serialize())),
                    ])
                },
            ))
        },
    },
];

/// What the node of the secret derives from the path key, which may be the node's; or why that is none.
fn unblinded(
    arguments: &[Value],
    path_key: usize,
    node_secret: usize,
) -> Result<Result<Unblinded, Value>, String> {
    let node_secret: SecretKey = argument(arguments, node_secret)?;
    let path_key: Bytes = argument(arguments, path_key)?;
    Ok(match PublicKey::from_slice(&path_key) {
        Ok(path_key) => Ok(Unblinded::new(&path_key, &node_secret)),
        Err(_) => {
            Err(Value::unreadable(format!("the path key `{path_key:?}` is no point in compressed form")))
        }
    })
}

fn relay(value: &Value) -> Result<PaymentRelay, String> {
    const NAMES: [&str; 3] = ["cltv_expiry_delta", "fee_base_msat", "fee_proportional_millionths"];
    let members = Members::of("a payment_relay", value)?.only(&NAMES)?;
    Ok(PaymentRelay {
        cltv_expiry_delta: members.required("cltv_expiry_delta")?,
        fee_proportional_millionths: members.required("fee_proportional_millionths")?,
        fee_base_msat: members.required("fee_base_msat")?,
    })
}
