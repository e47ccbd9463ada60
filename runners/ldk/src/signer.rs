//! How are a channel's transactions signed with secrets that were given?
//!
//! LDK's `InMemorySigner` lets us overwrite all of a channel's secrets but the funding and the payment key. So this
//! signer does itself whatever takes one of those two, and leaves the rest to LDK.

use bitcoin::hashes::{Hash, sha256d};
use bitcoin::secp256k1::ecdsa::Signature;
use bitcoin::secp256k1::{self, All, Message, PublicKey, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::{Amount, ScriptBuf, Transaction, Txid, Witness};
use lightning::ln::chan_utils::{
    ChannelPublicKeys, ChannelTransactionParameters, ClosingTransaction, CommitmentTransaction,
    HTLCOutputInCommitment, HolderCommitmentTransaction, build_commitment_secret,
    get_keyed_anchor_redeemscript, make_funding_redeemscript,
};
use lightning::ln::msgs::UnsignedChannelAnnouncement;
use lightning::sign::ecdsa::EcdsaChannelSigner;
use lightning::sign::{
    ChannelSigner, DelayedPaymentOutputDescriptor, HTLCDescriptor, StaticPaymentOutputDescriptor,
    compute_funding_key_tweak,
};
use lightning::types::payment::PaymentPreimage;
use lightning::util::ser::Writeable;
use lnprototest_runner_api::Keyset;
use std::sync::Arc;

use crate::node_keys::Keys;

/// The value of an anchor output (BOLT 3, "`to_local_anchor` and `to_remote_anchor` Output").
const ANCHOR: Amount = Amount::from_sat(330);

/// The signer of one channel. Every channel of a node has the same secrets.
pub(crate) struct ChannelKeys {
    keys: Arc<Keys>,
    id: [u8; 32],
}

impl ChannelKeys {
    pub(crate) fn new(keys: Arc<Keys>, id: [u8; 32]) -> Self {
        Self { keys, id }
    }

    fn secrets(&self) -> &Keyset {
        &self.keys.material.keys.channel
    }

    /// The funding key, tweaked if a splice replaced the funding output.
    fn funding_key(&self, splice_parent: Option<Txid>) -> SecretKey {
        let base = self.secrets().funding;
        match splice_parent {
            Some(txid) => base
                .add_tweak(&compute_funding_key_tweak(&base, &txid))
                .expect("the tweak is a hash that includes the key, so not its negation"),
            None => base,
        }
    }

    /// The funding key of `channel` and the script of its funding output; an error before the peer's keys are known.
    fn funding(
        &self,
        channel: &ChannelTransactionParameters,
        secp: &Secp256k1<All>,
    ) -> Result<(SecretKey, ScriptBuf), ()> {
        let parent = channel.splice_parent_funding_txid;
        let key = self.funding_key(parent);
        let ours = match parent {
            Some(_) => key.public_key(secp),
            None => self.keys.material.channel_points.funding_pubkey,
        };
        let theirs = channel.counterparty_parameters.as_ref().ok_or(())?.pubkeys.funding_pubkey;
        Ok((key, make_funding_redeemscript(&ours, &theirs)))
    }

    /// The witness of input `index` of `spend`, which spends our share of a commitment that the peer published.
    pub(crate) fn spend_static_payment(
        &self,
        spend: &Transaction,
        index: usize,
        descriptor: &StaticPaymentOutputDescriptor,
        secp: &Secp256k1<All>,
    ) -> Result<Witness, ()> {
        let key = self.secrets().payment_base;
        let public_key = bitcoin::PublicKey::new(key.public_key(secp));
        let mut sighashes = SighashCache::new(spend);
        let value = descriptor.output.value;
        let (digest, last) = match descriptor.witness_script() {
            Some(script) => (
                sighashes
                    .p2wsh_signature_hash(index, &script, value, EcdsaSighashType::All)
                    .map_err(|_| ())?,
                script.into_bytes(),
            ),
            None => (
                sighashes
                    .p2wpkh_signature_hash(
                        index,
                        &descriptor.output.script_pubkey,
                        value,
                        EcdsaSighashType::All,
                    )
                    .map_err(|_| ())?,
                public_key.to_bytes(),
            ),
        };
        let signature = secp.sign_ecdsa_low_r(&Message::from_digest(digest.to_byte_array()), &key);
        let mut witness = Witness::new();
        witness.push_ecdsa_signature(&bitcoin::ecdsa::Signature::sighash_all(signature));
        witness.push(last);
        Ok(witness)
    }

    /// The witness of input `index` of `spend`, which spends an output of ours that was delayed.
    pub(crate) fn spend_delayed_payment(
        &self,
        spend: &Transaction,
        index: usize,
        descriptor: &DelayedPaymentOutputDescriptor,
        secp: &Secp256k1<All>,
    ) -> Result<Witness, ()> {
        self.keys.claim_signer().sign_dynamic_p2wsh_input(spend, index, descriptor, secp)
    }
}

impl ChannelSigner for ChannelKeys {
    fn get_per_commitment_point(&self, index: u64, secp: &Secp256k1<All>) -> Result<PublicKey, ()> {
        let mut known = self.keys.material.commitment_points();
        if let Some(point) = known.get(&index) {
            return Ok(*point);
        }
        let secret = self.release_commitment_secret(index)?;
        let point = SecretKey::from_slice(&secret).map_err(|_| ())?.public_key(secp);
        known.insert(index, point);
        Ok(point)
    }

    fn release_commitment_secret(&self, index: u64) -> Result<[u8; 32], ()> {
        Ok(build_commitment_secret(&self.secrets().commitment_seed, index))
    }

    fn validate_holder_commitment(
        &self,
        _: &HolderCommitmentTransaction,
        _: Vec<PaymentPreimage>,
    ) -> Result<(), ()> {
        Ok(())
    }

    fn validate_counterparty_revocation(&self, _: u64, _: &SecretKey) -> Result<(), ()> {
        Ok(())
    }

    fn pubkeys(&self, _: &Secp256k1<All>) -> ChannelPublicKeys {
        self.keys.material.channel_points.clone()
    }

    fn new_funding_pubkey(&self, splice_parent: Txid, secp: &Secp256k1<All>) -> PublicKey {
        self.funding_key(Some(splice_parent)).public_key(secp)
    }

    fn channel_keys_id(&self) -> [u8; 32] {
        self.id
    }
}

impl EcdsaChannelSigner for ChannelKeys {
    fn sign_counterparty_commitment(
        &self,
        channel: &ChannelTransactionParameters,
        commitment: &CommitmentTransaction,
        inbound_preimages: Vec<PaymentPreimage>,
        outbound_preimages: Vec<PaymentPreimage>,
        secp: &Secp256k1<All>,
    ) -> Result<(Signature, Vec<Signature>), ()> {
        let (key, script) = self.funding(channel, secp)?;
        let built = commitment.trust();
        let signature = built.built_transaction().sign_counterparty_commitment(
            &key,
            &script,
            channel.channel_value_satoshis,
            secp,
        );
        if commitment.nondust_htlcs().is_empty() {
            return Ok((signature, Vec::new()));
        }
        // It signs the commitment as well, with a funding key that nobody knows; that signature is dropped.
        let (_, htlcs) = self.keys.material.htlc_signer.sign_counterparty_commitment(
            channel,
            commitment,
            inbound_preimages,
            outbound_preimages,
            secp,
        )?;
        Ok((signature, htlcs))
    }

    fn sign_holder_commitment(
        &self,
        channel: &ChannelTransactionParameters,
        commitment: &HolderCommitmentTransaction,
        secp: &Secp256k1<All>,
    ) -> Result<Signature, ()> {
        let (key, script) = self.funding(channel, secp)?;
        let digest =
            commitment.trust().built_transaction().get_sighash_all(&script, channel.channel_value_satoshis);
        Ok(secp.sign_ecdsa_low_r(&digest, &key))
    }

    fn sign_justice_revoked_output(
        &self,
        channel: &ChannelTransactionParameters,
        justice: &Transaction,
        input: usize,
        amount: u64,
        per_commitment_key: &SecretKey,
        secp: &Secp256k1<All>,
    ) -> Result<Signature, ()> {
        self.keys.claim_signer().sign_justice_revoked_output(
            channel,
            justice,
            input,
            amount,
            per_commitment_key,
            secp,
        )
    }

    fn sign_justice_revoked_htlc(
        &self,
        channel: &ChannelTransactionParameters,
        justice: &Transaction,
        input: usize,
        amount: u64,
        per_commitment_key: &SecretKey,
        htlc: &HTLCOutputInCommitment,
        secp: &Secp256k1<All>,
    ) -> Result<Signature, ()> {
        self.keys.claim_signer().sign_justice_revoked_htlc(
            channel,
            justice,
            input,
            amount,
            per_commitment_key,
            htlc,
            secp,
        )
    }

    fn sign_holder_htlc_transaction(
        &self,
        htlc_tx: &Transaction,
        input: usize,
        descriptor: &HTLCDescriptor,
        secp: &Secp256k1<All>,
    ) -> Result<Signature, ()> {
        self.keys.claim_signer().sign_holder_htlc_transaction(htlc_tx, input, descriptor, secp)
    }

    fn sign_counterparty_htlc_transaction(
        &self,
        channel: &ChannelTransactionParameters,
        htlc_tx: &Transaction,
        input: usize,
        amount: u64,
        per_commitment_point: &PublicKey,
        htlc: &HTLCOutputInCommitment,
        secp: &Secp256k1<All>,
    ) -> Result<Signature, ()> {
        self.keys.claim_signer().sign_counterparty_htlc_transaction(
            channel,
            htlc_tx,
            input,
            amount,
            per_commitment_point,
            htlc,
            secp,
        )
    }

    fn sign_closing_transaction(
        &self,
        channel: &ChannelTransactionParameters,
        closing: &ClosingTransaction,
        secp: &Secp256k1<All>,
    ) -> Result<Signature, ()> {
        let (key, script) = self.funding(channel, secp)?;
        Ok(closing.trust().sign(&key, &script, channel.channel_value_satoshis, secp))
    }

    fn sign_holder_keyed_anchor_input(
        &self,
        channel: &ChannelTransactionParameters,
        anchor_tx: &Transaction,
        input: usize,
        secp: &Secp256k1<All>,
    ) -> Result<Signature, ()> {
        let script = get_keyed_anchor_redeemscript(&channel.holder_pubkeys.funding_pubkey);
        let key = self.funding_key(channel.splice_parent_funding_txid);
        sign_p2wsh(anchor_tx, input, &script, ANCHOR, &key, secp)
    }

    fn sign_channel_announcement_with_funding_key(
        &self,
        channel: &ChannelTransactionParameters,
        announcement: &UnsignedChannelAnnouncement,
        secp: &Secp256k1<All>,
    ) -> Result<Signature, ()> {
        let digest = Message::from_digest(sha256d::Hash::hash(&announcement.encode()).to_byte_array());
        Ok(secp.sign_ecdsa_low_r(&digest, &self.funding_key(channel.splice_parent_funding_txid)))
    }

    fn sign_splice_shared_input(
        &self,
        channel: &ChannelTransactionParameters,
        tx: &Transaction,
        input: usize,
        secp: &Secp256k1<All>,
    ) -> Signature {
        let value = Amount::from_sat(channel.channel_value_satoshis);
        self.funding(channel, secp)
            .and_then(|(key, script)| sign_p2wsh(tx, input, &script, value, &key, secp))
            .expect("LDK asks for this signature once the peer's keys are known, of an input that exists")
    }
}

fn sign_p2wsh(
    tx: &Transaction,
    input: usize,
    script: &ScriptBuf,
    value: Amount,
    key: &SecretKey,
    secp: &Secp256k1<All>,
) -> Result<Signature, ()> {
    let digest = SighashCache::new(tx)
        .p2wsh_signature_hash(input, script, value, EcdsaSighashType::All)
        .map_err(|_| ())?;
    Ok(secp.sign_ecdsa_low_r(&secp256k1::Message::from_digest(digest.to_byte_array()), key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_keys::KeyMaterial;
    use bitcoin::secp256k1::SECP256K1;

    #[test]
    fn the_classic_seed_gives_the_known_second_point() {
        let keys =
            Arc::new(Keys::new(Arc::new(KeyMaterial::new(lnprototest_runner_api::NodeKeys::classic()))));
        let signer = ChannelKeys::new(keys, [0; 32]);
        // Commitment numbers count down from 2^48 - 1.
        let point = signer.get_per_commitment_point((1 << 48) - 2, SECP256K1).unwrap();
        assert_eq!(point.to_string(), "032405cbd0f41225d5f203fe4adac8401321a9e05767c5f8af97d51d2e81fbb206");
    }
}
