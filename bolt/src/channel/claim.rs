//! Taking the outputs of a commitment transaction and of its HTLC transactions, whoever broadcast them: one's own
//! after the delay, the other end's at once, all of a revoked one (BOLT 5; the witnesses are BOLT 3's).

use bitcoin::absolute::LockTime;
use bitcoin::sighash::SighashCache;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, EcdsaSighashType, FeeRate, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
};
use secp256k1::{Message, SecretKey};

use crate::memo::{public_key, sign};

use super::commitment::{Commitment, OutputPurpose};
use super::format::{CommitmentFormat, fee};
use super::htlc::HtlcTransaction;
use super::side::Side;

/// By what right an output is taken. Each secret is of the key in the script: derived for the commitment's point,
/// where that key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlock {
    /// Whoever's anchor it is, by its funding secret.
    Anchor {
        /// `funding_privkey`.
        funding_secret: SecretKey,
    },
    /// By the holder after `to_self_delay`: its balance, and what its HTLC transactions pay.
    Delayed {
        /// [`Keyset::delayed_payment_secret`](super::Keyset::delayed_payment_secret).
        delayed_payment_secret: SecretKey,
    },
    /// By the other end, its balance.
    Payment {
        /// Of `payment_basepoint` itself, but for [`CommitmentFormat::Legacy`].
        payment_secret: SecretKey,
    },
    /// By the other end, everything of the holder's, once that has revoked the commitment.
    Penalty {
        /// [`Keyset::revocation_secret`](super::Keyset::revocation_secret).
        revocation_secret: SecretKey,
    },
    /// By the other end, an HTLC that the holder offered.
    Preimage {
        /// [`Keyset::htlc_secret`](super::Keyset::htlc_secret).
        htlc_secret: SecretKey,
        /// What the payment hash is the hash of.
        preimage: [u8; 32],
    },
    /// By the other end, an HTLC that the holder received, once it has expired.
    Timeout {
        /// [`Keyset::htlc_secret`](super::Keyset::htlc_secret).
        htlc_secret: SecretKey,
    },
}

impl Unlock {
    fn secret(&self) -> SecretKey {
        match *self {
            Self::Anchor { funding_secret: secret }
            | Self::Delayed { delayed_payment_secret: secret }
            | Self::Payment { payment_secret: secret }
            | Self::Penalty { revocation_secret: secret }
            | Self::Preimage { htlc_secret: secret, .. }
            | Self::Timeout { htlc_secret: secret } => secret,
        }
    }
}

/// One output and how it is taken: an input of [`claim_all`]. Any of it may be made wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where it is.
    pub outpoint: OutPoint,
    /// What it is.
    pub output: TxOut,
    /// The script that it pays to; `None` for P2WPKH.
    pub witness_script: Option<ScriptBuf>,
    /// The key that it is signed with.
    pub secret: SecretKey,
    /// What chooses the branch of a script that has several: it stands between signature and script.
    pub choice: Option<Vec<u8>>,
    /// What the input needs: a delay, or none.
    pub sequence: Sequence,
    /// What the transaction needs: a height, or none.
    pub lock_time: LockTime,
}

impl Commitment {
    /// How to take the output at this index. `None` if there is none, or not one of the kind that is unlocked so; a
    /// wrong secret is not noticed.
    pub fn claim(&self, vout: u32, unlock: Unlock) -> Option<Claim> {
        let output = self.outputs.get(vout as usize)?;
        let claim = Claim {
            outpoint: OutPoint { txid: self.transaction.compute_txid(), vout },
            output: self.transaction.output.get(vout as usize)?.clone(),
            witness_script: output.witness_script.clone(),
            secret: unlock.secret(),
            choice: None,
            sequence: AT_ONCE,
            lock_time: LockTime::ZERO,
        };
        let is_holder = |side: Side| side == self.holder;
        let delayed = Sequence::from_height(self.to_self_delay);
        Some(match (unlock, output.purpose) {
            (Unlock::Anchor { .. }, OutputPurpose::Anchor(_)) => claim,
            (Unlock::Delayed { .. }, OutputPurpose::Balance(side)) if is_holder(side) => {
                Claim { choice: Some(vec![]), sequence: delayed, ..claim }
            }
            (Unlock::Payment { .. }, OutputPurpose::Balance(side)) if !is_holder(side) => {
                Claim { sequence: self.next_block(), ..claim }
            }
            (Unlock::Penalty { .. }, OutputPurpose::Balance(side)) if is_holder(side) => {
                Claim { choice: Some(vec![1]), ..claim }
            }
            (Unlock::Penalty { .. }, OutputPurpose::Htlc(_)) => {
                Claim { choice: Some(self.keys.revocation.serialize().to_vec()), ..claim }
            }
            (Unlock::Preimage { preimage, .. }, OutputPurpose::Htlc(htlc)) if is_holder(htlc.offered_by) => {
                Claim { choice: Some(preimage.to_vec()), sequence: self.next_block(), ..claim }
            }
            (Unlock::Timeout { .. }, OutputPurpose::Htlc(htlc)) if !is_holder(htlc.offered_by) => Claim {
                choice: Some(vec![]),
                sequence: self.next_block(),
                lock_time: LockTime::from_consensus(htlc.cltv_expiry),
                ..claim
            },
            _ => return None,
        })
    }

    /// All outputs that can be taken so, in their order: with [`Unlock::Penalty`], all that a cheater loses.
    pub fn claims(&self, unlock: Unlock) -> Vec<Claim> {
        (0..).zip(&self.outputs).filter_map(|(vout, _)| self.claim(vout, unlock)).collect()
    }

    /// The sequence that the other end's scripts ask for: with anchors, a block's delay.
    fn next_block(&self) -> Sequence {
        match self.format {
            CommitmentFormat::Anchors => Sequence::from_height(1),
            CommitmentFormat::Legacy | CommitmentFormat::StaticRemotekey => AT_ONCE,
        }
    }
}

impl HtlcTransaction {
    /// How to take its output, by [`Unlock::Delayed`] or [`Unlock::Penalty`]; `None` for any other. With anchors the
    /// transaction may have got other inputs and outputs on its way into the chain: `outpoint` is where it is there.
    pub fn claim(&self, outpoint: OutPoint, unlock: Unlock) -> Option<Claim> {
        let (choice, sequence) = match unlock {
            Unlock::Delayed { .. } => (vec![], Sequence::from_height(self.to_self_delay)),
            Unlock::Penalty { .. } => (vec![1], AT_ONCE),
            Unlock::Anchor { .. }
            | Unlock::Payment { .. }
            | Unlock::Preimage { .. }
            | Unlock::Timeout { .. } => return None,
        };
        Some(Claim {
            outpoint,
            output: self.transaction.output.first()?.clone(),
            witness_script: Some(self.output_script.clone()),
            secret: unlock.secret(),
            choice: Some(choice),
            sequence,
            lock_time: LockTime::ZERO,
        })
    }
}

/// A signed transaction that takes all of these outputs and pays them to `script_pubkey`, less the fee.
///
/// # Errors
/// [`ClaimError`] if there are none, or they don't pay the fee.
pub fn claim_all(
    claims: &[Claim],
    script_pubkey: ScriptBuf,
    feerate: FeeRate,
) -> Result<Transaction, ClaimError> {
    let available: Amount = claims.iter().map(|claim| claim.output.value).sum();
    let lock_time = claims.iter().map(|claim| claim.lock_time.to_consensus_u32()).max();
    let mut transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::from_consensus(lock_time.ok_or(ClaimError::Nothing)?),
        input: claims.iter().map(Claim::input).collect(),
        output: vec![TxOut { value: available, script_pubkey }],
    };
    // Signed for its weight first, and again when the fee is known. It may differ by a byte a signature.
    sign_all(&mut transaction, claims);
    let required = fee(feerate, transaction.weight().to_wu() + claims.len() as u64);
    transaction.output[0].value =
        available.checked_sub(required).ok_or(ClaimError::TooLittle { available, required })?;
    sign_all(&mut transaction, claims);
    Ok(transaction)
}

/// Why outputs can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There is no output.
    #[error("there is no output to take")]
    Nothing,
    /// The outputs hold less than the fee.
    #[error("outputs of {} sat can't pay a fee of {} sat", .available.to_sat(), .required.to_sat())]
    TooLittle {
        /// What they hold.
        available: Amount,
        /// The fee.
        required: Amount,
    },
}

/// No delay, but neither final: the transaction's lock time counts, and it can be replaced.
const AT_ONCE: Sequence = Sequence::ENABLE_RBF_NO_LOCKTIME;

impl Claim {
    fn input(&self) -> TxIn {
        TxIn {
            previous_output: self.outpoint,
            script_sig: ScriptBuf::new(),
            sequence: self.sequence,
            witness: Witness::new(),
        }
    }

    fn sighash(&self, cache: &mut SighashCache<&Transaction>, index: usize) -> Message {
        let hash = match &self.witness_script {
            Some(script) => {
                cache.p2wsh_signature_hash(index, script, self.output.value, EcdsaSighashType::All).ok()
            }
            None => {
                let script = &self.output.script_pubkey;
                cache.p2wpkh_signature_hash(index, script, self.output.value, EcdsaSighashType::All).ok()
            }
        };
        hash.expect("there is an input for each claim, and scripts without witness script are P2WPKH").into()
    }

    fn witness(&self, hash: &Message) -> Witness {
        let signature = bitcoin::ecdsa::Signature::sighash_all(sign(hash, &self.secret));
        let Some(script) = &self.witness_script else {
            return Witness::p2wpkh(&signature, &public_key(&self.secret));
        };
        let mut witness = Witness::new();
        witness.push_ecdsa_signature(&signature);
        if let Some(choice) = &self.choice {
            witness.push(choice);
        }
        witness.push(script);
        witness
    }
}

fn sign_all(transaction: &mut Transaction, claims: &[Claim]) {
    let mut cache = SighashCache::new(&*transaction);
    let witnesses: Vec<Witness> = claims
        .iter()
        .enumerate()
        .map(|(index, claim)| claim.witness(&claim.sighash(&mut cache, index)))
        .collect();
    for (input, witness) in transaction.input.iter_mut().zip(witnesses) {
        input.witness = witness;
    }
}
