//! What coins does the node own, and how does it spend them?

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash;
use bitcoin::secp256k1::{Message, SECP256K1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, Block, CompressedPublicKey, FeeRate, OutPoint, Psbt, ScriptBuf, Sequence, Transaction, TxIn,
    TxOut, Txid, WPubkeyHash, Weight, Witness,
};
use lightning::events::bump_transaction::Utxo;
use lightning::events::bump_transaction::sync::WalletSourceSync;
use lnprototest_runner_api::Chain;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Of a P2WPKH input, witness included.
const INPUT_WEIGHT: Weight = Weight::from_wu(4 * 41 + 108);
/// Of a transaction without inputs and outputs.
const BASE_WEIGHT: Weight = Weight::from_wu(42);
/// Change below this stays with the fee.
const DUST: Amount = Amount::from_sat(330);

/// A small on-chain wallet: P2WPKH outputs to a key of its own, and one coinbase that pays the chain's key.
pub(crate) struct Wallet {
    spenders: Spenders,
    coins: Mutex<BTreeMap<OutPoint, Coin>>,
}

#[derive(Clone)]
struct Spender {
    key: SecretKey,
    hash: WPubkeyHash,
    script: ScriptBuf,
}

impl Spender {
    fn new(key: SecretKey) -> Self {
        let hash = CompressedPublicKey(key.public_key(SECP256K1)).wpubkey_hash();
        Self { key, hash, script: ScriptBuf::new_p2wpkh(&hash) }
    }
}

/// Who can spend what a wallet holds.
#[derive(Clone)]
pub(crate) struct Spenders {
    own: Spender,
    coinbase: Spender,
}

impl Spenders {
    /// The wallet's own key, and the chain's.
    pub(crate) fn new(own: SecretKey) -> Self {
        let coinbase =
            SecretKey::from_slice(&<dyn Chain>::COINBASE_KEY).expect("the constant is a valid key");
        Self { own: Spender::new(own), coinbase: Spender::new(coinbase) }
    }

    /// What the wallet's own key can spend.
    pub(crate) fn script(&self) -> &ScriptBuf {
        &self.own.script
    }
}

#[derive(Clone, Debug)]
struct Coin {
    output: TxOut,
    /// The height of its block, if it is in one.
    confirmed: Option<u32>,
    spent: Option<Spend>,
}

#[derive(Clone, Copy, Debug)]
struct Spend {
    by: Txid,
    /// The height of the spending transaction's block, if it is in one.
    confirmed: Option<u32>,
    /// It only adds a fee to a channel's transaction, for which LDK may want to spend the coin again.
    replaceable: bool,
}

/// The wallet's coins don't suffice.
#[derive(Debug, thiserror::Error)]
#[error("the node's wallet holds {held}, needed are {needed} with the fee")]
pub(crate) struct InsufficientFunds {
    held: Amount,
    needed: Amount,
}

impl Wallet {
    /// A wallet without coins.
    pub(crate) fn new(spenders: Spenders) -> Self {
        Self { spenders, coins: Mutex::new(BTreeMap::new()) }
    }

    /// Where its change goes, and whatever else it is to receive.
    pub(crate) fn script(&self) -> &ScriptBuf {
        &self.spenders.own.script
    }

    /// Takes the outputs of `block`'s coinbase that pay the chain's key.
    pub(crate) fn own_coinbase(&self, block: &Block, height: u32) {
        let Some(coinbase) = block.txdata.first() else { return };
        let txid = coinbase.compute_txid();
        let mut coins = self.coins();
        for (vout, output) in (0..).zip(&coinbase.output) {
            if output.script_pubkey == self.spenders.coinbase.script {
                let coin = Coin { output: output.clone(), confirmed: Some(height), spent: None };
                coins.insert(OutPoint { txid, vout }, coin);
            }
        }
    }

    /// Follows the chain by one block.
    pub(crate) fn block_connected(&self, block: &Block, height: u32) {
        let mut coins = self.coins();
        for tx in &block.txdata {
            let pays_us = tx.output.iter().any(|output| output.script_pubkey == self.spenders.own.script);
            let spends_us = tx.input.iter().any(|input| coins.contains_key(&input.previous_output));
            if pays_us || spends_us {
                self.note(&mut coins, tx, Some(height), false);
            }
        }
    }

    /// Forgets the blocks above `height`.
    pub(crate) fn blocks_disconnected(&self, height: u32) {
        let above = |confirmed: &mut Option<u32>| {
            if confirmed.is_some_and(|at| at > height) {
                *confirmed = None;
            }
        };
        for coin in self.coins().values_mut() {
            above(&mut coin.confirmed);
            if let Some(spend) = &mut coin.spent {
                above(&mut spend.confirmed);
            }
        }
    }

    /// Pays `amount` to `script` from its coins, signed. The payment is output 0. The coins are taken until
    /// [`Wallet::abandon`]. Its own change may be spent unconfirmed.
    ///
    /// # Errors
    /// [`InsufficientFunds`]
    pub(crate) fn pay(
        &self,
        script: ScriptBuf,
        amount: Amount,
        feerate_per_kw: u32,
        height: u32,
    ) -> Result<Transaction, InsufficientFunds> {
        let feerate = FeeRate::from_sat_per_kwu(feerate_per_kw.into());
        let outputs = vec![TxOut { value: amount, script_pubkey: script }];
        let change = TxOut { value: Amount::ZERO, script_pubkey: self.spenders.own.script.clone() };
        let mut weight = BASE_WEIGHT + outputs[0].weight() + change.weight();
        let fee = |weight| feerate.fee_wu(weight).unwrap_or(Amount::MAX_MONEY);

        let mut coins = self.coins();
        let mut inputs = Vec::new();
        let mut held = Amount::ZERO;
        let needed = |weight| amount + fee(weight);
        for (outpoint, coin) in coins.iter().filter(|(_, coin)| coin.spent.is_none()) {
            if held >= needed(weight) {
                break;
            }
            inputs.push(*outpoint);
            held += coin.output.value;
            weight += INPUT_WEIGHT;
        }
        let left =
            held.checked_sub(needed(weight)).ok_or(InsufficientFunds { held, needed: needed(weight) })?;

        let mut tx = Transaction {
            version: Version::TWO,
            lock_time: LockTime::from_height(height).unwrap_or(LockTime::ZERO),
            input: inputs.into_iter().map(unsigned).collect(),
            output: outputs,
        };
        if left >= DUST {
            tx.output.push(TxOut { value: left, ..change });
        }
        let prevouts: Vec<TxOut> =
            tx.input.iter().map(|input| coins[&input.previous_output].output.clone()).collect();
        self.sign(&mut tx, |index| prevouts.get(index));
        self.note(&mut coins, &tx, None, false);
        Ok(tx)
    }

    /// Gives up a payment that will not be published: its coins are free again.
    pub(crate) fn abandon(&self, txid: Txid) {
        let mut coins = self.coins();
        coins.retain(|outpoint, coin| outpoint.txid != txid || coin.confirmed.is_some());
        for coin in coins.values_mut() {
            if matches!(coin.spent, Some(Spend { by, confirmed: None, .. }) if by == txid) {
                coin.spent = None;
            }
        }
    }

    /// Notes what `tx` does to the coins.
    fn note(
        &self,
        coins: &mut BTreeMap<OutPoint, Coin>,
        tx: &Transaction,
        confirmed: Option<u32>,
        replaceable: bool,
    ) {
        let txid = tx.compute_txid();
        for input in &tx.input {
            if let Some(coin) = coins.get_mut(&input.previous_output) {
                coin.spent = Some(Spend { by: txid, confirmed, replaceable });
            }
        }
        for (vout, output) in (0..).zip(&tx.output) {
            if output.script_pubkey == self.spenders.own.script {
                coins
                    .entry(OutPoint { txid, vout })
                    .and_modify(|coin| coin.confirmed = confirmed)
                    .or_insert_with(|| Coin { output: output.clone(), confirmed, spent: None });
            }
        }
    }

    /// Signs the inputs of `tx` that spend its coins; `prevout` knows what each input spends.
    pub(crate) fn sign<'a>(&self, tx: &mut Transaction, prevout: impl Fn(usize) -> Option<&'a TxOut>) {
        let mut witnesses = Vec::new();
        let mut sighashes = SighashCache::new(&*tx);
        for index in 0..tx.input.len() {
            let Some(spent) = prevout(index) else { continue };
            let Some(spender) = [&self.spenders.own, &self.spenders.coinbase]
                .into_iter()
                .find(|spender| spender.script == spent.script_pubkey)
            else {
                continue;
            };
            let digest =
                sighashes.p2wpkh_signature_hash(index, &spender.script, spent.value, EcdsaSighashType::All);
            let Ok(digest) = digest else { continue };
            let signature =
                SECP256K1.sign_ecdsa_low_r(&Message::from_digest(digest.to_byte_array()), &spender.key);
            let signature = bitcoin::ecdsa::Signature::sighash_all(signature);
            witnesses.push((index, Witness::p2wpkh(&signature, &spender.key.public_key(SECP256K1))));
        }
        for (index, witness) in witnesses {
            tx.input[index].witness = witness;
        }
    }

    fn coins(&self) -> MutexGuard<'_, BTreeMap<OutPoint, Coin>> {
        self.coins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unsigned(previous_output: OutPoint) -> TxIn {
    TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    }
}

impl WalletSourceSync for Wallet {
    fn list_confirmed_utxos(&self) -> Result<Vec<Utxo>, ()> {
        // LDK itself takes care that two claims don't spend the same coin without need.
        let free = |coin: &Coin| {
            let spend = coin.spent;
            spend.is_none_or(|spend| spend.replaceable && spend.confirmed.is_none())
        };
        let hash = |coin: &Coin| match coin.output.script_pubkey == self.spenders.own.script {
            true => self.spenders.own.hash,
            false => self.spenders.coinbase.hash,
        };
        Ok(self
            .coins()
            .iter()
            .filter(|(_, coin)| coin.confirmed.is_some() && free(coin))
            .map(|(outpoint, coin)| Utxo::new_v0_p2wpkh(*outpoint, coin.output.value, &hash(coin)))
            .collect())
    }

    fn get_change_script(&self) -> Result<ScriptBuf, ()> {
        Ok(self.spenders.own.script.clone())
    }

    fn sign_psbt(&self, psbt: Psbt) -> Result<Transaction, ()> {
        let prevouts: Vec<Option<TxOut>> =
            psbt.inputs.iter().map(|input| input.witness_utxo.clone()).collect();
        let mut tx = psbt.extract_tx_unchecked_fee_rate();
        self.sign(&mut tx, |index| prevouts.get(index)?.as_ref());
        self.note(&mut self.coins(), &tx, None, true);
        Ok(tx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lnprototest_chain::EmbeddedChain;

    #[test]
    fn it_pays_chains_change_and_gets_back_what_it_abandons() {
        let chain = EmbeddedChain::new();
        let wallet = wallet(&chain);
        let payee = ScriptBuf::new_p2wpkh(&WPubkeyHash::all_zeros());
        let half = Amount::from_int_btc(25);
        let first = wallet.pay(payee.clone(), half, 1_000, 102).unwrap();
        now(chain.broadcast(&first)).unwrap();
        let second = wallet.pay(payee.clone(), Amount::from_int_btc(20), 1_000, 102).unwrap();
        assert_eq!(second.input[0].previous_output, OutPoint { txid: first.compute_txid(), vout: 1 });
        now(chain.broadcast(&second)).unwrap();

        let poor = wallet.pay(payee.clone(), half, 1_000, 102).unwrap_err();
        assert!(poor.held < half && poor.needed > half, "{poor}");
        wallet.abandon(second.compute_txid());
        let third = wallet.pay(payee, Amount::from_int_btc(24), 1_000, 102).unwrap();
        assert_eq!(third.input[0].previous_output, second.input[0].previous_output);
    }

    #[test]
    fn its_feerate_is_what_was_asked_for() {
        let chain = EmbeddedChain::new();
        let payee = ScriptBuf::new_p2wsh(&bitcoin::WScriptHash::all_zeros());
        let tx = wallet(&chain).pay(payee, Amount::from_sat(1_000_000), 1_000, 102).unwrap();
        let paid: Amount = tx.output.iter().map(|output| output.value).sum();
        let fee = (Amount::from_int_btc(50) - paid).to_sat();
        let weight = tx.weight().to_wu();
        assert!((weight..weight + 5).contains(&fee), "{fee} sat for {weight} weight units");
    }

    #[test]
    fn only_confirmed_coins_are_listed_and_a_reorganisation_takes_them_back() {
        let chain = EmbeddedChain::new();
        let wallet = wallet(&chain);
        let tx = wallet.pay(wallet.script().clone(), Amount::from_int_btc(1), 1_000, 102).unwrap();
        assert_eq!(wallet.list_confirmed_utxos().unwrap().len(), 0);
        now(chain.mine(1, &[tx])).unwrap();
        let at = now(chain.block_at(103)).unwrap().unwrap();
        wallet.block_connected(&at.block, at.height);
        assert_eq!(wallet.list_confirmed_utxos().unwrap().len(), 2);
        wallet.blocks_disconnected(102);
        assert_eq!(wallet.list_confirmed_utxos().unwrap().len(), 0);
    }

    fn wallet(chain: &EmbeddedChain) -> Wallet {
        let wallet = Wallet::new(Spenders::new(SecretKey::from_slice(&[1; 32]).unwrap()));
        let at = now(chain.block_at(<dyn Chain>::NODE_COINBASE_HEIGHT)).unwrap().unwrap();
        wallet.own_coinbase(&at.block, at.height);
        wallet
    }

    /// The output of a future that does not wait.
    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(output) => output,
            std::task::Poll::Pending => panic!("the embedded chain never waits"),
        }
    }
}
