//! BOLT 4's vectors, as specs would say them.

use serde_json::Value as Json;

use super::{Names, compiled};
use crate::{EvalError, EvalErrorKind, Value};

macro_rules! vector {
    ($name:literal) => {
        of_json(
            &serde_json::from_str(include_str!(concat!(
                "../../../../bolt/tests/data/bolt04/",
                $name,
                ".json"
            )))
            .unwrap(),
        )
    };
}

#[test]
fn onions_are_wrapped_and_peeled() {
    let vector = vector!("onion");
    assert_all(
        &vector,
        &[
            "onion(v.generate.session_key, v.generate.associated_data, \
             v.generate.hops.map(hop, { 'node_id': hop.pubkey, 'frame': hop.payload })) == v.onion",
            "'12' + forward_payload('0x0x1', 15000, 1500) == v.generate.hops[0].payload",
            "payload({ 'amt_to_forward': 15000, 'outgoing_cltv_value': 1500, 'short_channel_id': '0x0x1' }) == \
             forward_payload('0x0x1', 15000, 1500)",
            "peel(v.onion, v.decode[0], v.generate.associated_data).records == \
             { 'amt_to_forward': 15000, 'outgoing_cltv_value': 1500, 'short_channel_id': '0x0x1' }",
        ],
    );
    let mut onion = in_vector("v.onion", &vector).unwrap();
    let secrets = "shared_secrets(v.generate.session_key, v.generate.hops.map(hop, hop.pubkey))";
    for hop in 0..5 {
        let names = [("v", vector.clone()), ("onion", onion)];
        let peel = format!("peel(onion, v.decode[{hop}], v.generate.associated_data)");
        let peeled = evaluate(&peel, &names).unwrap();
        let names = [("v", vector.clone()), ("peeled", peeled.clone())];
        let frame = format!(
            "v.generate.hops[{hop}].payload == bigsize(byte_len(peeled.payload)) + peeled.payload && \
             peeled.shared_secret == {secrets}[{hop}]"
        );
        assert_eq!(evaluate(&frame, &names).unwrap(), true.into(), "{hop}");
        onion = peeled.member("next").unwrap();
    }
    assert_eq!(onion, "".into());
}

#[test]
fn a_final_hop_reads_what_it_is_told() {
    let onion = "onion('05', repeat('42', 32), [{ 'node_id': pubkey('03'), \
                 'payload': final_payload(1000, 120, repeat('07', 32), 2000) }])";
    assert_all(
        &Value::from(false),
        &[
            &format!("byte_len({onion}) == 1366"),
            &format!(
                "peel({onion}, '03', repeat('42', 32)).records == {{ 'amt_to_forward': 1000, 'outgoing_cltv_value': \
                 120, 'payment_data': {{ 'payment_secret': repeat('07', 32), 'total_msat': 2000 }} }}"
            ),
            &format!(
                "read_tlvs('payload', peel({onion}, '03', repeat('42', 32)).payload).amt_to_forward == 1000"
            ),
            "read_tlvs('offer', tlvs('offer', { 'offer_description': 'tea' })).offer_description == 'tea'",
            "tlvs('payload', { 'amt_to_forward': 1 }) == payload({ 'amt_to_forward': 1 })",
            "payload({ 'amt_to_forward': 1, 'unknown': [{ 'type': 55, 'value': 'aa' }] }) == \
             payload({ 'amt_to_forward': 1 }) + tlv(55, 'aa')",
        ],
    );
}

#[test]
fn failures_come_back() {
    let vector = vector!("error");
    let ids = "v.generate.hops.map(hop, hop.pubkey)";
    let mut reason =
        "fail_reason(v.generate.hops[4].hop_shared_secret, failure('temporary_node_failure', {}))".to_owned();
    for hop in (0..4).rev() {
        reason = format!("wrap_reason(v.generate.hops[{hop}].hop_shared_secret, {reason})");
    }
    assert_all(
        &vector,
        &[
            &format!("{reason} == v.errorpacket"),
            &format!(
                "read_reason(v.errorpacket, v.generate.session_key, {ids}) == {{ 'hop': 4, 'code': 8194, 'name': \
                 'temporary_node_failure', 'flags': ['NODE'], 'failure': '2002', 'fields': {{}}, 'pad': zeros(254) }}"
            ),
            "failure_code('temporary_node_failure') == 8194",
            "return_packet(v.generate.hops[4].hop_shared_secret, '2002', zeros(254)) == \
             wrap_reason(v.generate.hops[4].hop_shared_secret, \
             fail_reason(v.generate.hops[4].hop_shared_secret, '2002'))",
        ],
    );
}

#[test]
fn failures_are_taken_apart() {
    let read = |failure: &str| {
        format!(
            "read_reason(fail_reason(shared_secrets('05', [pubkey('03')])[0], {failure}), '05', [pubkey('03')])"
        )
    };
    let below = "failure('amount_below_minimum', { 'htlc_msat': 1, 'channel_update': '' })";
    assert_all(
        &Value::from(false),
        &[
            &format!("{}.fields.htlc_msat == 1", read(below)),
            &format!("!has({}.channel_update)", read(below)),
            &format!("{}.code == 255 && {0}.name == '' && {0}.flags == []", read("'00ff'")),
        ],
    );
    for (text, why) in [
        (format!("{}.fields", read("'00ff'")), "unknown"),
        (read("''"), "hop 0 returned a failure without a code"),
        (
            "read_reason(zeros(292), '05', [pubkey('03')])".to_owned(),
            "the failure has the HMAC of none of the 1",
        ),
    ] {
        let told = unreadable(&text);
        assert!(told.contains(why), "{text}: {told}");
    }
}

#[test]
fn hold_times_are_attributed() {
    let vector = vector!("attribution");
    let (mut failed, mut fulfilled) = (Value::from(false), Value::from(false));
    for step in 0..5 {
        let names = [("v", vector.clone()), ("failed", failed), ("fulfilled", fulfilled)];
        let passed = |reason: String, downstream| {
            let own = format!("v.steps[{step}].shared_secret, v.hold_times[{step}], {reason}");
            match step {
                0 => evaluate(&format!("attribution_data({own})"), &names).unwrap(),
                _ => evaluate(&format!("pass_attribution({own}, {downstream})"), &names).unwrap(),
            }
        };
        failed = passed(format!("v.steps[{step}].error_packet"), "failed");
        fulfilled = passed("''".to_owned(), "fulfilled");
        for (record, expected) in [(&failed, "attribution_data"), (&fulfilled, "attribution_data_on_success")]
        {
            let names = [("v", vector.clone()), ("record", record.clone())];
            let hmacs =
                format!("record.truncated_hmacs.all(hmac, contains(v.steps[{step}].{expected}, hmac))");
            let first = format!("u32(record.htlc_hold_times[0]) == slice(v.steps[{step}].{expected}, 0, 4)");
            assert_eq!(evaluate(&format!("{hmacs} && {first}"), &names).unwrap(), true.into(), "{step}");
        }
    }
    let names = [("v", vector), ("failed", failed), ("fulfilled", fulfilled)];
    for record in ["failed, v.steps[4].error_packet", "fulfilled, ''"] {
        let read = format!("read_attribution({record}, v.session_key, v.pubkeys)");
        assert_eq!(evaluate(&format!("{read}.blamed"), &names).unwrap(), Value::Int(-1));
        assert_eq!(
            evaluate(&format!("{read}.hold_times"), &names).unwrap(),
            evaluate("[5, 4, 3, 2, 1]", &names).unwrap()
        );
    }
    let wrong =
        "read_attribution(failed, flip(v.steps[4].error_packet, 40), v.session_key, v.pubkeys).blamed";
    assert_eq!(evaluate(wrong, &names).unwrap(), Value::Int(0));
}

#[test]
fn paths_are_blinded_and_unblinded() {
    let vector = vector!("route_blinding");
    let hop = |hop: usize| {
        format!(
            "{{ 'node_id': v.generate.hops[{hop}].node_id, 'data': v.generate.hops[{hop}].encoded_tlvs }}"
        )
    };
    let part = |first: usize| {
        format!("blinded_path(v.generate.hops[{first}].session_key, [{}, {}])", hop(first), hop(first + 1))
    };
    let path = in_vector(&format!("join_paths({}, {})", part(0), part(2)), &vector).unwrap();
    let names = [("v", vector.clone()), ("path", path)];
    for equal in [
        "path.first_node_id == v.route.first_node_id && path.first_path_key == v.route.first_path_key",
        "path.path == v.route.hops.map(hop, { 'blinded_node_id': hop.blinded_node_id, \
         'encrypted_recipient_data': hop.encrypted_data })",
        "encrypted_data_tlv({ 'padding': zeros(26), 'short_channel_id': '0x0x1729', 'payment_relay': \
         { 'cltv_expiry_delta': 36, 'fee_proportional_millionths': 150, 'fee_base_msat': 10000 }, \
         'payment_constraints': { 'max_cltv_expiry': 748005, 'htlc_minimum_msat': 1500 }, 'allowed_features': '', \
         'unknown': [{ 'type': 561, 'value': '123456' }] }) == v.generate.hops[0].encoded_tlvs",
    ] {
        assert_eq!(evaluate(equal, &names).unwrap(), true.into(), "{equal}");
    }
    for hop in 0..4 {
        let node = format!("v.unblind.hops[{hop}]");
        let read = format!(
            "read_recipient_data(path.path[{hop}].encrypted_recipient_data, {node}.node_privkey, {node}.path_key)"
        );
        let next = format!(
            "has({node}.next_path_key_override) ? {node}.next_path_key_override : {node}.next_path_key"
        );
        let unblind = format!("unblind({node}.path_key, {node}.node_privkey)");
        for equal in [
            format!("{read}.data == {node}.decrypted_data && {read}.next_path_key == ({next})"),
            format!("{unblind}.node_secret == {node}.blinded_privkey"),
            format!("{unblind}.next_path_key == {node}.next_path_key"),
        ] {
            assert_eq!(evaluate(&equal, &names).unwrap(), true.into(), "{equal}");
        }
    }
}

#[test]
fn payments_go_along_blinded_paths() {
    let vector = vector!("blinded_payment");
    let relays = "v.generate.full_route.hops.filter(hop, has(hop.tlvs.encrypted_recipient_data) && \
                  has(hop.tlvs.encrypted_recipient_data.payment_relay)).map(hop, \
                  { 'cltv_expiry_delta': hop.tlvs.encrypted_recipient_data.payment_relay.cltv_expiry_delta, \
                  'fee_proportional_millionths': \
                  hop.tlvs.encrypted_recipient_data.payment_relay.fee_proportional_millionths, 'fee_base_msat': \
                  has(hop.tlvs.encrypted_recipient_data.payment_relay.fee_base_msat) ? \
                  hop.tlvs.encrypted_recipient_data.payment_relay.fee_base_msat : 0 })";
    let relays = in_vector(relays, &vector).unwrap();
    let names = [("v", vector.clone()), ("relays", relays)];
    for equal in [
        "blinded_payinfo(relays) == v.generate.blinded_payinfo",
        "blinded_amt_to_forward(relays[2], blinded_amt_to_forward(relays[1], \
         blinded_amt_to_forward(relays[0], 110125))) == 100000",
        "onion(v.generate.session_key, v.generate.associated_data, v.generate.full_route.hops.map(hop, \
         { 'node_id': hop.pubkey, 'frame': hop.payload })) == v.generate.onion",
        // Bob is where the path begins, so he reads the path key in his payload; Carol gets hers beside the onion.
        "peel(v.decrypt.hops[1].onion, v.decrypt.hops[1].node_privkey, v.generate.associated_data)\
         .records.current_path_key == v.generate.blinded_route.first_path_key",
        "peel(v.decrypt.hops[2].onion, unblind(v.decrypt.hops[1].next_path_key, \
         v.decrypt.hops[2].node_privkey).node_secret, v.generate.associated_data).next == v.decrypt.hops[3].onion",
    ] {
        assert_eq!(evaluate(equal, &names).unwrap(), true.into(), "{equal}");
    }
}

#[test]
fn onion_messages_are_handed_on_and_read() {
    let vector = vector!("onion_message");
    let part = |secret: &str, hops: [usize; 2]| {
        let hops = (hops[0]..hops[1]).map(|hop| {
            format!(
                "{{ 'node_id': pubkey(v.decrypt.hops[{hop}].privkey), 'data': \
                 v.generate.hops[{hop}].encrypted_data_tlv }}"
            )
        });
        format!("blinded_path({secret}, [{}])", hops.collect::<Vec<_>>().join(", "))
    };
    let message = format!(
        "onion_message(v.generate.session_key, join_paths({}, {}), \
         {{ 'unknown': [{{ 'type': 1, 'value': v.onionmessage.unknown_tag_1 }}] }})",
        part("v.generate.hops[0].path_key_secret", [0, 1]),
        part("v.generate.hops[1].path_key_secret", [1, 4])
    );
    let mut message = in_vector(&message, &vector).unwrap();
    for hop in 0..4 {
        let names = [("v", vector.clone()), ("message", message)];
        let encoded = format!(
            "'0201' + message.path_key + u16(byte_len(message.onion_message_packet)) + message.onion_message_packet \
             == v.decrypt.hops[{hop}].onion_message"
        );
        assert_eq!(evaluate(&encoded, &names).unwrap(), true.into(), "{hop}");
        let read =
            evaluate(&format!("read_onion_message(message, v.decrypt.hops[{hop}].privkey)"), &names).unwrap();
        let names = [("v", vector.clone()), ("read", read.clone())];
        let told = match hop {
            3 => "!has(read.next) && read.content.unknown == [{ 'type': 1, 'value': '68656c6c6f' }] && \
                  read.data.path_id == v.generate.hops[3].tlvs.path_id"
                .to_owned(),
            _ => format!("read.data.next_node_id == v.decrypt.hops[{hop}].next_node_id"),
        };
        assert_eq!(evaluate(&told, &names).unwrap(), true.into(), "{told}");
        message = read.member("next").unwrap_or(Value::from(false));
    }
}

#[test]
fn onion_messages_have_one_of_two_sizes() {
    let packet = |data: &str| {
        format!("onion_message_packet('05', [{{ 'node_id': pubkey('03'), 'payload': zeros({data}) }}])")
    };
    assert_all(
        &Value::from(false),
        &[
            &format!("byte_len({}) == 1366", packet("1265")),
            &format!("byte_len({}) == 32834", packet("1266")),
            &format!("byte_len({}) == 32834", packet("32733")),
        ],
    );
    assert!(in_vector(&packet("32734"), &Value::from(false)).is_err());
}

#[test]
fn mistakes_of_a_spec_name_the_remedy() {
    for (text, problem) in [
        (
            "failure_code('mpp_timout')",
            "failure_code: BOLT 4 has no failure `mpp_timout`: did you mean `mpp_timeout`?",
        ),
        ("failure('mpp_timeout', { 'a': 1 })", "failure: a: no such field; there are extension"),
        (
            "onion('05', '', [{ 'node_id': pubkey('03'), 'paylod': '' }])",
            "onion: hop 0 has no member `paylod`: did you mean `payload`?",
        ),
        ("onion('05', '', [{ 'node_id': pubkey('03') }])", "onion: hop 0 needs its `payload`, or a `frame`"),
        (
            "onion('05', '', [{ 'node_id': pubkey('03'), 'frame': '', 'length': 2 }])",
            "onion: the `frame` of hop 0 stands for both length and payload: leave those out",
        ),
        (
            "onion('05', '', [{ 'payload': '00' }])",
            "onion: hop 0 needs its `node_id`: a public key as 33 bytes of hex",
        ),
        ("onion('05', '', ['00'])", "onion: hop 0 is a map, not text"),
        ("onion('05', '', [])", "onion: an onion needs at least one hop"),
        (
            "onion('05', '', [{ 'node_id': pubkey('03'), 'payload': zeros(1300) }])",
            "onion: the hops take 1335 bytes of an onion that has 1300; shorten the route or the payloads",
        ),
        (
            "payload({ 'payment_data': { 'total_msat': 1 } })",
            "payload: payment_data.payment_secret: missing: 64 hex digits (32 bytes)",
        ),
        ("final_payload(1, 2, '07', 1)", "final_payload: a payment secret has 32 bytes, not 1"),
        (
            "forward_payload('1x2', 1, 2)",
            "forward_payload: a short channel id is written as block, transaction and output: 103x1x0",
        ),
        ("tlvs('paylod', {})", "tlvs: the BOLTs have no TLV stream `paylod`: did you mean `payload`?"),
        ("fail_reason('00', '2002')", "fail_reason: a shared secret has 32 bytes, not 1"),
        (
            "fail_reason(zeros(32), zeros(65536))",
            "fail_reason: failure and padding have at most 65535 bytes each, not 65536",
        ),
        ("blinded_path('05', [])", "blinded_path: a blinded path needs at least one hop"),
        (
            "join_paths({ 'first_node_id': zeros(9), 'first_path_key': pubkey('03'), 'path': [] }, {})",
            "join_paths: the path begins at `000000000000000000`, which is no node's id: make one that begins there",
        ),
        (
            "blinded_payinfo([{ 'fee_base_msat': 1, 'cltv_expiry_delta': 1 }])",
            "blinded_payinfo: a payment_relay needs its `fee_proportional_millionths`: a 32-bit integer",
        ),
        (
            "read_attribution({ 'htlc_hold_times': [], 'truncated_hmacs': [] }, '', '05', [])",
            "read_attribution: attribution_data has 20 hold times and 210 HMACs, 920 bytes, not 0",
        ),
        ("shared_secrets('05', 1)", "shared_secrets: a list is needed, not a number"),
        (
            "read_onion_message({}, '03')",
            "read_onion_message: an onion message needs its `path_key`: bytes as hex",
        ),
    ] {
        let error = in_vector(text, &Value::from(false)).unwrap_err();
        assert!(matches!(error.kind, EvalErrorKind::Function { .. }), "{error}");
        assert_eq!(error.kind.to_string(), problem, "{text}");
    }
}

#[test]
fn what_a_node_garbled_is_not_the_specs_mistake() {
    let onion = "onion('05', '', [{ 'node_id': pubkey('03'), 'payload': '0201', 'length': 1301 }])";
    for (text, why) in [
        (
            "peel('00', '03', '')".to_owned(),
            "1 bytes are too few for an onion packet, which takes 66 and its payloads",
        ),
        ("peel(zeros(1366), '03', '')".to_owned(), "the onion's ephemeral key is no point on the curve"),
        (format!("peel({onion}, '03', '')"), "the onion's payload claims 1301 bytes of a packet of 1300"),
        (
            format!("peel({onion}, '04', '')"),
            "the onion has a wrong HMAC: it is for another node or payment hash, or was changed",
        ),
        (
            "unblind(zeros(33), '03')".to_owned(),
            "the path key `000000000000000000000000000000000000000000000000000000000000000000` is no point in compressed form",
        ),
        (
            "read_recipient_data(zeros(40), '03', pubkey('05'))".to_owned(),
            "encrypted_recipient_data has a wrong MAC: it is for another node or path key, or was changed",
        ),
        (
            "read_onion_message({ 'path_key': pubkey('05'), 'onion_message_packet': '' }, '03')".to_owned(),
            "0 bytes are too few for an onion packet, which takes 66 and its payloads",
        ),
    ] {
        assert_eq!(unreadable(&text), why, "{text}");
    }
    let payload = "onion('05', '', [{ 'node_id': pubkey('03'), 'payload': '020204' }])";
    assert_all(&Value::from(false), &[&format!("peel({payload}, '03', '').payload == '020204'")]);
    let told = unreadable(&format!("peel({payload}, '03', '').records"));
    assert!(told.contains("payload"), "{told}");
}

fn unreadable(text: &str) -> String {
    match in_vector(text, &Value::from(false)).unwrap_err().kind {
        EvalErrorKind::Unreadable(why) => why,
        other => panic!("{text}: {other}"),
    }
}

/// Each of these holds, with `v` for the vector.
fn assert_all(vector: &Value, texts: &[&str]) {
    for text in texts {
        assert_eq!(in_vector(text, vector).unwrap_or_else(|error| panic!("{error}")), true.into(), "{text}");
    }
}

fn in_vector(text: &str, vector: &Value) -> Result<Value, EvalError> {
    evaluate(text, &[("v", vector.clone())])
}

fn evaluate(text: &str, names: &[(&'static str, Value)]) -> Result<Value, EvalError> {
    compiled(text).evaluate(&Names(names.to_vec()))
}

fn of_json(json: &Json) -> Value {
    match json {
        Json::Array(items) => Value::list(items.iter().map(of_json)),
        Json::Number(number) => Value::from(number.as_u64().unwrap()),
        Json::Object(members) => Value::map(members.iter().map(|(name, value)| (name, of_json(value)))),
        Json::String(text) => Value::from(text.as_str()),
        Json::Bool(_) | Json::Null => Value::from(false),
    }
}
