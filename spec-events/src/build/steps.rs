//! A function for each event, which takes the event's main argument.

use super::{Draft, Raw};
use crate::event::*;

macro_rules! steps {
    ($($function:ident($($main:ident)?) = $event:ident),+ $(,)?) => {
        $(
            #[doc = concat!("[`", stringify!($event), "`]: see there.")]
            #[track_caller]
            pub fn $function($($main: impl Into<Raw>)?) -> Draft<$event> {
                $event::draft()$(.$main($main))?
            }
        )+

        /// The events that have a function here.
        #[cfg(test)]
        const COVERED: &[&str] = &[$(stringify!($event)),+];
    };
}

steps! {
    accept(name) = Accept,
    accept_funding() = AcceptFunding,
    add_htlc(amount_msat) = AddHtlc,
    any_order(alternatives) = AnyOrder,
    block(mine) = Block,
    broadcast(tx) = Broadcast,
    check(conditions) = Check,
    check_eq(values) = CheckEq,
    claim(output) = Claim,
    close_channel() = CloseChannel,
    commit() = Commit,
    connect(name) = Connect,
    create_closing(fee) = CreateClosing,
    create_funding() = CreateFunding,
    create_tx() = CreateTx,
    disconnect() = Disconnect,
    expect_bytes(count) = ExpectBytes,
    expect_disconnect() = ExpectDisconnect,
    expect_error() = ExpectError,
    expect_fail(what) = ExpectFail,
    expect_msg(message) = ExpectMsg,
    expect_no_tx() = ExpectNoTx,
    expect_quiet() = ExpectQuiet,
    expect_tx() = ExpectTx,
    expect_warning() = ExpectWarning,
    force_close() = ForceClose,
    fund_channel(sat) = FundChannel,
    handshake() = Handshake,
    include(fragment) = Include,
    invoice() = Invoice,
    kill() = Kill,
    msg(message) = Msg,
    must_not_msg(message) = MustNotMsg,
    one_of(alternatives) = OneOf,
    pay(invoice) = Pay,
    raw_connect(name) = RawConnect,
    raw_msg(bytes) = RawMsg,
    restart() = Restart,
    send_bytes(bytes) = SendBytes,
    sequence(steps) = Sequence,
    set(bindings) = Set,
    set_feerate(per_kw) = SetFeerate,
    set_policy() = SetPolicy,
    try_all(alternatives) = TryAll,
    update_commit(first) = UpdateCommit,
    wait(seconds) = Wait,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn every_event_has_a_function() {
        assert!(Event::ALL.iter().map(|info| info.name).eq(COVERED.iter().copied()));
    }
}
