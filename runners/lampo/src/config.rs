//! What does Lampo's configuration file say?

use bitcoin::NetworkKind;
use bitcoin::bip32::{ChildNumber, Xpriv};
use bitcoin::secp256k1::SECP256K1;
use lnprototest_runner_api::NodeKeys;
use secp256k1::PublicKey;
use std::fmt;

/// Lampo's folder for regtest, within its data directory.
pub(crate) const NETWORK: &str = "regtest";
/// The configuration file in it.
pub(crate) const FILE: &str = "lampo.conf";

/// The sixth secret that Lampo wants of a channel. It is the commitment seed, of which it takes no other than its own.
const COMMITMENT_SEED: [u8; 32] = [0xff; 32];

/// All that one start of Lampo is told.
pub(crate) struct Config<'a> {
    pub(crate) peer_port: u16,
    pub(crate) api_port: u16,
    /// Where its bitcoind answers.
    pub(crate) bitcoind_port: u16,
    /// The secrets that it is given; its own if none.
    pub(crate) keys: Option<&'a NodeKeys>,
    /// The height above which its wallet looks for its coins.
    pub(crate) wallet_from: u32,
}

impl fmt::Display for Config<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "network={NETWORK}")?;
        writeln!(f, "port={}", self.peer_port)?;
        writeln!(f, "api-host=127.0.0.1")?;
        writeln!(f, "api-port={}", self.api_port)?;
        writeln!(f, "backend=core")?;
        writeln!(f, "core-url=http://127.0.0.1:{}", self.bitcoind_port)?;
        writeln!(f, "core-user=lnprototest")?;
        writeln!(f, "core-pass=lnprototest")?;
        writeln!(f, "reindex={}", self.wallet_from)?;
        // Else its wallet looks at the chain every other minute.
        writeln!(f, "dev-sync=true")?;
        writeln!(f, "log-level=trace")?;
        if let Some(keys) = self.keys {
            let channel = &keys.channel;
            let secrets = [
                channel.funding.secret_bytes(),
                channel.revocation_base.secret_bytes(),
                channel.payment_base.secret_bytes(),
                channel.delayed_payment_base.secret_bytes(),
                channel.htlc_base.secret_bytes(),
                channel.commitment_seed,
            ];
            writeln!(f, "dev-private-key={}", hex::encode(keys.node_key.secret_bytes()))?;
            writeln!(f, "dev-force-channel-secrets={}", secrets.map(hex::encode).join("/"))?;
        }
        Ok(())
    }
}

/// Whether Lampo can be given these secrets.
pub(crate) fn can_take(keys: &NodeKeys) -> bool {
    keys.channel.commitment_seed == COMMITMENT_SEED
}

/// The node's key, for which Lampo takes the first hardened child (BIP 32) of what it is given as a seed.
pub(crate) fn node_id(keys: &NodeKeys) -> Option<PublicKey> {
    let seed = Xpriv::new_master(NetworkKind::Test, &keys.node_key.secret_bytes()).ok()?;
    let child = seed.derive_priv(SECP256K1, &[ChildNumber::Hardened { index: 0 }]).ok()?;
    Some(child.private_key.public_key(SECP256K1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_id_is_what_a_real_lampo_showed() {
        let node_id = node_id(&NodeKeys::classic()).unwrap();
        let shown = "03f37129559621cbb4f8f4d4be5dff76ec21c220d7d274a6407683eafb996d97ae";
        assert_eq!(node_id.to_string(), shown);
    }
}
