//! What both ends have changed since a channel was funded, and in whose commitment each change stands by now (BOLT 2,
//! "Normal Operation").
//!
//! A change passes five stages. Its receiver's commitment gets it first, when the proposer signs; the proposer's own
//! gets it once the receiver has revoked, and signs in turn.
//!
//! Nothing here judges whether a change may be proposed: a spec may want to propose one that must be refused.

use bitcoin::FeeRate;

use super::parameters::{CommitmentState, Htlc};
use super::side::{PerSide, Side};

/// A channel's balances, HTLCs and feerate, as far as they have come. Clone it to go back to an earlier point: to a
/// signature that was sent and never arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updates {
    opener: Side,
    funded: CommitmentState,
    changes: Vec<Change>,
    next_ids: PerSide<u64>,
    /// How many commitments each end has got a signature for, but for the first one.
    signed: PerSide<u64>,
    /// How many commitments each end has revoked.
    revoked: PerSide<u64>,
}

impl Updates {
    /// Of a channel that was just funded. Balances are in msat, before fee and anchors.
    pub fn new(opener: Side, feerate: FeeRate, balances_msat: PerSide<u64>) -> Self {
        Self {
            opener,
            funded: CommitmentState { feerate, balances_msat, htlcs: Vec::new() },
            changes: Vec::new(),
            next_ids: PerSide::default(),
            signed: PerSide::default(),
            revoked: PerSide::default(),
        }
    }

    /// `update_add_htlc` by the end that offers it. Returns its `id`.
    pub fn add(&mut self, htlc: Htlc) -> u64 {
        let by = htlc.offered_by;
        let id = self.next_ids[by];
        self.next_ids[by] += 1;
        self.propose(by, Proposal::Add { id, htlc });
        id
    }

    /// `update_fulfill_htlc`, `update_fail_htlc` or `update_fail_malformed_htlc` by the end that it was offered to.
    ///
    /// # Errors
    /// [`UpdateError`] if it never was, or is already removed.
    pub fn remove(&mut self, offered_by: Side, id: u64, outcome: HtlcOutcome) -> Result<(), UpdateError> {
        self.htlc(offered_by, id).ok_or(UpdateError::UnknownHtlc { offered_by, id })?;
        if self.removal(offered_by, id).is_some() {
            return Err(UpdateError::AlreadyRemoved { offered_by, id });
        }
        self.propose(!offered_by, Proposal::Remove { id, outcome });
        Ok(())
    }

    /// `update_fee` by the opener.
    pub fn set_feerate(&mut self, feerate: FeeRate) {
        self.propose(self.opener, Proposal::Feerate(feerate));
    }

    /// `commitment_signed` by this end: what it signs for the other end.
    ///
    /// # Errors
    /// [`UpdateError::AwaitingRevocation`] if the other end has yet to revoke the commitment before.
    pub fn commit(&mut self, by: Side) -> Result<CommitmentState, UpdateError> {
        if self.signed[!by] > self.revoked[!by] {
            return Err(UpdateError::AwaitingRevocation { from: !by });
        }
        for change in &mut self.changes {
            change.stage = match change.stage {
                Stage::Proposed if change.by == by => Stage::WithReceiver,
                Stage::Acknowledged if change.by != by => Stage::WithBoth,
                stage => stage,
            };
        }
        self.signed[!by] += 1;
        Ok(self.current(!by))
    }

    /// `revoke_and_ack` by this end.
    ///
    /// # Errors
    /// [`UpdateError::NothingToRevoke`] if it has but one valid commitment.
    pub fn revoke(&mut self, by: Side) -> Result<(), UpdateError> {
        if self.signed[by] == self.revoked[by] {
            return Err(UpdateError::NothingToRevoke { by });
        }
        for change in &mut self.changes {
            change.stage = match change.stage {
                Stage::WithReceiver if change.by != by => Stage::Acknowledged,
                Stage::WithBoth if change.by == by => Stage::Irrevocable,
                stage => stage,
            };
        }
        self.revoked[by] += 1;
        Ok(())
    }

    /// Forgets what nobody has signed for, as both ends do when their connection ends. Its ids are used again.
    pub fn disconnect(&mut self) {
        let (forgotten, kept) =
            std::mem::take(&mut self.changes).into_iter().partition(|change| change.stage == Stage::Proposed);
        self.changes = kept;
        let forgotten: Vec<Change> = forgotten;
        for change in forgotten.iter().rev() {
            if let Proposal::Add { id, .. } = change.proposal {
                self.next_ids[change.by] = id;
            }
        }
    }

    /// What the last signature that this end got is for.
    pub fn current(&self, holder: Side) -> CommitmentState {
        self.state(|change| match change.stage {
            Stage::Proposed => false,
            Stage::WithReceiver | Stage::Acknowledged => change.by != holder,
            Stage::WithBoth | Stage::Irrevocable => true,
        })
    }

    /// What the next signature that this end gets has to be for, if it comes now.
    pub fn next(&self, holder: Side) -> CommitmentState {
        self.state(|change| match change.stage {
            Stage::Proposed | Stage::WithReceiver => change.by != holder,
            Stage::Acknowledged | Stage::WithBoth | Stage::Irrevocable => true,
        })
    }

    /// Whether this end has something to sign for: without, it must not.
    pub fn has_changes(&self, by: Side) -> bool {
        self.changes.iter().any(|change| match change.stage {
            Stage::Proposed => change.by == by,
            Stage::Acknowledged => change.by != by,
            Stage::WithReceiver | Stage::WithBoth | Stage::Irrevocable => false,
        })
    }

    /// Whether all changes are in both commitments for good, and none is left that could not be.
    pub fn is_settled(&self) -> bool {
        self.changes.iter().all(|change| change.stage == Stage::Irrevocable)
    }

    /// The HTLC that was given this id, removed or not.
    pub fn htlc(&self, offered_by: Side, id: u64) -> Option<&Htlc> {
        self.addition(offered_by, id).map(|(htlc, _)| htlc)
    }

    /// Whether this HTLC may be removed: it is in both commitments for good, and nobody has removed it yet.
    pub fn is_locked_in(&self, offered_by: Side, id: u64) -> bool {
        let added = self.addition(offered_by, id);
        added.is_some_and(|(_, stage)| stage == Stage::Irrevocable) && self.removal(offered_by, id).is_none()
    }

    /// `next_commitment_number` in this end's `channel_reestablish`, if it has got all that was sent.
    pub fn next_commitment_number(&self, end: Side) -> u64 {
        self.signed[end] + 1
    }

    /// `next_revocation_number` in this end's `channel_reestablish`, if it has got all that was sent.
    pub fn next_revocation_number(&self, end: Side) -> u64 {
        self.revoked[!end]
    }

    /// The number of the commitment that the last signature that this end got is for.
    pub fn commitment_number(&self, holder: Side) -> u64 {
        self.signed[holder]
    }

    fn propose(&mut self, by: Side, proposal: Proposal) {
        self.changes.push(Change { by, proposal, stage: Stage::Proposed });
    }

    fn addition(&self, offered_by: Side, id: u64) -> Option<(&Htlc, Stage)> {
        self.changes.iter().find_map(|change| match &change.proposal {
            Proposal::Add { id: added, htlc } if change.by == offered_by && *added == id => {
                Some((htlc, change.stage))
            }
            _ => None,
        })
    }

    fn removal(&self, offered_by: Side, id: u64) -> Option<&Change> {
        self.changes.iter().find(|change| {
            change.by != offered_by
                && matches!(change.proposal, Proposal::Remove { id: removed, .. } if removed == id)
        })
    }

    /// A balance that changes would bring below zero stays there: the other end has to refuse them.
    fn state(&self, includes: impl Fn(&Change) -> bool) -> CommitmentState {
        let mut state = self.funded.clone();
        let mut pending: Vec<(u64, Htlc)> = Vec::new();
        for change in self.changes.iter().filter(|change| includes(change)) {
            match change.proposal {
                Proposal::Add { id, htlc } => {
                    let balance = &mut state.balances_msat[change.by];
                    *balance = balance.saturating_sub(htlc.amount_msat);
                    pending.push((id, htlc));
                }
                Proposal::Feerate(feerate) => state.feerate = feerate,
                Proposal::Remove { id, outcome } => {
                    let offered_by = !change.by;
                    let of = |(added, htlc): &(u64, Htlc)| *added == id && htlc.offered_by == offered_by;
                    if let Some(index) = pending.iter().position(of) {
                        let (_, htlc) = pending.remove(index);
                        let to = if outcome == HtlcOutcome::Fulfilled { change.by } else { offered_by };
                        let balance = &mut state.balances_msat[to];
                        *balance = balance.saturating_add(htlc.amount_msat);
                    }
                }
            }
        }
        state.htlcs = pending.into_iter().map(|(_, htlc)| htlc).collect();
        state
    }
}

/// How an HTLC is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HtlcOutcome {
    /// Its amount goes back to who offered it.
    Failed,
    /// Its amount goes to who it was offered to.
    Fulfilled,
}

/// A message out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// An HTLC is removed for the second time.
    #[error("HTLC {id} that the {offered_by} end offered is already removed")]
    AlreadyRemoved {
        /// Who offered it.
        offered_by: Side,
        /// Its id.
        id: u64,
    },
    /// A second signature before the first commitment is revoked.
    #[error("the {from} end has yet to send the revoke_and_ack for the last commitment_signed")]
    AwaitingRevocation {
        /// Who has to revoke.
        from: Side,
    },
    /// A revocation without a new commitment.
    #[error("the {by} end can't send revoke_and_ack: it got no commitment_signed since its last one")]
    NothingToRevoke {
        /// Who revokes.
        by: Side,
    },
    /// An HTLC is removed that was never added.
    #[error("there is no HTLC {id} that the {offered_by} end offered")]
    UnknownHtlc {
        /// Who should have offered it.
        offered_by: Side,
        /// Its id.
        id: u64,
    },
}

/// One message's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    by: Side,
    proposal: Proposal,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proposal {
    Add { id: u64, htlc: Htlc },
    Feerate(FeeRate),
    Remove { id: u64, outcome: HtlcOutcome },
}

/// How far a change has come, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Sent.
    Proposed,
    /// In the receiver's commitment, whose one before is not revoked yet.
    WithReceiver,
    /// In the receiver's commitment, and no other of the receiver's is valid.
    Acknowledged,
    /// In both, but the proposer's one before is not revoked yet.
    WithBoth,
    /// In both, and no other is valid.
    Irrevocable,
}
