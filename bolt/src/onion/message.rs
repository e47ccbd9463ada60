//! `onion_message`: sent along a blinded path, read hop by hop (BOLT 4, "Onion Messages").

use secp256k1::{PublicKey, SecretKey};

use super::blinding::{BlindedPath, NotForUs, Unblinded};
use super::build::{Hop, Onion, OnionError};
use super::packet::OnionPacket;
use super::payload::PayloadKind;
use super::peel::PeelError;
use crate::wire::plain::Plain;
use crate::wire::{BuildErrors, DecodeError, TlvStream};

/// What one peer hands another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnionMessage {
    /// What the receiver derives its secrets from.
    pub path_key: PublicKey,
    /// `onion_message_packet`.
    pub packet: OnionPacket,
}

impl OnionMessage {
    /// The message for the first node of a path. `content` are the records for the recipient, as they are written;
    /// its `encrypted_recipient_data` is added. BOLT 4 recommends a `size` of [`PAYMENT_SIZE`](super::PAYMENT_SIZE)
    /// or [`LARGE_MESSAGE_SIZE`](super::LARGE_MESSAGE_SIZE).
    ///
    /// # Errors
    /// [`MessageError`] if the content is none, or does not fit.
    pub fn build(
        path: &BlindedPath,
        content: &Plain,
        session_key: &SecretKey,
        size: usize,
    ) -> Result<Self, MessageError> {
        let mut hops = Vec::with_capacity(path.hops.len());
        for (index, hop) in path.hops.iter().enumerate() {
            let own = if index + 1 == path.hops.len() { content.clone() } else { Plain::map([]) };
            let data = Plain::hex(&hop.encrypted_recipient_data);
            let records = match own {
                Plain::Map(mut records) => {
                    records.insert("encrypted_recipient_data".to_owned(), data);
                    Plain::Map(records)
                }
                other => other,
            };
            hops.push(Hop::new(hop.blinded_node_id, &PayloadKind::Message.encode(&records)?));
        }
        let onion = Onion::build(&hops, session_key, &[], size)?;
        Ok(Self { path_key: path.first_path_key, packet: onion.packet })
    }

    /// As the fields of an `onion_message` are written.
    pub fn to_plain(&self) -> Plain {
        Plain::map([
            ("path_key", Plain::hex(self.path_key.serialize())),
            ("onion_message_packet", Plain::hex(self.packet.encode())),
        ])
    }

    /// Reads it with a node's secret, and finds what to hand on. Of BOLT 4's rules for readers only those are
    /// applied without which it can't be read.
    ///
    /// # Errors
    /// [`ReadError`] names the first layer that can't be read.
    pub fn read(&self, node_secret: &SecretKey) -> Result<ReadMessage, ReadError> {
        let unblinded = Unblinded::new(&self.path_key, node_secret);
        let peeled = self.packet.peel(&unblinded.node_secret, &[])?;
        let content = PayloadKind::Message.stream().decode(&peeled.payload).map_err(ReadError::Content)?;
        let data = content
            .record("encrypted_recipient_data")
            .and_then(|record| record.value()?.as_bytes())
            .ok_or(ReadError::NoRecipientData)?;
        let data = unblinded.decrypt(data)?;
        let data = PayloadKind::Recipient.stream().decode(&data).map_err(ReadError::RecipientData)?;
        let path_key = unblinded.next_path_key(&data);
        let next = peeled.next.map(|packet| OnionMessage { path_key, packet });
        Ok(ReadMessage { content, data, next })
    }
}

/// One layer of an onion message.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadMessage {
    /// The `onionmsg_tlv`, from the sender.
    pub content: TlvStream,
    /// The `encrypted_data_tlv`, from the recipient: where to hand it, or the `path_id`.
    pub data: TlvStream,
    /// What to hand on; `None` if it is for this node.
    pub next: Option<OnionMessage>,
}

/// A message that can't be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MessageError {
    /// Records that BOLT 4 does not define, or not so.
    #[error(transparent)]
    Content(#[from] BuildErrors),
    /// Too long, or for no one.
    #[error(transparent)]
    Onion(#[from] OnionError),
}

/// A message that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The payload is no `onionmsg_tlv`.
    #[error("the onion message's payload: {0}")]
    Content(DecodeError),
    /// What the recipient wrote can't be decrypted.
    #[error(transparent)]
    Encrypted(#[from] NotForUs),
    /// There is none.
    #[error("the onion message has no encrypted_recipient_data")]
    NoRecipientData,
    /// The layer can't be peeled off.
    #[error(transparent)]
    Onion(#[from] PeelError),
    /// What the recipient wrote is no `encrypted_data_tlv`.
    #[error("the onion message's recipient data: {0}")]
    RecipientData(DecodeError),
}
