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

use crate::memo::{public_key, sign};

use super::dust::dust_threshold;
use super::format::fee;
use super::funding::Funding;
use super::ordering::output_order;
use super::scripts;
use super::side::PerSide;

/// A signature with its own length: as long as it gets with a low S.
const SIGNATURE_LENGTH: u64 = 1 + 72;
/// A key with its own length.
const KEY_LENGTH: u64 = 1 + 33;
/// The witness script of a funding output with its own length.
const SCRIPT_LENGTH: u64 = 1 + 71;

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
    let filling = TxOut { value: FILLING, script_pubkey: coin.change_script() };
    let mut outputs = vec![filling; index.unwrap_or(0).into()];
    outputs.push(output.clone());
    let mut transaction = unsigned(coin, outputs, feerate)?;
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

/// A signed transaction that pays these outputs, in this order, from `coin`. What is left goes back as [`fund`] says, in
/// a last output.
///
/// # Errors
/// [`FundingError`] if the coin holds too little.
pub fn spend(coin: &Coin, outputs: Vec<TxOut>, feerate: FeeRate) -> Result<Transaction, FundingError> {
    let mut transaction = unsigned(coin, outputs, feerate)?;
    coin.sign(&mut transaction);
    Ok(transaction)
}

/// What each output holds that [`pay`] puts before the one asked for.
pub const FILLING: Amount = Amount::from_sat(1000);

/// Why a coin can't be spent so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a coin of {} sat is too small for outputs and a fee of {} sat", .available.to_sat(), .required.to_sat())]
pub struct FundingError {
    /// What the coin holds.
    pub available: Amount,
    /// What the outputs and the fee come to, without change.
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
            CoinKind::Channel { other } => self.funding(&other).output().script_pubkey,
            CoinKind::P2pkh => ScriptBuf::new_p2pkh(&PubkeyHash::from(key)),
            CoinKind::P2wpkh => ScriptBuf::new_p2wpkh(&key.wpubkey_hash()),
        };
        TxOut { value: self.amount, script_pubkey }
    }

    fn pubkey(&self) -> CompressedPublicKey {
        CompressedPublicKey(public_key(&self.key))
    }

    /// Where change goes: P2WPKH, whatever the coin itself is.
    fn change_script(&self) -> ScriptBuf {
        ScriptBuf::new_p2wpkh(&self.pubkey().wpubkey_hash())
    }

    /// What it is as a channel's funding output.
    fn funding(&self, other: &SecretKey) -> Funding {
        let pubkeys = PerSide { local: self.pubkey().0, remote: public_key(other) };
        Funding { outpoint: self.outpoint, amount: self.amount, pubkeys }
    }

    /// The weight that a signature adds to a transaction that spends only this coin.
    fn signature_weight(&self) -> u64 {
        match self.kind {
            // Marker and flag, the number of witness elements, an empty one, two signatures, and the script.
            CoinKind::Channel { .. } => 2 + 1 + 1 + 2 * SIGNATURE_LENGTH + SCRIPT_LENGTH,
            CoinKind::P2pkh => 4 * (SIGNATURE_LENGTH + KEY_LENGTH),
            // Marker and flag, and the number of witness elements.
            CoinKind::P2wpkh => 2 + 1 + SIGNATURE_LENGTH + KEY_LENGTH,
        }
    }

    /// Signs the only input of `spend`.
    fn sign(&self, spend: &mut Transaction) {
        match self.kind {
            CoinKind::Channel { other } => {
                let funding = self.funding(&other);
                let signatures =
                    PerSide { local: funding.sign(spend, &self.key), remote: funding.sign(spend, &other) };
                *spend = funding.signed(spend, &signatures);
            }
            CoinKind::P2pkh => {
                let hash = SighashCache::new(&*spend)
                    .legacy_signature_hash(0, &self.output().script_pubkey, EcdsaSighashType::All.to_u32())
                    .expect("the spending transaction has an input");
                spend.input[0].script_sig = Builder::new()
                    .push_slice(self.signature(hash.into()).serialize())
                    .push_slice(PushBytesBuf::from(self.pubkey().to_bytes()))
                    .into_script();
            }
            CoinKind::P2wpkh => {
                let script = self.output().script_pubkey;
                let hash = SighashCache::new(&*spend)
                    .p2wpkh_signature_hash(0, &script, self.amount, EcdsaSighashType::All)
                    .expect("the spending transaction has an input, and the script is P2WPKH");
                spend.input[0].witness = Witness::p2wpkh(&self.signature(hash.into()), &self.pubkey().0);
            }
        }
    }

    fn signature(&self, hash: Message) -> bitcoin::ecdsa::Signature {
        bitcoin::ecdsa::Signature::sighash_all(sign(&hash, &self.key))
    }
}

/// How a coin pays to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoinKind {
    /// To it and another key, as the funding output of a channel.
    Channel {
        /// The other key.
        other: SecretKey,
    },
    /// To the key's hash, without segwit: whoever relays the spending transaction can change its id.
    P2pkh,
    /// To the key's hash, with segwit.
    P2wpkh,
}

/// An unsigned transaction that pays `outputs` from the coin, and what is left back to the coin's key unless it is dust.
fn unsigned(coin: &Coin, outputs: Vec<TxOut>, feerate: FeeRate) -> Result<Transaction, FundingError> {
    let own = coin.change_script();
    let dust = dust_threshold(&own).unwrap_or(Amount::ZERO);
    let paid = outputs.iter().fold(Amount::ZERO, |sum, output| {
        Amount::from_sat(sum.to_sat().saturating_add(output.value.to_sat()))
    });
    let mut transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn { previous_output: coin.outpoint, sequence: Sequence::MAX, ..TxIn::default() }],
        output: outputs,
    };
    let change = transaction.output.len();
    transaction.output.push(TxOut { value: Amount::ZERO, script_pubkey: own });
    match left(coin, paid, &transaction, feerate) {
        Ok(value) if value >= dust => transaction.output[change].value = value,
        _ => {
            transaction.output.truncate(change);
            left(coin, paid, &transaction, feerate)?;
        }
    }
    Ok(transaction)
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
