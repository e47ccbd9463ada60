//! BOLT 3: the keys and transactions of a channel, for both of its ends.
//!
//! Nothing here belongs to one end. [`Side::Local`] and [`Side::Remote`] are the channel's two ends, the same for every
//! transaction; who holds a commitment transaction is an argument of [`ChannelParameters::commitment`]. (BOLT 3 itself
//! tells each transaction from its holder's view and calls that one "local".)

mod closing;
mod coin;
mod commitment;
mod dust;
mod format;
mod funding;
mod htlc;
mod keys;
mod ordering;
mod parameters;
pub mod scripts;
mod secrets;
mod side;
mod signature;

pub use closing::{ClosingError, ClosingOutputs, ClosingTransaction, MutualClose};
pub use coin::{Coin, CoinKind, FundingError, fund};
pub use commitment::{Commitment, CommitmentOutput, OutputPurpose};
pub use dust::dust_threshold;
pub use format::{ANCHOR_AMOUNT, CommitmentFormat};
pub use funding::{Funding, channel_id_v1, channel_id_v2, temporary_channel_id_v2};
pub use htlc::{HtlcTransaction, HtlcTransactionKind};
pub use keys::{
    Basepoints, CommitmentKeys, Keyset, derive_public_key, derive_secret_key, revocation_public_key,
    revocation_secret_key,
};
pub use ordering::output_order;
pub use parameters::{ChannelParameters, CommitmentState, Htlc, Party};
pub use secrets::{CommitmentNumber, SecretStore, StoreError, per_commitment_secret};
pub use side::{PerSide, Side};
pub use signature::{ExpectedSignature, SignatureMismatch, high_s};
