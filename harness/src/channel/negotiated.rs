//! What `open_channel` and `accept_channel` agreed on, read from what was really sent and received.

use bitcoin::{Amount, FeeRate};
use lnprototest_bolt::channel::{Basepoints, CommitmentFormat, CommitmentState, Party, PerSide, Side};
use lnprototest_bolt::features::FeatureSet;
use lnprototest_bolt::wire::Message;
use secp256k1::PublicKey;

use crate::session::{Record, Recorded};
use crate::stage::Stop;
use crate::verdict::{Code, CodeKind};
use std::rc::Rc;

/// Both messages of a channel's opening.
pub(crate) struct Negotiated {
    opener: Side,
    open: Rc<Recorded>,
    accept: Rc<Recorded>,
}

impl Negotiated {
    /// From the last opening on a session.
    pub(crate) fn on_session(opener: Side, sent: &Record, rcvd: &Record) -> Result<Self, Stop> {
        let (openers, accepters) = match opener {
            Side::Local => (sent, rcvd),
            Side::Remote => (rcvd, sent),
        };
        let last = |record: &Record, name| {
            record.last(name).ok_or_else(|| Stop::spec(format!("there was no {name} on this session yet")))
        };
        Ok(Self { opener, open: last(openers, "open_channel")?, accept: last(accepters, "accept_channel")? })
    }

    /// The form of its transactions. `option_static_remotekey` is ASSUMED by BOLT 9.
    pub(crate) fn format(&self) -> CommitmentFormat {
        let channel_type =
            self.open.message().tlv("channel_type").and_then(|record| record.value()?.as_bytes());
        match FeatureSet::from_wire(channel_type.unwrap_or_default()).has("option_anchors") {
            true => CommitmentFormat::Anchors,
            false => CommitmentFormat::StaticRemotekey,
        }
    }

    /// What each end said of itself.
    pub(crate) fn parties(&self) -> Result<PerSide<Party>, Stop> {
        Ok(PerSide { local: self.party(Side::Local)?, remote: self.party(Side::Remote)? })
    }

    /// Each end's `funding_pubkey`.
    pub(crate) fn funding_pubkeys(&self) -> Result<PerSide<PublicKey>, Stop> {
        self.points("funding_pubkey")
    }

    /// Each end's `first_per_commitment_point`.
    pub(crate) fn first_points(&self) -> Result<PerSide<PublicKey>, Stop> {
        self.points("first_per_commitment_point")
    }

    /// The channel's capacity.
    pub(crate) fn capacity(&self) -> Result<Amount, Stop> {
        Ok(Amount::from_sat(number(self.open.message(), "funding_satoshis")?))
    }

    /// The state of both first commitments.
    pub(crate) fn first_state(&self) -> Result<CommitmentState, Stop> {
        let open = self.open.message();
        let pushed = number(open, "push_msat")?;
        let all = self.capacity()?.to_sat().saturating_mul(1000);
        let kept = all.checked_sub(pushed).ok_or_else(|| {
            Stop::spec(format!("push_msat {pushed} is more than the channel holds: there is no commitment"))
        })?;
        let mut balances_msat = PerSide { local: pushed, remote: pushed };
        balances_msat[self.opener] = kept;
        let feerate = number(open, "feerate_per_kw")?;
        Ok(CommitmentState { feerate: FeeRate::from_sat_per_kwu(feerate), balances_msat, htlcs: Vec::new() })
    }

    fn party(&self, side: Side) -> Result<Party, Stop> {
        let message = self.message_of(side);
        Ok(Party {
            basepoints: Basepoints {
                revocation: self.point(side, "revocation_basepoint")?,
                payment: self.point(side, "payment_basepoint")?,
                delayed_payment: self.point(side, "delayed_payment_basepoint")?,
                htlc: self.point(side, "htlc_basepoint")?,
            },
            dust_limit: Amount::from_sat(number(message, "dust_limit_satoshis")?),
            to_self_delay: number(message, "to_self_delay")? as u16,
        })
    }

    fn points(&self, field: &str) -> Result<PerSide<PublicKey>, Stop> {
        Ok(PerSide { local: self.point(Side::Local, field)?, remote: self.point(Side::Remote, field)? })
    }

    /// A point that an end sent: one of the node's that is none is the node's failure, one of ours the spec's.
    fn point(&self, side: Side, field: &str) -> Result<PublicKey, Stop> {
        let message = self.message_of(side);
        let bytes = message.bytes(field).unwrap_or_default();
        PublicKey::from_slice(bytes).map_err(|_| match side {
            Side::Local => {
                Stop::spec(format!("our {field} is no point, so there is no commitment transaction"))
            }
            Side::Remote => Stop::fail(
                Code::of(CodeKind::WrongField, field),
                format!("{}'s {field} to be a point in compressed form", message.name()),
                hex::encode(bytes),
            ),
        })
    }

    fn message_of(&self, side: Side) -> &Message {
        if side == self.opener { self.open.message() } else { self.accept.message() }
    }
}

fn number(message: &Message, field: &str) -> Result<u64, Stop> {
    message.u64(field).ok_or_else(|| Stop::spec(format!("{} has no number {field}", message.name())))
}
