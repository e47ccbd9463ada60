//! A channel as expressions see it.

use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash;
use lnprototest_bolt::channel::{Commitment, Side};
use lnprototest_spec_events::{Object, Value};

use super::Channel;
use crate::stage::signature_value;

/// `funding`, `commit`, `local`, `remote`.
impl Object for Channel {
    fn member(&self, name: &str) -> Option<Value> {
        match name {
            "commit" => self.commit(),
            "funding" => Some(self.funding_value()),
            "local" => self.side(Side::Local),
            "remote" => self.side(Side::Remote),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        ["commit", "funding", "local", "remote"].map(str::to_owned).into()
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
            ("sig_for_node", Value::bytes(for_node.serialize_compact())),
            ("sig_from_node", signature_value(&from_node)),
        ]))
    }

    fn side(&self, side: Side) -> Option<Value> {
        let commitments = self.commitments.as_ref()?;
        Some(Value::map([("current", self.commitment(&commitments.current[side]))]))
    }

    fn commitment(&self, commitment: &Commitment) -> Value {
        let mut members = vec![
            ("number", Value::from(commitment.number.get())),
            ("point", Value::bytes(commitment.keys.per_commitment_point.serialize())),
            ("tx", Value::bytes(serialize(&commitment.transaction))),
            ("txid", Value::bytes(commitment.transaction.compute_txid().to_byte_array())),
            ("fee", Value::from(commitment.fee().to_sat())),
        ];
        match commitment.holder {
            Side::Local => {
                let secret = self.keys.per_commitment_secret(commitment.number);
                members.push(("secret", Value::bytes(secret.secret_bytes())));
                members.push(("sig", signature_value(&commitment.expected_signature(Side::Remote))));
            }
            Side::Remote => {
                let signature = commitment.sign(&self.keys.funding);
                members.push(("sig", Value::bytes(signature.serialize_compact())));
            }
        }
        Value::map(members)
    }
}
