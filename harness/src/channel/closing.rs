//! The transactions by which both ends close a channel.

use bitcoin::{Amount, Transaction};
use lnprototest_bolt::channel::{ClosingOutputs, ClosingTransaction, Keyset, MutualClose, PerSide, Side};
use secp256k1::ecdsa::Signature;

use super::life::Life;

/// Which of BOLT 3's two forms a closing transaction has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClosingForm {
    /// That of `closing_signed`.
    Legacy,
    /// That of `closing_complete`.
    Simple {
        /// Who sends it.
        closer: Side,
        /// Its `locktime`.
        locktime: u32,
    },
}

/// A closing transaction that `CreateClosing` has made.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(super) transaction: ClosingTransaction,
    /// The fee of `fee_satoshis`.
    pub(super) fee: Amount,
    /// Ours.
    pub(super) signature: Signature,
}

impl Closing {
    /// With this fee and these outputs.
    ///
    /// # Errors
    /// Why there is none yet.
    pub(crate) fn new(
        life: &Life,
        keys: &Keyset,
        fee: Amount,
        outputs: Option<ClosingOutputs>,
        form: ClosingForm,
    ) -> Result<Self, String> {
        let close = life.mutual_close()?;
        let opener = life.parameters.opener;
        let made = match (form, outputs) {
            (ClosingForm::Legacy, Some(outputs)) => close.legacy(opener, fee, outputs),
            (ClosingForm::Legacy, None) => {
                let limit = life.parameters.parties.local.dust_limit;
                let outputs = close.legacy_outputs(opener, fee, limit);
                outputs.and_then(|outputs| close.legacy(opener, fee, outputs))
            }
            (ClosingForm::Simple { closer, locktime }, outputs) => {
                close.simple(closer, fee, locktime, outputs.unwrap_or(ClosingOutputs::Both))
            }
        };
        let transaction = made.map_err(|error| error.to_string())?;
        let signature = transaction.sign(&keys.funding);
        Ok(Self { transaction, fee, signature })
    }

    /// With its witness, if `compact` is the node's signature of it.
    pub(super) fn signed(&self, compact: &[u8; 64]) -> Option<Transaction> {
        self.transaction.expected_signature(Side::Remote).check(compact).ok()?;
        let remote = Signature::from_compact(compact).ok()?;
        Some(self.transaction.signed(&PerSide { local: self.signature, remote }))
    }
}

impl Life {
    /// The transactions that a `closing_signed` of the node with this fee may be for.
    pub(super) fn closings(&self, fee: u64) -> Result<Vec<ClosingTransaction>, String> {
        let close = self.mutual_close()?;
        let fee = Amount::from_sat(fee);
        let opener = self.parameters.opener;
        let all =
            [ClosingOutputs::Both, ClosingOutputs::Only(Side::Local), ClosingOutputs::Only(Side::Remote)];
        let may_leave_out = |outputs: &ClosingOutputs| match outputs {
            ClosingOutputs::Both | ClosingOutputs::Only(Side::Local) => true,
            // Ours is left out only where it is dust to the node.
            ClosingOutputs::Only(Side::Remote) => {
                let limit = self.parameters.parties.remote.dust_limit;
                close.legacy_outputs(opener, fee, limit) == Ok(ClosingOutputs::Only(Side::Remote))
            }
        };
        let made = all.into_iter().filter(may_leave_out).map(|outputs| close.legacy(opener, fee, outputs));
        made.collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    fn mutual_close(&self) -> Result<MutualClose, String> {
        let state = self.updates.current(Side::Local);
        if !self.updates.is_settled() || !state.htlcs.is_empty() {
            return Err("HTLCs or other changes are still pending".to_owned());
        }
        let script = |side: Side| {
            self.scripts[side].clone().ok_or_else(|| format!("the {side} end has sent no shutdown yet"))
        };
        Ok(MutualClose {
            funding: self.parameters.funding,
            balances_msat: state.balances_msat,
            scripts: PerSide { local: script(Side::Local)?, remote: script(Side::Remote)? },
        })
    }
}
