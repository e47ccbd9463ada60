//! The order of a transaction's outputs (BOLT 3, "Transaction Output Ordering").

use bitcoin::TxOut;
use std::cmp::Ordering;

/// BIP 69's order: by amount, then by script. (The tie that it leaves between equal HTLC outputs is broken where
/// their expiries are known.)
pub fn output_order(one: &TxOut, other: &TxOut) -> Ordering {
    one.value.cmp(&other.value).then_with(|| one.script_pubkey.as_bytes().cmp(other.script_pubkey.as_bytes()))
}
