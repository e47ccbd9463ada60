//! Which secrets does the node have, and how does LDK get at them?
//!
//! LDK's own `KeysManager` derives everything from a seed. Here the node key and the channel secrets are given
//! ([`NodeKeys`]), so this is our own `EntropySource`, `NodeSigner` and `SignerProvider`. All of it is
//! deterministic: two nodes with the same keys that are asked the same questions answer the same.

use bitcoin::ScriptBuf;
use bitcoin::hashes::{Hash, HashEngine, sha256, sha256d};
use bitcoin::secp256k1::ecdh::SharedSecret;
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, Signature};
use bitcoin::secp256k1::{Keypair, Message, PublicKey, SECP256K1, Scalar, SecretKey, schnorr};
use lightning::bolt11_invoice::RawBolt11Invoice;
use lightning::ln::chan_utils::ChannelPublicKeys;
use lightning::ln::channel_keys::{DelayedPaymentBasepoint, HtlcBasepoint, RevocationBasepoint};
use lightning::ln::inbound_payment::ExpandedKey;
use lightning::ln::msgs::UnsignedGossipMessage;
use lightning::ln::script::ShutdownScript;
use lightning::offers::invoice::UnsignedBolt12Invoice;
use lightning::sign::{
    EntropySource, InMemorySigner, KeysManager, NodeSigner, PeerStorageKey, ReceiveAuthKey, Recipient,
    SignerProvider,
};
use lightning::util::message_signing;
use lightning::util::ser::Writeable;
use lnprototest_runner_api::{Keyset, NodeKeys};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::signer::ChannelKeys;
use crate::wallet::Spenders;

/// What follows from [`NodeKeys`] alone. Deriving it takes about a millisecond, so it is made once for each set of
/// keys and shared by all nodes that have them.
pub(crate) struct KeyMaterial {
    pub(crate) keys: NodeKeys,
    pub(crate) node_id: PublicKey,
    /// Of the node's on-chain wallet.
    pub(crate) wallet: Spenders,
    pub(crate) channel_points: ChannelPublicKeys,
    /// The per-commitment points that were asked for, by LDK's indices.
    commitment_points: Mutex<HashMap<u64, PublicKey>>,
    inbound_payments: ExpandedKey,
    peer_storage: PeerStorageKey,
    receive_auth: ReceiveAuthKey,
    entropy_seed: [u8; 32],
    /// Signs what LDK signs without extra entropy. Never cloned: that would use up entropy of its own.
    pub(crate) htlc_signer: InMemorySigner,
}

impl KeyMaterial {
    pub(crate) fn new(keys: NodeKeys) -> Self {
        let derived = |purpose: &str| {
            let mut engine = sha256::Hash::engine();
            engine.input(b"lnprototest ldk ");
            engine.input(purpose.as_bytes());
            engine.input(&keys.node_key.secret_bytes());
            sha256::Hash::from_engine(engine).to_byte_array()
        };
        let wallet_key = SecretKey::from_slice(&derived("wallet"))
            .expect("a hash is below the curve's order but for 2^-128");
        Self {
            node_id: keys.node_key.public_key(SECP256K1),
            wallet: Spenders::new(wallet_key),
            channel_points: channel_points(&keys.channel),
            commitment_points: Mutex::default(),
            inbound_payments: ExpandedKey::new(derived("inbound payments")),
            peer_storage: PeerStorageKey { inner: derived("peer storage") },
            receive_auth: ReceiveAuthKey(derived("receive auth")),
            entropy_seed: derived("entropy"),
            htlc_signer: in_memory_signer(&keys),
            keys,
        }
    }

    pub(crate) fn commitment_points(&self) -> MutexGuard<'_, HashMap<u64, PublicKey>> {
        self.commitment_points.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn channel_points(secrets: &Keyset) -> ChannelPublicKeys {
    let point = |secret: &SecretKey| secret.public_key(SECP256K1);
    ChannelPublicKeys {
        funding_pubkey: point(&secrets.funding),
        revocation_basepoint: RevocationBasepoint(point(&secrets.revocation_base)),
        payment_point: point(&secrets.payment_base),
        delayed_payment_basepoint: DelayedPaymentBasepoint(point(&secrets.delayed_payment_base)),
        htlc_basepoint: HtlcBasepoint(point(&secrets.htlc_base)),
    }
}

/// LDK's signer with the given secrets, but for the funding and payment keys, which it keeps private.
fn in_memory_signer(keys: &NodeKeys) -> InMemorySigner {
    let manager = KeysManager::new(&keys.node_key.secret_bytes(), 0, 0, false);
    let mut signer = manager.derive_channel_keys(&[0; 32]);
    signer.revocation_base_key = keys.channel.revocation_base;
    signer.delayed_payment_base_key = keys.channel.delayed_payment_base;
    signer.htlc_base_key = keys.channel.htlc_base;
    signer.commitment_seed = keys.channel.commitment_seed;
    signer
}

/// The secrets of one node, for as long as it exists (restarts included), so that its entropy never repeats.
pub(crate) struct Keys {
    pub(crate) material: Arc<KeyMaterial>,
    entropy: AtomicU64,
    /// Signs on-chain claims. Its signatures hold extra entropy, so it is this node's alone.
    claim_signer: OnceLock<InMemorySigner>,
}

impl Keys {
    pub(crate) fn new(material: Arc<KeyMaterial>) -> Self {
        Self { material, entropy: AtomicU64::new(0), claim_signer: OnceLock::new() }
    }

    pub(crate) fn claim_signer(&self) -> &InMemorySigner {
        self.claim_signer.get_or_init(|| in_memory_signer(&self.material.keys))
    }

    fn node_secret(&self, recipient: Recipient) -> Result<&SecretKey, ()> {
        match recipient {
            Recipient::Node => Ok(&self.material.keys.node_key),
            Recipient::PhantomNode => Err(()),
        }
    }
}

impl EntropySource for Keys {
    fn get_secure_random_bytes(&self) -> [u8; 32] {
        let mut engine = sha256::Hash::engine();
        engine.input(&self.material.entropy_seed);
        engine.input(&self.entropy.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        sha256::Hash::from_engine(engine).to_byte_array()
    }
}

impl NodeSigner for Keys {
    fn get_expanded_key(&self) -> ExpandedKey {
        self.material.inbound_payments
    }

    fn get_peer_storage_key(&self) -> PeerStorageKey {
        self.material.peer_storage
    }

    fn get_receive_auth_key(&self) -> ReceiveAuthKey {
        self.material.receive_auth
    }

    fn get_node_id(&self, recipient: Recipient) -> Result<PublicKey, ()> {
        self.node_secret(recipient).map(|_| self.material.node_id)
    }

    fn ecdh(
        &self,
        recipient: Recipient,
        other_key: &PublicKey,
        tweak: Option<&Scalar>,
    ) -> Result<SharedSecret, ()> {
        let secret = *self.node_secret(recipient)?;
        let secret = match tweak {
            Some(tweak) => secret.mul_tweak(tweak).map_err(|_| ())?,
            None => secret,
        };
        Ok(SharedSecret::new(other_key, &secret))
    }

    fn sign_invoice(
        &self,
        invoice: &RawBolt11Invoice,
        recipient: Recipient,
    ) -> Result<RecoverableSignature, ()> {
        let digest = Message::from_digest(invoice.signable_hash());
        Ok(SECP256K1.sign_ecdsa_recoverable(&digest, self.node_secret(recipient)?))
    }

    fn sign_bolt12_invoice(&self, invoice: &UnsignedBolt12Invoice) -> Result<schnorr::Signature, ()> {
        let pair = Keypair::from_secret_key(SECP256K1, &self.material.keys.node_key);
        Ok(SECP256K1.sign_schnorr_no_aux_rand(invoice.as_ref().as_digest(), &pair))
    }

    fn sign_gossip_message(&self, message: UnsignedGossipMessage) -> Result<Signature, ()> {
        let digest = sha256d::Hash::hash(&message.encode()).to_byte_array();
        Ok(SECP256K1.sign_ecdsa_low_r(&Message::from_digest(digest), &self.material.keys.node_key))
    }

    fn sign_message(&self, message: &[u8]) -> Result<String, ()> {
        Ok(message_signing::sign(message, &self.material.keys.node_key))
    }
}

/// Where LDK gets the signer of each channel from, and the scripts that receive what channels hold.
pub(crate) struct SignerSource {
    keys: Arc<Keys>,
    channels: AtomicU64,
    /// What the next channel commits to as its shutdown script, if not the wallet's.
    close_to: Mutex<Option<ShutdownScript>>,
}

impl SignerSource {
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        Self { keys, channels: AtomicU64::new(0), close_to: Mutex::new(None) }
    }

    /// Calls `open`; the channel that it opens commits to `script` as its upfront shutdown script, or to the
    /// wallet's.
    pub(crate) fn with_close_to<T>(&self, script: Option<ShutdownScript>, open: impl FnOnce() -> T) -> T {
        *self.close_to() = script;
        let opened = open();
        *self.close_to() = None;
        opened
    }

    fn close_to(&self) -> MutexGuard<'_, Option<ShutdownScript>> {
        self.close_to.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SignerProvider for SignerSource {
    type EcdsaSigner = ChannelKeys;

    fn generate_channel_keys_id(&self, _inbound: bool, _user_channel_id: u128) -> [u8; 32] {
        let mut id = [0; 32];
        id[24..].copy_from_slice(&self.channels.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        id
    }

    fn derive_channel_signer(&self, channel_keys_id: [u8; 32]) -> ChannelKeys {
        ChannelKeys::new(Arc::clone(&self.keys), channel_keys_id)
    }

    fn get_destination_script(&self, _channel_keys_id: [u8; 32]) -> Result<ScriptBuf, ()> {
        Ok(self.keys.material.wallet.script().clone())
    }

    fn get_shutdown_scriptpubkey(&self) -> Result<ShutdownScript, ()> {
        match self.close_to().clone() {
            Some(script) => Ok(script),
            None => ShutdownScript::try_from(self.keys.material.wallet.script().clone()).map_err(|_| ()),
        }
    }
}
