//! Functions that make output scripts, and name chains and places in them.

use bitcoin::hashes::Hash;
use bitcoin::key::{TweakedPublicKey, UntweakedPublicKey};
use bitcoin::{CompressedPublicKey, Network, PubkeyHash, ScriptBuf, blockdata::constants::genesis_block};
use lnprototest_bolt::channel::scripts;
use secp256k1::PublicKey;

use super::table::{Function, argument};
use crate::Value;
use crate::expr::Kind;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "chain_hash",
        parameters: &[("chain", Kind::Text)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The hash of the first block of `bitcoin`, `testnet`, `signet` or `regtest`, as messages have it.",
        call: |arguments| {
            let name: String = argument(arguments, 0)?;
            let network = match name.as_str() {
                "bitcoin" => Network::Bitcoin,
                "regtest" => Network::Regtest,
                "signet" => Network::Signet,
                "testnet" => Network::Testnet,
                _ => return Err(format!("there is no chain `{name}`: bitcoin, regtest, signet or testnet")),
            };
            Ok(Value::bytes(genesis_block(network).block_hash().to_byte_array()))
        },
    },
    Function {
        name: "funding_script",
        parameters: &[("funding_pubkey", Kind::Bytes), ("other_funding_pubkey", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The script of the funding output of a channel with these keys, in any order.",
        call: |arguments| {
            let (one, other) = (argument::<PublicKey>(arguments, 0)?, argument::<PublicKey>(arguments, 1)?);
            Ok(script(scripts::funding(&one, &other).to_p2wsh()))
        },
    },
    Function {
        name: "p2pkh",
        parameters: &[("pubkey", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The script that pays this key's hash.",
        call: |arguments| {
            let key = argument::<PublicKey>(arguments, 0)?;
            Ok(script(ScriptBuf::new_p2pkh(&PubkeyHash::from(bitcoin::PublicKey::new(key)))))
        },
    },
    Function {
        name: "p2sh",
        parameters: &[("script", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The script that pays this script's hash.",
        call: |arguments| Ok(script(argument::<ScriptBuf>(arguments, 0)?.to_p2sh())),
    },
    Function {
        name: "p2tr",
        parameters: &[("pubkey", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The taproot script whose output key this is (not tweaked).",
        call: |arguments| {
            let key = UntweakedPublicKey::from(argument::<PublicKey>(arguments, 0)?);
            Ok(script(ScriptBuf::new_p2tr_tweaked(TweakedPublicKey::dangerous_assume_tweaked(key))))
        },
    },
    Function {
        name: "p2wpkh",
        parameters: &[("pubkey", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The segwit script that pays this key.",
        call: |arguments| {
            let key = CompressedPublicKey(argument::<PublicKey>(arguments, 0)?);
            Ok(script(ScriptBuf::new_p2wpkh(&key.wpubkey_hash())))
        },
    },
    Function {
        name: "p2wsh",
        parameters: &[("script", Kind::Bytes)],
        repeats: false,
        result: Kind::Bytes,
        doc: "The segwit script that pays this script.",
        call: |arguments| Ok(script(argument::<ScriptBuf>(arguments, 0)?.to_p2wsh())),
    },
    Function {
        name: "short_channel_id",
        parameters: &[("block", Kind::Int), ("transaction", Kind::Int), ("output", Kind::Int)],
        repeats: false,
        result: Kind::Text,
        doc: "The name of a place in the chain as messages have it: `103x1x0`. A block's coinbase is its transaction 0.",
        call: |arguments| {
            let part = |index| argument::<u64>(arguments, index);
            Ok(Value::from(format!("{}x{}x{}", part(0)?, part(1)?, part(2)?)))
        },
    },
];

fn script(script: ScriptBuf) -> Value {
    Value::bytes(script.as_bytes())
}
