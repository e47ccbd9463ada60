//! BOLT 3, appendix G: a funding transaction by both ends, from the messages that it is negotiated with to its
//! signatures; and what the appendix leaves out.

#![allow(clippy::unwrap_used)]

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::sighash::SighashCache;
use bitcoin::{Amount, EcdsaSighashType, FeeRate, OutPoint, ScriptBuf, Sequence, TxOut, Weight};
use lnprototest_bolt::channel::{
    Contribution, InputContribution, InteractiveError, InteractiveTransaction, OutputContribution, PerSide,
    Side,
};
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{Catalogue, Message, Value as Field};
use proptest::collection::vec;
use proptest::prelude::*;
use secp256k1::{PublicKey, SECP256K1};
use serde_json::Value;

const CHANNEL_ID: [u8; 32] = [0xc1; 32];
/// Who is who in the appendix.
const ENDS: [(Side, &str); 2] = [(Side::Local, "opener"), (Side::Remote, "accepter")];

#[test]
fn the_messages_make_the_transaction() {
    let vector = vector();
    let transaction = transaction(&vector);
    assert_eq!(serialize_hex(&transaction.transaction), text(&vector["unsigned_transaction"]));
    assert_eq!(transaction.transaction.compute_txid().to_string(), text(&vector["txid"]));

    let pubkeys: Vec<PublicKey> =
        list(&vector["funding_pubkeys"]).iter().map(|key| text(key).parse().unwrap()).collect();
    let funding = transaction.funding(PerSide { local: pubkeys[1], remote: pubkeys[0] }).unwrap();
    assert_eq!(funding.outpoint, OutPoint { txid: transaction.transaction.compute_txid(), vout: 2 });
    assert_eq!(funding.amount, share(&vector, "opener") + share(&vector, "accepter"));
    assert_eq!(transaction.funding(PerSide { local: pubkeys[0], remote: pubkeys[0] }), None);
}

#[test]
fn each_end_pays_its_fee_and_keeps_its_change() {
    let vector = vector();
    let share = share(&vector, "accepter");
    let feerate = FeeRate::from_sat_per_kwu(number(&vector["feerate_per_kw"]));
    let paid = transaction(&vector).paid_fees(share).unwrap();

    let mut drafts = contributions(&vector);
    for (side, _) in ENDS {
        drafts[side].outputs[0].output.value = Amount::ZERO;
    }
    let draft = InteractiveTransaction::build(Side::Local, 120, drafts).unwrap();
    for (side, end) in ENDS {
        let vector = &vector[end];
        let witnesses = Weight::from_wu(number(&vector["witnesses"][0]["len"]));
        assert_eq!(draft.owed_weight(side, witnesses), Weight::from_wu(number(&vector["weight"])), "{end}");
        let fee = draft.owed_fee(side, witnesses, feerate);
        assert_eq!(fee, Amount::from_sat(number(&vector["fee"])), "{end}");
        assert_eq!(paid[side], fee, "{end}");
        let change = draft.paid_fees(share).unwrap()[side] - fee;
        assert_eq!(change, Amount::from_sat(number(&vector["outputs"][0]["sats"])), "{end}");
    }
}

#[test]
fn both_tx_signatures_make_it_valid() {
    let vector = vector();
    let transaction = transaction(&vector);
    let signed = transaction.signed(&witness_data(&vector)).unwrap();
    assert_eq!(serialize_hex(&signed), text(&vector["signed_transaction"]));
    assert_eq!(signed.compute_txid(), transaction.transaction.compute_txid());

    let contributions = contributions(&vector);
    let spent = &contributions.remote.inputs[0].spent;
    let hash = SighashCache::new(&signed)
        .p2wpkh_signature_hash(0, &spent.script_pubkey, spent.value, EcdsaSighashType::All)
        .unwrap();
    let witness = &signed.input[0].witness;
    let signature = bitcoin::ecdsa::Signature::from_slice(&witness[0]).unwrap();
    let key = PublicKey::from_slice(&witness[1]).unwrap();
    SECP256K1.verify_ecdsa(&hash.into(), &signature.signature, &key).unwrap();

    let script = ScriptBuf::from_bytes(signed.input[1].witness[1].to_vec());
    assert_eq!(script.to_p2wsh(), contributions.local.inputs[0].spent.script_pubkey);
    // The script is a hash lock: size, 32, `OP_EQUALVERIFY`, `OP_SHA256`, the hash, `OP_EQUAL`.
    let preimage = &signed.input[1].witness[0];
    assert_eq!(script.as_bytes()[6..38], sha256::Hash::hash(preimage).to_byte_array());
}

#[test]
fn the_messages_are_on_the_wire_as_bolt_2_has_them() {
    let vector = vector();
    let channel_id = hex::encode(CHANNEL_ID);
    let prevtx = text(&vector["prevtx"]);
    let [input, _] = ENDS.map(|(_, end)| tx_add_input(&vector, &vector[end]["inputs"][0]));
    let expected = format!("0042{channel_id}00000000000000140161{prevtx}00000000fffffffd");
    assert_eq!(hex::encode(input.encode()), expected);
    assert_eq!(input.u64("prevtx_len"), vector["prevtx_len"].as_u64());

    let output = tx_add_output(&vector["accepter"]["outputs"][0]);
    let script = text(&vector["accepter"]["outputs"][0]["script"]);
    assert_eq!(
        hex::encode(output.encode()),
        format!("0043{channel_id}00000000000000210000000002faf01c0016{script}")
    );

    let signatures = tx_signatures(&vector, "opener");
    let mut txid = hex::decode(text(&vector["txid"])).unwrap();
    txid.reverse();
    let witness = text(&vector["opener"]["witnesses"][0]["witness_data"]);
    let expected = format!("0047{channel_id}{}0001004a{witness}", hex::encode(txid));
    assert_eq!(hex::encode(signatures.encode()), expected);
}

#[test]
fn witnesses_that_fit_no_input_are_refused() {
    let vector = vector();
    let transaction = transaction(&vector);
    let good = witness_data(&vector);
    let with = |local: Vec<Vec<u8>>| transaction.signed(&PerSide { local, remote: good.remote.clone() });
    let count = |witnesses| InteractiveError::WitnessCount { side: Side::Local, witnesses, inputs: 1 };
    assert_eq!(with(vec![]), Err(count(0)));
    assert_eq!(with(vec![good.local[0].clone(); 2]), Err(count(2)));

    let witness = InteractiveError::Witness { side: Side::Local, serial_id: 20 };
    let truncated = good.local[0][..good.local[0].len() - 1].to_vec();
    let longer = [&good.local[0][..], &[0]].concat();
    for data in [vec![], vec![0], truncated, longer] {
        assert_eq!(with(vec![data]), Err(witness));
    }
    assert_eq!(
        witness.to_string(),
        "the witness_data that local sent for input 20 is empty or not a witness stack"
    );
}

#[test]
fn contributions_that_make_no_transaction_are_refused() {
    let vector = vector();
    let build = |contributions| InteractiveTransaction::build(Side::Local, 0, contributions);
    let duplicate = |serial_id| Err(InteractiveError::DuplicateSerialId { serial_id });
    let mut inputs = contributions(&vector);
    inputs.remote.inputs[0].serial_id = 20;
    assert_eq!(build(inputs), duplicate(20));
    let mut outputs = contributions(&vector);
    outputs.local.outputs[0].serial_id = 44;
    assert_eq!(build(outputs), duplicate(44));
    let mut both = contributions(&vector);
    both.local.outputs[0].serial_id = 20;
    assert!(build(both).is_ok(), "an input and an output may share a serial_id");

    let prevtx = hex::decode(text(&vector["prevtx"])).unwrap();
    let no_output = InteractiveError::PrevtxVout { serial_id: 2, prevtx_vout: 5, outputs: 5 };
    assert_eq!(InputContribution::from_prevtx(2, &prevtx, 5, 0), Err(no_output));
    for broken in [&prevtx[1..], &[]] {
        let error = InputContribution::from_prevtx(2, broken, 0, 0);
        assert_eq!(error, Err(InteractiveError::Prevtx { serial_id: 2 }));
    }
}

#[test]
fn who_takes_more_than_it_gives_is_told() {
    let transaction = transaction(&vector());
    let (given, share) = (250_000_000, 200_000_101);
    let taken = 49_999_900 + u128::from(share);
    assert_eq!(
        transaction.paid_fees(Amount::from_sat(share)),
        Err(InteractiveError::Overspent { side: Side::Remote, given, taken })
    );
    let all = transaction.paid_fees(Amount::from_sat(share - 1)).unwrap();
    assert_eq!(all, PerSide { local: Amount::from_sat(255), remote: Amount::ZERO });

    let absurd = OutputContribution { serial_id: 1, output: output(u64::MAX, 22) };
    let twice = vec![absurd.clone(), OutputContribution { serial_id: 3, ..absurd }];
    let contributions =
        PerSide { remote: Contribution { inputs: vec![], outputs: twice }, ..PerSide::default() };
    let transaction = InteractiveTransaction::build(Side::Local, 0, contributions).unwrap();
    let taken = 2 * u128::from(u64::MAX);
    assert_eq!(
        transaction.paid_fees(Amount::ZERO),
        Err(InteractiveError::Overspent { side: Side::Remote, given: 0, taken })
    );
}

proptest! {
    /// What both ends owe is the whole transaction, once; and with BOLT 3's appendix A that is its expected weight.
    #[test]
    fn every_byte_is_owed_once(
        initiator in prop::sample::select(&[Side::Local, Side::Remote]),
        witnesses in (vec(107_usize..250, 0..4), vec(107_usize..250, 1..4)),
        scripts in (vec(0_usize..43, 0..4), vec(0_usize..43, 1..4)),
    ) {
        let lengths = PerSide { local: witnesses.0, remote: witnesses.1 };
        let scripts = PerSide { local: scripts.0, remote: scripts.1 };
        let contributions = PerSide::from_fn(|side| contribution(side, lengths[side].len(), &scripts[side]));
        let transaction = InteractiveTransaction::build(initiator, 0, contributions).unwrap();
        let witness_data = PerSide::from_fn(|side| lengths[side].iter().map(|len| witness(*len)).collect());
        let signed = transaction.signed(&witness_data).unwrap();

        let witness_weight = PerSide::from_fn(|side| lengths[side].iter().sum::<usize>() as u64);
        let owed = |side| transaction.owed_weight(side, Weight::from_wu(witness_weight[side]));
        prop_assert_eq!(owed(Side::Local) + owed(Side::Remote), signed.weight());

        let all_scripts: Vec<usize> = [scripts.local, scripts.remote].concat();
        let inputs = lengths.local.len() + lengths.remote.len();
        let stripped = 10 + 41 * inputs + all_scripts.iter().map(|script| 9 + script).sum::<usize>();
        let expected = 4 * stripped as u64 + 2 + witness_weight.local + witness_weight.remote;
        prop_assert_eq!(signed.weight().to_wu(), expected);
    }

    #[test]
    fn the_order_of_adding_does_not_matter(
        shuffled in Just((0..8).map(|n| 2 * n).collect::<Vec<u64>>()).prop_shuffle(),
    ) {
        let build = |ids: &[u64]| {
            let inputs = ids.iter().map(|id| input(*id)).collect();
            let contributions = PerSide { local: Contribution { inputs, outputs: vec![] }, ..PerSide::default() };
            InteractiveTransaction::build(Side::Local, 0, contributions).unwrap()
        };
        let built = build(&shuffled);
        prop_assert_eq!(&built, &build(&[0, 2, 4, 6, 8, 10, 12, 14]));
        prop_assert!(built.transaction.input.is_sorted_by_key(|input| input.previous_output.vout));
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..80), vout: u32) {
        let _ = InputContribution::from_prevtx(0, &bytes, vout, 0);
        let contributions = PerSide { local: contribution(Side::Local, 1, &[]), ..PerSide::default() };
        let transaction = InteractiveTransaction::build(Side::Local, 0, contributions).unwrap();
        let _ = transaction.signed(&PerSide { local: vec![bytes], remote: vec![] });
    }
}

/// The transaction of the appendix, from its messages after a trip over the wire.
fn transaction(vector: &Value) -> InteractiveTransaction {
    let locktime = number(&vector["locktime"]).try_into().unwrap();
    InteractiveTransaction::build(Side::Local, locktime, contributions(vector)).unwrap()
}

fn contributions(vector: &Value) -> PerSide<Contribution> {
    let of = |end: &str| Contribution {
        inputs: list(&vector[end]["inputs"]).iter().map(|input| added_input(vector, input)).collect(),
        outputs: list(&vector[end]["outputs"]).iter().map(added_output).collect(),
    };
    PerSide { local: of("opener"), remote: of("accepter") }
}

fn added_input(vector: &Value, input: &Value) -> InputContribution {
    let message = over_the_wire(&tx_add_input(vector, input));
    let integer = |name| message.u64(name).unwrap();
    let contribution = InputContribution::from_prevtx(
        integer("serial_id"),
        message.bytes("prevtx").unwrap(),
        integer("prevtx_vout").try_into().unwrap(),
        integer("sequence").try_into().unwrap(),
    )
    .unwrap();
    assert_eq!(contribution.spent.script_pubkey.to_hex_string(), text(&input["script_pubkey"]));
    contribution
}

fn added_output(output: &Value) -> OutputContribution {
    let message = over_the_wire(&tx_add_output(output));
    assert_eq!(message.u64("scriptlen"), output["scriptlen"].as_u64());
    OutputContribution {
        serial_id: message.u64("serial_id").unwrap(),
        output: TxOut {
            value: Amount::from_sat(message.u64("sats").unwrap()),
            script_pubkey: ScriptBuf::from_bytes(message.bytes("script").unwrap().to_vec()),
        },
    }
}

fn witness_data(vector: &Value) -> PerSide<Vec<Vec<u8>>> {
    let of = |end: &str| {
        let message = over_the_wire(&tx_signatures(vector, end));
        let Some(Field::Array(witnesses)) = message.field("witnesses") else { panic!("{message:?}") };
        assert_eq!(message.u64("num_witnesses"), Some(witnesses.len() as u64));
        let data = |witness: &Field, expected: &Value| match witness {
            Field::Record(fields) => {
                assert_eq!(fields.get("len").unwrap().as_u64(), expected["len"].as_u64());
                fields.get("witness_data").unwrap().as_bytes().unwrap().to_vec()
            }
            other => panic!("{other}"),
        };
        witnesses.iter().zip(list(&vector[end]["witnesses"])).map(|(one, other)| data(one, other)).collect()
    };
    PerSide { local: of("opener"), remote: of("accepter") }
}

fn tx_add_input(vector: &Value, input: &Value) -> Message {
    let fields = [
        ("channel_id", Plain::hex(CHANNEL_ID)),
        ("serial_id", number(&input["serial_id"]).into()),
        ("prevtx", text(&vector["prevtx"]).into()),
        ("prevtx_vout", number(&input["prevtx_vout"]).into()),
        ("sequence", number(&input["sequence"]).into()),
    ];
    build("tx_add_input", fields)
}

fn tx_add_output(output: &Value) -> Message {
    let fields = [
        ("channel_id", Plain::hex(CHANNEL_ID)),
        ("serial_id", number(&output["serial_id"]).into()),
        ("sats", number(&output["sats"]).into()),
        ("script", text(&output["script"]).into()),
    ];
    build("tx_add_output", fields)
}

fn tx_signatures(vector: &Value, end: &str) -> Message {
    let txid = transaction(vector).transaction.compute_txid();
    let witness = |witness: &Value| Plain::map([("witness_data", text(&witness["witness_data"]).into())]);
    let witnesses = list(&vector[end]["witnesses"]).iter().map(witness).collect();
    let fields = [
        ("channel_id", Plain::hex(CHANNEL_ID)),
        ("txid", Plain::hex(txid.to_byte_array())),
        ("witnesses", Plain::List(witnesses)),
    ];
    build("tx_signatures", fields)
}

fn build<const N: usize>(name: &str, fields: [(&str, Plain); N]) -> Message {
    Catalogue::bolts().message(name).unwrap().build(&Plain::map(fields)).unwrap()
}

fn over_the_wire(message: &Message) -> Message {
    let decoded = Catalogue::bolts().decode(&message.encode()).unwrap();
    assert_eq!(&decoded, message);
    decoded
}

fn contribution(side: Side, inputs: usize, scripts: &[usize]) -> Contribution {
    let parity = u64::from(side == Side::Remote);
    let output = |(n, len): (u64, &usize)| OutputContribution {
        serial_id: 2 * n + parity,
        output: output(1000, *len),
    };
    Contribution {
        inputs: (0..inputs as u64).map(|n| input(2 * n + parity)).collect(),
        outputs: (0..).zip(scripts).map(output).collect(),
    }
}

/// An input that spends output `serial_id` of a transaction.
fn input(serial_id: u64) -> InputContribution {
    InputContribution {
        serial_id,
        previous_output: OutPoint { vout: serial_id as u32, ..OutPoint::null() },
        spent: output(1000, 22),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
    }
}

fn output(sat: u64, script_len: usize) -> TxOut {
    TxOut { value: Amount::from_sat(sat), script_pubkey: ScriptBuf::from_bytes(vec![0; script_len]) }
}

/// A stack of one element that is so many bytes long as a whole.
fn witness(len: usize) -> Vec<u8> {
    let mut witness = vec![7; len];
    witness[..2].copy_from_slice(&[1, (len - 2) as u8]);
    witness
}

fn share(vector: &Value, end: &str) -> Amount {
    Amount::from_sat(number(&vector[end]["funding_satoshis"]))
}

fn vector() -> Value {
    serde_json::from_str(include_str!("data/bolt03_dual_funding.json")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
