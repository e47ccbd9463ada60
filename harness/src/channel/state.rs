//! What the harness knows of a channel: its funding, both ends' commitments, our keys.

use bitcoin::Transaction;
use lnprototest_bolt::channel::{
    ChannelParameters, Commitment, CommitmentNumber, CommitmentState, ExpectedSignature, Funding, Keyset,
    PerSide, Side,
};
use secp256k1::PublicKey;
use secp256k1::ecdsa::Signature;

/// One channel.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    /// The session on which it was opened.
    pub(crate) session: String,
    /// Our keys in it.
    pub(crate) keys: Keyset,
    pub(crate) funding: Funding,
    /// The funding transaction, if it is ours.
    pub(crate) funding_tx: Option<Transaction>,
    /// Once `Commit` has made them.
    pub(crate) commitments: Option<Commitments>,
}

/// Both ends' commitment transactions.
#[derive(Clone, Debug)]
pub(crate) struct Commitments {
    pub(crate) current: PerSide<Commitment>,
}

impl Channel {
    pub(crate) fn new(
        session: &str,
        keys: Keyset,
        funding: Funding,
        funding_tx: Option<Transaction>,
    ) -> Self {
        Self { session: session.to_owned(), keys, funding, funding_tx, commitments: None }
    }

    /// What the node has to sign: our current commitment.
    pub(crate) fn sig_from_node(&self) -> Option<ExpectedSignature> {
        let ours = &self.commitments.as_ref()?.current.local;
        Some(ours.expected_signature(Side::Remote))
    }

    /// What [`Channel::sig_for_node`] signs.
    pub(crate) fn hash_for_node(&self) -> Option<[u8; 32]> {
        let theirs = &self.commitments.as_ref()?.current.remote;
        Some(*theirs.expected_signature(Side::Local).hash.as_ref())
    }

    /// Our signature on the node's current commitment.
    pub(crate) fn sig_for_node(&self) -> Option<Signature> {
        let theirs = &self.commitments.as_ref()?.current.remote;
        Some(theirs.sign(&self.keys.funding))
    }
}

impl Commitments {
    /// Both ends' first commitments.
    pub(crate) fn first(
        parameters: &ChannelParameters,
        state: &CommitmentState,
        points: &PerSide<PublicKey>,
    ) -> Self {
        let number = CommitmentNumber::FIRST;
        let current = PerSide::from_fn(|side| parameters.commitment(side, number, points[side], state));
        Self { current }
    }
}
