//! Functions of feature bits, by BOLT 9's names.

use lnprototest_bolt::features::{Feature, FeatureSet, Strength};

use super::table::{Function, argument};
use crate::Value;
use crate::expr::{Bytes, Kind};
use crate::nearest::nearest;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "feature_bit",
        parameters: &[("name", Kind::Text)],
        repeats: false,
        result: Kind::Int,
        doc: "The feature's even bit.",
        call: |arguments| Ok(Value::from(feature(&argument::<String>(arguments, 0)?)?.even_bit)),
    },
    Function {
        name: "features",
        parameters: &[("names", Kind::List)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The bits of these features in wire form: the odd bit of `name`, the even bit of `name!`, any bit by \
              its number.",
        call: |arguments| {
            let [Value::List(names)] = arguments else { return Err("a list of names is needed".to_owned()) };
            let mut set = FeatureSet::new();
            for index in 0..names.len() {
                if let Value::Int(_) = names[index] {
                    set.set_bit(bit(argument(names, index)?)?);
                    continue;
                }
                let name: String = argument(names, index)?;
                let (name, strength) = match name.strip_suffix('!') {
                    Some(name) => (name, Strength::Required),
                    None => (name.as_str(), Strength::Optional),
                };
                set.set_bit(feature(name)?.bit(strength));
            }
            Ok(Value::bytes(set.to_wire()))
        },
    },
    Function {
        name: "has_bit",
        parameters: &[("features", Kind::Bytes), ("bit", Kind::Int)],
        repeats: false,
        result: Kind::Bool,
        doc: "Whether this very bit is in these.",
        call: |arguments| {
            let set = FeatureSet::from_wire(&argument::<Bytes>(arguments, 0)?);
            Ok(Value::Bool(set.has_bit(bit(argument(arguments, 1)?)?)))
        },
    },
    Function {
        name: "has_feature",
        parameters: &[("features", Kind::Bytes), ("name", Kind::Text)],
        repeats: false,
        result: Kind::Bool,
        doc: "Whether either bit of the feature is in these.",
        call: |arguments| {
            let set = FeatureSet::from_wire(&argument::<Bytes>(arguments, 0)?);
            Ok(Value::Bool(set.has(feature(&argument::<String>(arguments, 1)?)?.name)))
        },
    },
];

/// A bit that a `features` field has room for.
fn bit(number: u64) -> Result<u32, String> {
    const BITS: u32 = u16::MAX as u32 * 8;
    u32::try_from(number)
        .ok()
        .filter(|bit| *bit < BITS)
        .ok_or_else(|| format!("a feature's bit is less than {BITS}, not {number}"))
}

/// The feature of this name.
///
/// # Errors
/// There is none; the nearest name.
fn feature(name: &str) -> Result<&'static Feature, String> {
    Feature::named(name).ok_or_else(|| {
        let names = Feature::all().iter().map(|feature| feature.name);
        match nearest(name, names) {
            Some(near) => format!("BOLT 9 has no feature `{name}`: did you mean `{near}`?"),
            None => format!("BOLT 9 has no feature `{name}`"),
        }
    })
}
