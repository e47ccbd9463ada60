//! How a channel goes on with each message: what it changes, and whether its time has come. What the node signs and
//! reveals is verified here, whatever a spec asks of it, and its points where its keys are known.

use bitcoin::{FeeRate, ScriptBuf};
use lnprototest_bolt::channel::{
    Commitment, ExpectedSignature, Htlc, HtlcOutcome, Keyset, Side, UpdateError,
};
use lnprototest_bolt::public_key;
use lnprototest_bolt::wire::{Message, Value};
use secp256k1::ecdsa::Signature;
use secp256k1::{PublicKey, SecretKey};

use super::life::{Held, Life, Signatures};
use crate::stage::Stop;
use crate::verdict::{Code, CodeKind};

impl Life {
    /// Takes note of a message of this channel that `by` has sent and the other end has got.
    ///
    /// # Errors
    /// Of the node's, what is wrong with it; of ours, that it is out of order: a fault of the spec.
    pub(crate) fn follow(&mut self, by: Side, message: &Message, keys: &Keyset) -> Result<(), Stop> {
        if self.lost {
            return Ok(());
        }
        let followed = self.take_in(Taken { by, message }, keys);
        self.has_changed();
        followed
    }

    fn take_in(&mut self, step: Taken<'_>, keys: &Keyset) -> Result<(), Stop> {
        match step.message.name() {
            "channel_ready" => self.channel_ready(step),
            "closing_signed" => self.closing_signed(step),
            "commitment_signed" => self.commitment_signed(step, keys),
            "funding_signed" => self.funding_signed(step),
            "revoke_and_ack" => self.revoke_and_ack(step),
            "shutdown" => self.shutdown(step),
            "update_add_htlc" => self.add(step),
            "update_fail_htlc" | "update_fail_malformed_htlc" => self.remove(step, HtlcOutcome::Failed),
            "update_fee" => self.fee(step),
            "update_fulfill_htlc" => self.remove(step, HtlcOutcome::Fulfilled),
            _ => Ok(()),
        }
    }

    /// Takes the node's signature of our first commitment, from its `funding_created` or `funding_signed`.
    ///
    /// # Errors
    /// The signature is wrong.
    pub(crate) fn first_signature(&mut self, message: &Message) -> Result<(), Stop> {
        let step = Taken { by: Side::Remote, message };
        let signature = step.signature("signature", &self.held.local[0].commitment)?;
        self.held.local[0].signatures = Some(Signatures { commitment: signature, htlcs: Vec::new() });
        Ok(())
    }

    fn channel_ready(&mut self, step: Taken<'_>) -> Result<(), Stop> {
        match step.by {
            Side::Local => Ok(()),
            Side::Remote => self.name_point(step, 1, "second_per_commitment_point"),
        }
    }

    /// Takes the point of the node's commitment of this number.
    fn name_point(&mut self, step: Taken<'_>, number: u64, field: &str) -> Result<(), Stop> {
        let point = step.point(field)?;
        if let Some(due) = self.known_point(number).filter(|due| *due != point) {
            let expected = format!("{due}, the point of the node's commitment {number}");
            return Err(step.wrong(field, expected, point.to_string()));
        }
        self.points.insert(number, point);
        Ok(())
    }

    fn funding_signed(&mut self, step: Taken<'_>) -> Result<(), Stop> {
        match step.by {
            Side::Local => Ok(()),
            Side::Remote => self.first_signature(step.message),
        }
    }

    fn add(&mut self, step: Taken<'_>) -> Result<(), Stop> {
        let htlc = Htlc {
            offered_by: step.by,
            amount_msat: step.number("amount_msat")?,
            payment_hash: step.hash("payment_hash")?,
            cltv_expiry: step.number("cltv_expiry")? as u32,
        };
        let (expected, got) = (self.updates.add(htlc), step.number("id")?);
        match expected == got {
            true => Ok(()),
            false => Err(step.wrong("id", expected.to_string(), got.to_string())),
        }
    }

    fn remove(&mut self, step: Taken<'_>, outcome: HtlcOutcome) -> Result<(), Stop> {
        let id = step.number("id")?;
        let offered_by = !step.by;
        let htlc = self.updates.htlc(offered_by, id).copied();
        let htlc = htlc.ok_or_else(|| step.out_of_order(UpdateError::UnknownHtlc { offered_by, id }))?;
        let is_locked_in = self.updates.is_locked_in(offered_by, id);
        self.updates.remove(offered_by, id, outcome).map_err(|error| step.out_of_order(error))?;
        if !is_locked_in {
            return Err(step.out_of_order(format!("HTLC {id} is not yet in both commitments for good")));
        }
        if outcome == HtlcOutcome::Fulfilled {
            let preimage = step.hash("payment_preimage")?;
            let hash = sha256(&preimage);
            if hash != htlc.payment_hash {
                let expected = format!("the preimage of {}", hex::encode(htlc.payment_hash));
                return Err(step.wrong("payment_preimage", expected, hex::encode(preimage)));
            }
        }
        Ok(())
    }

    fn fee(&mut self, step: Taken<'_>) -> Result<(), Stop> {
        let feerate = FeeRate::from_sat_per_kwu(step.number("feerate_per_kw")?);
        self.updates.set_feerate(feerate);
        match step.by == self.parameters.opener {
            true => Ok(()),
            false => Err(step.out_of_order("only the end that opened the channel sets its feerate")),
        }
    }

    fn commitment_signed(&mut self, step: Taken<'_>, keys: &Keyset) -> Result<(), Stop> {
        let holder = !step.by;
        if !self.updates.has_changes(step.by) {
            return Err(step.out_of_order("there is nothing new to sign for"));
        }
        let commitment = self.next(holder, keys).cloned().ok_or_else(|| {
            let number = self.held[holder].len();
            step.out_of_order(format!("the {holder} end has not named the point of its commitment {number}"))
        })?;
        self.updates.commit(step.by).map_err(|error| step.out_of_order(error))?;
        let signatures = match step.by {
            Side::Local => None,
            Side::Remote => Some(step.signatures(&commitment)?),
        };
        self.held[holder].push(Held { commitment, signatures });
        Ok(())
    }

    fn revoke_and_ack(&mut self, step: Taken<'_>) -> Result<(), Stop> {
        let number = self.revoked(step.by).len() as u64;
        self.updates.revoke(step.by).map_err(|error| step.out_of_order(error))?;
        if step.by == Side::Local {
            return Ok(());
        }
        let secret = step.hash("per_commitment_secret")?;
        let point = SecretKey::from_slice(&secret).map(|secret| public_key(&secret));
        let due = self.points.get(&number).copied();
        if let Some(due) = due.filter(|due| point.as_ref() != Ok(due)) {
            let expected = format!("the secret of {due}, the point of the node's commitment {number}");
            return Err(step.wrong("per_commitment_secret", expected, hex::encode(secret)));
        }
        self.secrets.push(secret);
        self.name_point(step, number + 2, "next_per_commitment_point")
    }

    fn shutdown(&mut self, step: Taken<'_>) -> Result<(), Stop> {
        let script = step.message.bytes("scriptpubkey").unwrap_or_default();
        self.scripts[step.by] = Some(ScriptBuf::from_bytes(script.to_vec()));
        Ok(())
    }

    /// The node's must be for a transaction that pays both, or leaves out an output that is worth too little.
    fn closing_signed(&mut self, step: Taken<'_>) -> Result<(), Stop> {
        if step.by == Side::Local {
            return Ok(());
        }
        let fee = step.number("fee_satoshis")?;
        let compact: [u8; 64] = step.array("signature")?;
        let candidates = self.closings(fee).map_err(|why| step.out_of_order(why))?;
        let fits = |expected: &ExpectedSignature| expected.check(&compact).is_ok();
        let expected: Vec<_> = candidates.iter().map(|tx| tx.expected_signature(Side::Remote)).collect();
        match expected.iter().any(fits) {
            true => Ok(()),
            false => {
                let why = expected.first().and_then(|expected| expected.check(&compact).err());
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                Err(step.wrong(
                    "signature",
                    format!("a signature of a closing transaction with a fee of {fee} sat"),
                    format!("{}{why}", hex::encode(compact)),
                ))
            }
        }
    }
}

/// A message, and who sent it.
#[derive(Clone, Copy)]
struct Taken<'m> {
    by: Side,
    message: &'m Message,
}

impl Taken<'_> {
    /// What comes out of order is the node's failure, or a fault of the spec that sends it.
    fn out_of_order(&self, why: impl ToString) -> Stop {
        let (name, why) = (self.message.name(), why.to_string());
        match self.by {
            Side::Local => Stop::spec(format!(
                "{name} is out of order: {why}. If that is what the spec is about, say `invalid: true`"
            )),
            Side::Remote => Stop::fail(
                Code::of(CodeKind::OutOfOrder, name),
                format!("no {name} now"),
                format!("a {name}, and {why}"),
            ),
        }
    }

    fn wrong(&self, field: &str, expected: String, got: String) -> Stop {
        let name = self.message.name();
        match self.by {
            Side::Local => Stop::spec(format!(
                "{field} of this {name} has to be {expected}, not {got}. If that is what the spec is about, say \
                 `invalid: true`"
            )),
            Side::Remote => Stop::fail(
                Code::of(CodeKind::WrongField, field),
                format!("{field} of {name} to be {expected}"),
                got,
            ),
        }
    }

    fn number(&self, field: &str) -> Result<u64, Stop> {
        self.message.u64(field).ok_or_else(|| self.lacks(field))
    }

    fn array<const N: usize>(&self, field: &str) -> Result<[u8; N], Stop> {
        self.message.array(field).ok_or_else(|| self.lacks(field))
    }

    fn hash(&self, field: &str) -> Result<[u8; 32], Stop> {
        self.array(field)
    }

    fn point(&self, field: &str) -> Result<PublicKey, Stop> {
        let bytes = self.message.bytes(field).ok_or_else(|| self.lacks(field))?;
        PublicKey::from_slice(bytes)
            .map_err(|_| self.wrong(field, "a point in compressed form".to_owned(), hex::encode(bytes)))
    }

    fn lacks(&self, field: &str) -> Stop {
        Stop::spec(format!("this catalogue's {} has no {field}", self.message.name()))
    }

    /// The signature of `commitment` in this field, which has to be right.
    fn signature(&self, field: &str, commitment: &Commitment) -> Result<Signature, Stop> {
        self.checked(field, self.array(field)?, &commitment.expected_signature(self.by))
    }

    /// All signatures of a `commitment_signed`, which have to be right.
    fn signatures(&self, commitment: &Commitment) -> Result<Signatures, Stop> {
        let signature = self.signature("signature", commitment)?;
        let transactions = commitment.htlc_transactions();
        let given = match self.message.field("htlc_signature") {
            Some(Value::Array(given)) => given.as_slice(),
            _ => &[],
        };
        if given.len() != transactions.len() {
            return Err(self.wrong(
                "htlc_signature",
                format!("{} signatures, one for each HTLC with an output", transactions.len()),
                format!("{} of them", given.len()),
            ));
        }
        let mut htlcs = Vec::with_capacity(given.len());
        for (given, transaction) in given.iter().zip(&transactions) {
            let compact = given.as_bytes().and_then(|bytes| bytes.try_into().ok());
            let compact = compact.ok_or_else(|| self.lacks("htlc_signature"))?;
            htlcs.push(self.checked("htlc_signature", compact, &transaction.expected_signature(self.by))?);
        }
        Ok(Signatures { commitment: signature, htlcs })
    }

    fn checked(
        &self,
        field: &str,
        compact: [u8; 64],
        expected: &ExpectedSignature,
    ) -> Result<Signature, Stop> {
        let wrong = |why: String| {
            let hash = hex::encode(expected.hash.as_ref());
            let expected = format!("a signature of {hash} by {}", expected.key);
            self.wrong(field, expected, format!("{}: {why}", hex::encode(compact)))
        };
        expected.check(&compact).map_err(|mismatch| wrong(mismatch.to_string()))?;
        Signature::from_compact(&compact).map_err(|error| wrong(error.to_string()))
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    use bitcoin::hashes::{Hash, sha256};
    sha256::Hash::hash(bytes).to_byte_array()
}
