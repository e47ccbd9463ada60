//! A channel as expressions see it.

use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash;
use bitcoin::{OutPoint, TxOut};
use lnprototest_bolt::channel::{
    Commitment, CommitmentOutput, Htlc, HtlcTransaction, OutputPurpose, PerSide, Side,
};
use lnprototest_spec_events::{Object, Value};

use super::Channel;
use super::life::{Held, Life};
use crate::stage::signature_value;

const MEMBERS: [&str; 5] = ["closing", "commit", "funding", "local", "remote"];

/// `closing`, `commit`, `funding`, `local`, `remote`.
impl Object for Channel {
    fn member(&self, name: &str) -> Option<Value> {
        match name {
            "closing" => self.closing_value(),
            "commit" => self.commit(),
            "funding" => Some(self.funding_value()),
            "local" => self.side(Side::Local),
            "remote" => self.side(Side::Remote),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        MEMBERS.map(str::to_owned).into()
    }
}

impl Channel {
    fn funding_value(&self) -> Value {
        let funding = &self.funding;
        let outpoint = funding.outpoint;
        let mut members = vec![
            ("channel_id", Value::bytes(funding.channel_id())),
            ("outpoint", Value::from(outpoint.to_string())),
            ("output_index", Value::from(outpoint.vout)),
            ("sat", Value::from(funding.amount.to_sat())),
            ("script", Value::bytes(funding.output().script_pubkey.as_bytes())),
            ("txid", Value::bytes(outpoint.txid.to_byte_array())),
            ("txid_display", Value::from(outpoint.txid.to_string())),
        ];
        members.extend(self.funding_tx.as_ref().map(|tx| ("tx", Value::bytes(serialize(tx)))));
        Value::map(members)
    }

    fn commit(&self) -> Option<Value> {
        let for_node = self.sig_for_node()?;
        let from_node = self.sig_from_node()?;
        Some(Value::map([
            ("hash_for_node", Value::bytes(self.hash_for_node()?)),
            ("local", self.side(Side::Local)?),
            ("remote", self.side(Side::Remote)?),
            ("sig_for_node", Value::bytes(for_node.serialize_compact())),
            ("sig_from_node", signature_value(&from_node)),
        ]))
    }

    fn closing_value(&self) -> Option<Value> {
        let closing = self.closing.borrow();
        let closing = closing.as_ref()?;
        let transaction = &closing.transaction;
        let mut members = vec![
            ("fee", Value::from(closing.fee.to_sat())),
            ("sig_for_node", Value::bytes(closing.signature.serialize_compact())),
            ("sig_from_node", signature_value(&transaction.expected_signature(Side::Remote))),
            ("tx", Value::bytes(serialize(&transaction.transaction))),
            ("txid", Value::bytes(transaction.transaction.compute_txid().to_byte_array())),
        ];
        let signed = self.closing_from_node.borrow().iter().find_map(|compact| closing.signed(compact));
        members.extend(signed.map(|tx| ("signed", Value::bytes(serialize(&tx)))));
        Some(Value::map(members))
    }

    fn side(&self, side: Side) -> Option<Value> {
        let life = self.life.borrow();
        let life = life.as_ref()?;
        let last_secret = match (side, life.revoked(side)) {
            (_, []) => [0; 32],
            (Side::Local, [.., last]) => {
                self.keys.per_commitment_secret(last.commitment.number).secret_bytes()
            }
            (Side::Remote, [.., last]) => life.revealed(last.commitment.number.get()).unwrap_or_default(),
        };
        let held = |held: &Held| self.held(life, held);
        let mut members = vec![
            ("balance_msat", Value::from(life.updates.current(side).balances_msat[side])),
            ("current", held(life.current(side))),
            ("last_secret", Value::bytes(last_secret)),
            ("next_commitment_number", Value::from(life.updates.next_commitment_number(side))),
            ("next_revocation_number", Value::from(life.updates.next_revocation_number(side))),
            ("revoked", Value::list(life.revoked(side).iter().map(held))),
        ];
        let next = life.next(side, &self.keys);
        members.extend(next.map(|next| ("next", self.commitment(life, &next))));
        Some(Value::map(members))
    }

    fn held(&self, life: &Life, held: &Held) -> Value {
        let commitment = &held.commitment;
        let members = self.commitment_members(life, commitment);
        let signed = held.signatures.as_ref().filter(|_| commitment.holder == Side::Local).map(|theirs| {
            let local = commitment.sign(&self.keys.funding);
            commitment.signed(&PerSide { local, remote: theirs.commitment })
        });
        Value::map(members.into_iter().chain(signed.map(|tx| ("signed", Value::bytes(serialize(&tx))))))
    }

    fn commitment(&self, life: &Life, commitment: &Commitment) -> Value {
        Value::map(self.commitment_members(life, commitment))
    }

    fn commitment_members(&self, life: &Life, commitment: &Commitment) -> Vec<(&'static str, Value)> {
        let htlc_transactions = commitment.htlc_transactions();
        let mut members = vec![
            ("fee", Value::from(commitment.fee().to_sat())),
            ("feerate", Value::from(commitment.feerate.to_sat_per_kwu())),
            ("htlc_sigs", Value::list(htlc_transactions.iter().map(|tx| self.htlc_sig(commitment, tx)))),
            ("htlcs", Value::list(htlcs(commitment, &htlc_transactions))),
            ("number", Value::from(commitment.number.get())),
            ("point", Value::bytes(commitment.keys.per_commitment_point.serialize())),
            ("tx", Value::bytes(serialize(&commitment.transaction))),
            ("txid", Value::bytes(commitment.transaction.compute_txid().to_byte_array())),
        ];
        let secret = match commitment.holder {
            Side::Local => Some(self.keys.per_commitment_secret(commitment.number).secret_bytes()),
            Side::Remote => life.revealed(commitment.number.get()),
        };
        members.extend(secret.map(|secret| ("secret", Value::bytes(secret))));
        members.push(("sig", self.sig(commitment)));
        members.extend(outputs(commitment).filter_map(|(name, vout)| {
            let output = commitment.transaction.output.get(vout as usize)?;
            Some((name, Value::map(output_members(commitment, vout, output))))
        }));
        members
    }

    /// Of our commitment the signature to come, of the node's ours.
    fn sig(&self, commitment: &Commitment) -> Value {
        match commitment.holder {
            Side::Local => signature_value(&commitment.expected_signature(Side::Remote)),
            Side::Remote => Value::bytes(commitment.sign(&self.keys.funding).serialize_compact()),
        }
    }

    fn htlc_sig(&self, commitment: &Commitment, transaction: &HtlcTransaction) -> Value {
        match commitment.holder {
            Side::Local => signature_value(&transaction.expected_signature(Side::Remote)),
            Side::Remote => {
                let secret = self.keys.htlc_secret(&commitment.keys.per_commitment_point);
                Value::bytes(transaction.sign(Side::Local, &secret).serialize_compact())
            }
        }
    }
}

/// What a commitment's outputs are called that there is at most one of, and where they are.
fn outputs(commitment: &Commitment) -> impl Iterator<Item = (&'static str, u32)> {
    (0..).zip(&commitment.outputs).filter_map(|(vout, output)| Some((output_name(commitment, output)?, vout)))
}

/// BOLT 3's names, in which "local" is who holds the commitment.
fn output_name(commitment: &Commitment, output: &CommitmentOutput) -> Option<&'static str> {
    Some(match output.purpose {
        OutputPurpose::Anchor(side) if side == commitment.holder => "to_local_anchor",
        OutputPurpose::Anchor(_) => "to_remote_anchor",
        OutputPurpose::Balance(side) if side == commitment.holder => "to_local",
        OutputPurpose::Balance(_) => "to_remote",
        OutputPurpose::Htlc(_) => return None,
    })
}

fn output_members(commitment: &Commitment, vout: u32, output: &TxOut) -> Vec<(&'static str, Value)> {
    let outpoint = OutPoint { txid: commitment.transaction.compute_txid(), vout };
    vec![
        ("outpoint", Value::from(outpoint.to_string())),
        ("sat", Value::from(output.value.to_sat())),
        ("script", Value::bytes(output.script_pubkey.as_bytes())),
    ]
}

/// Those with an output, in the order of their signatures.
fn htlcs<'a>(
    commitment: &'a Commitment,
    transactions: &'a [HtlcTransaction],
) -> impl Iterator<Item = Value> + 'a {
    transactions.iter().filter_map(|transaction| {
        let vout = transaction.transaction.input.first()?.previous_output.vout;
        let output = commitment.transaction.output.get(vout as usize)?;
        let mut members = output_members(commitment, vout, output);
        let Htlc { offered_by, amount_msat, payment_hash, cltv_expiry } = transaction.htlc;
        members.extend([
            ("amount_msat", Value::from(amount_msat)),
            ("cltv_expiry", Value::from(cltv_expiry)),
            ("offered_by", Value::from(offered_by.to_string())),
            ("payment_hash", Value::bytes(payment_hash)),
            ("tx", Value::bytes(serialize(&transaction.transaction))),
            ("txid", Value::bytes(transaction.transaction.compute_txid().to_byte_array())),
        ]);
        Some(Value::map(members))
    })
}
