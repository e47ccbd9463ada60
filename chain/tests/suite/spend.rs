//! Transactions for the cases: outputs that we can spend, drafts, signatures.

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash;
use bitcoin::key::{Keypair, TapTweak};
use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_CHECKSIG, OP_PUSHNUM_2};
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::secp256k1::{Message, SECP256K1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, Prevouts, SighashCache, TapSighashType};
use bitcoin::taproot::{LeafVersion, TapLeafHash, TaprootBuilder, TaprootSpendInfo};
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, ecdsa,
    transaction::Version,
};
use lnprototest_chain::FundingCoin;

/// How an output is locked, with what unlocks it.
#[derive(Clone)]
pub enum Lock {
    P2pkh(SecretKey),
    P2shP2wpkh(SecretKey),
    P2trKey(SecretKey),
    /// One leaf, `<key> OP_CHECKSIG`, under an internal key that is not used.
    P2trScript {
        internal: SecretKey,
        leaf: SecretKey,
    },
    P2wpkh(SecretKey),
    P2wsh2of2(SecretKey, SecretKey),
    /// A witness script that needs these arguments.
    P2wshPlain(ScriptBuf, Vec<Vec<u8>>),
}

/// An output and how to spend it.
#[derive(Clone)]
pub struct Coin {
    pub outpoint: OutPoint,
    pub output: TxOut,
    pub lock: Lock,
}

/// A transaction before it is signed.
#[derive(Clone)]
pub struct Draft {
    pub version: Version,
    pub lock_time: LockTime,
    pub inputs: Vec<(Coin, Sequence)>,
    pub outputs: Vec<TxOut>,
}

/// The secret key with 31 zero bytes and `last`.
pub fn key(last: u8) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[31] = last;
    SecretKey::from_slice(&bytes).unwrap()
}

/// A P2WPKH lock under [`key`]`(last)`.
pub fn wpkh(last: u8) -> Lock {
    Lock::P2wpkh(key(last))
}

/// The coin of the prepared coinbase `utxo`.
pub fn prepared(utxo: u32) -> Coin {
    let FundingCoin { outpoint, output, key, .. } = FundingCoin::prepared(utxo).unwrap();
    Coin { outpoint, output, lock: Lock::P2wpkh(key) }
}

/// Output `vout` of `transaction`, which `lock` locks.
pub fn coin_of(transaction: &Transaction, vout: u32, lock: &Lock) -> Coin {
    let output = transaction.output[vout as usize].clone();
    assert_eq!(output.script_pubkey, lock.script_pubkey());
    Coin { outpoint: OutPoint { txid: transaction.compute_txid(), vout }, output, lock: lock.clone() }
}

/// All of `coin` but `fee` sat goes to `lock`, with sequence `0xfffffffd`.
pub fn send(coin: &Coin, lock: &Lock, fee: u64) -> Transaction {
    Draft::of(coin).to(lock, coin.output.value.to_sat() - fee).sign()
}

impl Draft {
    /// Version 2, no outputs yet.
    pub fn of(coin: &Coin) -> Self {
        Self { version: Version::TWO, lock_time: LockTime::ZERO, inputs: Vec::new(), outputs: Vec::new() }
            .and(coin)
    }

    pub fn and(mut self, coin: &Coin) -> Self {
        self.inputs.push((coin.clone(), Sequence::ENABLE_RBF_NO_LOCKTIME));
        self
    }

    pub fn to(self, lock: &Lock, sat: u64) -> Self {
        self.paying(lock.script_pubkey(), sat)
    }

    pub fn paying(mut self, script_pubkey: ScriptBuf, sat: u64) -> Self {
        self.outputs.push(TxOut { value: Amount::from_sat(sat), script_pubkey });
        self
    }

    /// Of the last input.
    pub fn sequence(mut self, sequence: u32) -> Self {
        self.inputs.last_mut().unwrap().1 = Sequence(sequence);
        self
    }

    pub fn lock_time(mut self, lock_time: u32) -> Self {
        self.lock_time = LockTime::from_consensus(lock_time);
        self
    }

    pub fn sign(self) -> Transaction {
        let input = |(coin, sequence): &(Coin, Sequence)| TxIn {
            previous_output: coin.outpoint,
            script_sig: ScriptBuf::new(),
            sequence: *sequence,
            witness: Witness::new(),
        };
        let mut transaction = Transaction {
            version: self.version,
            lock_time: self.lock_time,
            input: self.inputs.iter().map(input).collect(),
            output: self.outputs,
        };
        let coins: Vec<Coin> = self.inputs.into_iter().map(|(coin, _)| coin).collect();
        for index in 0..coins.len() {
            let (script_sig, witness) = coins[index].lock.unlock(&transaction, index, &coins);
            transaction.input[index].script_sig = script_sig;
            transaction.input[index].witness = witness;
        }
        transaction
    }
}

impl Lock {
    pub fn script_pubkey(&self) -> ScriptBuf {
        match self {
            Self::P2pkh(key) => ScriptBuf::new_p2pkh(&public(key).pubkey_hash()),
            Self::P2shP2wpkh(key) => Self::P2wpkh(*key).script_pubkey().to_p2sh(),
            Self::P2trKey(key) => ScriptBuf::new_p2tr(
                SECP256K1,
                Keypair::from_secret_key(SECP256K1, key).x_only_public_key().0,
                None,
            ),
            Self::P2trScript { internal, leaf } => {
                ScriptBuf::new_p2tr_tweaked(leaf_spend_info(internal, leaf).output_key())
            }
            Self::P2wpkh(key) => ScriptBuf::new_p2wpkh(&public(key).wpubkey_hash()),
            Self::P2wsh2of2(first, second) => two_of_two(first, second).to_p2wsh(),
            Self::P2wshPlain(script, _) => script.to_p2wsh(),
        }
    }

    fn unlock(&self, transaction: &Transaction, index: usize, coins: &[Coin]) -> (ScriptBuf, Witness) {
        let mut cache = SighashCache::new(transaction);
        let output = &coins[index].output;
        let outputs: Vec<&TxOut> = coins.iter().map(|coin| &coin.output).collect();
        let all = Prevouts::All(&outputs);
        match self {
            Self::P2pkh(key) => {
                let hash = cache.legacy_signature_hash(index, &output.script_pubkey, 1).unwrap();
                let signature = ecdsa_signature(key, hash.to_byte_array());
                let pushes = Builder::new()
                    .push_slice(PushBytesBuf::try_from(signature).unwrap())
                    .push_slice(public(key).to_bytes());
                (pushes.into_script(), Witness::new())
            }
            Self::P2shP2wpkh(key) => {
                let program = Self::P2wpkh(*key).script_pubkey();
                let push = PushBytesBuf::try_from(program.to_bytes()).unwrap();
                let hash = cache.p2wpkh_signature_hash(index, &program, output.value, EcdsaSighashType::All);
                let signature = ecdsa_signature(key, hash.unwrap().to_byte_array());
                let witness = Witness::from_slice(&[signature, public(key).to_bytes().to_vec()]);
                (Builder::new().push_slice(push).into_script(), witness)
            }
            Self::P2trKey(key) => {
                let hash = cache.taproot_key_spend_signature_hash(index, &all, TapSighashType::Default);
                let pair = Keypair::from_secret_key(SECP256K1, key).tap_tweak(SECP256K1, None).to_keypair();
                let message = Message::from_digest(hash.unwrap().to_byte_array());
                let signature = SECP256K1.sign_schnorr_no_aux_rand(&message, &pair);
                (ScriptBuf::new(), Witness::from_slice(&[signature.as_ref()]))
            }
            Self::P2trScript { internal, leaf } => {
                let script = leaf_script(leaf);
                let leaf_hash = TapLeafHash::from_script(&script, LeafVersion::TapScript);
                let hash = cache.taproot_script_spend_signature_hash(
                    index,
                    &all,
                    leaf_hash,
                    TapSighashType::Default,
                );
                let pair = Keypair::from_secret_key(SECP256K1, leaf);
                let message = Message::from_digest(hash.unwrap().to_byte_array());
                let signature = SECP256K1.sign_schnorr_no_aux_rand(&message, &pair);
                let path = (script.clone(), LeafVersion::TapScript);
                let control = leaf_spend_info(internal, leaf).control_block(&path).unwrap().serialize();
                let items = [signature.as_ref().to_vec(), script.into_bytes(), control];
                (ScriptBuf::new(), Witness::from_slice(&items))
            }
            Self::P2wpkh(key) => {
                let hash = cache.p2wpkh_signature_hash(
                    index,
                    &output.script_pubkey,
                    output.value,
                    EcdsaSighashType::All,
                );
                let signature = ecdsa_signature(key, hash.unwrap().to_byte_array());
                (ScriptBuf::new(), Witness::from_slice(&[signature, public(key).to_bytes().to_vec()]))
            }
            Self::P2wsh2of2(first, second) => {
                let script = two_of_two(first, second);
                let hash = cache.p2wsh_signature_hash(index, &script, output.value, EcdsaSighashType::All);
                let hash = hash.unwrap().to_byte_array();
                let signatures = [first, second].map(|key| ecdsa_signature(key, hash));
                let [first, second] = signatures;
                (ScriptBuf::new(), Witness::from_slice(&[Vec::new(), first, second, script.into_bytes()]))
            }
            Self::P2wshPlain(script, arguments) => {
                let mut witness = Witness::from_slice(arguments);
                witness.push(script.as_bytes());
                (ScriptBuf::new(), witness)
            }
        }
    }
}

/// The twin with the other S of the signature in the first witness item of input 0.
pub fn with_high_s(mut transaction: Transaction) -> Transaction {
    let items: Vec<Vec<u8>> = transaction.input[0].witness.to_vec();
    let low = ecdsa::Signature::from_slice(&items[0]).unwrap().signature;
    let compact = low.serialize_compact();
    let s = SecretKey::from_slice(&compact[32..]).unwrap().negate();
    let high = [&compact[..32], &s.secret_bytes()].concat();
    let high =
        ecdsa::Signature::sighash_all(bitcoin::secp256k1::ecdsa::Signature::from_compact(&high).unwrap());
    transaction.input[0].witness = Witness::from_slice(&[high.to_vec(), items[1].clone()]);
    transaction
}

fn public(key: &SecretKey) -> CompressedPublicKey {
    CompressedPublicKey(key.public_key(SECP256K1))
}

fn ecdsa_signature(key: &SecretKey, hash: [u8; 32]) -> Vec<u8> {
    ecdsa::Signature::sighash_all(SECP256K1.sign_ecdsa(&Message::from_digest(hash), key)).to_vec()
}

fn two_of_two(first: &SecretKey, second: &SecretKey) -> ScriptBuf {
    Builder::new()
        .push_opcode(OP_PUSHNUM_2)
        .push_slice(public(first).to_bytes())
        .push_slice(public(second).to_bytes())
        .push_opcode(OP_PUSHNUM_2)
        .push_opcode(OP_CHECKMULTISIG)
        .into_script()
}

fn leaf_script(leaf: &SecretKey) -> ScriptBuf {
    let (key, _) = Keypair::from_secret_key(SECP256K1, leaf).x_only_public_key();
    Builder::new().push_slice(key.serialize()).push_opcode(OP_CHECKSIG).into_script()
}

fn leaf_spend_info(internal: &SecretKey, leaf: &SecretKey) -> TaprootSpendInfo {
    let (internal, _) = Keypair::from_secret_key(SECP256K1, internal).x_only_public_key();
    let tree = TaprootBuilder::new().add_leaf(0, leaf_script(leaf)).unwrap();
    tree.finalize(SECP256K1, internal).unwrap()
}
