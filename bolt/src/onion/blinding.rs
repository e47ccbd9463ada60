//! Blinded paths: made by a recipient, undone hop by hop (BOLT 4, "Route Blinding").

use secp256k1::{PublicKey, SecretKey};

use super::secret::{KeyUsage, SharedSecret, multiply, multiply_secret};
use crate::crypto::{self, MAC_LENGTH};
use crate::wire::TlvStream;
use crate::wire::plain::Plain;

/// A way to a recipient that tells whoever uses it only where the way begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedPath {
    /// The introduction point.
    pub first_node_id: PublicKey,
    /// What the introduction point derives its secret from.
    pub first_path_key: PublicKey,
    /// `path`: all hops, the introduction point included.
    pub hops: Vec<BlindedHop>,
}

/// One hop of a blinded path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedHop {
    /// Whom the onion is made for.
    pub blinded_node_id: PublicKey,
    /// What it gets from the recipient, with its MAC.
    pub encrypted_recipient_data: Vec<u8>,
}

/// One hop as the recipient knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientHop {
    /// Its real key.
    pub node_id: PublicKey,
    /// What it is to be told: an `encrypted_data_tlv` if it is right.
    pub data: Vec<u8>,
}

impl BlindedPath {
    /// The path over these hops, introduction point first, recipient last. `None` without any. The caller sees to it
    /// that `path_secret` is used only once, where that matters.
    pub fn build(hops: &[RecipientHop], path_secret: &SecretKey) -> Option<Self> {
        let mut secret = *path_secret;
        Some(Self {
            first_node_id: hops.first()?.node_id,
            first_path_key: PublicKey::from_secret_key_global(path_secret),
            hops: hops
                .iter()
                .map(|hop| {
                    let path_key = PublicKey::from_secret_key_global(&secret);
                    let shared = SharedSecret::new(&hop.node_id, &secret);
                    secret = multiply_secret(&secret, &shared.next_factor(&path_key));
                    BlindedHop {
                        blinded_node_id: multiply(&hop.node_id, &shared.node_factor()),
                        encrypted_recipient_data: encrypt(&shared, &hop.data),
                    }
                })
                .collect(),
        })
    }

    /// This path and then `tail`. The last hop of this one has to be told `tail`'s first path key as its
    /// `next_path_key_override`.
    #[must_use]
    pub fn join(mut self, tail: Self) -> Self {
        self.hops.extend(tail.hops);
        self
    }

    /// As the fields of a `blinded_path` are written.
    pub fn to_plain(&self) -> Plain {
        let hops = self.hops.iter().map(|hop| {
            Plain::map([
                ("blinded_node_id", Plain::hex(hop.blinded_node_id.serialize())),
                ("encrypted_recipient_data", Plain::hex(&hop.encrypted_recipient_data)),
            ])
        });
        Plain::map([
            ("first_node_id", Plain::hex(self.first_node_id.serialize())),
            ("first_path_key", Plain::hex(self.first_path_key.serialize())),
            ("path", hops.collect::<Vec<_>>().into()),
        ])
    }
}

/// What a node inside a blinded path derives from the path key that it is handed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unblinded {
    /// The secret of its `blinded_node_id`, with which it peels the onion.
    pub node_secret: SecretKey,
    /// What it shares with the recipient.
    pub shared_secret: SharedSecret,
    /// What it hands on, unless it is told another one.
    pub next_path_key: PublicKey,
}

impl Unblinded {
    /// `path_key` comes beside the onion; at the introduction point of a payment, inside it as `current_path_key`.
    pub fn new(path_key: &PublicKey, node_secret: &SecretKey) -> Self {
        let shared_secret = SharedSecret::new(path_key, node_secret);
        Self {
            node_secret: multiply_secret(node_secret, &shared_secret.node_factor()),
            shared_secret,
            next_path_key: multiply(path_key, &shared_secret.next_factor(path_key)),
        }
    }

    /// What is in an `encrypted_recipient_data`: an `encrypted_data_tlv` if it is right.
    ///
    /// # Errors
    /// [`NotForUs`] if it was not encrypted to this node under this path key.
    pub fn decrypt(&self, encrypted_recipient_data: &[u8]) -> Result<Vec<u8>, NotForUs> {
        let (content, mac) = encrypted_recipient_data.split_last_chunk::<MAC_LENGTH>().ok_or(NotForUs)?;
        let mut content = content.to_vec();
        let key = self.shared_secret.key(KeyUsage::Rho);
        crypto::decrypt(&key, 0, &[], &mut content, *mac).map_err(|_| NotForUs)?;
        Ok(content)
    }

    /// What it hands on after it was told this: the `next_path_key_override`, if there is one and it is a point.
    pub fn next_path_key(&self, recipient_data: &TlvStream) -> PublicKey {
        recipient_data
            .record("next_path_key_override")
            .and_then(|record| PublicKey::from_slice(record.value()?.as_bytes()?).ok())
            .unwrap_or(self.next_path_key)
    }
}

/// Recipient data that this node can't decrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("encrypted_recipient_data has a wrong MAC: it is for another node or path key, or was changed")]
pub struct NotForUs;

fn encrypt(secret: &SharedSecret, data: &[u8]) -> Vec<u8> {
    let mut encrypted = data.to_vec();
    let mac = crypto::encrypt(&secret.key(KeyUsage::Rho), 0, &[], &mut encrypted);
    encrypted.extend(mac);
    encrypted
}
