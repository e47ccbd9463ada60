//! Whether a message is as a spec demands: a partial match, field by field.

use lnprototest_bolt::channel::ExpectedSignature;
use lnprototest_spec_events::{Scope, Template, TemplateKind, Value};
use std::rc::Rc;

use super::Stop;
use crate::verdict::Difference;

/// What a comparison found.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    /// Where the message is not as demanded.
    pub(crate) differences: Vec<Difference>,
    /// What could not be judged, because this runner does not know what to expect.
    pub(crate) unknown: Vec<String>,
}

impl Judgement {
    /// Adds a difference.
    pub(crate) fn differ(&mut self, field: &str, expected: &str, got: &str) {
        let (expected, got) = (expected.to_owned(), got.to_owned());
        self.differences.push(Difference { field: field.to_owned(), expected, got });
    }
}

/// Compares `got` with the parts of it that `expected` speaks of, under the name `path`.
///
/// # Errors
/// An expression without a value: a fault of the spec.
pub(crate) fn compare(
    path: &str,
    expected: &Template,
    got: Option<&Value>,
    scope: &dyn Scope,
    judgement: &mut Judgement,
) -> Result<(), Stop> {
    match (&expected.kind, got) {
        (TemplateKind::Map(entries), Some(got @ (Value::Map(_) | Value::Object(_)))) => {
            for (name, expected) in entries {
                compare(&join(path, name), expected, got.member(name).as_ref(), scope, judgement)?;
            }
            Ok(())
        }
        (TemplateKind::List(items), Some(Value::List(got))) if items.len() == got.len() => {
            for (n, (expected, got)) in items.iter().zip(got.iter()).enumerate() {
                compare(&join(path, &n.to_string()), expected, Some(got), scope, judgement)?;
            }
            Ok(())
        }
        _ => {
            match expected.evaluate(scope) {
                Ok(expected) => {
                    if let Err((expected, got)) = compare_values(&expected, got) {
                        judgement.differences.push(Difference { field: path.to_owned(), expected, got });
                    }
                }
                Err(error) if error.is_unknown() => {
                    judgement.unknown.push(format!("{path}: `{}`", error.expression));
                }
                Err(error) => return Err(error.into()),
            }
            Ok(())
        }
    }
}

/// The two in words, if `got` is not as `expected` demands. Of a map only the members that `expected` has count.
pub(crate) fn compare_values(expected: &Value, got: Option<&Value>) -> Result<(), (String, String)> {
    let Some(got) = got else { return Err((expected.to_string(), "nothing".to_owned())) };
    let equal = match (expected, got) {
        (Value::Signature(demanded), Value::Text(signature)) => {
            return check_signature(demanded, signature)
                .map_err(|problem| (expected.to_string(), format!("{got}: {problem}")));
        }
        (Value::Map(_) | Value::Object(_), Value::Map(_) | Value::Object(_)) => {
            expected.names().iter().all(|name| {
                expected
                    .member(name)
                    .is_some_and(|part| compare_values(&part, got.member(name).as_ref()).is_ok())
            })
        }
        (Value::List(expected), Value::List(got)) => {
            expected.len() == got.len()
                && expected.iter().zip(got.iter()).all(|(part, got)| compare_values(part, Some(got)).is_ok())
        }
        (Value::Text(expected), Value::Text(got)) => expected.eq_ignore_ascii_case(got),
        _ => expected == got,
    };
    if equal { Ok(()) } else { Err((expected.to_string(), got.to_string())) }
}

/// `expected` as a value.
pub(crate) fn signature_value(expected: &ExpectedSignature) -> Value {
    Value::Signature(Rc::new(*expected))
}

fn check_signature(demanded: &ExpectedSignature, signature: &str) -> Result<(), String> {
    let bytes = hex::decode(signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| "not 64 bytes".to_owned())?;
    demanded.check(&bytes).map_err(|mismatch| mismatch.to_string())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
