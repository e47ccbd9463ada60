//! Where do the node's coins come from?
//!
//! The chain's second coinbase is meant for the node (the harness spends the others), but pays a key that lightningd can't
//! import, and the prepared tip can't hold a payment to lightningd's wallet: what a fresh node finds there is the
//! same for all. So the first operation that needs coins spends that coinbase to an address of lightningd's, through
//! lightningd itself, which takes note of what it receives in a transaction that it publishes. No block is mined for
//! it: lightningd spends unconfirmed coins where it is told that it may. And it is published in truth only with the
//! transaction that spends it, see [`Network::hold_back`].
//!
//! But for dual funding it takes confirmed coins only, from itself and in replacements from anyone. Then a block pays them
//! before it starts, to an address that was found out earlier.

use bitcoin::absolute::LockTime;
use bitcoin::secp256k1::{Message, SECP256K1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::transaction::Version;
use bitcoin::{
    Address, Amount, CompressedPublicKey, OutPoint, Psbt, ScriptBuf, Sequence, Transaction, TxIn, TxOut,
    Witness, ecdsa,
};
use lnprototest_runner_api::{Chain, ChainError};
use serde_json::{Value, json};

use crate::network::Network;
use crate::rpc::{Rpc, RpcError};

/// How many coins are made of it, so that a reserved one does not lock up all.
const COINS: u64 = 5;
/// What the transaction pays: some 3 sat per virtual byte.
const FEE: Amount = Amount::from_sat(1_000);

/// Gives lightningd its coins.
///
/// # Errors
/// [`WalletError`]
pub(crate) async fn fill(rpc: &Rpc, network: &Network) -> Result<(), WalletError> {
    let psbt = payment(network.chain(), script(rpc).await?).await?;
    network.hold_back(signed(psbt.clone())?);
    rpc.call("sendpsbt", json!({ "psbt": psbt.to_string() })).await?;
    Ok(())
}

/// Pays its coins to `script` in a block of their own, unless that has been done. They are above the height that comes
/// back.
///
/// # Errors
/// [`WalletError`]
pub(crate) async fn confirm(network: &Network, script: ScriptBuf) -> Result<u32, WalletError> {
    let chain = network.chain();
    let payment = signed(payment(chain, script).await?)?;
    let first = OutPoint { txid: payment.compute_txid(), vout: 0 };
    if let Some((height, _)) = chain.unspent(first).await? {
        return Ok(height - 1);
    }
    let (height, _) = chain.tip().await?;
    chain.mine(1, &[payment]).await?;
    Ok(height)
}

/// The script of a fresh address of its wallet: P2WPKH where it has such.
///
/// # Errors
/// [`WalletError`]
pub(crate) async fn script(rpc: &Rpc) -> Result<ScriptBuf, WalletError> {
    let answer = rpc.call("newaddr", json!({ "addresstype": "all" })).await?;
    let text = answer["bech32"].as_str().or_else(|| answer["p2tr"].as_str());
    let address: Address<_> =
        text.and_then(|text| text.parse().ok()).ok_or(WalletError::NoAddress { answer: answer.clone() })?;
    match address.require_network(bitcoin::Network::Regtest) {
        Ok(address) => Ok(address.script_pubkey()),
        Err(_) => Err(WalletError::NoAddress { answer }),
    }
}

/// The transaction that spends the node's coinbase, signed.
async fn payment(chain: &dyn Chain, to: ScriptBuf) -> Result<Psbt, WalletError> {
    let at = chain.block_at(<dyn Chain>::NODE_COINBASE_HEIGHT).await?.ok_or(WalletError::NoCoinbase)?;
    let coinbase = at.block.txdata.first().ok_or(WalletError::NoCoinbase)?;
    let coin = coinbase.output.first().ok_or(WalletError::NoCoinbase)?;
    let outpoint = OutPoint { txid: coinbase.compute_txid(), vout: 0 };
    spend(outpoint, coin, to)
}

fn signed(psbt: Psbt) -> Result<Transaction, WalletError> {
    psbt.extract_tx().map_err(|_| WalletError::Unsigned)
}

fn spend(outpoint: OutPoint, coin: &TxOut, to: ScriptBuf) -> Result<Psbt, WalletError> {
    let unsigned = |_| WalletError::Unsigned;
    let key = SecretKey::from_slice(&<dyn Chain>::COINBASE_KEY).map_err(|_| WalletError::Unsigned)?;
    let public_key = CompressedPublicKey(key.public_key(SECP256K1));
    let each = coin.value.checked_sub(FEE).ok_or(WalletError::NoCoinbase)? / COINS;
    let input = TxIn {
        previous_output: outpoint,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    };
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: (0..COINS).map(|_| TxOut { value: each, script_pubkey: to.clone() }).collect(),
    };
    let script = ScriptBuf::new_p2wpkh(&public_key.wpubkey_hash());
    let hash = SighashCache::new(&transaction)
        .p2wpkh_signature_hash(0, &script, coin.value, EcdsaSighashType::All)
        .map_err(|_| WalletError::Unsigned)?;
    let signature = ecdsa::Signature::sighash_all(SECP256K1.sign_ecdsa(&Message::from(hash), &key));
    let mut psbt = Psbt::from_unsigned_tx(transaction).map_err(unsigned)?;
    psbt.inputs[0].witness_utxo = Some(coin.clone());
    psbt.inputs[0].final_script_witness = Some(Witness::p2wpkh(&signature, &public_key.0));
    Ok(psbt)
}

/// Why lightningd has no coins.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalletError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("lightningd has no address for its coins: it says {answer}")]
    NoAddress { answer: Value },
    #[error("the chain has no second coinbase for the node to spend")]
    NoCoinbase,
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("the node's coinbase can't be spent")]
    Unsigned,
}
