//! A channel followed by its messages: right ones bring it on, each wrong one of the node's is found out.

use bitcoin::{Amount, FeeRate, OutPoint};
use lnprototest_bolt::channel::{
    ChannelParameters, CommitmentFormat, CommitmentNumber, CommitmentState, Funding, Keyset, Party, PerSide,
    Side, high_s,
};
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_bolt::wire::{Catalogue, Message};
use secp256k1::SecretKey;

use super::life::Life;
use crate::stage::Stop;

/// The fields of a `commitment_signed`.
type Signatures = [(&'static str, Plain); 2];

/// What makes them wrong.
type Flaw = fn(Signatures) -> Signatures;

const PREIMAGE: [u8; 32] = [7; 32];

/// Both ends, of which only ours is under test: the node's part is played with its own keys.
struct Channel {
    life: Life,
    ours: Keyset,
    nodes: Keyset,
}

impl Channel {
    fn new() -> Self {
        let keys = PerSide { local: keyset(0x20), remote: keyset(0x10) };
        let funding = Funding {
            outpoint: OutPoint::null(),
            amount: Amount::from_sat(1_000_000),
            pubkeys: PerSide::from_fn(|side| keys[side].funding_pubkey()),
        };
        let parameters = ChannelParameters {
            funding,
            opener: Side::Local,
            format: CommitmentFormat::Anchors,
            parties: PerSide::from_fn(|side| Party {
                basepoints: keys[side].basepoints(),
                dust_limit: Amount::from_sat(546),
                to_self_delay: 144,
            }),
        };
        let state = CommitmentState {
            feerate: FeeRate::from_sat_per_kwu(1000),
            balances_msat: PerSide { local: 700_000_000, remote: 300_000_000 },
            htlcs: Vec::new(),
        };
        let points = PerSide::from_fn(|side| keys[side].per_commitment_point(CommitmentNumber::FIRST));
        let mut channel =
            Self { life: Life::new(parameters, &state, &points), ours: keys.local, nodes: keys.remote };
        let second = channel.nodes.per_commitment_point(number(1));
        channel.remote("channel_ready", [("second_per_commitment_point", Plain::hex(second.serialize()))]);
        channel
    }

    fn follow<'n>(
        &mut self,
        by: Side,
        name: &str,
        fields: impl IntoIterator<Item = (&'n str, Plain)>,
    ) -> Result<(), Stop> {
        self.life.follow(by, &message(name, fields), &self.ours)
    }

    #[track_caller]
    fn local<'n>(&mut self, name: &str, fields: impl IntoIterator<Item = (&'n str, Plain)>) {
        self.follow(Side::Local, name, fields).unwrap();
    }

    #[track_caller]
    fn remote<'n>(&mut self, name: &str, fields: impl IntoIterator<Item = (&'n str, Plain)>) {
        self.follow(Side::Remote, name, fields).unwrap();
    }

    /// The node's failure at this message, as its code.
    #[track_caller]
    fn refused<'n>(&mut self, name: &str, fields: impl IntoIterator<Item = (&'n str, Plain)>) -> String {
        match self.follow(Side::Remote, name, fields) {
            Err(Stop::Fail(failing)) => failing.code.to_string(),
            other => panic!("not the node's failure: {other:?}"),
        }
    }

    /// What `by` signs for the other end, as the fields of `commitment_signed`.
    fn signatures(&self, by: Side) -> [(&'static str, Plain); 2] {
        let keys = if by == Side::Local { &self.ours } else { &self.nodes };
        let next = self.life.next(!by, &self.ours).unwrap().clone();
        let secret = keys.htlc_secret(&next.keys.per_commitment_point);
        let htlcs = next.htlc_transactions();
        let htlcs = htlcs.iter().map(|tx| Plain::hex(tx.sign(by, &secret).serialize_compact()));
        let signature = next.sign(&keys.funding).serialize_compact();
        [("signature", Plain::hex(signature)), ("htlc_signature", Plain::List(htlcs.collect()))]
    }

    fn revocation(&self, by: Side, revoked: u64) -> [(&'static str, Plain); 2] {
        let keys = if by == Side::Local { &self.ours } else { &self.nodes };
        let secret = keys.per_commitment_secret(number(revoked)).secret_bytes();
        let point = keys.per_commitment_point(number(revoked + 2)).serialize();
        [("per_commitment_secret", Plain::hex(secret)), ("next_per_commitment_point", Plain::hex(point))]
    }

    /// Both take in all changes, `first` signing first.
    fn dance(&mut self, first: Side) {
        for by in [first, !first] {
            let revoked = self.life.revoked(!by).len() as u64;
            let (signatures, revocation) = (self.signatures(by), self.revocation(!by, revoked));
            self.follow(by, "commitment_signed", signatures).unwrap();
            self.follow(!by, "revoke_and_ack", revocation).unwrap();
        }
    }
}

#[test]
fn an_htlc_comes_and_goes() {
    let mut channel = Channel::new();
    channel.local("update_add_htlc", htlc(0));
    channel.dance(Side::Local);
    assert_eq!(channel.life.current(Side::Local).commitment.htlc_transactions().len(), 1);
    assert_eq!(channel.life.updates.current(Side::Remote).balances_msat.local, 690_000_000);

    channel.remote("update_fulfill_htlc", fulfill(0, PREIMAGE));
    channel.dance(Side::Remote);
    let state = channel.life.updates.current(Side::Local);
    assert_eq!((state.balances_msat.remote, state.htlcs.len()), (310_000_000, 0));
    assert_eq!(channel.life.revoked(Side::Remote).len(), 2);
    let revealed = channel.nodes.per_commitment_secret(number(1)).secret_bytes();
    assert_eq!(channel.life.revealed(1), Some(revealed));
}

#[test]
fn wrong_signatures_are_the_nodes_failure() {
    let flaws: [(&str, Flaw); 4] = [
        ("signature", |[(name, _), htlcs]| [(name, Plain::hex([1; 64])), htlcs]),
        ("signature", |[(name, signature), htlcs]| [(name, twin(&signature)), htlcs]),
        ("htlc_signature", |[signature, (name, _)]| [signature, (name, Plain::List(Vec::new()))]),
        ("htlc_signature", |[signature, (name, htlcs)]| {
            let Plain::List(htlcs) = htlcs else { panic!("a list") };
            [signature, (name, Plain::List(htlcs.iter().map(twin).collect()))]
        }),
    ];
    for (field, flaw) in flaws {
        let mut channel = Channel::new();
        channel.remote("update_add_htlc", htlc(0));
        let signatures = flaw(channel.signatures(Side::Remote));
        assert_eq!(channel.refused("commitment_signed", signatures), format!("wrong-field/{field}"));
    }
}

#[test]
fn a_wrong_secret_is_the_nodes_failure() {
    let mut channel = Channel::new();
    channel.local("update_add_htlc", htlc(0));
    let signatures = channel.signatures(Side::Local);
    channel.local("commitment_signed", signatures);
    let [_, point] = channel.revocation(Side::Remote, 0);
    let [secret, _] = channel.revocation(Side::Remote, 1);
    assert_eq!(channel.refused("revoke_and_ack", [secret, point]), "wrong-field/per_commitment_secret");
}

#[test]
fn a_wrong_point_is_the_nodes_failure_where_its_keys_are_known() {
    let second = |channel: &Channel| {
        [(
            "second_per_commitment_point",
            Plain::hex(channel.ours.per_commitment_point(number(1)).serialize()),
        )]
    };
    let mut channel = Channel::new();
    let wrong = second(&channel);
    channel.remote("channel_ready", wrong);

    let mut channel = Channel::new();
    channel.life = channel.life.knowing(Some(channel.nodes.clone()));
    let wrong = second(&channel);
    assert_eq!(channel.refused("channel_ready", wrong), "wrong-field/second_per_commitment_point");
    channel.local("update_add_htlc", htlc(0));
    channel.dance(Side::Local);
    channel.remote("update_fulfill_htlc", fulfill(0, PREIMAGE));
    let signatures = channel.signatures(Side::Remote);
    channel.remote("commitment_signed", signatures);
    let revocation = channel.revocation(Side::Local, 1);
    channel.local("revoke_and_ack", revocation);
    let signatures = channel.signatures(Side::Local);
    channel.local("commitment_signed", signatures);
    let [secret, _] = channel.revocation(Side::Remote, 1);
    let [_, point] = channel.revocation(Side::Remote, 2);
    assert_eq!(channel.refused("revoke_and_ack", [secret, point]), "wrong-field/next_per_commitment_point");
}

#[test]
fn a_wrong_preimage_is_the_nodes_failure() {
    let mut channel = Channel::new();
    channel.local("update_add_htlc", htlc(0));
    channel.dance(Side::Local);
    let code = channel.refused("update_fulfill_htlc", fulfill(0, [8; 32]));
    assert_eq!(code, "wrong-field/payment_preimage");
}

#[test]
fn what_comes_too_early_is_out_of_order() {
    let mut channel = Channel::new();
    let signatures = channel.signatures(Side::Remote);
    assert_eq!(channel.refused("commitment_signed", signatures), "out-of-order/commitment_signed");
    let mut channel = Channel::new();
    let revocation = channel.revocation(Side::Remote, 0);
    assert_eq!(channel.refused("revoke_and_ack", revocation), "out-of-order/revoke_and_ack");
    let mut channel = Channel::new();
    assert_eq!(
        channel.refused("update_fulfill_htlc", fulfill(0, PREIMAGE)),
        "out-of-order/update_fulfill_htlc"
    );
    channel.local("update_add_htlc", htlc(0));
    assert_eq!(
        channel.refused("update_fulfill_htlc", fulfill(0, PREIMAGE)),
        "out-of-order/update_fulfill_htlc"
    );
    assert_eq!(
        channel.refused("update_fee", [("feerate_per_kw", 253_u64.into())]),
        "out-of-order/update_fee"
    );
    assert_eq!(channel.refused("update_add_htlc", htlc(1)), "wrong-field/id");
}

#[test]
fn our_own_disorder_is_the_specs_fault() {
    let mut channel = Channel::new();
    let signatures = channel.signatures(Side::Local);
    let refused = channel.follow(Side::Local, "commitment_signed", signatures.clone());
    let Err(Stop::Fault(fault)) = refused else { panic!("not a fault: {refused:?}") };
    assert!(fault.what.contains("`invalid: true`"), "{}", fault.what);

    channel.life.lost = true;
    channel.local("commitment_signed", signatures);
}

#[test]
fn a_lost_connection_takes_with_it_what_nobody_signed() {
    let mut channel = Channel::new();
    channel.remote("update_add_htlc", htlc(0));
    channel.life.disconnected();
    assert!(!channel.life.updates.has_changes(Side::Remote));
    channel.remote("update_add_htlc", htlc(0));
    channel.dance(Side::Remote);
    assert!(channel.life.updates.is_settled());
}

#[test]
fn a_closing_signature_is_judged_by_its_fee() {
    let script = |byte: u8| Plain::hex([vec![0, 20], vec![byte; 20]].concat());
    let sign = |channel: &Channel, fee: u64, named: u64| {
        let closings = channel.life.closings(fee).unwrap();
        let signature = closings[0].sign(&channel.nodes.funding).serialize_compact();
        [("fee_satoshis", named.into()), ("signature", Plain::hex(signature))]
    };
    let mut channel = Channel::new();
    assert_eq!(
        channel.refused(
            "closing_signed",
            [("fee_satoshis", 1000_u64.into()), ("signature", Plain::hex([1; 64]))]
        ),
        "out-of-order/closing_signed"
    );
    channel.local("shutdown", [("scriptpubkey", script(1))]);
    channel.remote("shutdown", [("scriptpubkey", script(2))]);
    let right = sign(&channel, 1000, 1000);
    channel.remote("closing_signed", right);
    let wrong = sign(&channel, 1000, 1001);
    assert_eq!(channel.refused("closing_signed", wrong), "wrong-field/signature");
}

fn message<'n>(name: &str, fields: impl IntoIterator<Item = (&'n str, Plain)>) -> Message {
    let id = ("channel_id", Plain::hex([0; 32]));
    let fields = Plain::map([id].into_iter().chain(fields));
    Catalogue::bolts().message(name).unwrap().build(&fields).unwrap()
}

fn htlc(id: u64) -> [(&'static str, Plain); 5] {
    [
        ("id", id.into()),
        ("amount_msat", 10_000_000_u64.into()),
        ("payment_hash", Plain::hex(super::follow::sha256(&PREIMAGE))),
        ("cltv_expiry", 500_u64.into()),
        ("onion_routing_packet", Plain::hex([0; 1366])),
    ]
}

fn fulfill(id: u64, preimage: [u8; 32]) -> [(&'static str, Plain); 2] {
    [("id", id.into()), ("payment_preimage", Plain::hex(preimage))]
}

/// The same signature with the other S.
fn twin(signature: &Plain) -> Plain {
    let Plain::Text(hex) = signature else { panic!("hex") };
    let compact = hex::decode(hex).unwrap();
    Plain::hex(high_s(&secp256k1::ecdsa::Signature::from_compact(&compact).unwrap()))
}

fn number(number: u64) -> CommitmentNumber {
    CommitmentNumber::new(number).unwrap()
}

fn keyset(first: u8) -> Keyset {
    let key = |byte| SecretKey::from_slice(&[byte; 32]).unwrap();
    Keyset {
        funding: key(first),
        revocation_base: key(first + 1),
        payment_base: key(first + 2),
        delayed_payment_base: key(first + 3),
        htlc_base: key(first + 4),
        commitment_seed: [first; 32],
    }
}
