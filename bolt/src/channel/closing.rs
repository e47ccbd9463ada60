//! Cooperative closes: the transactions of `closing_signed` (BOLT 3, "Legacy Closing Transaction") and of
//! `closing_complete` and `closing_sig` ("Closing Transaction").

use bitcoin::absolute::LockTime;
use bitcoin::transaction::Version;
use bitcoin::{Amount, ScriptBuf, Sequence, Transaction, TxOut};
use secp256k1::SecretKey;
use secp256k1::ecdsa::Signature;

use super::funding::Funding;
use super::ordering::output_order;
use super::side::{PerSide, Side};
use super::signature::ExpectedSignature;

/// A channel without HTLCs that both ends want to close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualClose {
    /// What the close spends.
    pub funding: Funding,
    /// What each end has, in msat, before the fee.
    pub balances_msat: PerSide<u64>,
    /// The `scriptpubkey` of each end's `shutdown` (or, with `option_simple_close`, of the `closing_complete`).
    pub scripts: PerSide<ScriptBuf>,
}

impl MutualClose {
    /// The transaction of a `closing_signed` with this `fee_satoshis`.
    ///
    /// # Errors
    /// [`ClosingError`] if the opener can't pay the fee.
    pub fn legacy(
        &self,
        opener: Side,
        fee: Amount,
        outputs: ClosingOutputs,
    ) -> Result<ClosingTransaction, ClosingError> {
        let amounts = self.amounts(opener, fee)?;
        Ok(self.transaction(amounts, outputs, LockTime::ZERO, Sequence::MAX))
    }

    /// The outputs that a `closing_signed` of an end with this `dust_limit_satoshis` leaves. It may leave out its own
    /// besides.
    ///
    /// # Errors
    /// [`ClosingError`] if the opener can't pay the fee, or nothing would be left.
    pub fn legacy_outputs(
        &self,
        opener: Side,
        fee: Amount,
        dust_limit: Amount,
    ) -> Result<ClosingOutputs, ClosingError> {
        let amounts = self.amounts(opener, fee)?;
        match (amounts.local >= dust_limit, amounts.remote >= dust_limit) {
            (true, true) => Ok(ClosingOutputs::Both),
            (true, false) => Ok(ClosingOutputs::Only(Side::Local)),
            (false, true) => Ok(ClosingOutputs::Only(Side::Remote)),
            (false, false) => Err(ClosingError::NothingLeft { dust_limit }),
        }
    }

    /// The transaction of a `closing_complete` that `closer` sent with this `fee_satoshis` and `locktime`. `outputs`
    /// follows from the TLV record that the signature stands in.
    ///
    /// # Errors
    /// [`ClosingError`] if the closer can't pay the fee.
    pub fn simple(
        &self,
        closer: Side,
        fee: Amount,
        locktime: u32,
        outputs: ClosingOutputs,
    ) -> Result<ClosingTransaction, ClosingError> {
        let paid = self.amounts(closer, fee)?;
        let amounts =
            PerSide::from_fn(
                |side| if self.scripts[side].is_op_return() { Amount::ZERO } else { paid[side] },
            );
        let sequence = Sequence::ENABLE_RBF_NO_LOCKTIME;
        Ok(self.transaction(amounts, outputs, LockTime::from_consensus(locktime), sequence))
    }

    /// Both balances in whole sat, after `payer` has paid the fee.
    fn amounts(&self, payer: Side, fee: Amount) -> Result<PerSide<Amount>, ClosingError> {
        let mut amounts = PerSide::from_fn(|side| Amount::from_sat(self.balances_msat[side] / 1000));
        let balance = amounts[payer];
        amounts[payer] = balance.checked_sub(fee).ok_or(ClosingError::FeeTooHigh { payer, fee, balance })?;
        Ok(amounts)
    }

    fn transaction(
        &self,
        amounts: PerSide<Amount>,
        outputs: ClosingOutputs,
        lock_time: LockTime,
        sequence: Sequence,
    ) -> ClosingTransaction {
        let output = |side| TxOut { value: amounts[side], script_pubkey: self.scripts[side].clone() };
        let mut output: Vec<TxOut> = outputs.sides().iter().copied().map(output).collect();
        output.sort_by(output_order);
        let input = vec![self.funding.input(sequence)];
        let transaction = Transaction { version: Version::TWO, lock_time, input, output };
        ClosingTransaction { transaction, funding: self.funding }
    }
}

/// Whose outputs a closing transaction has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosingOutputs {
    /// Both ends'.
    Both,
    /// This end's alone; the other end's money goes to the fee.
    Only(Side),
}

impl ClosingOutputs {
    fn sides(&self) -> &[Side] {
        match self {
            Self::Both => &[Side::Local, Side::Remote],
            Self::Only(side) => std::slice::from_ref(side),
        }
    }
}

/// An unsigned closing transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosingTransaction {
    /// The transaction, without witness.
    pub transaction: Transaction,
    /// What it spends.
    pub funding: Funding,
}

impl ClosingTransaction {
    /// What `signer` is to sign.
    pub fn expected_signature(&self, signer: Side) -> ExpectedSignature {
        self.funding.expected_signature(&self.transaction, signer)
    }

    /// Signs it, deterministically and with a low S.
    pub fn sign(&self, funding_secret: &SecretKey) -> Signature {
        self.funding.sign(&self.transaction, funding_secret)
    }

    /// The transaction with its witness, ready to be broadcast if both signatures are right.
    pub fn signed(&self, signatures: &PerSide<Signature>) -> Transaction {
        self.funding.signed(&self.transaction, signatures)
    }
}

/// Why there is no such closing transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClosingError {
    /// Who is to pay the fee has less.
    #[error("{payer} can't pay a closing fee of {} sat from {} sat", .fee.to_sat(), .balance.to_sat())]
    FeeTooHigh {
        /// Who pays.
        payer: Side,
        /// The fee.
        fee: Amount,
        /// What the payer has.
        balance: Amount,
    },
    /// No output would remain.
    #[error("after the fee both outputs are below the dust limit of {} sat", .dust_limit.to_sat())]
    NothingLeft {
        /// The limit.
        dust_limit: Amount,
    },
}
