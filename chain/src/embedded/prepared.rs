//! What is at the tip where everyone starts?

use bitcoin::secp256k1::{SECP256K1, SecretKey};
use bitcoin::{CompressedPublicKey, OutPoint, ScriptBuf, TxOut};
use lnprototest_runner_api::Chain;
use std::sync::OnceLock;

use super::regtest::Regtest;

/// Block 1 pays the known key; 101 blocks follow.
const PREPARED_HEIGHT: u32 = 102;

/// An output of a prepared coinbase, and the key that spends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundingCoin {
    /// Where it is.
    pub outpoint: OutPoint,
    /// 50 BTC to the key's P2WPKH script.
    pub output: TxOut,
    /// [`Chain::COINBASE_KEY`](lnprototest_runner_api::Chain).
    pub key: SecretKey,
    /// The lowest height of a block that may spend it.
    pub mature_at: u32,
}

impl FundingCoin {
    /// The coinbase of the prepared block `utxo + 1`: 0 to 101, `None` above. The first three can be spent by
    /// the block that follows the prepared tip, each later one a block later.
    pub fn prepared(utxo: u32) -> Option<Self> {
        let height = utxo.checked_add(1).filter(|&height| height <= PREPARED_HEIGHT)?;
        prepared().coinbase_coin(height)
    }
}

/// The chain at the prepared tip, made once in a process. A clone of it costs microseconds.
pub(super) fn prepared() -> &'static Regtest {
    static PREPARED: OnceLock<Regtest> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let mut regtest = Regtest::genesis(payout_script());
        regtest.mine_empty(PREPARED_HEIGHT);
        regtest.freeze();
        regtest
    })
}

/// The secret key of all coinbases.
pub(super) fn coinbase_key() -> SecretKey {
    SecretKey::from_slice(&<dyn Chain>::COINBASE_KEY).expect("it is a small number, not zero")
}

/// Whom all coinbases pay.
pub(crate) fn payout_script() -> ScriptBuf {
    let public_key = CompressedPublicKey(coinbase_key().public_key(SECP256K1));
    ScriptBuf::new_p2wpkh(&public_key.wpubkey_hash())
}
