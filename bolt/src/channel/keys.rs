//! A channel's secrets and points, and the keys that each commitment derives from them (BOLT 3, "Key Derivation").

use bitcoin::hashes::{Hash, HashEngine, sha256};
use secp256k1::{PublicKey, SECP256K1, Scalar, SecretKey};

use crate::memo::{Memo, public_key, remembered};

use super::secrets::{CommitmentNumber, per_commitment_secret};
use super::side::{PerSide, Side};

/// Why the derivations below do not fail: their tweaks are SHA-256 of the very points that they tweak.
const INFEASIBLE: &str = "no one can find points whose own hash brings them to infinity";

/// All secrets of one end of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyset {
    /// Of `funding_pubkey`.
    pub funding: SecretKey,
    /// Of `revocation_basepoint`.
    pub revocation_base: SecretKey,
    /// Of `payment_basepoint`.
    pub payment_base: SecretKey,
    /// Of `delayed_payment_basepoint`.
    pub delayed_payment_base: SecretKey,
    /// Of `htlc_basepoint`.
    pub htlc_base: SecretKey,
    /// The seed of the per-commitment secrets.
    pub commitment_seed: [u8; 32],
}

impl Keyset {
    /// `funding_pubkey` as in `open_channel` and `accept_channel`.
    pub fn funding_pubkey(&self) -> PublicKey {
        public_key(&self.funding)
    }

    /// The basepoints as in `open_channel` and `accept_channel`.
    pub fn basepoints(&self) -> Basepoints {
        Basepoints {
            revocation: public_key(&self.revocation_base),
            payment: public_key(&self.payment_base),
            delayed_payment: public_key(&self.delayed_payment_base),
            htlc: public_key(&self.htlc_base),
        }
    }

    /// The `per_commitment_secret` that revokes this commitment.
    pub fn per_commitment_secret(&self, number: CommitmentNumber) -> SecretKey {
        let secret = per_commitment_secret(&self.commitment_seed, number);
        SecretKey::from_slice(&secret)
            .expect("a SHA-256 (or a seed) that is no secret key has a chance of 2^-128")
    }

    /// The `per_commitment_point` of this commitment.
    pub fn per_commitment_point(&self, number: CommitmentNumber) -> PublicKey {
        public_key(&self.per_commitment_secret(number))
    }

    /// The secret of our `local_delayedpubkey` under this point, ours.
    pub fn delayed_payment_secret(&self, per_commitment_point: &PublicKey) -> SecretKey {
        derive_secret_key(&self.delayed_payment_base, per_commitment_point)
    }

    /// The secret of the `revocationpubkey` in the commitment that the other end revoked with this secret.
    pub fn revocation_secret(&self, per_commitment_secret: &SecretKey) -> SecretKey {
        revocation_secret_key(&self.revocation_base, per_commitment_secret)
    }

    /// The secret of our `htlcpubkey` under this point, ours or theirs.
    pub fn htlc_secret(&self, per_commitment_point: &PublicKey) -> SecretKey {
        derive_secret_key(&self.htlc_base, per_commitment_point)
    }
}

/// The points that one end of a channel tells the other once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basepoints {
    /// `revocation_basepoint`.
    pub revocation: PublicKey,
    /// `payment_basepoint`.
    pub payment: PublicKey,
    /// `delayed_payment_basepoint`.
    pub delayed_payment: PublicKey,
    /// `htlc_basepoint`.
    pub htlc: PublicKey,
}

/// The keys in the scripts of one commitment transaction and its HTLC transactions, but for
/// [`htlc_public_keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitmentKeys {
    /// The holder's point that all of them come from.
    pub per_commitment_point: PublicKey,
    /// `revocationpubkey`: the other end can sign with it once the holder has revoked.
    pub revocation: PublicKey,
    /// The holder's `local_delayedpubkey`.
    pub delayed_payment: PublicKey,
}

impl CommitmentKeys {
    /// Derives them for the commitment of `holder` with this point.
    pub fn derive(holder: Side, basepoints: &PerSide<Basepoints>, per_commitment_point: PublicKey) -> Self {
        let point = &per_commitment_point;
        Self {
            per_commitment_point,
            revocation: revocation_public_key(&basepoints[!holder].revocation, point),
            delayed_payment: derive_public_key(&basepoints[holder].delayed_payment, point),
        }
    }
}

/// Both ends' `htlcpubkey` in the commitment with this point. They cost as much as a signature, and only commitments
/// with HTLCs need them.
pub fn htlc_public_keys(
    basepoints: &PerSide<Basepoints>,
    per_commitment_point: &PublicKey,
) -> PerSide<PublicKey> {
    PerSide::from_fn(|side| derive_public_key(&basepoints[side].htlc, per_commitment_point))
}

/// `basepoint + SHA256(per_commitment_point || basepoint) * G`.
pub fn derive_public_key(basepoint: &PublicKey, per_commitment_point: &PublicKey) -> PublicKey {
    thread_local!(static KNOWN: Memo<[PublicKey; 2], PublicKey> = Memo::default());
    remembered(&KNOWN, [*basepoint, *per_commitment_point], || {
        let tweak = hash_of(per_commitment_point, basepoint);
        basepoint.add_exp_tweak(SECP256K1, &tweak).expect(INFEASIBLE)
    })
}

/// The secret key of [`derive_public_key`], from the basepoint's secret.
pub fn derive_secret_key(base_secret: &SecretKey, per_commitment_point: &PublicKey) -> SecretKey {
    let basepoint = public_key(base_secret);
    base_secret.add_tweak(&hash_of(per_commitment_point, &basepoint)).expect(INFEASIBLE)
}

/// `revocationpubkey`: from the holder's point and the other end's `revocation_basepoint`.
pub fn revocation_public_key(
    revocation_basepoint: &PublicKey,
    per_commitment_point: &PublicKey,
) -> PublicKey {
    thread_local!(static KNOWN: Memo<[PublicKey; 2], PublicKey> = Memo::default());
    remembered(&KNOWN, [*revocation_basepoint, *per_commitment_point], || {
        let (base_tweak, point_tweak) = revocation_tweaks(revocation_basepoint, per_commitment_point);
        let base = revocation_basepoint.mul_tweak(SECP256K1, &base_tweak).expect(INFEASIBLE);
        let point = per_commitment_point.mul_tweak(SECP256K1, &point_tweak).expect(INFEASIBLE);
        base.combine(&point).expect(INFEASIBLE)
    })
}

/// The secret key of [`revocation_public_key`], from both ends' secrets.
pub fn revocation_secret_key(revocation_base: &SecretKey, per_commitment_secret: &SecretKey) -> SecretKey {
    let (base_tweak, point_tweak) =
        revocation_tweaks(&public_key(revocation_base), &public_key(per_commitment_secret));
    let base = revocation_base.mul_tweak(&base_tweak).expect(INFEASIBLE);
    let point = per_commitment_secret.mul_tweak(&point_tweak).expect(INFEASIBLE);
    base.add_tweak(&Scalar::from(point)).expect(INFEASIBLE)
}

/// What the basepoint and the per-commitment point are multiplied with.
fn revocation_tweaks(revocation_basepoint: &PublicKey, per_commitment_point: &PublicKey) -> (Scalar, Scalar) {
    (hash_of(revocation_basepoint, per_commitment_point), hash_of(per_commitment_point, revocation_basepoint))
}

fn hash_of(first: &PublicKey, second: &PublicKey) -> Scalar {
    let mut engine = sha256::Hash::engine();
    engine.input(&first.serialize());
    engine.input(&second.serialize());
    Scalar::from_be_bytes(sha256::Hash::from_engine(engine).to_byte_array()).expect(INFEASIBLE)
}
