//! Transactions of ours that take the outputs of a commitment.

use bitcoin::{FeeRate, ScriptBuf, Transaction};
use lnprototest_bolt::channel::{Commitment, OutputPurpose, PerSide, Side, Unlock, claim_all};
use lnprototest_spec_events::event::ClaimedOutput;
use secp256k1::SecretKey;

use super::Channel;
use super::life::{Held, Life};

/// What is to be taken, and how.
pub(crate) struct ClaimRequest {
    /// Whose commitment.
    pub(crate) of: Side,
    /// Which one; the current one if `None`.
    pub(crate) number: Option<u64>,
    pub(crate) output: ClaimedOutput,
    /// Which of its HTLCs.
    pub(crate) htlc: u64,
    pub(crate) preimage: Option<[u8; 32]>,
    /// By the secret that the node has revealed.
    pub(crate) penalty: bool,
    /// Where it goes.
    pub(crate) script: ScriptBuf,
    pub(crate) feerate: FeeRate,
}

impl Channel {
    /// The signed transaction.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn claim(&self, request: &ClaimRequest) -> Result<Transaction, String> {
        let life = self.life.borrow();
        let life = life.as_ref().ok_or("the channel has no commitments yet: `Commit` makes them")?;
        let held = match request.number {
            None => life.current(request.of),
            Some(number) => life
                .numbered(request.of, number)
                .ok_or_else(|| format!("the {} end has no commitment {number} (yet)", request.of))?,
        };
        let commitment = &held.commitment;
        let vout = position(commitment, request).ok_or_else(|| {
            format!("the {} end's commitment {} has no such output", request.of, commitment.number.get())
        })?;
        if request.of == Side::Local && request.output == ClaimedOutput::Htlc {
            return self.htlc_transaction(held, vout, request.preimage);
        }
        let unlock = self.unlock(life, commitment, request)?;
        let claim = commitment.claim(vout, unlock).ok_or("this output can't be taken so")?;
        claim_all(&[claim], request.script.clone(), request.feerate).map_err(|error| error.to_string())
    }

    fn unlock(&self, life: &Life, commitment: &Commitment, request: &ClaimRequest) -> Result<Unlock, String> {
        let point = &commitment.keys.per_commitment_point;
        if request.penalty {
            let number = commitment.number.get();
            let secret = life
                .revealed(number)
                .filter(|_| request.of == Side::Remote)
                .and_then(|secret| SecretKey::from_slice(&secret).ok())
                .ok_or_else(|| format!("the {} end has not revoked commitment {number}", request.of))?;
            return Ok(Unlock::Penalty { revocation_secret: self.keys.revocation_secret(&secret) });
        }
        let htlc_secret = || self.keys.htlc_secret(point);
        match (request.output, request.preimage) {
            (ClaimedOutput::Htlc, Some(preimage)) => {
                Ok(Unlock::Preimage { htlc_secret: htlc_secret(), preimage })
            }
            (ClaimedOutput::Htlc, None) => Ok(Unlock::Timeout { htlc_secret: htlc_secret() }),
            (ClaimedOutput::ToLocal, _) => {
                Ok(Unlock::Delayed { delayed_payment_secret: self.keys.delayed_payment_secret(point) })
            }
            (ClaimedOutput::ToLocalAnchor | ClaimedOutput::ToRemoteAnchor, _) => {
                Ok(Unlock::Anchor { funding_secret: self.keys.funding })
            }
            (ClaimedOutput::ToRemote, _) => Ok(Unlock::Payment { payment_secret: self.keys.payment_base }),
        }
    }

    /// The HTLC-success or HTLC-timeout transaction of our own commitment, as both ends have signed it.
    fn htlc_transaction(
        &self,
        held: &Held,
        vout: u32,
        preimage: Option<[u8; 32]>,
    ) -> Result<Transaction, String> {
        let theirs = held.signatures.as_ref().ok_or("the node's signatures of it are not known")?;
        let transactions = held.commitment.htlc_transactions();
        let is_it = |transaction: &lnprototest_bolt::channel::HtlcTransaction| {
            transaction.transaction.input.first().is_some_and(|input| input.previous_output.vout == vout)
        };
        let index = transactions.iter().position(is_it).ok_or("this HTLC has no transaction")?;
        let remote = *theirs.htlcs.get(index).ok_or("the node's signature of it is not known")?;
        let secret = self.keys.htlc_secret(&held.commitment.keys.per_commitment_point);
        let local = transactions[index].sign(Side::Local, &secret);
        let preimage = preimage.as_ref().map_or(&[][..], |preimage| &preimage[..]);
        Ok(transactions[index].signed(&PerSide { local, remote }, preimage))
    }
}

fn position(commitment: &Commitment, request: &ClaimRequest) -> Option<u32> {
    let holder = commitment.holder;
    let is_it = |purpose: OutputPurpose| match (request.output, purpose) {
        (ClaimedOutput::Htlc, OutputPurpose::Htlc(_)) => true,
        (ClaimedOutput::ToLocal, OutputPurpose::Balance(side))
        | (ClaimedOutput::ToLocalAnchor, OutputPurpose::Anchor(side)) => side == holder,
        (ClaimedOutput::ToRemote, OutputPurpose::Balance(side))
        | (ClaimedOutput::ToRemoteAnchor, OutputPurpose::Anchor(side)) => side != holder,
        _ => false,
    };
    let nth = if request.output == ClaimedOutput::Htlc { usize::try_from(request.htlc).ok()? } else { 0 };
    (0..).zip(&commitment.outputs).filter(|(_, output)| is_it(output.purpose)).nth(nth).map(|(vout, _)| vout)
}
