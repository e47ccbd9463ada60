//! BOLT 3: the keys and transactions of a channel, for both of its ends.
//!
//! Nothing here belongs to one end. [`Side::Local`] and [`Side::Remote`] are the channel's two ends, the same for every
//! transaction; who holds a commitment transaction is an argument of [`ChannelParameters::commitment`]. (BOLT 3 itself
//! tells each transaction from its holder's view and calls that one "local".)
//!
//! A v1 channel is funded from one coin ([`fund`]), a v2 channel by both ends ([`InteractiveTransaction`]). What
//! changes then is kept in [`Updates`], which says what each commitment has to be made from; and whatever commitment
//! gets into the chain, [`Commitment::claim`] says how its outputs are taken.
//!
//! The signature that we put into `funding_created`, and how the one in `funding_signed` is judged:
//!
//! ```
//! use bitcoin::{Amount, FeeRate};
//! use lnprototest_bolt::channel::{
//!     ChannelParameters, Coin, CoinKind, CommitmentFormat, CommitmentNumber, CommitmentState, Keyset, Party,
//!     PerSide, Side, fund,
//! };
//! # use secp256k1::SecretKey;
//! # fn key(byte: u8) -> SecretKey { SecretKey::from_slice(&[byte; 32]).unwrap() }
//! # fn keyset(first: u8) -> Keyset {
//! #     Keyset {
//! #         funding: key(first), revocation_base: key(first + 1), payment_base: key(first + 2),
//! #         delayed_payment_base: key(first + 3), htlc_base: key(first + 4), commitment_seed: [first; 32],
//! #     }
//! # }
//! # let coin = Coin {
//! #     outpoint: bitcoin::OutPoint::null(), amount: Amount::ONE_BTC, key: key(1), kind: CoinKind::P2wpkh,
//! # };
//! let keys = PerSide { local: keyset(0x20), remote: keyset(0x10) };
//! let feerate = FeeRate::from_sat_per_kwu(253);
//! let pubkeys = PerSide::from_fn(|side| keys[side].funding_pubkey());
//! let (_transaction, funding) = fund(&coin, Amount::from_sat(1_000_000), pubkeys, feerate)?;
//!
//! let channel = ChannelParameters {
//!     funding,
//!     opener: Side::Local,
//!     format: CommitmentFormat::Anchors,
//!     parties: PerSide::from_fn(|side| Party {
//!         basepoints: keys[side].basepoints(),
//!         dust_limit: Amount::from_sat(354),
//!         to_self_delay: 144,
//!     }),
//! };
//! let state = CommitmentState {
//!     feerate,
//!     balances_msat: PerSide { local: 1_000_000_000, remote: 0 },
//!     htlcs: vec![],
//! };
//! let first = |holder: Side| {
//!     let point = keys[holder].per_commitment_point(CommitmentNumber::FIRST);
//!     channel.commitment(holder, CommitmentNumber::FIRST, point, &state)
//! };
//!
//! let funding_created = first(Side::Remote).sign(&keys.local.funding);
//! let funding_signed = first(Side::Local).sign(&keys.remote.funding).serialize_compact();
//! assert!(first(Side::Local).expected_signature(Side::Remote).check(&funding_signed).is_ok());
//! # let _ = funding_created;
//! # Ok::<(), lnprototest_bolt::channel::FundingError>(())
//! ```

mod claim;
mod closing;
mod coin;
mod commitment;
mod dust;
mod format;
mod funding;
mod htlc;
mod interactive;
mod keys;
mod ordering;
mod parameters;
pub mod scripts;
mod secrets;
mod side;
mod signature;
mod updates;

pub use claim::{Claim, ClaimError, Unlock, claim_all};
pub use closing::{ClosingError, ClosingOutputs, ClosingTransaction, MutualClose};
pub use coin::{Coin, CoinKind, FILLING, FundingError, fund, pay, spend};
pub use commitment::{Commitment, CommitmentOutput, OutputPurpose};
pub use dust::dust_threshold;
pub use format::{ANCHOR_AMOUNT, CommitmentFormat};
pub use funding::{Funding, channel_id_v1, channel_id_v2, temporary_channel_id_v2};
pub use htlc::{HtlcTransaction, HtlcTransactionKind};
pub use interactive::{
    Contribution, InputContribution, InteractiveError, InteractiveTransaction, MINIMUM_WITNESS_WEIGHT,
    OutputContribution,
};
pub use keys::{
    Basepoints, CommitmentKeys, Keyset, derive_public_key, derive_secret_key, htlc_public_keys,
    revocation_public_key, revocation_secret_key,
};
pub use ordering::output_order;
pub use parameters::{ChannelParameters, CommitmentState, Htlc, Party};
pub use secrets::{CommitmentNumber, SecretStore, StoreError, per_commitment_secret};
pub use side::{PerSide, Side};
pub use signature::{ExpectedSignature, SignatureMismatch, high_s};
pub use updates::{HtlcOutcome, UpdateError, Updates};
