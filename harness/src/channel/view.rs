//! A channel as expressions see it.

use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash;
use bitcoin::{OutPoint, TxOut};
use lnprototest_bolt::channel::{
    Commitment, CommitmentOutput, Htlc, HtlcTransaction, Keyset, OutputPurpose, PerSide, Side,
};
use lnprototest_spec_events::{Object, Value};
use std::rc::Rc;

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
        Some(Value::object(CommitView(self.life_of_both()?)))
    }

    fn side(&self, side: Side) -> Option<Value> {
        Some(Value::object(SideView { both: self.life_of_both()?, side }))
    }

    /// As it is now: what an expression has named stays as it was.
    fn life_of_both(&self) -> Option<Both> {
        Some(Both { keys: self.keys.clone(), life: self.life.borrow().clone()? })
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
}

/// A channel's commitments, of which nothing is made before it is asked for: signatures cost.
#[derive(Clone)]
struct Both {
    keys: Keyset,
    life: Rc<Life>,
}

impl Both {
    fn view(&self, held: &Held) -> Value {
        Value::object(CommitmentView { both: self.clone(), held: held.clone() })
    }
}

/// `commit`.
struct CommitView(Both);

impl Object for CommitView {
    fn member(&self, name: &str) -> Option<Value> {
        let Self(both) = self;
        let current = |side| &both.life.current(side).commitment;
        Some(match name {
            "hash_for_node" => {
                let hash = current(Side::Remote).expected_signature(Side::Local).hash;
                Value::bytes(hash.as_ref())
            }
            "local" => Value::object(SideView { both: both.clone(), side: Side::Local }),
            "remote" => Value::object(SideView { both: both.clone(), side: Side::Remote }),
            "sig_for_node" => {
                Value::bytes(current(Side::Remote).sign(&both.keys.funding).serialize_compact())
            }
            "sig_from_node" => signature_value(&current(Side::Local).expected_signature(Side::Remote)),
            _ => return None,
        })
    }

    fn names(&self) -> Vec<String> {
        ["hash_for_node", "local", "remote", "sig_for_node", "sig_from_node"].map(str::to_owned).into()
    }
}

/// `local` or `remote`.
struct SideView {
    both: Both,
    side: Side,
}

const SIDE_MEMBERS: [&str; 7] = [
    "balance_msat",
    "current",
    "last_secret",
    "next",
    "next_commitment_number",
    "next_revocation_number",
    "revoked",
];

impl SideView {
    fn last_secret(&self) -> [u8; 32] {
        let Both { keys, life } = &self.both;
        match (self.side, life.revoked(self.side)) {
            (_, []) => [0; 32],
            (Side::Local, [.., last]) => keys.per_commitment_secret(last.commitment.number).secret_bytes(),
            (Side::Remote, [.., last]) => life.revealed(last.commitment.number.get()).unwrap_or_default(),
        }
    }
}

impl Object for SideView {
    fn member(&self, name: &str) -> Option<Value> {
        let Self { both, side } = self;
        let life = &both.life;
        Some(match name {
            "balance_msat" => Value::from(life.updates.current(*side).balances_msat[*side]),
            "current" => both.view(life.current(*side)),
            "last_secret" => Value::bytes(self.last_secret()),
            "next" => {
                both.view(&Held { commitment: life.next(*side, &both.keys)?.clone(), signatures: None })
            }
            "next_commitment_number" => Value::from(life.updates.next_commitment_number(*side)),
            "next_revocation_number" => Value::from(life.updates.next_revocation_number(*side)),
            "revoked" => Value::list(life.revoked(*side).iter().map(|held| both.view(held))),
            _ => return None,
        })
    }

    fn names(&self) -> Vec<String> {
        let there = SIDE_MEMBERS.iter().filter(|name| self.member(name).is_some());
        there.map(|name| (*name).to_owned()).collect()
    }
}

/// One commitment.
struct CommitmentView {
    both: Both,
    held: Held,
}

const COMMITMENT_MEMBERS: [&str; 15] = [
    "fee",
    "feerate",
    "htlc_sigs",
    "htlcs",
    "number",
    "point",
    "secret",
    "sig",
    "signed",
    "to_local",
    "to_local_anchor",
    "to_remote",
    "to_remote_anchor",
    "tx",
    "txid",
];

impl CommitmentView {
    /// Of our commitment the signature to come, of the node's ours.
    fn sig(&self) -> Value {
        let commitment = &self.held.commitment;
        match commitment.holder {
            Side::Local => signature_value(&commitment.expected_signature(Side::Remote)),
            Side::Remote => Value::bytes(commitment.sign(&self.both.keys.funding).serialize_compact()),
        }
    }

    fn htlc_sigs(&self) -> Value {
        let commitment = &self.held.commitment;
        let secret = self.both.keys.htlc_secret(&commitment.keys.per_commitment_point);
        let transactions = commitment.htlc_transactions();
        Value::list(transactions.iter().map(|transaction| match commitment.holder {
            Side::Local => signature_value(&transaction.expected_signature(Side::Remote)),
            Side::Remote => Value::bytes(transaction.sign(Side::Local, &secret).serialize_compact()),
        }))
    }

    fn secret(&self) -> Option<[u8; 32]> {
        let number = self.held.commitment.number;
        match self.held.commitment.holder {
            Side::Local => Some(self.both.keys.per_commitment_secret(number).secret_bytes()),
            Side::Remote => self.both.life.revealed(number.get()),
        }
    }

    /// Ours with its witness, once the node's signature has come.
    fn signed(&self) -> Option<Value> {
        let Held { commitment, signatures } = &self.held;
        let theirs = signatures.as_ref().filter(|_| commitment.holder == Side::Local)?;
        let local = commitment.sign(&self.both.keys.funding);
        let signed = commitment.signed(&PerSide { local, remote: theirs.commitment });
        Some(Value::bytes(serialize(&signed)))
    }

    fn output(&self, name: &str) -> Option<Value> {
        let commitment = &self.held.commitment;
        let vout =
            commitment.outputs.iter().position(|output| output_name(commitment, output) == Some(name))?;
        let output = commitment.transaction.output.get(vout)?;
        Some(Value::map(output_members(commitment, vout as u32, output)))
    }
}

impl Object for CommitmentView {
    fn member(&self, name: &str) -> Option<Value> {
        let commitment = &self.held.commitment;
        Some(match name {
            "fee" => Value::from(commitment.fee().to_sat()),
            "feerate" => Value::from(commitment.feerate.to_sat_per_kwu()),
            "htlc_sigs" => self.htlc_sigs(),
            "htlcs" => Value::list(htlcs(commitment, &commitment.htlc_transactions())),
            "number" => Value::from(commitment.number.get()),
            "point" => Value::bytes(commitment.keys.per_commitment_point.serialize()),
            "secret" => Value::bytes(self.secret()?),
            "sig" => self.sig(),
            "signed" => self.signed()?,
            "tx" => Value::bytes(serialize(&commitment.transaction)),
            "txid" => Value::bytes(commitment.transaction.compute_txid().to_byte_array()),
            name => self.output(name)?,
        })
    }

    fn names(&self) -> Vec<String> {
        let there = COMMITMENT_MEMBERS.iter().filter(|name| self.member(name).is_some());
        there.map(|name| (*name).to_owned()).collect()
    }
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
