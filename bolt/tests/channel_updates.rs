//! Which change is in whose commitment, at each step of BOLT 2's dance.

#![allow(clippy::unwrap_used)]

use bitcoin::FeeRate;
use lnprototest_bolt::channel::{CommitmentState, Htlc, HtlcOutcome, PerSide, Side, UpdateError, Updates};
use proptest::collection::vec;
use proptest::prelude::*;

use HtlcOutcome::{Failed, Fulfilled};
use Side::{Local, Remote};

#[test]
fn an_htlc_gets_into_both_commitments() {
    let mut updates = updates();
    let id = updates.add(htlc(Local, 300));
    let (before, after) = (state(1000, 500, &[]), state(700, 500, &[htlc(Local, 300)]));
    assert_eq!((id, updates.add(htlc(Local, 1))), (0, 1));
    updates.disconnect();
    assert_eq!(updates.add(htlc(Local, 300)), 0);

    let mut check =
        |step: &str, local: &CommitmentState, remote: &CommitmentState, act: &dyn Fn(&mut Updates)| {
            act(&mut updates);
            assert_eq!(&updates.current(Local), local, "local after {step}");
            assert_eq!(&updates.current(Remote), remote, "remote after {step}");
            updates.clone()
        };
    let updates = check("add", &before, &before, &|_| {});
    assert_eq!((updates.next(Local), updates.next(Remote)), (before.clone(), after.clone()));
    assert_eq!((updates.has_changes(Local), updates.has_changes(Remote)), (true, false));
    let updates = check("our signature", &before, &after, &|updates| {
        assert_eq!(updates.commit(Local).unwrap(), state(700, 500, &[htlc(Local, 300)]));
    });
    assert_eq!((updates.has_changes(Local), updates.has_changes(Remote)), (false, false));
    let updates = check("their revocation", &before, &after, &|updates| updates.revoke(Remote).unwrap());
    assert_eq!((updates.has_changes(Local), updates.has_changes(Remote)), (false, true));
    assert_eq!(updates.next(Local), after);
    let updates = check("their signature", &after, &after, &|updates| {
        assert_eq!(updates.commit(Remote).unwrap(), state(700, 500, &[htlc(Local, 300)]));
    });
    assert!(!updates.is_settled() && !updates.is_locked_in(Local, 0));
    let updates = check("our revocation", &after, &after, &|updates| updates.revoke(Local).unwrap());
    assert!(updates.is_settled() && updates.is_locked_in(Local, 0) && !updates.is_locked_in(Remote, 0));
}

#[test]
fn removed_htlcs_pay_whom_they_should() {
    for (outcome, end) in [(Fulfilled, state(700, 800, &[])), (Failed, state(1000, 500, &[]))] {
        let mut updates = updates();
        let id = updates.add(htlc(Local, 300));
        dance(&mut updates, Local);
        updates.remove(Local, id, outcome).unwrap();
        assert!(!updates.is_locked_in(Local, id));
        let again = updates.remove(Local, id, Failed).unwrap_err();
        assert_eq!(again, UpdateError::AlreadyRemoved { offered_by: Local, id });
        updates.disconnect();
        assert!(updates.is_locked_in(Local, id));
        updates.remove(Local, id, outcome).unwrap();
        updates.commit(Remote).unwrap();
        assert_eq!(
            (updates.current(Local), updates.current(Remote)),
            (end.clone(), state(700, 500, &[htlc(Local, 300)]))
        );
        updates.revoke(Local).unwrap();
        updates.commit(Local).unwrap();
        assert_eq!((updates.current(Local), updates.current(Remote)), (end.clone(), end));
    }
}

/// Both ends add at once and sign before they see each other's signature.
#[test]
fn crossing_htlcs() {
    let mut updates = updates();
    updates.add(htlc(Local, 300));
    updates.add(htlc(Remote, 200));
    updates.commit(Local).unwrap();
    updates.commit(Remote).unwrap();
    assert_eq!(updates.current(Local), state(1000, 300, &[htlc(Remote, 200)]));
    assert_eq!(updates.current(Remote), state(700, 500, &[htlc(Local, 300)]));
    updates.revoke(Local).unwrap();
    updates.revoke(Remote).unwrap();
    let both = state(700, 300, &[htlc(Local, 300), htlc(Remote, 200)]);
    assert_eq!(updates.commit(Local), Ok(both.clone()));
    assert_eq!(updates.commit(Remote), Ok(both));
}

#[test]
fn the_opener_changes_the_feerate() {
    let mut updates = updates();
    updates.set_feerate(FeeRate::from_sat_per_kwu(300));
    updates.set_feerate(FeeRate::from_sat_per_kwu(400));
    assert_eq!((updates.has_changes(Local), updates.has_changes(Remote)), (true, false));
    let state = updates.commit(Local).unwrap();
    assert_eq!(state.feerate, FeeRate::from_sat_per_kwu(400));
    assert_eq!(updates.current(Local).feerate, FeeRate::from_sat_per_kwu(253));
}

#[test]
fn messages_out_of_order() {
    let mut updates = updates();
    let unknown = updates.remove(Remote, 0, Fulfilled).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no HTLC 0 that the remote end offered");
    assert_eq!(updates.revoke(Local), Err(UpdateError::NothingToRevoke { by: Local }));
    updates.add(htlc(Local, 1));
    updates.commit(Local).unwrap();
    assert_eq!(updates.commit(Local), Err(UpdateError::AwaitingRevocation { from: Remote }));
    assert_eq!(updates.revoke(Local), Err(UpdateError::NothingToRevoke { by: Local }));
    // What can't be paid is left to the other end to refuse.
    updates.add(htlc(Remote, 501));
    assert_eq!(updates.next(Local).balances_msat.remote, 0);
}

#[test]
fn numbers_for_reestablishing() {
    let mut updates = updates();
    let numbers = |updates: &Updates| {
        [Local, Remote].map(|end| (updates.next_commitment_number(end), updates.next_revocation_number(end)))
    };
    assert_eq!(numbers(&updates), [(1, 0), (1, 0)]);
    updates.add(htlc(Local, 1));
    updates.commit(Local).unwrap();
    assert_eq!(numbers(&updates), [(1, 0), (2, 0)]);
    updates.revoke(Remote).unwrap();
    assert_eq!(numbers(&updates), [(1, 1), (2, 0)]);
    updates.commit(Remote).unwrap();
    updates.revoke(Local).unwrap();
    assert_eq!(numbers(&updates), [(2, 1), (2, 1)]);
    assert_eq!(updates.commitment_number(Local), 1);
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Add(u64),
    Commit,
    Disconnect,
    Remove(u64, HtlcOutcome),
    Revoke,
}

fn acts() -> impl Strategy<Value = Vec<(Side, Act)>> {
    let act = prop_oneof![
        (1..20_u64).prop_map(Act::Add),
        Just(Act::Commit),
        Just(Act::Disconnect),
        ((0..5_u64), prop_oneof![Just(Failed), Just(Fulfilled)])
            .prop_map(|(id, outcome)| Act::Remove(id, outcome)),
        Just(Act::Revoke),
    ];
    vec((prop_oneof![Just(Local), Just(Remote)], act), 0..60)
}

proptest! {
    /// No order of messages loses or makes money, and all of them come to rest with both ends agreed.
    #[test]
    fn both_ends_agree_in_the_end(acts in acts()) {
        let mut updates = updates();
        for (side, act) in acts {
            match act {
                Act::Add(amount) if updates.next(!side).balances_msat[side] >= amount => {
                    updates.add(htlc(side, amount));
                }
                Act::Add(_) => {}
                Act::Commit => { let _ = updates.commit(side); }
                Act::Disconnect => updates.disconnect(),
                Act::Remove(id, outcome) if updates.is_locked_in(!side, id) => {
                    updates.remove(!side, id, outcome).unwrap();
                }
                Act::Remove(..) => {}
                Act::Revoke => { let _ = updates.revoke(side); }
            }
            for holder in [Local, Remote] {
                prop_assert_eq!(total(&updates.current(holder)), 1500);
                prop_assert_eq!(total(&updates.next(holder)), 1500);
            }
        }
        for side in [Local, Remote, Local, Remote] {
            let _ = updates.revoke(side);
            dance(&mut updates, side);
        }
        prop_assert!(updates.is_settled());
        for side in [Local, Remote] {
            prop_assert!(!updates.has_changes(side));
            prop_assert_eq!(updates.current(side), updates.next(side));
        }
        prop_assert_eq!(updates.current(Local), updates.current(Remote));
    }
}

/// All four messages, begun by this end.
fn dance(updates: &mut Updates, first: Side) {
    let _ = updates.revoke(!first);
    updates.commit(first).unwrap();
    updates.revoke(!first).unwrap();
    let _ = updates.revoke(first);
    updates.commit(!first).unwrap();
    updates.revoke(first).unwrap();
}

fn total(state: &CommitmentState) -> u64 {
    let htlcs: u64 = state.htlcs.iter().map(|htlc| htlc.amount_msat).sum();
    state.balances_msat.local + state.balances_msat.remote + htlcs
}

fn updates() -> Updates {
    Updates::new(Local, FeeRate::from_sat_per_kwu(253), PerSide { local: 1000, remote: 500 })
}

fn state(local: u64, remote: u64, htlcs: &[Htlc]) -> CommitmentState {
    CommitmentState {
        feerate: FeeRate::from_sat_per_kwu(253),
        balances_msat: PerSide { local, remote },
        htlcs: htlcs.to_vec(),
    }
}

fn htlc(offered_by: Side, amount_msat: u64) -> Htlc {
    Htlc { offered_by, amount_msat, payment_hash: [amount_msat as u8; 32], cltv_expiry: 500 }
}
