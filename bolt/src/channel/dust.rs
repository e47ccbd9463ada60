//! Outputs too small to be relayed (BOLT 3, "Dust Limits").

use bitcoin::{Amount, Script};

/// The amount below which an output to this script is not relayed. `None` for scripts that the BOLT has no figure
/// for.
pub fn dust_threshold(script: &Script) -> Option<Amount> {
    let sat = if script.is_op_return() {
        0
    } else if script.is_p2pkh() {
        546
    } else if script.is_p2sh() {
        540
    } else if script.is_p2wpkh() {
        294
    } else if script.is_p2wsh() {
        330
    } else if script.as_bytes() == PAY_TO_ANCHOR {
        240
    } else if script.is_witness_program() {
        354
    } else {
        return None;
    };
    Some(Amount::from_sat(sat))
}

/// `OP_1 <4e73>`.
const PAY_TO_ANCHOR: [u8; 4] = [0x51, 0x02, 0x4e, 0x73];
