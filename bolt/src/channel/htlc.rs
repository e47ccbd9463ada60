//! HTLC-timeout and HTLC-success transactions (BOLT 3, "HTLC-Timeout and HTLC-Success Transactions").

use bitcoin::absolute::LockTime;
use bitcoin::sighash::SighashCache;
use bitcoin::transaction::Version;
use bitcoin::{Amount, EcdsaSighashType, OutPoint, ScriptBuf, Transaction, TxIn, TxOut, Witness};
use secp256k1::ecdsa::Signature;
use secp256k1::{Message, PublicKey, SecretKey};

use crate::memo::sign;

use super::commitment::Commitment;
use super::format::CommitmentFormat;
use super::parameters::Htlc;
use super::scripts;
use super::side::{PerSide, Side};
use super::signature::ExpectedSignature;

/// An unsigned transaction that spends an HTLC output of the commitment transaction of the same holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtlcTransaction {
    /// Who may broadcast it.
    pub holder: Side,
    /// Whether it takes the HTLC with its preimage or takes it back.
    pub kind: HtlcTransactionKind,
    /// The HTLC that it spends.
    pub htlc: Htlc,
    /// The transaction, without witness.
    pub transaction: Transaction,
    /// The script of the output that it spends.
    pub witness_script: ScriptBuf,
    /// Both ends' keys that it is signed with.
    pub pubkeys: PerSide<PublicKey>,
    /// The script of its own output.
    pub output_script: ScriptBuf,
    /// How many blocks the holder waits for that output.
    pub to_self_delay: u16,
    format: CommitmentFormat,
}

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HtlcTransactionKind {
    /// The holder received the HTLC and knows the preimage.
    Success,
    /// The holder offered the HTLC and it has expired.
    Timeout,
}

impl HtlcTransaction {
    pub(super) fn new(
        commitment: &Commitment,
        output: OutPoint,
        htlc: Htlc,
        witness_script: &ScriptBuf,
        pubkeys: PerSide<PublicKey>,
    ) -> Self {
        let Commitment { holder, format, feerate, keys, .. } = *commitment;
        let (kind, lock_time, fee) = if htlc.offered_by == holder {
            let lock_time = LockTime::from_consensus(htlc.cltv_expiry);
            (HtlcTransactionKind::Timeout, lock_time, format.htlc_timeout_fee(feerate))
        } else {
            (HtlcTransactionKind::Success, LockTime::ZERO, format.htlc_success_fee(feerate))
        };
        let script = scripts::to_local(&keys.revocation, commitment.to_self_delay, &keys.delayed_payment);
        let input = TxIn {
            previous_output: output,
            script_sig: ScriptBuf::new(),
            sequence: format.htlc_sequence(),
            witness: Witness::new(),
        };
        let output = TxOut {
            value: htlc.amount().checked_sub(fee).unwrap_or(Amount::ZERO),
            script_pubkey: script.to_p2wsh(),
        };
        Self {
            holder,
            kind,
            htlc,
            transaction: Transaction {
                version: Version::TWO,
                lock_time,
                input: vec![input],
                output: vec![output],
            },
            witness_script: witness_script.clone(),
            pubkeys,
            output_script: script,
            to_self_delay: commitment.to_self_delay,
            format,
        }
    }

    /// What `signer` is to sign: in `commitment_signed` it is the end that does not hold it.
    pub fn expected_signature(&self, signer: Side) -> ExpectedSignature {
        ExpectedSignature { key: self.pubkeys[signer], hash: self.sighash(signer) }
    }

    /// Signs it for `signer`, deterministically and with a low S. The secret is
    /// [`Keyset::htlc_secret`](super::Keyset::htlc_secret) under the commitment's point.
    pub fn sign(&self, signer: Side, htlc_secret: &SecretKey) -> Signature {
        sign(&self.sighash(signer), htlc_secret)
    }

    /// The transaction with its witness, ready to be broadcast if signatures and preimage are right. The preimage is
    /// 32 bytes for a success, none for a timeout.
    pub fn signed(&self, signatures: &PerSide<Signature>, preimage: &[u8]) -> Transaction {
        let mut witness = Witness::new();
        witness.push([]);
        for signer in [!self.holder, self.holder] {
            witness.push_ecdsa_signature(&bitcoin::ecdsa::Signature {
                signature: signatures[signer],
                sighash_type: self.sighash_type(signer),
            });
        }
        witness.push(preimage);
        witness.push(&self.witness_script);
        let mut transaction = self.transaction.clone();
        transaction.input[0].witness = witness;
        transaction
    }

    /// The holder may sign as it likes; BOLT 5 has it sign all.
    fn sighash_type(&self, signer: Side) -> EcdsaSighashType {
        if signer == self.holder { EcdsaSighashType::All } else { self.format.htlc_counter_sighash_type() }
    }

    fn sighash(&self, signer: Side) -> Message {
        SighashCache::new(&self.transaction)
            .p2wsh_signature_hash(0, &self.witness_script, self.htlc.amount(), self.sighash_type(signer))
            .expect("an HTLC transaction has an input")
            .into()
    }
}
