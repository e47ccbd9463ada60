//! Arguments as YAML has them, from Rust's values.

use std::sync::{Arc, LazyLock};

use super::AnyDraft;
use crate::yaml::{Entry, Scalar, Yaml, YamlKind};
use crate::{Location, Source};

/// A value as it would stand in YAML: text (bytes as hex, expressions as `${ ... }`), numbers, conditions, lists, maps.
#[derive(Clone, Debug)]
pub struct Raw(YamlKind);

impl Raw {
    /// A map. [`fields!`](crate::fields) is shorter.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Raw)>) -> Self {
        let entry = |(key, value): (K, Raw)| Entry {
            key: key.into(),
            key_at: nowhere(),
            value: value.at(&nowhere()),
        };
        Self(YamlKind::Map(entries.into_iter().map(entry).collect()))
    }

    /// A list.
    pub fn list<T: Into<Raw>>(items: impl IntoIterator<Item = T>) -> Self {
        Self(YamlKind::List(items.into_iter().map(|item| item.into().at(&nowhere())).collect()))
    }

    /// All of it at one place.
    pub(super) fn at(self, at: &Location) -> Yaml {
        let mut yaml = Yaml { kind: self.0, at: at.clone() };
        place(&mut yaml, at);
        yaml
    }
}

/// Puts what has no place yet at `at`. Steps have theirs.
fn place(yaml: &mut Yaml, at: &Location) {
    if yaml.at == nowhere() {
        yaml.at = at.clone();
    }
    let inner = yaml.at.clone();
    match &mut yaml.kind {
        YamlKind::List(items) => items.iter_mut().for_each(|item| place(item, &inner)),
        YamlKind::Map(entries) => {
            for entry in entries {
                if entry.key_at == nowhere() {
                    entry.key_at = inner.clone();
                }
                place(&mut entry.value, &inner);
            }
        }
        YamlKind::Scalar(_) => {}
    }
}

/// Where values are until they are put into a step.
pub(super) fn nowhere() -> Location {
    static NOWHERE: LazyLock<Arc<Source>> =
        LazyLock::new(|| Arc::new(Source { name: String::new(), text: String::new() }));
    Location::bare(&NOWHERE, 0, 0)
}

impl From<&str> for Raw {
    fn from(text: &str) -> Self {
        Self(YamlKind::Scalar(Scalar::Text(text.into())))
    }
}

impl From<String> for Raw {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<bool> for Raw {
    fn from(value: bool) -> Self {
        Self(YamlKind::Scalar(Scalar::Bool(value)))
    }
}

macro_rules! from_int {
    ($($int:ty),+) => {$(
        impl From<$int> for Raw {
            fn from(value: $int) -> Self {
                Self(YamlKind::Scalar(Scalar::Int(value.into())))
            }
        }
    )+};
}

from_int!(i32, i64, u8, u16, u32, u64);

impl<T: Into<Raw>, const N: usize> From<[T; N]> for Raw {
    fn from(items: [T; N]) -> Self {
        Self::list(items)
    }
}

impl<T: Into<Raw>> From<Vec<T>> for Raw {
    fn from(items: Vec<T>) -> Self {
        Self::list(items)
    }
}

/// A step, whose parts keep their places.
impl From<AnyDraft> for Raw {
    fn from(draft: AnyDraft) -> Self {
        Self(draft.0.kind)
    }
}

/// A map of fields: `fields! { num_pong_bytes: 3, ignored: "", tlvs: fields! {} }`.
#[macro_export]
macro_rules! fields {
    ($($name:ident: $value:expr),* $(,)?) => {
        $crate::build::Raw::map::<&str>([$((stringify!($name), $crate::build::Raw::from($value))),*])
    };
}

/// A list of steps: `steps![connect("alice"), expect_msg("init")]`.
#[macro_export]
macro_rules! steps {
    ($($step:expr),* $(,)?) => {
        <Vec<$crate::build::AnyDraft>>::from([$($crate::build::AnyDraft::from($step)),*])
    };
}
