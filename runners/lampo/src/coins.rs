//! How does the node's wallet come by its money?
//!
//! One coinbase is for the node to spend (`<dyn Chain>::NODE_COINBASE_HEIGHT`). Lampo's wallet takes no foreign key, so that
//! coin is paid to it in a block of its own, before it starts.

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash;
use bitcoin::secp256k1::{Message, SECP256K1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
};
use lnprototest_runner_api::{Chain, ChainError};

/// A sat per virtual byte, and more.
const FEE: Amount = Amount::from_sat(1_000);

/// Pays the node's coinbase to `script` in a block of its own, unless that has been done. Returns the height below
/// which the wallet has nothing.
///
/// # Errors
/// The chain's.
pub(crate) async fn pay_to(chain: &dyn Chain, script: &ScriptBuf) -> Result<u32, ChainError> {
    let Some(at) = chain.block_at(<dyn Chain>::NODE_COINBASE_HEIGHT).await? else {
        return Ok(chain.tip().await?.0);
    };
    let Some(coinbase) = at.block.txdata.first() else { return Ok(chain.tip().await?.0) };
    let outpoint = OutPoint { txid: coinbase.compute_txid(), vout: 0 };
    let payment = payment(outpoint, &coinbase.output[0], script);
    let paid = OutPoint { txid: payment.compute_txid(), vout: 0 };
    if let Some((height, _)) = chain.unspent(paid).await? {
        return Ok(height - 1);
    }
    let (height, _) = chain.tip().await?;
    chain.mine(1, &[payment]).await?;
    Ok(height)
}

fn payment(coin: OutPoint, output: &TxOut, script: &ScriptBuf) -> Transaction {
    let key = SecretKey::from_slice(&<dyn Chain>::COINBASE_KEY).expect("the constant is a valid key");
    let public = CompressedPublicKey(key.public_key(SECP256K1));
    let mut tx = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: coin,
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        // One coin: of several Lampo would choose at random, and one that it has spent before its wallet knows that.
        output: vec![TxOut { value: output.value - FEE, script_pubkey: script.clone() }],
    };
    let spends = ScriptBuf::new_p2wpkh(&public.wpubkey_hash());
    let digest = SighashCache::new(&tx)
        .p2wpkh_signature_hash(0, &spends, output.value, EcdsaSighashType::All)
        .expect("the input is there, and the script is P2WPKH");
    let signature = SECP256K1.sign_ecdsa_low_r(&Message::from_digest(digest.to_byte_array()), &key);
    let signature = bitcoin::ecdsa::Signature::sighash_all(signature);
    tx.input[0].witness = Witness::p2wpkh(&signature, &public.0);
    tx
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::WPubkeyHash;
    use lnprototest_chain::EmbeddedChain;

    #[tokio::test]
    async fn it_is_paid_once() {
        let chain = EmbeddedChain::new();
        let script = ScriptBuf::new_p2wpkh(&WPubkeyHash::all_zeros());
        let (before, _) = chain.tip().await.unwrap();
        assert_eq!(pay_to(&chain, &script).await.unwrap(), before);
        assert_eq!(pay_to(&chain, &script).await.unwrap(), before);
        assert_eq!(chain.tip().await.unwrap().0, before + 1);

        let block = chain.block_at(before + 1).await.unwrap().unwrap();
        let paid: Amount = block.block.txdata[1].output.iter().map(|output| output.value).sum();
        assert_eq!(paid, Amount::from_int_btc(50) - FEE);
    }
}
