//! Commitment transactions (BOLT 3, "Commitment Transaction Construction").

use bitcoin::absolute::LockTime;
use bitcoin::transaction::Version;
use bitcoin::{Amount, CompressedPublicKey, FeeRate, OutPoint, ScriptBuf, Sequence, Transaction, TxOut};
use secp256k1::ecdsa::Signature;
use secp256k1::{PublicKey, SecretKey};

use super::format::{ANCHOR_AMOUNT, CommitmentFormat};
use super::funding::Funding;
use super::htlc::HtlcTransaction;
use super::keys::{CommitmentKeys, derive_public_key, htlc_public_keys};
use super::ordering::output_order;
use super::parameters::{ChannelParameters, CommitmentState, Htlc};
use super::scripts::{self, HtlcOutputKeys};
use super::secrets::CommitmentNumber;
use super::side::{PerSide, Side};
use super::signature::ExpectedSignature;

/// An unsigned commitment transaction, and what each part of it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Who may broadcast it.
    pub holder: Side,
    /// Which one of the holder's.
    pub number: CommitmentNumber,
    /// The transaction, without witness.
    pub transaction: Transaction,
    /// What each of the transaction's outputs is, in their order.
    pub outputs: Vec<CommitmentOutput>,
    /// The HTLCs that are too small for an output.
    pub trimmed: Vec<Htlc>,
    /// The keys in its scripts.
    pub keys: CommitmentKeys,
    /// Both ends' `htlcpubkey`; `None` where there are no HTLCs.
    pub htlc_pubkeys: Option<PerSide<PublicKey>>,
    /// What it spends.
    pub funding: Funding,
    /// Its form.
    pub format: CommitmentFormat,
    /// The feerate of it and its HTLC transactions.
    pub feerate: FeeRate,
    /// How many blocks the holder waits for its money.
    pub to_self_delay: u16,
}

/// What an output of a commitment transaction is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentOutput {
    /// Whose, and what for.
    pub purpose: OutputPurpose,
    /// The script that spends it; `None` for P2WPKH.
    pub witness_script: Option<ScriptBuf>,
}

/// The four kinds of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputPurpose {
    /// This end's anchor.
    Anchor(Side),
    /// This end's balance: BOLT 3's `to_local` if it is the holder, `to_remote` if not.
    Balance(Side),
    /// An HTLC.
    Htlc(Htlc),
}

impl Commitment {
    pub(super) fn build(
        channel: &ChannelParameters,
        holder: Side,
        number: CommitmentNumber,
        per_commitment_point: PublicKey,
        state: &CommitmentState,
    ) -> Self {
        let basepoints = PerSide::from_fn(|side| channel.parties[side].basepoints);
        let commitment = Self {
            holder,
            number,
            transaction: unsigned(channel, number),
            outputs: Vec::new(),
            trimmed: Vec::new(),
            keys: CommitmentKeys::derive(holder, &basepoints, per_commitment_point),
            htlc_pubkeys: (!state.htlcs.is_empty())
                .then(|| htlc_public_keys(&basepoints, &per_commitment_point)),
            funding: channel.funding,
            format: channel.format,
            feerate: state.feerate,
            to_self_delay: channel.parties[!holder].to_self_delay,
        };
        commitment.with_outputs(channel, state)
    }

    /// What `signer` is to sign: in `funding_created`, `funding_signed` and `commitment_signed` it is the end that
    /// does not hold it.
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

    /// The HTLC transactions that spend it, in the order of `commitment_signed`'s `htlc_signature`s.
    pub fn htlc_transactions(&self) -> Vec<HtlcTransaction> {
        let Some(pubkeys) = self.htlc_pubkeys else { return Vec::new() };
        let txid = self.transaction.compute_txid();
        (0..)
            .zip(&self.outputs)
            .filter_map(|(vout, output)| match (output.purpose, &output.witness_script) {
                (OutputPurpose::Htlc(htlc), Some(script)) => {
                    Some(HtlcTransaction::new(self, OutPoint { txid, vout }, htlc, script, pubkeys))
                }
                _ => None,
            })
            .collect()
    }

    /// What the network gets: all that was not put into outputs; zero if they hold more than the funding does.
    pub fn fee(&self) -> Amount {
        let outputs = &self.transaction.output;
        let left =
            outputs.iter().try_fold(self.funding.amount, |left, output| left.checked_sub(output.value));
        left.unwrap_or(Amount::ZERO)
    }

    fn with_outputs(mut self, channel: &ChannelParameters, state: &CommitmentState) -> Self {
        let dust_limit = channel.parties[self.holder].dust_limit;
        let (htlcs, trimmed): (Vec<Htlc>, Vec<Htlc>) = state.htlcs.iter().partition(|htlc| {
            htlc.amount().checked_sub(self.htlc_fee(htlc)).is_some_and(|left| left >= dust_limit)
        });

        let mut balances = PerSide::from_fn(|side| Amount::from_sat(state.balances_msat[side] / 1000));
        let fee = self.format.commitment_fee(self.feerate, htlcs.len());
        balances[channel.opener] = balances[channel.opener]
            .checked_sub(fee)
            .and_then(|left| left.checked_sub(self.format.anchors_amount()))
            .unwrap_or(Amount::ZERO);

        let mut outputs: Vec<(TxOut, CommitmentOutput)> = Vec::with_capacity(htlcs.len() + 4);
        if let Some(pubkeys) = &self.htlc_pubkeys {
            outputs.extend(htlcs.iter().map(|htlc| self.htlc_output(*htlc, pubkeys)));
        }
        for side in [self.holder, !self.holder] {
            let has_balance = balances[side] >= dust_limit;
            if has_balance {
                outputs.push(self.balance_output(side, balances[side], channel));
            }
            if self.format == CommitmentFormat::Anchors && (has_balance || !htlcs.is_empty()) {
                outputs.push(self.anchor_output(side));
            }
        }
        outputs.sort_by(|(output, what), (other_output, other_what)| {
            output_order(output, other_output).then_with(|| what.expiry().cmp(&other_what.expiry()))
        });

        (self.transaction.output, self.outputs) = outputs.into_iter().unzip();
        self.trimmed = trimmed;
        self
    }

    fn htlc_fee(&self, htlc: &Htlc) -> Amount {
        if htlc.offered_by == self.holder {
            self.format.htlc_timeout_fee(self.feerate)
        } else {
            self.format.htlc_success_fee(self.feerate)
        }
    }

    fn htlc_output(&self, htlc: Htlc, pubkeys: &PerSide<PublicKey>) -> (TxOut, CommitmentOutput) {
        let keys = HtlcOutputKeys {
            revocation: self.keys.revocation,
            local: pubkeys[self.holder],
            remote: pubkeys[!self.holder],
        };
        let script = if htlc.offered_by == self.holder {
            scripts::offered_htlc(self.format, &keys, &htlc.payment_hash)
        } else {
            scripts::received_htlc(self.format, &keys, &htlc.payment_hash, htlc.cltv_expiry)
        };
        p2wsh(OutputPurpose::Htlc(htlc), htlc.amount(), script)
    }

    fn balance_output(
        &self,
        side: Side,
        amount: Amount,
        channel: &ChannelParameters,
    ) -> (TxOut, CommitmentOutput) {
        let purpose = OutputPurpose::Balance(side);
        if side == self.holder {
            let script =
                scripts::to_local(&self.keys.revocation, self.to_self_delay, &self.keys.delayed_payment);
            return p2wsh(purpose, amount, script);
        }
        let basepoint = channel.parties[side].basepoints.payment;
        let key = match self.format {
            CommitmentFormat::Anchors => return p2wsh(purpose, amount, scripts::to_remote(&basepoint)),
            CommitmentFormat::Legacy => derive_public_key(&basepoint, &self.keys.per_commitment_point),
            CommitmentFormat::StaticRemotekey => basepoint,
        };
        let script_pubkey = ScriptBuf::new_p2wpkh(&CompressedPublicKey(key).wpubkey_hash());
        (TxOut { value: amount, script_pubkey }, CommitmentOutput { purpose, witness_script: None })
    }

    fn anchor_output(&self, side: Side) -> (TxOut, CommitmentOutput) {
        p2wsh(OutputPurpose::Anchor(side), ANCHOR_AMOUNT, scripts::anchor(&self.funding.pubkeys[side]))
    }
}

impl CommitmentOutput {
    /// What breaks the tie between HTLC outputs that look the same.
    fn expiry(&self) -> Option<u32> {
        match self.purpose {
            OutputPurpose::Htlc(htlc) => Some(htlc.cltv_expiry),
            OutputPurpose::Anchor(_) | OutputPurpose::Balance(_) => None,
        }
    }
}

/// The transaction without outputs. Its lock time and sequence hold the obscured commitment number.
fn unsigned(channel: &ChannelParameters, number: CommitmentNumber) -> Transaction {
    let obscured = channel.obscured(number);
    let lower = (obscured & 0xff_ffff) as u32;
    let upper = (obscured >> 24) as u32;
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::from_consensus(0x20 << 24 | lower),
        input: vec![channel.funding.input(Sequence(0x80 << 24 | upper))],
        output: Vec::new(),
    }
}

fn p2wsh(purpose: OutputPurpose, value: Amount, script: ScriptBuf) -> (TxOut, CommitmentOutput) {
    let output = TxOut { value, script_pubkey: script.to_p2wsh() };
    (output, CommitmentOutput { purpose, witness_script: Some(script) })
}
