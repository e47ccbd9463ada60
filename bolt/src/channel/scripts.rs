//! The witness scripts of BOLT 3. "Local" is the holder of the transaction here, as it is there.

use bitcoin::hashes::{Hash, hash160, ripemd160};
use bitcoin::opcodes::all::{
    OP_CHECKMULTISIG, OP_CHECKSIG, OP_CHECKSIGVERIFY, OP_CLTV, OP_CSV, OP_DROP, OP_DUP, OP_ELSE, OP_ENDIF,
    OP_EQUAL, OP_EQUALVERIFY, OP_HASH160, OP_IF, OP_IFDUP, OP_NOTIF, OP_SIZE, OP_SWAP,
};
use bitcoin::script::Builder;
use bitcoin::{PublicKey as ScriptKey, ScriptBuf};
use secp256k1::PublicKey;

use super::format::CommitmentFormat;

/// The funding output ("Funding Transaction Output"), whichever order the keys come in.
pub fn funding(one: &PublicKey, other: &PublicKey) -> ScriptBuf {
    let (lesser, greater) = if one.serialize() <= other.serialize() { (one, other) } else { (other, one) };
    Builder::new()
        .push_int(2)
        .push_key(&ScriptKey::new(*lesser))
        .push_key(&ScriptKey::new(*greater))
        .push_int(2)
        .push_opcode(OP_CHECKMULTISIG)
        .into_script()
}

/// The holder's own balance, and what its HTLC transactions pay to ("`to_local` Output").
pub fn to_local(
    revocation_pubkey: &PublicKey,
    to_self_delay: u16,
    local_delayedpubkey: &PublicKey,
) -> ScriptBuf {
    Builder::new()
        .push_opcode(OP_IF)
        .push_key(&ScriptKey::new(*revocation_pubkey))
        .push_opcode(OP_ELSE)
        .push_int(to_self_delay.into())
        .push_opcode(OP_CSV)
        .push_opcode(OP_DROP)
        .push_key(&ScriptKey::new(*local_delayedpubkey))
        .push_opcode(OP_ENDIF)
        .push_opcode(OP_CHECKSIG)
        .into_script()
}

/// The other end's balance with `option_anchors` ("`to_remote` Output"). Without, it is no script but P2WPKH.
pub fn to_remote(remotepubkey: &PublicKey) -> ScriptBuf {
    Builder::new()
        .push_key(&ScriptKey::new(*remotepubkey))
        .push_opcode(OP_CHECKSIGVERIFY)
        .push_int(1)
        .push_opcode(OP_CSV)
        .into_script()
}

/// An anchor of the end with this key ("`to_local_anchor` and `to_remote_anchor` Output").
pub fn anchor(funding_pubkey: &PublicKey) -> ScriptBuf {
    Builder::new()
        .push_key(&ScriptKey::new(*funding_pubkey))
        .push_opcode(OP_CHECKSIG)
        .push_opcode(OP_IFDUP)
        .push_opcode(OP_NOTIF)
        .push_int(16)
        .push_opcode(OP_CSV)
        .push_opcode(OP_ENDIF)
        .into_script()
}

/// The three keys in an HTLC output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HtlcOutputKeys {
    /// `revocationpubkey`.
    pub revocation: PublicKey,
    /// `local_htlcpubkey`, the holder's.
    pub local: PublicKey,
    /// `remote_htlcpubkey`, the other end's.
    pub remote: PublicKey,
}

/// An HTLC that the holder offers ("Offered HTLC Outputs").
pub fn offered_htlc(format: CommitmentFormat, keys: &HtlcOutputKeys, payment_hash: &[u8; 32]) -> ScriptBuf {
    htlc_start(keys)
        .push_opcode(OP_NOTIF)
        .push_opcode(OP_DROP)
        .push_int(2)
        .push_opcode(OP_SWAP)
        .push_key(&ScriptKey::new(keys.local))
        .push_int(2)
        .push_opcode(OP_CHECKMULTISIG)
        .push_opcode(OP_ELSE)
        .push_opcode(OP_HASH160)
        .push_slice(ripemd160::Hash::hash(payment_hash).to_byte_array())
        .push_opcode(OP_EQUALVERIFY)
        .push_opcode(OP_CHECKSIG)
        .push_opcode(OP_ENDIF)
        .htlc_end(format)
}

/// An HTLC that the holder receives ("Received HTLC Outputs").
pub fn received_htlc(
    format: CommitmentFormat,
    keys: &HtlcOutputKeys,
    payment_hash: &[u8; 32],
    cltv_expiry: u32,
) -> ScriptBuf {
    htlc_start(keys)
        .push_opcode(OP_IF)
        .push_opcode(OP_HASH160)
        .push_slice(ripemd160::Hash::hash(payment_hash).to_byte_array())
        .push_opcode(OP_EQUALVERIFY)
        .push_int(2)
        .push_opcode(OP_SWAP)
        .push_key(&ScriptKey::new(keys.local))
        .push_int(2)
        .push_opcode(OP_CHECKMULTISIG)
        .push_opcode(OP_ELSE)
        .push_opcode(OP_DROP)
        .push_int(cltv_expiry.into())
        .push_opcode(OP_CLTV)
        .push_opcode(OP_DROP)
        .push_opcode(OP_CHECKSIG)
        .push_opcode(OP_ENDIF)
        .htlc_end(format)
}

/// What both HTLC scripts begin with: the penalty branch, and the test whether a preimage was given.
fn htlc_start(keys: &HtlcOutputKeys) -> Builder {
    Builder::new()
        .push_opcode(OP_DUP)
        .push_opcode(OP_HASH160)
        .push_slice(hash160::Hash::hash(&keys.revocation.serialize()).to_byte_array())
        .push_opcode(OP_EQUAL)
        .push_opcode(OP_IF)
        .push_opcode(OP_CHECKSIG)
        .push_opcode(OP_ELSE)
        .push_key(&ScriptKey::new(keys.remote))
        .push_opcode(OP_SWAP)
        .push_opcode(OP_SIZE)
        .push_int(32)
        .push_opcode(OP_EQUAL)
}

/// What both HTLC scripts end with.
trait HtlcEnd {
    fn htlc_end(self, format: CommitmentFormat) -> ScriptBuf;
}

impl HtlcEnd for Builder {
    fn htlc_end(self, format: CommitmentFormat) -> ScriptBuf {
        let builder = match format {
            CommitmentFormat::Anchors => self.push_int(1).push_opcode(OP_CSV).push_opcode(OP_DROP),
            CommitmentFormat::Legacy | CommitmentFormat::StaticRemotekey => self,
        };
        builder.push_opcode(OP_ENDIF).into_script()
    }
}
