//! Functions of feature bits, by BOLT 9's names.

use lnprototest_bolt::features::{Feature, FeatureSet, Strength};

use super::table::{Function, Kind, argument};
use crate::Value;
use crate::expr::Bytes;
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
        doc: "The bits of these features in wire form: the odd bit of `name`, the even bit of `name!`.",
        call: |arguments| {
            let [Value::List(names)] = arguments else { return Err("a list of names is needed".to_owned()) };
            let mut set = FeatureSet::new();
            for index in 0..names.len() {
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

/// The feature of this name.
///
/// # Errors
/// There is none; the nearest name.
pub(crate) fn feature(name: &str) -> Result<&'static Feature, String> {
    Feature::named(name).ok_or_else(|| {
        let names = Feature::all().iter().map(|feature| feature.name);
        match nearest(name, names) {
            Some(near) => format!("BOLT 9 has no feature `{name}`: did you mean `{near}`?"),
            None => format!("BOLT 9 has no feature `{name}`"),
        }
    })
}
