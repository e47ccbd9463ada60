//! What the codec says of what is wrong: in trees, in bytes, in catalogues; and what is wrong on purpose.

#![allow(clippy::unwrap_used)]

use lnprototest_bolt::wire::broken::{Broken, RawRecord, RawTlvs};
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{BuildErrors, Catalogue, DecodeError, Extent, Malformation, Message};

fn open_channel() -> Plain {
    let point = || Plain::hex([2; 33]);
    Plain::map([
        ("chain_hash", Plain::hex([6; 32])),
        ("temporary_channel_id", Plain::hex([0; 32])),
        ("funding_satoshis", 999_800.into()),
        ("push_msat", 0.into()),
        ("dust_limit_satoshis", 546.into()),
        ("max_htlc_value_in_flight_msat", u64::MAX.into()),
        ("channel_reserve_satoshis", 9998.into()),
        ("htlc_minimum_msat", 0.into()),
        ("feerate_per_kw", 253.into()),
        ("to_self_delay", 5.into()),
        ("max_accepted_htlcs", 483.into()),
        ("funding_pubkey", point()),
        ("revocation_basepoint", point()),
        ("payment_basepoint", point()),
        ("delayed_payment_basepoint", point()),
        ("htlc_basepoint", point()),
        ("first_per_commitment_point", point()),
        ("channel_flags", 1.into()),
        ("tlvs", Plain::map([("upfront_shutdown_script", "".into()), ("channel_type", "401000".into())])),
    ])
}

fn with(mut plain: Plain, changes: impl IntoIterator<Item = (&'static str, Plain)>) -> Plain {
    let Plain::Map(map) = &mut plain else { panic!("no map: {plain}") };
    map.extend(changes.into_iter().map(|(name, value)| (name.to_owned(), value)));
    plain
}

fn build(name: &str, plain: &Plain) -> Result<Message, BuildErrors> {
    Catalogue::bolts().message(name).unwrap().build(plain)
}

#[test]
fn a_message_as_specs_write_it() {
    let message = build("open_channel", &open_channel()).unwrap();
    assert_eq!(message.u64("funding_satoshis"), Some(999_800));
    assert_eq!(message.array::<32>("chain_hash"), Some([6; 32]));
    assert_eq!(message.tlv("channel_type").unwrap().value().unwrap().as_bytes(), Some(&[0x40, 0x10, 0][..]));
    let bytes = message.encode();
    assert_eq!(bytes.len(), 2 + 32 + 32 + 6 * 8 + 4 + 2 + 2 + 6 * 33 + 1 + 2 + 5);
    assert_eq!(bytes[bytes.len() - 7..], [0, 0, 1, 3, 0x40, 0x10, 0]);
    assert_eq!(message.invalid_points(), [""; 0]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let unknown = Plain::map([("type", 1.into()), ("value", "".into())]);
    let tlvs = [("upfront", "".into()), ("channel_type", 1000.into()), ("unknown", vec![unknown].into())];
    let mut plain = with(
        open_channel(),
        [
            ("funding_satoshi", 1.into()),
            ("to_self_delay", 65536.into()),
            ("push_msat", Plain::Int(-1)),
            ("htlc_minimum_msat", "1".into()),
            ("chain_hash", "0600".into()),
            ("funding_pubkey", "zz".into()),
            ("payment_basepoint", "020".into()),
            ("channel_flags", Plain::Deferred),
            ("tlvs", Plain::map(tlvs)),
        ],
    );
    let Plain::Map(map) = &mut plain else { panic!("no map") };
    map.shift_remove("funding_satoshis");

    let errors: Vec<String> =
        build("open_channel", &plain).unwrap_err().0.iter().map(ToString::to_string).collect();
    assert_eq!(errors[0].split("; ").next().unwrap(), "funding_satoshi: no such field");
    let expected = [
        "chain_hash: 2 bytes, and it takes 32",
        "funding_satoshis: missing: an integer from 0 to 18446744073709551615",
        "push_msat: -1 is out of range: an integer from 0 to 18446744073709551615",
        "htlc_minimum_msat: expected an integer from 0 to 18446744073709551615, got the text '1'",
        "to_self_delay: 65536 is out of range: an integer from 0 to 65535",
        "funding_pubkey: 'z' at position 0 is no hex digit",
        "payment_basepoint: 3 hex digits are an odd number",
        "channel_flags: the value is not known yet",
        "tlvs.upfront: no such field; there are upfront_shutdown_script, channel_type, unknown",
        "tlvs.channel_type: 1000 is a number, and bytes belong here: quote it (hex digits)",
        "tlvs.unknown[0].type: this is the type of channel_type: write it by name",
    ];
    assert_eq!(errors[1..], expected);
}

#[test]
fn an_unknown_record_may_be_there_once() {
    let unknown = || Plain::map([("type", 55.into()), ("value", "aa".into())]);
    let stream = Catalogue::bolts().tlv_stream("n1").unwrap();
    let once = Plain::map([("tlv4", 550.into()), ("unknown", vec![unknown()].into())]);
    assert_eq!(stream.build(&once).unwrap().encode(), [55, 1, 0xaa, 0xfd, 0, 254, 2, 2, 0x26]);
    let errors = stream.build(&Plain::map([("unknown", vec![unknown(), unknown()].into())])).unwrap_err();
    assert_eq!(errors.to_string(), "unknown: TLV type 55 is there twice");
}

#[test]
fn length_fields_are_not_written_but_can_be_read() {
    let pong = build("pong", &Plain::map([("ignored", "aabbcc".into())])).unwrap();
    assert_eq!(pong.u64("byteslen"), Some(3));
    assert!(!pong.def().is_field("byteslen") && pong.def().is_field("ignored"));
    let errors = build("pong", &with(pong.to_plain(), [("byteslen", 3.into())])).unwrap_err();
    let message = "byteslen: the length of ignored is not written: it follows from ignored";
    assert_eq!(errors.to_string(), message);
}

#[test]
fn an_array_too_long_for_its_length_field_is_refused() {
    let errors = build("pong", &Plain::map([("ignored", Plain::hex(vec![0; 65536]))])).unwrap_err();
    assert_eq!(errors.to_string(), "ignored: 65536 are more than its length field can say: 65535");
    assert!(build("pong", &Plain::map([("ignored", Plain::hex(vec![0; 65535]))])).is_ok());
}

#[test]
fn a_match_may_be_partial_and_an_expression_fits_everything() {
    let def = Catalogue::bolts().message("open_channel").unwrap();
    let part = Plain::map([
        ("push_msat", Plain::Deferred),
        ("tlvs", Plain::map([("channel_type", Plain::Deferred)])),
    ]);
    assert_eq!(def.check(&part, Extent::Partial), []);
    assert_eq!(def.check(&part, Extent::Whole).len(), 17);
    assert_eq!(def.check(&with(part, [("push", 1.into())]), Extent::Partial).len(), 1);
    assert_eq!(def.field("push_msat").unwrap().check(&"a".into(), Extent::Whole).len(), 1);
}

#[test]
fn setting_a_field_moves_its_length() {
    let mut pong = build("pong", &Plain::map([("ignored", "".into())])).unwrap();
    pong.set("ignored", "aabb").unwrap();
    assert_eq!(pong.encode(), [0, 19, 0, 2, 0xaa, 0xbb]);
    assert!(pong.set("ignored", "a").is_err());
    assert_eq!(pong.to_string(), "pong {ignored: 'aabb'}");
}

#[test]
fn records_without_fields_and_with_several() {
    let plain = Plain::map([
        ("channel_id", Plain::hex([1; 32])),
        ("locktime", 0.into()),
        ("feerate", 253.into()),
        ("tlvs", Plain::map([("require_confirmed_inputs", true.into())])),
    ]);
    let message = build("tx_init_rbf", &plain).unwrap();
    assert_eq!(message.encode()[42..], [2, 0]);
    assert_eq!(message.to_plain().get("tlvs").unwrap().to_string(), "{require_confirmed_inputs: {}}");

    let range = Plain::map([("min_fee_satoshis", 1.into()), ("max_fee_satoshis", 2.into())]);
    let plain = Plain::map([
        ("channel_id", Plain::hex([1; 32])),
        ("fee_satoshis", 1.into()),
        ("signature", Plain::hex([9; 64])),
        ("tlvs", Plain::map([("fee_range", range)])),
    ]);
    let fee_range = build("closing_signed", &plain).unwrap().tlv("fee_range").unwrap().clone();
    assert_eq!(fee_range.field("max_fee_satoshis").unwrap().as_u64(), Some(2));
    assert_eq!(fee_range.value(), None);
}

fn malformation(message: &[u8]) -> (String, Malformation) {
    match Catalogue::bolts().decode(message) {
        Err(DecodeError::Malformed(malformed)) => (malformed.field(), malformed.problem().clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_of_decoding_name_the_field_and_the_byte() {
    let open = build("open_channel", &open_channel()).unwrap();
    let cut = Broken::of(&open).truncate_to(100).into_bytes();
    let error = Catalogue::bolts().decode(&cut).unwrap_err();
    assert_eq!(error.to_string(), "open_channel.channel_reserve_satoshis at byte 98: 8 bytes needed, 2 left");

    assert_eq!(Catalogue::bolts().decode(&[0]), Err(DecodeError::NoType(1)));
    let unknown = Catalogue::bolts().decode(&[0x27, 0x0f, 1, 2]).unwrap_err();
    assert_eq!(unknown, DecodeError::UnknownType { number: 9999, payload: vec![1, 2].into() });
    assert_eq!(unknown.to_string(), "unknown message type 9999 (odd)");
}

#[test]
fn what_is_wrong_on_purpose_is_wrong_as_meant() {
    let open = build("open_channel", &open_channel()).unwrap();
    let stream = || RawTlvs::of(open.tlvs().unwrap());
    let decode = |stream: RawTlvs| malformation(&Broken::of(&open).tlvs(stream).into_bytes());

    assert_eq!(Broken::of(&open).into_bytes(), open.encode());
    assert_eq!(Broken::of(&open).tlvs(stream()).into_bytes(), open.encode());
    let out_of_order = Malformation::OutOfOrderTlv { number: 0, after: 1 };
    assert_eq!(decode(stream().reversed()), ("tlvs".to_owned(), out_of_order));
    assert_eq!(decode(stream().duplicate(1).unwrap()).1, Malformation::DuplicateTlv(1));
    assert_eq!(decode(stream().push(RawRecord::new(54, [1]))).1, Malformation::UnknownEvenTlv(54));

    let mut long = stream();
    long.record(1).unwrap().widen_number();
    assert_eq!(decode(long), ("tlvs".to_owned(), Malformation::NotMinimal));
    let mut long = stream();
    long.record(1).unwrap().widen_len();
    assert_eq!(decode(long), ("tlvs.channel_type".to_owned(), Malformation::NotMinimal));
    let mut lie = stream();
    lie.record(1).unwrap().claim_len(4);
    assert_eq!(decode(lie).1, Malformation::TooShort { needed: 4, left: 3 });

    let odd = Broken::of(&open).tlvs(stream().push(RawRecord::new(55, [1]))).into_bytes();
    assert_eq!(Catalogue::bolts().decode(&odd).unwrap().tlvs().unwrap().records().len(), 3);
    let cut = Broken::of(&open).truncate_by(1).into_bytes();
    assert_eq!(malformation(&cut).1, Malformation::TooShort { needed: 3, left: 2 });
    let error = Broken::of(&open).replace("funding", []).unwrap_err();
    assert_eq!(error.to_string(), "open_channel has no field funding");
}

#[test]
fn a_truncated_integer_can_be_padded() {
    let payload = Catalogue::bolts().tlv_stream("payload").unwrap();
    let data = Plain::map([("payment_secret", Plain::hex([7; 32])), ("total_msat", 1000.into())]);
    let stream = payload.build(&Plain::map([("payment_data", data), ("amt_to_forward", 1.into())])).unwrap();
    for (number, field) in [(2, "amt_to_forward.amt_to_forward"), (8, "payment_data.total_msat")] {
        let mut raw = RawTlvs::of(&stream);
        raw.record(number).unwrap().pad_truncated().unwrap();
        let Err(DecodeError::Malformed(malformed)) = payload.decode(&raw.into_bytes()) else {
            panic!("{field}")
        };
        assert_eq!((malformed.field().as_str(), malformed.problem()), (field, &Malformation::NotMinimal));
    }
}

#[test]
fn a_point_off_the_curve_is_kept_and_found() {
    let plain = with(open_channel(), [("payment_basepoint", Plain::hex([5; 33]))]);
    let message = build("open_channel", &plain).unwrap();
    assert_eq!(message.invalid_points(), ["payment_basepoint"]);
    assert!(!message.field("payment_basepoint").unwrap().valid_point());
}

#[test]
fn a_proposal_extends_the_catalogue() {
    let csv = "# a proposal\nmsgtype,hello,40001,option_hello\nmsgdata,hello,len,u8\nmsgdata,hello,names,name,len\n\
               msgdata,hello,tlvs,hello_tlvs\nsubtype,name\nsubtypedata,name,len,u16\nsubtypedata,name,text,utf8,len\n\
               tlvtype,hello_tlvs,more,1\ntlvdata,hello_tlvs,more,scids,short_channel_id,...\n\
               tlvtype,open_channel_tlvs,colour,70001\ntlvdata,open_channel_tlvs,colour,rgb,byte,3\n\
               msgtype,refused,PERM|99\n";
    let catalogue = Catalogue::bolts().extended("proposal.csv", csv).unwrap();
    let name = |text: &str| Plain::map([("text", text.into())]);
    let plain = Plain::map([
        ("names", vec![name("bo"), name("")].into()),
        ("tlvs", Plain::map([("more", vec!["1x2x3".into()].into())])),
    ]);
    let hello = catalogue.message("hello").unwrap().build(&plain).unwrap();
    let bytes = [0x9c, 0x41, 2, 0, 2, b'b', b'o', 0, 0, 1, 8, 0, 0, 1, 0, 0, 2, 0, 3];
    assert_eq!(hello.encode(), bytes);
    assert_eq!(catalogue.decode(&bytes).unwrap(), hello);
    assert!(catalogue.tlv_stream("open_channel_tlvs").unwrap().record("colour").is_some());
    assert_eq!(catalogue.failure("refused").unwrap().number, 0x4063);
    assert!(Catalogue::bolts().message("hello").is_none());
}

#[test]
fn an_optional_field_may_be_missing_at_the_end_only() {
    let csv = "msgtype,a,40001\nmsgdata,a,b,byte\nmsgdata,a,len,u16,,option_c\nmsgdata,a,c,byte,len,option_c\n\
               msgdata,a,d,byte,,option_d\n";
    let catalogue = Catalogue::bolts().extended("optional.csv", csv).unwrap();
    let def = catalogue.message("a").unwrap();
    let short = Plain::map([("b", 1.into())]);
    assert_eq!(def.build(&short).unwrap().encode(), [0x9c, 0x41, 1]);
    assert_eq!(catalogue.decode(&[0x9c, 0x41, 1]).unwrap().to_plain(), short);
    let long = Plain::map([("b", 1.into()), ("c", "aa".into()), ("d", 2.into())]);
    let bytes = [0x9c, 0x41, 1, 0, 1, 0xaa, 2];
    assert_eq!(def.build(&long).unwrap().encode(), bytes);
    assert_eq!(catalogue.decode(&bytes).unwrap().to_plain(), long);
    let gap = Plain::map([("b", 1.into()), ("d", 2.into())]);
    assert_eq!(def.build(&gap).unwrap_err().to_string(), "c: missing: hex digits");
}

#[test]
fn a_bad_proposal_is_refused_with_its_line() {
    for (csv, error) in [
        ("\nmsgtipe,a,1\n", "2: unknown row kind msgtipe"),
        ("msgtype,a\n", "1: a number is missing"),
        ("msgtype,a,x\n", "1: no message number: x"),
        ("msgtype,a,16\n", "1: a has a number that is taken: 16"),
        ("msgtype,init,40001\n", "1: init is defined twice"),
        ("msgtype,a,40001\nmsgdata,a,b,u17\n", "2: unknown type u17"),
        ("msgtype,a,40001\nmsgdata,a,b,byte,len\n", "2: no field len stands before b"),
        ("msgtype,a,40001\nmsgdata,a,b,point\nmsgdata,a,c,byte,b\n", "3: b is no unsigned integer"),
        ("msgtype,a,40001\nmsgdata,a,b,u16\nmsgdata,a,b,u16\n", "3: a has two fields b"),
        ("msgtype,a,40001\nmsgdata,a,b,byte,...\nmsgdata,a,c,bigsize\n", "2: a field of variable size"),
        ("msgtype,a,40001\nmsgdata,a,b,tu16\nmsgdata,a,c,u16\n", "2: b takes all bytes there are"),
        ("msgtype,a,40001\nmsgdata,a,b,tu16,...\n", "2: b is an array of elements without an end"),
        ("subtype,e\nmsgtype,a,40001\nmsgdata,a,b,e,...\n", "3: b is an array of elements without a size"),
        ("msgtype,a,40001\nmsgdata,a,b,byte,65536\n", "2: b is longer than a message"),
        (
            "msgtype,a,40001\nmsgdata,a,b,u16\nmsgdata,a,c,byte,b\nmsgdata,a,d,byte,b\n",
            "4: b counts two arrays",
        ),
        ("msgdata,a,b,u16\n", "1: a is not defined"),
        ("subtype,a\nsubtypedata,a,b,a\n", "1: a contains itself"),
        ("msgtype,a,40001\nmsgdata,a,b,u16,,,more\n", "2: a column too many: more"),
        ("tlvtype,init_tlvs,a,1\n", "1: a has a number that is taken: 1"),
    ] {
        let refused = Catalogue::bolts().extended("p.csv", csv).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("p.csv:{error}")), "{csv}: {refused}");
    }
}
