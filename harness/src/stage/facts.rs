//! What expressions see under `node`, `chain` and `now`.

use bitcoin::BlockHash;
use bitcoin::constants::ChainHash;
use bitcoin::hashes::Hash;
use lnprototest_bolt::channel::{CommitmentNumber, Keyset};
use lnprototest_bolt::features::FeatureSet;
use lnprototest_runner_api::{Chain, Identity, NodeKeys};
use lnprototest_spec_events::{Object, Value};
use secp256k1::PublicKey;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The node: who it is and, where they were injected, its keys.
pub(super) struct NodeFacts {
    pub(super) identity: Identity,
    pub(super) known_keys: Option<NodeKeys>,
    /// What its `init` offers, once it came.
    pub(super) offered: Rc<RefCell<FeatureSet>>,
}

/// The members that only a runner with known keys has.
const KEYS: [&str; 7] = [
    "delayed_payment_basepoint",
    "first_per_commitment_point",
    "funding_pubkey",
    "htlc_basepoint",
    "payment_basepoint",
    "revocation_basepoint",
    "second_per_commitment_point",
];

impl Object for NodeFacts {
    fn member(&self, name: &str) -> Option<Value> {
        match name {
            "features" => Some(Value::bytes(self.offered.borrow().to_wire())),
            "id" => Some(Value::bytes(self.identity.node_id.serialize())),
            "name" => Some(Value::from(self.identity.name.as_str())),
            "version" => Some(Value::from(self.identity.version.as_str())),
            name if KEYS.contains(&name) => Some(match &self.known_keys {
                Some(keys) => Value::bytes(known(&keys.channel, name).serialize()),
                None => Value::Unknown("the runner lacks the capability known_keys".into()),
            }),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        ["features", "id", "name", "version"].iter().chain(&KEYS).map(|name| (*name).to_owned()).collect()
    }
}

fn known(keys: &Keyset, name: &str) -> PublicKey {
    let first = CommitmentNumber::FIRST;
    match name {
        "delayed_payment_basepoint" => keys.basepoints().delayed_payment,
        "first_per_commitment_point" => keys.per_commitment_point(first),
        "funding_pubkey" => keys.funding_pubkey(),
        "htlc_basepoint" => keys.basepoints().htlc,
        "payment_basepoint" => keys.basepoints().payment,
        "revocation_basepoint" => keys.basepoints().revocation,
        _ => keys.per_commitment_point(first.next().unwrap_or(first)),
    }
}

/// The chain, as of the last step that looked.
#[derive(Clone)]
pub(super) struct ChainFacts {
    pub(super) tip: Rc<Cell<(u32, BlockHash)>>,
}

impl Object for ChainFacts {
    fn member(&self, name: &str) -> Option<Value> {
        let (height, tip) = self.tip.get();
        match name {
            "coinbase_key" => Some(Value::bytes(<dyn Chain>::COINBASE_KEY)),
            "hash" => Some(Value::bytes(ChainHash::REGTEST.as_bytes())),
            "height" => Some(Value::from(height)),
            "tip" => Some(Value::bytes(tip.to_byte_array())),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        ["coinbase_key", "hash", "height", "tip"].map(str::to_owned).into()
    }
}

/// The machine's clock, in seconds since 1970: gossip is as old as it says by this one, also to an embedded node.
pub(super) fn now() -> Value {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Value::from(since.map_or(0, |since| since.as_secs()))
}
