//! The secrets that a runner gives its node, so that each key is known beforehand.

use lnprototest_bolt::channel::Keyset;
use secp256k1::SecretKey;

/// The node's secrets. A runner with [`Capability::KnownKeys`](crate::Capability::KnownKeys) uses them all, the
/// channel secrets for every channel of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeKeys {
    /// The node key (BOLT 8's static key, BOLT 7's node id). A runner whose node derives its key from a seed
    /// takes these bytes as the seed and answers with the resulting id in [`Identity`](crate::Identity).
    pub node_key: SecretKey,
    /// Of each of its channels.
    pub channel: Keyset,
}

impl NodeKeys {
    /// The classic set: node key `01`, funding `10`, revocation `11`, payment `12`, delayed payment `13`, HTLC
    /// `14`, shachain seed `FF` x 32.
    pub fn classic() -> Self {
        Self {
            node_key: small_key(0x01),
            channel: Keyset {
                funding: small_key(0x10),
                revocation_base: small_key(0x11),
                payment_base: small_key(0x12),
                delayed_payment_base: small_key(0x13),
                htlc_base: small_key(0x14),
                commitment_seed: [0xff; 32],
            },
        }
    }
}

/// The secret key whose 32 bytes are zero but for the last.
fn small_key(last: u8) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[31] = last;
    SecretKey::from_slice(&bytes).expect("1 to 255 is below the curve's order and not zero")
}
