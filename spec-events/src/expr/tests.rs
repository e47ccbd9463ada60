//! Expressions on their own, without a file around them.

mod onion;

use lnprototest_bolt::channel::ExpectedSignature;
use std::rc::Rc;
use std::sync::Arc;

use super::*;
use crate::{Location, Source, Value};

struct Names(Vec<(&'static str, Value)>);

impl Scope for Names {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.0.iter().find(|entry| entry.0 == name).map(|entry| entry.1.clone())
    }
}

fn compiled(text: &str) -> Program {
    let source = Arc::new(Source { name: "test".into(), text: text.into() });
    let root = compile(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    Program {
        text: text.into(),
        at: Location::new(&source, 0..text.len()),
        start: Some(0),
        root: Arc::new(root),
    }
}

/// Of the secrets 1 and 2: the lesser one first.
const KEYS: [&str; 2] = [
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
];

fn evaluate(text: &str) -> Result<Value, EvalError> {
    let open_channel = Value::map([("to_self_delay", Value::from(144u64)), ("data", Value::from("aabb"))]);
    let unknown = Value::Unknown("no known_keys".into());
    let names = Names(vec![
        ("sent", Value::map([("open_channel", open_channel)])),
        ("list", Value::list([1u64, 2, 3].map(Value::from))),
        ("node", Value::map([("funding_pubkey", unknown)])),
        ("big", Value::from(u64::MAX)),
        ("min_key", Value::from(KEYS[0])),
        ("max_key", Value::from(KEYS[1])),
    ]);
    compiled(text).evaluate(&names)
}

fn value(text: &str) -> Value {
    evaluate(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn integers_are_of_one_kind_up_to_64_bits_and_beyond() {
    assert_eq!(value("big + 1"), Value::Int(1 << 64));
    assert_eq!(value("big > 1 && 1 < big"), Value::Bool(true));
    assert_eq!(value("18446744073709551615u == big"), Value::Bool(true));
    assert_eq!(value("-7 % 4"), Value::Int(-3));
    assert_eq!(value("big * 1000 / 1000"), Value::from(u64::MAX));
}

#[test]
fn members_and_items_are_found() {
    assert_eq!(value("sent.open_channel.to_self_delay"), Value::from(144u64));
    assert_eq!(value("list[1] + sent['open_channel'].to_self_delay"), Value::from(146u64));
    assert_eq!(value("has(sent.open_channel) && !has(sent.accept_channel)"), Value::Bool(true));
    assert_eq!(value("{'a': list}.a[0]"), Value::from(1u64));
}

#[test]
fn loops_are_those_of_cel() {
    assert_eq!(value("list.all(n, n < 4)"), Value::Bool(true));
    assert_eq!(value("list.exists(n, n == 4)"), Value::Bool(false));
    assert_eq!(value("list.exists_one(n, n == 2)"), Value::Bool(true));
    assert_eq!(value("list.map(n, n * 2)"), value("[2, 4, 6]"));
    assert_eq!(value("list.filter(n, n > 1).map(m, list.filter(n, n > m))"), value("[[3], []]"));
    assert_eq!(value("2 in list && !(5 in list)"), Value::Bool(true));
}

#[test]
fn text_is_put_together_and_compared() {
    assert_eq!(value("sent.open_channel.data + 'cc'"), Value::from("aabbcc"));
    assert_eq!(value("true ? 'a' : 'b'"), Value::from("a"));
    assert_eq!(value("'a' < 'b'"), Value::Bool(true));
}

#[test]
fn an_error_knows_its_part() {
    let error = evaluate("1 + sent.accept_channel.minimum_depth").unwrap_err();
    assert_eq!(error.at.text(), "sent.accept_channel");
    assert_eq!(error.kind.to_string(), "`sent.accept_channel` is not there (there is open_channel)");
    assert_eq!(error.at.column(), 5);
    let error = evaluate("'a' == 1 || nothing").unwrap_err();
    assert_eq!(error.kind, EvalErrorKind::Type("text and a number are never equal".into()));
    assert_eq!(evaluate("list[3]").unwrap_err().kind.to_string(), "there is no item 3: the list has 3");
    assert_eq!(evaluate("1 / 0").unwrap_err().kind.to_string(), "division by zero");
    assert_eq!(
        evaluate("slice('aabb', 1, 3)").unwrap_err().kind.to_string(),
        "slice: 2 bytes have no part from 1 to 3"
    );
}

#[test]
fn what_the_runner_does_not_know_is_told_apart() {
    assert!(evaluate("node.funding_pubkey == '02'").unwrap_err().is_unknown());
    assert!(!evaluate("node.colour").unwrap_err().is_unknown());
}

#[test]
fn what_can_not_be_compiled_says_where() {
    for (text, span, problem) in [
        ("1.5", 0..3, "there are no fractions"),
        ("nul(1)", 0..3, "there is no function `nul`"),
        ("1 + null", 4..8, "there is no null"),
        ("zeros()", 0..5, "`zeros` is called as `zeros(n)`"),
        ("  ", 0..2, "there is no expression between `${` and `}`"),
    ] {
        let errors = compile(text).unwrap_err();
        assert_eq!((&errors[0].span, errors[0].problem.as_str()), (&span, problem), "{text}");
    }
    assert!(!compile("1 +").unwrap_err().is_empty());
    assert!(!compile("a b").unwrap_err().is_empty());
}

#[test]
fn functions_give_what_they_say() {
    for (text, expected) in [
        ("bigsize(252)", "fc"),
        ("bigsize(253)", "fd00fd"),
        ("bigsize(65536)", "fe00010000"),
        ("bigsize(4294967296)", "ff0000000100000000"),
        ("concat('aa', 'bb', '')", "aabb"),
        ("flip('00ff', 0)", "ffff"),
        ("flip('00ff', -1)", "0000"),
        ("repeat('ab', 3)", "ababab"),
        ("set_byte('000000', 1, 7)", "000700"),
        ("sha256('')", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("short_channel_id(103, 1, 0)", "103x1x0"),
        ("slice('aabbccdd', 1, 3)", "bbcc"),
        ("tlv(55, 'aabb')", "3702aabb"),
        ("u16(258)", "0102"),
        ("u64(1)", "0000000000000001"),
        ("utf8('hi')", "6869"),
        ("zeros(2)", "0000"),
        ("pubkey('01')", "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
        ("chain_hash('bitcoin')", "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000"),
        ("p2wpkh(pubkey('01'))", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
        ("p2pkh(pubkey('01'))", "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac"),
        ("p2tr(pubkey('01'))", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
    ] {
        assert_eq!(value(text), Value::from(expected), "{text}");
    }
    assert_eq!(value("to_int('0102')"), Value::Int(258));
    assert_eq!(value("byte_len('0102') == 2 && size(list) == 3"), Value::Bool(true));
    assert_eq!(value("min(3, 1, 2) + max(1, 5)"), Value::Int(6));
    assert_eq!(
        value("is_point(pubkey('01')) && !is_point('02' + zeros(32)) && !is_point('')"),
        Value::Bool(true)
    );
    assert!(
        evaluate("u16(65536)").is_err()
            && evaluate("zeros(1000000)").is_err()
            && evaluate("sha256('0')").is_err()
    );
}

#[test]
fn a_high_s_signature_is_the_same_one_refused() {
    let (key, hash) = ("'0101'", "repeat('42', 32)");
    let expected = ExpectedSignature {
        key: secp256k1::SecretKey::from_value(Value::from("0101")).unwrap().public_key(secp256k1::SECP256K1),
        hash: secp256k1::Message::from_digest([0x42; 32]),
    };
    let signature = value(&format!("signature({key}, {hash})"));
    let high = value(&format!("high_s(signature({key}, {hash}))"));
    let expected = Value::Signature(Rc::new(expected));
    assert_eq!((&expected, &signature), (&signature, &expected));
    assert!(expected != high);
    assert_eq!(value(&format!("high_s(high_s(signature({key}, {hash})))")), signature);
}

/// BOLT 3's basepoints are not ours; what must hold is that a keyset's points are those of its secrets.
#[test]
fn a_keyset_counts_up_from_its_secret() {
    assert_eq!(value("keyset('20').funding_privkey"), value("zeros(31) + '20'"));
    assert_eq!(value("keyset('20').htlc_basepoint"), value("pubkey('24')"));
    assert_eq!(value("keyset('20').revocation_basepoint_secret"), value("zeros(31) + '21'"));
    assert_eq!(value("keyset('20').shachain_seed"), value("sha256(zeros(31) + '20')"));
    assert_eq!(
        value("keyset('20').second_per_commitment_point"),
        value("per_commitment_point(keyset('20'), 1)")
    );
    assert_eq!(
        value("pubkey(per_commitment_secret(keyset('20'), 0)) == keyset('20').first_per_commitment_point"),
        true.into()
    );
    assert!(evaluate("keyset(repeat('ff', 32))").is_err());
}

#[test]
fn features_have_names_and_two_strengths() {
    assert_eq!(value("features(['option_static_remotekey'])"), Value::from("2000"));
    assert_eq!(
        value("features(['option_static_remotekey!', 'option_data_loss_protect'])"),
        Value::from("1002")
    );
    assert_eq!(value("features(['option_static_remotekey', 17, 0])"), Value::from("022001"));
    assert_eq!(value("features([])"), Value::from(""));
    assert!(evaluate("features([524280])").is_err() && evaluate("features([-1])").is_err());
    assert_eq!(value("has_bit('2000', 13) && !has_bit('2000', 12)"), true.into());
    assert_eq!(value("feature_bit('option_static_remotekey')"), Value::from(12u64));
    assert_eq!(value("has_feature('2000', 'option_static_remotekey')"), true.into());
    assert_eq!(value("has_feature('1000', 'option_static_remotekey')"), true.into());
    assert_eq!(value("has_feature('4000', 'option_static_remotekey')"), false.into());
    let error = evaluate("features(['option_static_remotekay'])").unwrap_err().kind.to_string();
    assert_eq!(
        error,
        "features: BOLT 9 has no feature `option_static_remotekay`: did you mean `option_static_remotekey`?"
    );
}

#[test]
fn an_invoice_has_the_fields_that_are_given() {
    let fields = "'key': '02', 'payment_hash': sha256('00')";
    let made = value(&format!("invoice({{{fields}, 'amount_msat': 250000}})"));
    let Value::Text(text) = &made else { panic!("{made}") };
    assert!(text.starts_with("lnbcrt2500n1"), "{text}");
    assert_eq!(made, value(&format!("invoice({{{fields}, 'amount_msat': 250000, 'expiry': 3153600000}})")));
    let route = "[[{'node_id': pubkey('03'), 'short_channel_id': '103x1x0', 'fee_base_msat': 1, \
                 'fee_proportional_millionths': 2, 'cltv_expiry_delta': 3}]]";
    let read = format!("read_invoice(invoice({{{fields}, 'amount_msat': 250000, 'routes': {route}}}))");
    for (member, is) in [
        ("payment_hash", "sha256('00')"),
        ("amount", "'2500n'"),
        ("amount_msat", "250000"),
        ("signer", "pubkey('02')"),
        ("features", "'4100'"),
        ("types", "['p', 'd', 'x', '9', 'r']"),
        ("routes", route),
        ("low_s", "true"),
    ] {
        assert_eq!(value(&format!("{read}.{member}")), value(is), "{member}");
    }
    for (more, problem) in [
        ("'payment_sercet': ''", "did you mean `payment_secret`?"),
        ("'payment_secret': '00'", "payment_secret has 32 bytes, not 1"),
        ("'timestamp': 34359738368", "does not fit in 35 bits"),
        ("'routes': [[{'node_id': pubkey('02')}]]", "`cltv_expiry_delta` is missing"),
    ] {
        let error = evaluate(&format!("invoice({{{fields}, {more}}})")).unwrap_err();
        assert!(error.kind.to_string().contains(problem), "{}", error.kind);
    }
}

/// The fields of a `channel_update` but for its signature.
const UPDATE: &str = "{'chain_hash': zeros(32), 'short_channel_id': '103x1x0', 'timestamp': 7, 'message_flags': 1, \
    'channel_flags': 0, 'cltv_expiry_delta': 6, 'htlc_minimum_msat': 0, 'fee_base_msat': 1, \
    'fee_proportional_millionths': 1, 'htlc_maximum_msat': 5}";

#[test]
fn gossip_messages_have_hashes_and_checksums_whether_signed_or_not() {
    let signed = UPDATE.replace("{'chain", "{'signature': repeat('01', 64), 'chain");
    let later = UPDATE.replace("'timestamp': 7", "'timestamp': 8");
    let dearer = UPDATE.replace("'fee_base_msat': 1", "'fee_base_msat': 2");
    let hash = |update: &str| value(&format!("signed_hash({update})"));
    let checksum = |update: &str| value(&format!("update_checksum({update})"));
    assert_eq!(hash(UPDATE), hash(&signed));
    assert_ne!(hash(UPDATE), hash(&later));
    assert_eq!(checksum(&signed), checksum(&later));
    assert_ne!(checksum(UPDATE), checksum(&dearer));
    let error = evaluate("signed_hash({'funding_pubkey': ''})").unwrap_err().kind.to_string();
    assert_eq!(error, "signed_hash: this is no channel_announcement, channel_update or node_announcement");
}

#[test]
fn an_announcement_is_signed_by_the_key_that_it_names() {
    let fields = "'features': '', 'timestamp': 1, 'rgb_color': '000000', 'alias': zeros(32), 'addresses': ''";
    let unsigned = |key: &str| format!("{{'node_id': {key}, {fields}}}");
    let signed = |by: &str, key: &str| {
        let signature = format!("signature({by}, signed_hash({}))", unsigned(key));
        value(&format!("all_signed({{'signature': {signature}, 'node_id': {key}, {fields}}})"))
    };
    assert_eq!(signed("'02'", "pubkey('02')"), true.into());
    assert_eq!(signed("'03'", "pubkey('02')"), false.into());
    assert_eq!(signed("'02'", "'02' + zeros(32)"), false.into(), "the key is no point");
    assert!(evaluate(&format!("all_signed({UPDATE})")).is_err(), "an update does not say whose it is");
}

#[test]
fn a_signature_to_come_equals_any_right_one() {
    let hash = "repeat('42', 32)";
    let is = |signature: &str| value(&format!("expected_signature(pubkey('02'), {hash}) == {signature}"));
    assert_eq!(is(&format!("signature('02', {hash})")), true.into());
    assert_eq!(is(&format!("signature('03', {hash})")), false.into());
    assert_eq!(is(&format!("high_s(signature('02', {hash}))")), false.into());
}

#[test]
fn the_arrays_of_queries_are_written_and_read() {
    assert_eq!(
        value("encode_short_ids(['103x1x0', '1x2x3'])"),
        Value::from("0000006700000100000000010000020003")
    );
    assert_eq!(
        value("decode_short_ids(encode_short_ids(['103x1x0', '1x2x3']))"),
        value("['103x1x0', '1x2x3']")
    );
    assert_eq!(value("encode_query_flags([1, 253])"), Value::from("01fd00fd"));
    let timestamps = "decode_timestamps({'encoding_type': 0, 'encoded_timestamps': '0000000100000002'})";
    assert_eq!(value(timestamps), value("[{'timestamp_node_id_1': 1, 'timestamp_node_id_2': 2}]"));
    for wrong in [
        "encode_short_ids(['103x1'])",
        "decode_short_ids('')",
        "decode_short_ids('01')",
        "decode_short_ids('00aa')",
        "decode_timestamps({'encoding_type': 1, 'encoded_timestamps': ''})",
    ] {
        assert!(evaluate(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_funding_script_is_that_of_both_keys_in_any_order() {
    let script = value("funding_script(pubkey('01'), pubkey('02'))");
    assert_eq!(script, value("funding_script(pubkey('02'), pubkey('01'))"));
    assert_eq!(script, value("p2wsh('5221' + min_key + '21' + max_key + '52ae')"));
}
