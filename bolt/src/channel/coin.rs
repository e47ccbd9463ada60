//! Funding transactions, made from one coin whose key is known.

use bitcoin::absolute::LockTime;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::sighash::SighashCache;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, CompressedPublicKey, EcdsaSighashType, FeeRate, OutPoint, PubkeyHash, ScriptBuf, Sequence,
    Transaction, TxIn, TxOut, Witness,
};
use secp256k1::{Message, PublicKey, SecretKey};

use super::dust::dust_threshold;
use super::format::fee;
use super::funding::Funding;
use super::ordering::output_order;
use super::scripts;
use super::side::PerSide;
use super::signature::sign;

/// A signature and a key, each with its length: as long as they get with a low S.
const SIGNATURE_AND_KEY_LENGTH: u64 = 1 + 72 + 1 + 33;

/// A signed transaction that funds a channel with `amount` from `coin`. What is left goes back to the coin's key
/// (P2WPKH) unless it is dust. Outputs are in BIP 69's order.
///
/// # Errors
/// [`FundingError`] if the coin holds too little.
pub fn fund(
    coin: &Coin,
    amount: Amount,
    pubkeys: PerSide<PublicKey>,
    feerate: FeeRate,
) -> Result<(Transaction, Funding), FundingError> {
    let script = scripts::funding(&pubkeys.local, &pubkeys.remote);
    let channel = TxOut { value: amount, script_pubkey: script.to_p2wsh() };
    let (transaction, outpoint) = pay(coin, channel, None, feerate)?;
    Ok((transaction, Funding { outpoint, amount, pubkeys }))
}

/// A signed transaction that pays `output` from `coin`, whatever it pays for, and where that output is. What is left
/// goes back as [`fund`] says. With an `index`, so many outputs of [`FILLING`] to the coin's key come before `output`;
/// without, outputs are in BIP 69's order.
///
/// # Errors
/// [`FundingError`] if the coin holds too little.
pub fn pay(
    coin: &Coin,
    output: TxOut,
    index: Option<u16>,
    feerate: FeeRate,
) -> Result<(Transaction, OutPoint), FundingError> {
    let own = ScriptBuf::new_p2wpkh(&coin.pubkey().wpubkey_hash());
    let dust = dust_threshold(&own).unwrap_or(Amount::ZERO);
    let filling = TxOut { value: FILLING, script_pubkey: own.clone() };
    let mut outputs = vec![filling; index.unwrap_or(0).into()];
    outputs.push(output.clone());
    let paid = outputs.iter().fold(Amount::ZERO, |sum, output| {
        Amount::from_sat(sum.to_sat().saturating_add(output.value.to_sat()))
    });
    outputs.push(TxOut { value: Amount::ZERO, script_pubkey: own });
    let mut transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn { previous_output: coin.outpoint, sequence: Sequence::MAX, ..TxIn::default() }],
        output: outputs,
    };
    let change = transaction.output.len() - 1;
    match left(coin, paid, &transaction, feerate) {
        Ok(value) if value >= dust => transaction.output[change].value = value,
        _ => {
            transaction.output.truncate(change);
            left(coin, paid, &transaction, feerate)?;
        }
    }

    let vout = match index {
        Some(index) => index.into(),
        None => {
            transaction.output.sort_by(output_order);
            u32::from(transaction.output[0] != output)
        }
    };
    coin.sign(&mut transaction);
    let outpoint = OutPoint { txid: transaction.compute_txid(), vout };
    Ok((transaction, outpoint))
}

/// What each output holds that [`pay`] puts before the one asked for.
pub const FILLING: Amount = Amount::from_sat(1000);

/// Why a channel can't be funded so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a coin of {} sat is too small for a channel and fee of {} sat", .available.to_sat(), .required.to_sat())]
pub struct FundingError {
    /// What the coin holds.
    pub available: Amount,
    /// What the channel and the fee come to, without change.
    pub required: Amount,
}

/// Money that a channel can be funded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coin {
    /// Where it is.
    pub outpoint: OutPoint,
    /// What it holds.
    pub amount: Amount,
    /// The key that it pays to.
    pub key: SecretKey,
    /// How it pays to it.
    pub kind: CoinKind,
}

impl Coin {
    /// The output itself.
    pub fn output(&self) -> TxOut {
        let key = self.pubkey();
        let script_pubkey = match self.kind {
            CoinKind::P2pkh => ScriptBuf::new_p2pkh(&PubkeyHash::from(key)),
            CoinKind::P2wpkh => ScriptBuf::new_p2wpkh(&key.wpubkey_hash()),
        };
        TxOut { value: self.amount, script_pubkey }
    }

    fn pubkey(&self) -> CompressedPublicKey {
        CompressedPublicKey(PublicKey::from_secret_key_global(&self.key))
    }

    /// The weight that a signature adds to a transaction that spends only this coin.
    fn signature_weight(&self) -> u64 {
        match self.kind {
            CoinKind::P2pkh => 4 * SIGNATURE_AND_KEY_LENGTH,
            // Marker and flag, and the number of witness elements.
            CoinKind::P2wpkh => 2 + 1 + SIGNATURE_AND_KEY_LENGTH,
        }
    }

    /// Signs the only input of `spend`.
    fn sign(&self, spend: &mut Transaction) {
        let cache = SighashCache::new(&*spend);
        let previous = self.output();
        let hash: Message = match self.kind {
            CoinKind::P2pkh => cache
                .legacy_signature_hash(0, &previous.script_pubkey, EcdsaSighashType::All.to_u32())
                .expect("the spending transaction has an input")
                .into(),
            CoinKind::P2wpkh => { cache }
                .p2wpkh_signature_hash(0, &previous.script_pubkey, self.amount, EcdsaSighashType::All)
                .expect("the spending transaction has an input, and the script is P2WPKH")
                .into(),
        };
        let signature = bitcoin::ecdsa::Signature::sighash_all(sign(&hash, &self.key));
        let input = &mut spend.input[0];
        match self.kind {
            CoinKind::P2pkh => {
                input.script_sig = Builder::new()
                    .push_slice(signature.serialize())
                    .push_slice(PushBytesBuf::from(self.pubkey().to_bytes()))
                    .into_script();
            }
            CoinKind::P2wpkh => input.witness = Witness::p2wpkh(&signature, &self.pubkey().0),
        }
    }
}

/// How a coin pays to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoinKind {
    /// To the key's hash, without segwit: whoever relays the spending transaction can change its id.
    P2pkh,
    /// To the key's hash, with segwit.
    P2wpkh,
}

/// What is left of the coin after `amount` and the fee of the unsigned transaction.
fn left(
    coin: &Coin,
    amount: Amount,
    unsigned: &Transaction,
    feerate: FeeRate,
) -> Result<Amount, FundingError> {
    let weight = 4 * unsigned.base_size() as u64 + coin.signature_weight();
    let required = Amount::from_sat(amount.to_sat().saturating_add(fee(feerate, weight).to_sat()));
    coin.amount.checked_sub(required).ok_or(FundingError { available: coin.amount, required })
}
