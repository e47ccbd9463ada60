//! What does bitcoind's refusal mean?

use bitcoin::absolute::{Height, Time};
use bitcoin::{Transaction, Weight};
use lnprototest_runner_api::RejectCode;

use super::answers::ChainInfo;

/// `RPC_DESERIALIZATION_ERROR`.
pub(super) const UNREADABLE: i32 = -22;
/// `RPC_VERIFY_ALREADY_IN_UTXO_SET`.
pub(super) const ALREADY_CONFIRMED: i32 = -27;

/// What a refusal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Just this.
    Code(RejectCode),
    /// A lock time that is not over, absolute or relative.
    Locked,
    /// The block is too large, or its signature operations are too many.
    NoRoom,
    /// A script that does not hold, whether by consensus or only by policy.
    Script,
}

/// What a reject string of the mempool or of a block means. `message` may go on after it.
pub(super) fn meaning(message: &str) -> Meaning {
    let found = MEANINGS.iter().find(|(start, _)| message.starts_with(start));
    found.map_or(Meaning::Code(RejectCode::Other), |&(_, meaning)| meaning)
}

/// How the reject strings of Bitcoin Core 27 to 30 and of Knots begin. The first that fits counts.
const MEANINGS: &[(&str, Meaning)] = {
    use RejectCode::*;
    &[
        ("anchor-not-empty", Meaning::Code(Nonstandard)),
        ("bad-blk-length", Meaning::NoRoom),
        ("bad-blk-sigops", Meaning::NoRoom),
        ("bad-blk-weight", Meaning::NoRoom),
        ("bad-cb-multiple", Meaning::Code(Structure)),
        // The same transaction twice, in one block or in two: the first one spends what the second one would.
        ("bad-txns-BIP30", Meaning::Code(InputsMissingOrSpent)),
        ("bad-txns-duplicate", Meaning::Code(InputsMissingOrSpent)),
        ("bad-txns-in-belowout", Meaning::Code(InBelowOut)),
        ("bad-txns-input-", Meaning::Code(Nonstandard)),
        ("bad-txns-inputs-missingorspent", Meaning::Code(InputsMissingOrSpent)),
        ("bad-txns-nonfinal", Meaning::Locked),
        ("bad-txns-nonstandard-inputs", Meaning::Code(Nonstandard)),
        ("bad-txns-premature-spend-of-coinbase", Meaning::Code(PrematureSpendOfCoinbase)),
        ("bad-txns-spends-conflicting-tx", Meaning::Code(MempoolConflict)),
        ("bad-txns-too-many-sigops", Meaning::Code(Nonstandard)),
        // Knots' mempool: bare multisig, for one.
        ("bad-txns-vout-script-toolarge", Meaning::Code(Nonstandard)),
        ("bad-txns-", Meaning::Code(Structure)),
        ("bad-witness-", Meaning::Code(Nonstandard)),
        ("bare-", Meaning::Code(Nonstandard)),
        ("block-script-verify-flag-failed", Meaning::Code(ScriptVerifyFailed)),
        ("coinbase", Meaning::Code(Structure)),
        ("datacarrier", Meaning::Code(Nonstandard)),
        ("dust", Meaning::Code(Dust)),
        ("insufficient fee", Meaning::Code(MempoolConflict)),
        ("mandatory-script-verify-flag-failed", Meaning::Code(ScriptVerifyFailed)),
        ("mempool min fee not met", Meaning::Code(MinRelayFee)),
        ("mempool-script-verify-flag-failed", Meaning::Script),
        ("min relay fee not met", Meaning::Code(MinRelayFee)),
        ("missing-inputs", Meaning::Code(InputsMissingOrSpent)),
        ("multi-op-return", Meaning::Code(Nonstandard)),
        ("non-BIP68-final", Meaning::Code(NonBip68Final)),
        ("non-final", Meaning::Code(NonFinal)),
        ("non-mandatory-script-verify-flag", Meaning::Code(Nonstandard)),
        ("replacement-", Meaning::Code(MempoolConflict)),
        ("scriptpubkey", Meaning::Code(Nonstandard)),
        ("scriptsig-", Meaning::Code(Nonstandard)),
        ("too many potential replacements", Meaning::Code(MempoolConflict)),
        ("tx-size", Meaning::Code(Nonstandard)),
        ("txn-datacarrier-", Meaning::Code(Nonstandard)),
        ("txn-mempool-conflict", Meaning::Code(MempoolConflict)),
        ("version", Meaning::Code(Nonstandard)),
    ]
};

/// Which of its locks holds a transaction back that a block on `tip` can't hold.
pub(super) fn lock(transaction: &Transaction, tip: &ChainInfo) -> RejectCode {
    // A lock time is over *after* the height and the time that it names.
    let height = Height::from_consensus(tip.height);
    let time = Time::from_consensus(tip.median_time.saturating_sub(1));
    let (Ok(height), Ok(time)) = (height, time) else { return RejectCode::NonFinal };
    if transaction.is_absolute_timelock_satisfied(height, time) {
        RejectCode::NonBip68Final
    } else {
        RejectCode::NonFinal
    }
}

/// Whether a transaction can be in no block at all, however empty.
pub(super) fn is_oversized(transaction: &Transaction) -> bool {
    Weight::from_vb(transaction.base_size() as u64).is_none_or(|weight| weight > Weight::MAX_BLOCK)
}
