//! What a channel has come to since its first commitments: both ends' commitments and what changes from one to the
//! next, as the messages on its session say.

use bitcoin::ScriptBuf;
use lnprototest_bolt::channel::{
    ChannelParameters, Commitment, CommitmentNumber, CommitmentState, Keyset, PerSide, Side, Updates,
};
use secp256k1::PublicKey;
use secp256k1::ecdsa::Signature;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// The life of one channel, from `Commit` on.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(super) parameters: ChannelParameters,
    pub(super) updates: Updates,
    /// The points that the node has named, by commitment.
    pub(super) points: BTreeMap<u64, PublicKey>,
    /// The secrets that the node has revealed, by commitment.
    pub(super) secrets: Vec<[u8; 32]>,
    /// The node's keys, where they are known.
    nodes_keys: Option<Keyset>,
    /// All commitments that each end has got a signature for, by number.
    pub(super) held: PerSide<Vec<Held>>,
    /// What each end said in `shutdown`.
    pub(super) scripts: PerSide<Option<ScriptBuf>>,
    /// A message of ours has broken the channel's rules on purpose: it is not followed any further.
    pub(super) lost: bool,
    /// What [`Life::next`] has made since the last change: its keys cost more than all the rest.
    upcoming: PerSide<OnceCell<Option<Commitment>>>,
}

/// A commitment, and the signatures of the end that does not hold it, where they are known.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(super) commitment: Commitment,
    pub(super) signatures: Option<Signatures>,
}

/// What one `commitment_signed`, `funding_created` or `funding_signed` says.
#[derive(Clone, Debug)]
pub(super) struct Signatures {
    pub(super) commitment: Signature,
    pub(super) htlcs: Vec<Signature>,
}

impl Life {
    /// Of a channel with its first commitments.
    pub(crate) fn new(
        parameters: ChannelParameters,
        state: &CommitmentState,
        points: &PerSide<PublicKey>,
    ) -> Self {
        let held = PerSide::from_fn(|side| {
            let commitment = parameters.commitment(side, CommitmentNumber::FIRST, points[side], state);
            vec![Held { commitment, signatures: None }]
        });
        let updates = Updates::new(parameters.opener, state.feerate, state.balances_msat);
        Self {
            parameters,
            updates,
            points: BTreeMap::from([(0, points.remote)]),
            secrets: Vec::new(),
            nodes_keys: None,
            held,
            scripts: PerSide::default(),
            lost: false,
            upcoming: PerSide::default(),
        }
    }

    /// With the node's keys, from which its points follow, where they are known.
    pub(crate) fn knowing(self, nodes_keys: Option<Keyset>) -> Self {
        Self { nodes_keys, ..self }
    }

    /// The point of the node's commitment of this number, where its keys are known.
    pub(super) fn known_point(&self, number: u64) -> Option<PublicKey> {
        let keys = self.nodes_keys.as_ref()?;
        Some(keys.per_commitment_point(CommitmentNumber::new(number)?))
    }

    /// The last commitment of `side` that it got a signature for.
    pub(crate) fn current(&self, side: Side) -> &Held {
        &self.held[side][self.held[side].len() - 1]
    }

    /// What the next signature that `side` gets has to be for, if it comes now; `None` while its point is not known.
    pub(crate) fn next(&self, side: Side, keys: &Keyset) -> Option<&Commitment> {
        let make = || {
            let number = CommitmentNumber::new(self.held[side].len() as u64)?;
            let point = self.point(side, number, keys)?;
            Some(self.parameters.commitment(side, number, point, &self.updates.next(side)))
        };
        self.upcoming[side].get_or_init(make).as_ref()
    }

    /// The commitments that `side` has revoked, by number.
    pub(crate) fn revoked(&self, side: Side) -> &[Held] {
        let count = self.updates.next_revocation_number(!side) as usize;
        &self.held[side][..count.min(self.held[side].len())]
    }

    /// The commitment of `side` with this number.
    pub(crate) fn numbered(&self, side: Side, number: u64) -> Option<&Held> {
        self.held[side].get(usize::try_from(number).ok()?)
    }

    /// The node's secret for its commitment of this number, once it has revoked it.
    pub(crate) fn revealed(&self, number: u64) -> Option<[u8; 32]> {
        self.secrets.get(usize::try_from(number).ok()?).copied()
    }

    /// What was not signed for when the connection ended is forgotten by both ends.
    pub(crate) fn disconnected(&mut self) {
        self.updates.disconnect();
        self.has_changed();
    }

    /// Forgets what was made of an earlier state.
    pub(super) fn has_changed(&mut self) {
        self.upcoming = PerSide::default();
    }

    /// The point of a commitment: ours by our keys, the node's as it said.
    fn point(&self, side: Side, number: CommitmentNumber, keys: &Keyset) -> Option<PublicKey> {
        match side {
            Side::Local => Some(keys.per_commitment_point(number)),
            Side::Remote => self.points.get(&number.get()).copied(),
        }
    }
}
