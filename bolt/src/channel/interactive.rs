//! Transactions that both ends put together (BOLT 2, "Interactive Transaction Construction"), such as the funding
//! transaction of a v2 channel: what they are, who pays how much for them, and how they are signed.
//!
//! What makes a transaction well-defined is checked here. What a node must refuse besides (parities, limits, dust,
//! sequences that are not replaceable) is not: a suite builds such transactions on purpose.

use bitcoin::absolute::LockTime;
use bitcoin::consensus::deserialize;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, FeeRate, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, VarInt, Weight, Witness,
};
use secp256k1::PublicKey;

use super::funding::Funding;
use super::scripts;
use super::side::{PerSide, Side};

/// The least that an input's witness counts for: that of P2WPKH with a signature of 71 bytes (BOLT 3, Appendix G).
pub const MINIMUM_WITNESS_WEIGHT: Weight = Weight::from_wu(107);

/// An unsigned transaction, and who contributed each part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteractiveTransaction {
    /// Who began its construction, and pays for its common fields.
    pub initiator: Side,
    /// The transaction, without witnesses.
    pub transaction: Transaction,
    inputs: Vec<(Side, InputContribution)>,
    outputs: Vec<(Side, OutputContribution)>,
}

impl InteractiveTransaction {
    /// The transaction of all that was added and not removed, when both ends have sent `tx_complete`. Inputs and
    /// outputs are in the order of their `serial_id`s, whoever added them when.
    ///
    /// # Errors
    /// [`InteractiveError::DuplicateSerialId`] if two inputs or two outputs share one, which leaves no order.
    pub fn build(
        initiator: Side,
        locktime: u32,
        contributions: PerSide<Contribution>,
    ) -> Result<Self, InteractiveError> {
        let PerSide { local, remote } = contributions;
        let inputs = ordered(local.inputs, remote.inputs, |input| input.serial_id)?;
        let outputs = ordered(local.outputs, remote.outputs, |output| output.serial_id)?;
        let transaction = Transaction {
            version: Version::TWO,
            lock_time: LockTime::from_consensus(locktime),
            input: inputs.iter().map(|(_, input)| input.unsigned()).collect(),
            output: outputs.iter().map(|(_, output)| output.output.clone()).collect(),
        };
        Ok(Self { initiator, transaction, inputs, outputs })
    }

    /// The funding output of these keys, if there is one: where it is and what it holds.
    pub fn funding(&self, pubkeys: PerSide<PublicKey>) -> Option<Funding> {
        let script = scripts::funding(&pubkeys.local, &pubkeys.remote).to_p2wsh();
        let (vout, output) =
            (0..).zip(&self.transaction.output).find(|(_, output)| output.script_pubkey == script)?;
        let outpoint = OutPoint { txid: self.transaction.compute_txid(), vout };
        Some(Funding { outpoint, amount: output.value, pubkeys })
    }

    /// The weight that `side` pays for (BOLT 2, "Fee Responsibility"): what it added, and for the initiator the common
    /// fields too. `witnesses` is the weight of all its witnesses, each with its number of elements; zero gives the
    /// minimum, for [`MINIMUM_WITNESS_WEIGHT`] is counted for each input at least.
    pub fn owed_weight(&self, side: Side, witnesses: Weight) -> Weight {
        let common = if side == self.initiator { self.common_weight() } else { Weight::ZERO };
        let least = MINIMUM_WITNESS_WEIGHT * self.inputs_of(side).count() as u64;
        self.inputs_of(side).map(|input| input.unsigned().legacy_weight()).sum::<Weight>()
            + self.outputs_of(side).map(TxOut::weight).sum::<Weight>()
            + common
            + witnesses.max(least)
    }

    /// The fee for [`owed_weight`](Self::owed_weight). It is rounded up, which the BOLT doesn't say but its Appendix G
    /// does.
    pub fn owed_fee(&self, side: Side, witnesses: Weight, feerate: FeeRate) -> Amount {
        feerate.fee_wu(self.owed_weight(side, witnesses)).unwrap_or(Amount::MAX)
    }

    /// What each end leaves to the network. The initiator adds the funding output, of which the other end pays
    /// `non_initiator_share`: its `funding_satoshis` in `accept_channel2`.
    ///
    /// # Errors
    /// [`InteractiveError::Overspent`] if an end takes more than it gives.
    pub fn paid_fees(&self, non_initiator_share: Amount) -> Result<PerSide<Amount>, InteractiveError> {
        Ok(PerSide {
            local: self.paid_fee(Side::Local, non_initiator_share)?,
            remote: self.paid_fee(Side::Remote, non_initiator_share)?,
        })
    }

    /// The transaction with the witnesses of both ends' `tx_signatures`: each a `witness_data`, in the order of the
    /// `serial_id`s of that end's inputs. Whether they satisfy the scripts is not checked.
    ///
    /// # Errors
    /// [`InteractiveError`] if an end sent more or fewer than it has inputs, or one that is empty or no witness stack.
    pub fn signed(&self, witness_data: &PerSide<Vec<Vec<u8>>>) -> Result<Transaction, InteractiveError> {
        for side in [Side::Local, Side::Remote] {
            let inputs = self.inputs_of(side).count();
            let witnesses = witness_data[side].len();
            if witnesses != inputs {
                return Err(InteractiveError::WitnessCount { side, witnesses, inputs });
            }
        }
        let mut left = PerSide { local: witness_data.local.iter(), remote: witness_data.remote.iter() };
        let mut signed = self.transaction.clone();
        for ((side, input), signed) in self.inputs.iter().zip(&mut signed.input) {
            let data = left[*side].next().map_or(&[][..], Vec::as_slice);
            signed.witness = deserialize::<Witness>(data)
                .ok()
                .filter(|witness| !witness.is_empty())
                .ok_or(InteractiveError::Witness { side: *side, serial_id: input.serial_id })?;
        }
        Ok(signed)
    }

    /// Version, marker and flag, both counts and lock time.
    fn common_weight(&self) -> Weight {
        let counts = VarInt::from(self.inputs.len()).size() + VarInt::from(self.outputs.len()).size();
        Weight::from_non_witness_data_size((4 + counts + 4) as u64) + Weight::from_witness_data_size(2)
    }

    fn paid_fee(&self, side: Side, non_initiator_share: Amount) -> Result<Amount, InteractiveError> {
        // A node can claim amounts whose sum no `Amount` holds.
        let sat = |output: &TxOut| u128::from(output.value.to_sat());
        let mut given: u128 = self.inputs_of(side).map(|input| sat(&input.spent)).sum();
        let mut taken: u128 = self.outputs_of(side).map(sat).sum();
        let account = if side == self.initiator { &mut given } else { &mut taken };
        *account += u128::from(non_initiator_share.to_sat());
        let fee = given.checked_sub(taken).ok_or(InteractiveError::Overspent { side, given, taken })?;
        Ok(u64::try_from(fee).map_or(Amount::MAX, Amount::from_sat))
    }

    fn inputs_of(&self, side: Side) -> impl Iterator<Item = &InputContribution> {
        self.inputs.iter().filter(move |(owner, _)| *owner == side).map(|(_, input)| input)
    }

    fn outputs_of(&self, side: Side) -> impl Iterator<Item = &TxOut> {
        self.outputs.iter().filter(move |(owner, _)| *owner == side).map(|(_, output)| &output.output)
    }
}

/// What one end added to a transaction and did not remove, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contribution {
    /// Its `tx_add_input`s.
    pub inputs: Vec<InputContribution>,
    /// Its `tx_add_output`s.
    pub outputs: Vec<OutputContribution>,
}

/// A `tx_add_input`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputContribution {
    /// Its place among the inputs: even if the initiator's, odd if not.
    pub serial_id: u64,
    /// What it spends.
    pub previous_output: OutPoint,
    /// What that output is.
    pub spent: TxOut,
    /// Its `sequence`.
    pub sequence: Sequence,
}

impl InputContribution {
    /// From the message's fields. `prevtx` is the whole transaction that the input spends from, with its witnesses.
    ///
    /// # Errors
    /// [`InteractiveError::Prevtx`] if it is no transaction, [`InteractiveError::PrevtxVout`] if it has no such output.
    pub fn from_prevtx(
        serial_id: u64,
        prevtx: &[u8],
        prevtx_vout: u32,
        sequence: u32,
    ) -> Result<Self, InteractiveError> {
        let prevtx: Transaction = deserialize(prevtx).map_err(|_| InteractiveError::Prevtx { serial_id })?;
        let spent = usize::try_from(prevtx_vout)
            .ok()
            .and_then(|vout| prevtx.output.get(vout))
            .ok_or(InteractiveError::PrevtxVout { serial_id, prevtx_vout, outputs: prevtx.output.len() })?;
        Ok(Self {
            serial_id,
            previous_output: OutPoint { txid: prevtx.compute_txid(), vout: prevtx_vout },
            spent: spent.clone(),
            sequence: Sequence(sequence),
        })
    }

    fn unsigned(&self) -> TxIn {
        TxIn {
            previous_output: self.previous_output,
            script_sig: ScriptBuf::new(),
            sequence: self.sequence,
            witness: Witness::new(),
        }
    }
}

/// A `tx_add_output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputContribution {
    /// Its place among the outputs: even if the initiator's, odd if not.
    pub serial_id: u64,
    /// Its `sats` and `script`.
    pub output: TxOut,
}

/// Why both ends' contributions make no transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InteractiveError {
    /// Two inputs, or two outputs, have this `serial_id`.
    #[error("serial_id {serial_id} stands for two inputs or two outputs")]
    DuplicateSerialId {
        /// The one.
        serial_id: u64,
    },
    /// An end takes more out than it puts in.
    #[error("{side} takes {taken} sat and gives only {given} sat")]
    Overspent {
        /// Which end.
        side: Side,
        /// Its inputs in sat, and for the initiator the other end's share of the funding.
        given: u128,
        /// Its outputs in sat, and for the non-initiator its share of the funding.
        taken: u128,
    },
    /// The `prevtx` of an input is not a transaction.
    #[error("the prevtx of input {serial_id} is not a transaction")]
    Prevtx {
        /// Which input.
        serial_id: u64,
    },
    /// The `prevtx` of an input has no output `prevtx_vout`.
    #[error("input {serial_id} spends output {prevtx_vout} of a prevtx with {outputs} outputs")]
    PrevtxVout {
        /// Which input.
        serial_id: u64,
        /// The output that it asks for.
        prevtx_vout: u32,
        /// How many there are.
        outputs: usize,
    },
    /// The `witness_data` for an input is empty or not a witness stack.
    #[error("the witness_data that {side} sent for input {serial_id} is empty or not a witness stack")]
    Witness {
        /// Who sent it.
        side: Side,
        /// For which input.
        serial_id: u64,
    },
    /// An end's `num_witnesses` is not the number of its inputs.
    #[error("{side} sent {witnesses} witnesses for {inputs} inputs of its own")]
    WitnessCount {
        /// Which end.
        side: Side,
        /// How many it sent.
        witnesses: usize,
        /// How many inputs it added.
        inputs: usize,
    },
}

/// Both ends' parts by `serial_id`, each with who added it.
fn ordered<T>(
    local: Vec<T>,
    remote: Vec<T>,
    serial_id: impl Fn(&T) -> u64,
) -> Result<Vec<(Side, T)>, InteractiveError> {
    let local = local.into_iter().map(|part| (Side::Local, part));
    let mut parts: Vec<_> = local.chain(remote.into_iter().map(|part| (Side::Remote, part))).collect();
    parts.sort_by_key(|(_, part)| serial_id(part));
    match parts.windows(2).find(|pair| serial_id(&pair[0].1) == serial_id(&pair[1].1)) {
        Some(pair) => Err(InteractiveError::DuplicateSerialId { serial_id: serial_id(&pair[0].1) }),
        None => Ok(parts),
    }
}
