//! The funding output: what it is, how it is named and spent (BOLT 3, "Funding Transaction Output").

use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::sighash::SighashCache;
use bitcoin::{Amount, EcdsaSighashType, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness};
use secp256k1::ecdsa::Signature;
use secp256k1::{Message, PublicKey, SecretKey};

use crate::memo::sign;

use super::scripts;
use super::side::{PerSide, Side};
use super::signature::ExpectedSignature;

/// The output that holds a channel's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funding {
    /// Where it is.
    pub outpoint: OutPoint,
    /// All that it holds.
    pub amount: Amount,
    /// Each end's `funding_pubkey`.
    pub pubkeys: PerSide<PublicKey>,
}

impl Funding {
    /// Its witness script.
    pub fn script(&self) -> ScriptBuf {
        scripts::funding(&self.pubkeys.local, &self.pubkeys.remote)
    }

    /// The output itself.
    pub fn output(&self) -> TxOut {
        TxOut { value: self.amount, script_pubkey: self.script().to_p2wsh() }
    }

    /// The `channel_id` of a v1 channel with this funding.
    pub fn channel_id(&self) -> [u8; 32] {
        channel_id_v1(self.outpoint)
    }

    /// The input of a transaction that spends it.
    pub(super) fn input(&self, sequence: Sequence) -> TxIn {
        TxIn {
            previous_output: self.outpoint,
            script_sig: ScriptBuf::new(),
            sequence,
            witness: Witness::new(),
        }
    }

    /// What `signer` is to sign so that `spend`, whose only input is this output, is valid.
    pub(super) fn expected_signature(&self, spend: &Transaction, signer: Side) -> ExpectedSignature {
        ExpectedSignature { key: self.pubkeys[signer], hash: self.sighash(spend) }
    }

    /// Signs `spend`, whose only input is this output.
    pub(super) fn sign(&self, spend: &Transaction, funding_secret: &SecretKey) -> Signature {
        sign(&self.sighash(spend), funding_secret)
    }

    /// `spend`, whose only input is this output, with its witness.
    pub(super) fn signed(&self, spend: &Transaction, signatures: &PerSide<Signature>) -> Transaction {
        let first = if self.pubkeys.local.serialize() <= self.pubkeys.remote.serialize() {
            Side::Local
        } else {
            Side::Remote
        };
        let mut witness = Witness::new();
        witness.push([]);
        for side in [first, !first] {
            witness.push_ecdsa_signature(&bitcoin::ecdsa::Signature::sighash_all(signatures[side]));
        }
        witness.push(self.script());
        let mut spend = spend.clone();
        spend.input[0].witness = witness;
        spend
    }

    fn sighash(&self, spend: &Transaction) -> Message {
        SighashCache::new(spend)
            .p2wsh_signature_hash(0, &self.script(), self.amount, EcdsaSighashType::All)
            .expect("the spending transaction has an input")
            .into()
    }
}

/// The `channel_id` of a v1 channel (BOLT 2, "Definition of `channel_id`").
pub fn channel_id_v1(funding: OutPoint) -> [u8; 32] {
    let mut id = funding.txid.to_byte_array();
    for (byte, index) in id[28..].iter_mut().zip(funding.vout.to_be_bytes()) {
        *byte ^= index;
    }
    id
}

/// The `channel_id` of a v2 channel, from both `revocation_basepoint`s in any order.
pub fn channel_id_v2(one: &PublicKey, other: &PublicKey) -> [u8; 32] {
    let (one, other) = (one.serialize(), other.serialize());
    hash(&one.min(other), &one.max(other))
}

/// The `temporary_channel_id` of `open_channel2`, from the opener's `revocation_basepoint`: the other one is not
/// known yet and counts as zeros.
pub fn temporary_channel_id_v2(opener_revocation_basepoint: &PublicKey) -> [u8; 32] {
    hash(&[0; 33], &opener_revocation_basepoint.serialize())
}

fn hash(first: &[u8; 33], second: &[u8; 33]) -> [u8; 32] {
    let mut engine = sha256::Hash::engine();
    engine.input(first);
    engine.input(second);
    sha256::Hash::from_engine(engine).to_byte_array()
}
