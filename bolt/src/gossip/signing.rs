//! What the signatures in gossip messages sign, and who has to (BOLT 7, "The `channel_announcement` Message" and the
//! two after it).

use secp256k1::{PublicKey, SecretKey};

use crate::channel::{ExpectedSignature, SignatureMismatch, high_s};
use crate::crypto::sha256;
use crate::memo;
use crate::wire::{BuildErrors, Message, plain::Plain};

/// The bytes of a message's type.
const TYPE_LENGTH: usize = 2;
/// The bytes of a signature.
const SIGNATURE_LENGTH: usize = 64;

/// A field with a signature, and the field with its key. A `channel_update` does not say whose it is.
type SignatureField = (&'static str, Option<&'static str>);

/// The signatures of each gossip message, in their order.
const SIGNATURES: [(&str, &[SignatureField]); 3] = [
    (
        "channel_announcement",
        &[
            ("node_signature_1", Some("node_id_1")),
            ("node_signature_2", Some("node_id_2")),
            ("bitcoin_signature_1", Some("bitcoin_key_1")),
            ("bitcoin_signature_2", Some("bitcoin_key_2")),
        ],
    ),
    ("channel_update", &[("signature", None)]),
    ("node_announcement", &[("signature", Some("node_id"))]),
];

/// The fields of a message that are signatures over the rest of it, in their order; none if it is no gossip message.
pub fn signature_fields(message: &str) -> impl Iterator<Item = &'static str> {
    let fields = SIGNATURES.iter().find(|(name, _)| *name == message).map(|(_, fields)| fields.iter());
    fields.into_iter().flatten().map(|(field, _)| *field)
}

/// What is signed: the double SHA-256 of all that follows the signatures, unknown bytes at the end included.
///
/// # Errors
/// [`GossipError::NotSigned`] if it is none of the three messages that are signed.
pub fn signed_hash(message: &Message) -> Result<secp256k1::Message, GossipError> {
    Ok(double_hash(&signed_bytes(message)?))
}

/// A deterministic low-S signature of a message.
///
/// # Errors
/// [`GossipError::NotSigned`] if it is none of the three messages that are signed.
pub fn sign(message: &Message, secret: &SecretKey) -> Result<[u8; 64], GossipError> {
    Ok(compact(&signed_hash(message)?, secret))
}

/// A signature that is wrong in this way. (For one by another key, [`sign`] with that.)
///
/// # Errors
/// [`GossipError::NotSigned`] if it is none of the three messages that are signed.
pub fn missign(message: &Message, secret: &SecretKey, flaw: SigningFlaw) -> Result<[u8; 64], GossipError> {
    let bytes = signed_bytes(message)?;
    Ok(match flaw {
        SigningFlaw::HighS => high_s(&memo::sign(&signed_hash(message)?, secret)),
        SigningFlaw::OtherMessage => {
            let mut other = bytes;
            if let Some(last) = other.last_mut() {
                *last ^= 1;
            }
            compact(&double_hash(&other), secret)
        }
        SigningFlaw::SingleHash => compact(&secp256k1::Message::from_digest(sha256(&[&bytes])), secret),
        SigningFlaw::WholeMessage => compact(&double_hash(&message.encode()), secret),
    })
}

/// What may be wrong with a signature by the right key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningFlaw {
    /// It is the valid signature's twin with a high S.
    HighS,
    /// It signs a message with another last byte.
    OtherMessage,
    /// It signs the SHA-256, not the double one.
    SingleHash,
    /// It signs the message with its type and signatures.
    WholeMessage,
}

/// The message with these signatures in these fields, each by its secret.
///
/// # Errors
/// [`GossipError`] if it is none of the three messages that are signed, or has no such field.
pub fn signed(mut message: Message, secrets: &[(&str, SecretKey)]) -> Result<Message, GossipError> {
    for (field, secret) in secrets {
        let signature = sign(&message, secret)?;
        message.set(field, Plain::hex(signature))?;
    }
    Ok(message)
}

/// Whether all signatures of a `channel_announcement` or `node_announcement` are right.
///
/// # Errors
/// [`GossipError`] names the first that is not. A `channel_update` is judged by [`check_signature`].
pub fn check_signatures(message: &Message) -> Result<(), GossipError> {
    for (field, key) in signatures(message)? {
        let key = key.ok_or_else(|| GossipError::UnknownSigner { message: message.name().to_owned() })?;
        check_signature(message, field, &point(message, key)?)?;
    }
    Ok(())
}

/// Whether one signature of a message is right, judged by this key.
///
/// # Errors
/// [`GossipError`] if it is not, or there is no such field.
pub fn check_signature(message: &Message, field: &str, key: &PublicKey) -> Result<(), GossipError> {
    let hash = signed_hash(message)?;
    let signature = message.array(field).ok_or_else(|| GossipError::no_field(message, field))?;
    ExpectedSignature { key: *key, hash }.check(&signature).map_err(|mismatch| GossipError::BadSignature {
        message: message.name().to_owned(),
        field: field.to_owned(),
        mismatch,
    })
}

/// Whose `channel_update` it is, by the channel's announcement and the update's direction.
///
/// # Errors
/// [`GossipError`] if they are not these messages, or that node id is no point.
pub fn update_signer(update: &Message, announcement: &Message) -> Result<PublicKey, GossipError> {
    let flags = update.u64("channel_flags").ok_or_else(|| GossipError::no_field(update, "channel_flags"))?;
    point(announcement, if flags & 1 == 0 { "node_id_1" } else { "node_id_2" })
}

/// Why a gossip message can't be signed, or is not signed well.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GossipError {
    /// A key that should sign is no point on the curve.
    #[error("{message}.{field} is no point on the curve")]
    BadKey {
        /// The message's name.
        message: String,
        /// The field with the key.
        field: String,
    },
    /// A signature is wrong.
    #[error("{message}.{field}: {mismatch}")]
    BadSignature {
        /// The message's name.
        message: String,
        /// The field with the signature.
        field: String,
        /// In what way.
        mismatch: SignatureMismatch,
    },
    /// A field can't be set.
    #[error(transparent)]
    Build(#[from] BuildErrors),
    /// The message has no such field.
    #[error("{message} has no {field}")]
    NoField {
        /// The message's name.
        message: String,
        /// The field.
        field: String,
    },
    /// Another message than the three.
    #[error(
        "{message} carries no signature of itself; channel_announcement, channel_update and node_announcement do"
    )]
    NotSigned {
        /// The message's name.
        message: String,
    },
    /// It takes another message to know.
    #[error(
        "{message} does not say who signs it; judge its signature by the key of the channel's announcement"
    )]
    UnknownSigner {
        /// The message's name.
        message: String,
    },
}

impl GossipError {
    pub(super) fn no_field(message: &Message, field: &str) -> Self {
        Self::NoField { message: message.name().to_owned(), field: field.to_owned() }
    }
}

/// The point in a field.
pub(super) fn point(message: &Message, field: &str) -> Result<PublicKey, GossipError> {
    let bytes = message.bytes(field).ok_or_else(|| GossipError::no_field(message, field))?;
    PublicKey::from_slice(bytes)
        .map_err(|_| GossipError::BadKey { message: message.name().to_owned(), field: field.to_owned() })
}

/// All that follows the signatures.
pub(super) fn signed_bytes(message: &Message) -> Result<Vec<u8>, GossipError> {
    let start = TYPE_LENGTH + SIGNATURE_LENGTH * signatures(message)?.len();
    let mut bytes = message.encode();
    // All signatures are in it, for it has their fields.
    bytes.drain(..start.min(bytes.len()));
    Ok(bytes)
}

/// The fields of a message's signatures, each with the field of its key.
fn signatures(message: &Message) -> Result<&'static [SignatureField], GossipError> {
    let known = SIGNATURES.iter().find(|(name, _)| *name == message.name());
    known
        .map(|(_, fields)| *fields)
        .ok_or_else(|| GossipError::NotSigned { message: message.name().to_owned() })
}

fn double_hash(bytes: &[u8]) -> secp256k1::Message {
    secp256k1::Message::from_digest(sha256(&[&sha256(&[bytes])]))
}

fn compact(hash: &secp256k1::Message, secret: &SecretKey) -> [u8; 64] {
    memo::sign(hash, secret).serialize_compact()
}
