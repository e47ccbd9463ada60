//! To and from the codec's untyped tree.

use lnprototest_bolt::wire::plain::Plain;

use crate::Value;

/// # Errors
/// The value holds something that no message can: a signature or value that is not known.
impl TryFrom<&Value> for Plain {
    type Error = String;

    fn try_from(value: &Value) -> Result<Self, Self::Error> {
        Ok(match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::List(items) => Self::List(items.iter().map(Self::try_from).collect::<Result<_, _>>()?),
            Value::Map(map) => {
                let entry = |(name, value): (&String, &Value)| Ok((name.clone(), Self::try_from(value)?));
                Self::Map(map.iter().map(entry).collect::<Result<_, String>>()?)
            }
            Value::Object(object) => {
                let entry = |name: String| {
                    let value = object.member(&name).as_ref().map_or(Ok(Self::Null), Self::try_from)?;
                    Ok((name, value))
                };
                Self::Map(object.names().into_iter().map(entry).collect::<Result<_, String>>()?)
            }
            Value::Signature(_) => return Err("this signature can only be compared with".to_owned()),
            Value::Text(text) => Self::from(&**text),
            Value::Unknown(why) => return Err(format!("not known with this runner: {why}")),
            Value::Unreadable(why) => return Err(why.to_string()),
        })
    }
}

impl From<Plain> for Value {
    fn from(plain: Plain) -> Self {
        match plain {
            Plain::Bool(value) => Self::Bool(value),
            Plain::Deferred | Plain::Null => Self::Unknown("the message does not say".into()),
            Plain::Int(value) => Self::Int(value),
            Plain::List(items) => Self::list(items.into_iter().map(Self::from)),
            Plain::Map(entries) => {
                Self::map(entries.into_iter().map(|(name, value)| (name, Self::from(value))))
            }
            Plain::Text(text) => Self::from(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_comes_back_as_it_went() {
        let plain = Plain::map([
            ("a", Plain::List(vec![1u64.into(), "00".into()])),
            ("b", Plain::map([("c", true.into())])),
        ]);
        assert_eq!(Plain::try_from(&Value::from(plain.clone())), Ok(plain));
        assert!(Plain::try_from(&Value::list([Value::Unknown("".into())])).is_err());
    }
}
