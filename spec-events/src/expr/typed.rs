//! What an argument's value is turned into, once, when it is evaluated.

use bitcoin::consensus::encode::deserialize;
use bitcoin::hashes::Hash;
use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid};
use lnprototest_bolt::channel::Keyset;
use lnprototest_bolt::gossip::SigningFlaw;
use secp256k1::{PublicKey, SecretKey};
use std::fmt;
use std::ops::Deref;

use super::Kind;
use crate::Value;

/// A Rust type that a value of the language can be turned into.
pub trait Typed: Sized {
    /// The kind of value that it is made of.
    const KIND: Kind;
    /// What it is, as a message says it: `bytes as hex`.
    const NAME: &'static str;

    /// Takes the value.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence fragment.
    fn from_value(value: Value) -> Result<Self, String>;
}

/// Bytes, written as hex.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl Typed for Bytes {
    const KIND: Kind = Kind::Bytes;
    const NAME: &'static str = "bytes as hex";

    fn from_value(value: Value) -> Result<Self, String> {
        match &value {
            Value::Text(text) => match hex::decode(text.as_bytes()) {
                Ok(bytes) => Ok(Self(bytes)),
                Err(hex::FromHexError::OddLength) => {
                    Err(format!("bytes as hex are needed, and `{text}` has an odd number of digits"))
                }
                Err(_) => Err(format!("bytes as hex are needed, not `{text}`")),
            },
            Value::Int(_) => Err(format!("bytes as hex are needed, not the number {value}: quote it")),
            _ => Err(wrong::<Self>(&value)),
        }
    }
}

impl Typed for bool {
    const KIND: Kind = Kind::Bool;
    const NAME: &'static str = "true or false";

    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Bool(value) => Ok(value),
            _ => Err(wrong::<Self>(&value)),
        }
    }
}

macro_rules! typed_int {
    ($($int:ty: $name:literal),+) => {$(
        impl Typed for $int {
            const KIND: Kind = Kind::Int;
            const NAME: &'static str = $name;

            fn from_value(value: Value) -> Result<Self, String> {
                match value {
                    Value::Int(int) => int.try_into().map_err(|_| {
                        format!("{int} is not between {} and {}", <$int>::MIN, <$int>::MAX)
                    }),
                    _ => Err(wrong::<Self>(&value)),
                }
            }
        }
    )+};
}

typed_int!(i64: "an integer", i128: "an integer", u32: "a 32-bit integer", u64: "an integer");

/// A map with the secrets that `keyset(hex)` names.
impl Typed for Keyset {
    const KIND: Kind = Kind::Keyset;
    const NAME: &'static str = "a keyset";

    fn from_value(value: Value) -> Result<Self, String> {
        let secret = |name: &str| match value.member(name) {
            Some(secret) => SecretKey::from_value(secret),
            None => Err(format!("a keyset has a {name}: `keyset('20')` makes one")),
        };
        Ok(Self {
            funding: secret("funding_privkey")?,
            revocation_base: secret("revocation_basepoint_secret")?,
            payment_base: secret("payment_basepoint_secret")?,
            delayed_payment_base: secret("delayed_payment_basepoint_secret")?,
            htlc_base: secret("htlc_basepoint_secret")?,
            commitment_seed: secret("shachain_seed")?.secret_bytes(),
        })
    }
}

/// A flaw by its name; `none` is `None`.
impl Typed for Option<SigningFlaw> {
    const KIND: Kind = Kind::Text;
    const NAME: &'static str = "a flaw of a signature";

    fn from_value(value: Value) -> Result<Self, String> {
        match FLAWS.iter().find(|(name, _)| value == Value::from(*name)) {
            Some((_, flaw)) => Ok(*flaw),
            None => {
                let names: Vec<&str> = FLAWS.iter().map(|(name, _)| *name).collect();
                Err(format!("{} is needed, not {value}: {}", Self::NAME, names.join(", ")))
            }
        }
    }
}

/// What can be wrong with a signature, by name.
const FLAWS: [(&str, Option<SigningFlaw>); 5] = [
    ("high_s", Some(SigningFlaw::HighS)),
    ("none", None),
    ("other_message", Some(SigningFlaw::OtherMessage)),
    ("single_hash", Some(SigningFlaw::SingleHash)),
    ("whole_message", Some(SigningFlaw::WholeMessage)),
];

impl Typed for OutPoint {
    const KIND: Kind = Kind::Text;
    const NAME: &'static str = "an outpoint as `txid:vout`";

    fn from_value(value: Value) -> Result<Self, String> {
        match &value {
            Value::Text(text) => text.parse().map_err(|error| format!("`{text}` is no outpoint: {error}")),
            _ => Err(wrong::<Self>(&value)),
        }
    }
}

impl Typed for PublicKey {
    const KIND: Kind = Kind::Bytes;
    const NAME: &'static str = "a public key as 33 bytes of hex";

    fn from_value(value: Value) -> Result<Self, String> {
        let bytes = Bytes::from_value(value)?;
        Self::from_slice(&bytes).map_err(|_| format!("`{bytes:?}` is not a point in compressed form"))
    }
}

impl Typed for ScriptBuf {
    const KIND: Kind = Kind::Bytes;
    const NAME: &'static str = "a script as hex";

    fn from_value(value: Value) -> Result<Self, String> {
        Ok(Self::from_bytes(Bytes::from_value(value)?.0))
    }
}

/// Hex of up to 32 bytes, padded with zeros on the left.
impl Typed for SecretKey {
    const KIND: Kind = Kind::Bytes;
    const NAME: &'static str = "a secret key as hex";

    fn from_value(value: Value) -> Result<Self, String> {
        let bytes = Bytes::from_value(value)?;
        let mut padded = [0; 32];
        let Some(free) = padded.len().checked_sub(bytes.len()) else {
            return Err(format!("a secret key has 32 bytes, not {}", bytes.len()));
        };
        padded[free..].copy_from_slice(&bytes);
        Self::from_slice(&padded).map_err(|_| format!("`{bytes:?}` is not a secret key: zero or too large"))
    }
}

impl Typed for String {
    const KIND: Kind = Kind::Text;
    const NAME: &'static str = "text";

    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text.to_string()),
            _ => Err(wrong::<Self>(&value)),
        }
    }
}

impl Typed for Transaction {
    const KIND: Kind = Kind::Bytes;
    const NAME: &'static str = "a transaction as hex";

    fn from_value(value: Value) -> Result<Self, String> {
        let bytes = Bytes::from_value(value)?;
        deserialize(&bytes).map_err(|error| format!("not a serialised transaction: {error}"))
    }
}

/// In the byte order of messages, not as block explorers print it.
impl Typed for Txid {
    const KIND: Kind = Kind::Bytes;
    const NAME: &'static str = "a txid as 32 bytes of hex, in the order of the wire";

    fn from_value(value: Value) -> Result<Self, String> {
        let bytes = Bytes::from_value(value)?;
        Self::from_slice(&bytes).map_err(|_| format!("a txid has 32 bytes, not {}", bytes.len()))
    }
}

impl Typed for Value {
    const KIND: Kind = Kind::Any;
    const NAME: &'static str = "any value";

    fn from_value(value: Value) -> Result<Self, String> {
        Ok(value)
    }
}

fn wrong<T: Typed>(value: &Value) -> String {
    format!("{} is needed, not {}", T::NAME, value.kind())
}
