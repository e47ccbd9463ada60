//! A channel's announcement, from both ends of the channel (BOLT 7, "The `announcement_signatures` Message" and "The
//! `channel_announcement` Message").

use bitcoin::ScriptBuf;
use secp256k1::{PublicKey, SecretKey};

use super::signing::{GossipError, check_signature, point, sign};
use crate::channel::{PerSide, Side, scripts};
use crate::public_key;
use crate::wire::{BuildErrors, Catalogue, Message, ShortChannelId, plain::Plain};

/// What a `channel_announcement` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedChannel {
    /// Of the chain that the channel is in.
    pub chain_hash: [u8; 32],
    /// Where the funding output is.
    pub short_channel_id: ShortChannelId,
    /// `features`, as short as can be.
    pub features: Vec<u8>,
    /// Who is at each end.
    pub ends: PerSide<AnnouncedEnd>,
}

/// One end of an announced channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnouncedEnd {
    /// Its `node_id`.
    pub node_id: PublicKey,
    /// Its `funding_pubkey`: the announcement's `bitcoin_key`.
    pub funding_pubkey: PublicKey,
}

/// The secrets of one end, as far as they sign announcements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnouncingKeys {
    /// Of its `node_id`.
    pub node: SecretKey,
    /// Of its `funding_pubkey`.
    pub funding: SecretKey,
}

impl AnnouncingKeys {
    /// Their public keys.
    pub fn end(&self) -> AnnouncedEnd {
        AnnouncedEnd { node_id: public_key(&self.node), funding_pubkey: public_key(&self.funding) }
    }
}

/// A `node_signature` and a `bitcoin_signature`, as in `announcement_signatures`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnouncementSignatures {
    /// By the node's key.
    pub node: [u8; 64],
    /// By its funding key.
    pub bitcoin: [u8; 64],
}

impl AnnouncedChannel {
    /// The end that is node 1: that with the lesser node id.
    pub fn first(&self) -> Side {
        if self.ends.local.node_id.serialize() <= self.ends.remote.node_id.serialize() {
            Side::Local
        } else {
            Side::Remote
        }
    }

    /// The `channel_announcement` with these signatures; zeros will do where its hash is all that counts.
    ///
    /// # Errors
    /// [`BuildErrors`] if the features are too long for a message.
    pub fn message(&self, signatures: &PerSide<AnnouncementSignatures>) -> Result<Message, BuildErrors> {
        self.message_from(self.first(), signatures)
    }

    /// The same with `first` as node 1, be it the right one or not.
    ///
    /// # Errors
    /// [`BuildErrors`] if the features are too long for a message.
    pub fn message_from(
        &self,
        first: Side,
        signatures: &PerSide<AnnouncementSignatures>,
    ) -> Result<Message, BuildErrors> {
        let (one, two) = (self.ends[first], self.ends[!first]);
        let (by_one, by_two) = (signatures[first], signatures[!first]);
        let def = Catalogue::bolts().message("channel_announcement");
        def.expect("the embedded catalogue has BOLT 7's messages").build(&Plain::map([
            ("node_signature_1", Plain::hex(by_one.node)),
            ("node_signature_2", Plain::hex(by_two.node)),
            ("bitcoin_signature_1", Plain::hex(by_one.bitcoin)),
            ("bitcoin_signature_2", Plain::hex(by_two.bitcoin)),
            ("features", Plain::hex(&self.features)),
            ("chain_hash", Plain::hex(self.chain_hash)),
            ("short_channel_id", self.short_channel_id.to_string().into()),
            ("node_id_1", Plain::hex(one.node_id.serialize())),
            ("node_id_2", Plain::hex(two.node_id.serialize())),
            ("bitcoin_key_1", Plain::hex(one.funding_pubkey.serialize())),
            ("bitcoin_key_2", Plain::hex(two.funding_pubkey.serialize())),
        ]))
    }

    /// What one end puts into its `announcement_signatures`.
    ///
    /// # Errors
    /// [`GossipError`] if the features are too long for a message.
    pub fn sign(&self, keys: &AnnouncingKeys) -> Result<AnnouncementSignatures, GossipError> {
        let unsigned = self.message(&PerSide::from_fn(|_| AnnouncementSignatures::ZERO))?;
        Ok(AnnouncementSignatures {
            node: sign(&unsigned, &keys.node)?,
            bitcoin: sign(&unsigned, &keys.funding)?,
        })
    }

    /// Judges the `announcement_signatures` of one end.
    ///
    /// # Errors
    /// [`GossipError`] names the signature that is wrong, by its field in the announcement.
    pub fn check(&self, by: Side, signatures: &AnnouncementSignatures) -> Result<(), GossipError> {
        let message = self.message(&PerSide::from_fn(|_| *signatures))?;
        let (node, bitcoin) = if by == self.first() {
            ("node_signature_1", "bitcoin_signature_1")
        } else {
            ("node_signature_2", "bitcoin_signature_2")
        };
        check_signature(&message, node, &self.ends[by].node_id)?;
        check_signature(&message, bitcoin, &self.ends[by].funding_pubkey)
    }
}

impl AnnouncementSignatures {
    /// No signatures.
    pub const ZERO: Self = Self { node: [0; 64], bitcoin: [0; 64] };

    /// Those in an `announcement_signatures`.
    ///
    /// # Errors
    /// [`GossipError::NoField`] if it is another message.
    pub fn of(message: &Message) -> Result<Self, GossipError> {
        let signature = |field| message.array(field).ok_or_else(|| GossipError::no_field(message, field));
        Ok(Self { node: signature("node_signature")?, bitcoin: signature("bitcoin_signature")? })
    }
}

/// The `scriptpubkey` that the output of a `channel_announcement` must have: P2WSH of both `bitcoin_key`s.
///
/// # Errors
/// [`GossipError`] if it is another message, or a key is no point.
pub fn announced_script_pubkey(announcement: &Message) -> Result<ScriptBuf, GossipError> {
    let (one, two) = (point(announcement, "bitcoin_key_1")?, point(announcement, "bitcoin_key_2")?);
    Ok(scripts::funding(&one, &two).to_p2wsh())
}
