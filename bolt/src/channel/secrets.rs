//! Per-commitment secrets: made from a seed, and those of the other end stored compactly (BOLT 3, "Per-commitment
//! Secret Requirements" and "Efficient Per-commitment Secret Storage").

use bitcoin::hashes::{Hash, sha256};

/// The number of bits of an index.
const INDEX_BITS: u32 = 48;
/// The index of the first secret; from there they count down.
const FIRST_INDEX: u64 = (1 << INDEX_BITS) - 1;

/// Which commitment of one end: 0 for the first, and up from there, 48 bits.
///
/// Its secret's *index* counts the other way; this type is there so that the two are never mistaken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitmentNumber(u64);

impl CommitmentNumber {
    /// The commitment that a channel is funded with.
    pub const FIRST: Self = Self(0);

    /// `None` if the number does not fit into 48 bits.
    pub fn new(number: u64) -> Option<Self> {
        (number <= FIRST_INDEX).then_some(Self(number))
    }

    /// The commitment whose secret has this index. `None` if it does not fit into 48 bits.
    pub fn from_index(index: u64) -> Option<Self> {
        FIRST_INDEX.checked_sub(index).map(Self)
    }

    /// Commitments before this one.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The index of its secret: 2^48 - 1 for the first, and down from there.
    pub fn index(self) -> u64 {
        FIRST_INDEX - self.0
    }

    /// The commitment after this one, if there can be one.
    pub fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

/// The secret of a commitment: BOLT 3's `generate_from_seed` at its index.
pub fn per_commitment_secret(seed: &[u8; 32], number: CommitmentNumber) -> [u8; 32] {
    derive(seed, INDEX_BITS, number.index())
}

/// The secrets that the other end has revealed so far, in at most 49 entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretStore {
    /// The last secret whose index has as many trailing zeros as its place here.
    known: Vec<Known>,
    /// How many there have been.
    count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    index: u64,
    secret: [u8; 32],
}

impl SecretStore {
    /// With no secrets yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The commitment whose secret comes next. `None` after the last.
    pub fn expected(&self) -> Option<CommitmentNumber> {
        CommitmentNumber::new(self.count)
    }

    /// Takes the secret of the next commitment.
    ///
    /// # Errors
    /// [`StoreError`], and then nothing has changed. A wrong secret is noticed only once one of which it should be a
    /// descendant comes in: that of any even index has some.
    pub fn insert(&mut self, number: CommitmentNumber, secret: [u8; 32]) -> Result<(), StoreError> {
        if Some(number) != self.expected() {
            return Err(StoreError::OutOfOrder { number: number.get(), expected: self.count });
        }
        let index = number.index();
        let place = index.trailing_zeros().min(INDEX_BITS);
        for known in self.known.iter().take(place as usize) {
            if derive(&secret, place, known.index) != known.secret {
                return Err(StoreError::Unrelated {
                    number: number.get(),
                    contradicted: FIRST_INDEX - known.index,
                });
            }
        }
        match self.known.get_mut(place as usize) {
            Some(known) => *known = Known { index, secret },
            None => self.known.push(Known { index, secret }),
        }
        self.count += 1;
        Ok(())
    }

    /// The secret of a commitment, if it was revealed.
    pub fn get(&self, number: CommitmentNumber) -> Option<[u8; 32]> {
        let index = number.index();
        (0..).zip(&self.known).find_map(|(place, known)| {
            (index >> place == known.index >> place).then(|| derive(&known.secret, place, index))
        })
    }
}

/// Why a secret can't be the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is another one's turn.
    #[error("the secret of commitment {number} came when that of {expected} was due")]
    OutOfOrder {
        /// The number given.
        number: u64,
        /// The number due.
        expected: u64,
    },
    /// It is not from the same seed as an earlier one.
    #[error("the secret of commitment {number} does not lead to the one revealed for {contradicted}")]
    Unrelated {
        /// The number given.
        number: u64,
        /// The earlier commitment whose secret should have followed from it.
        contradicted: u64,
    },
}

/// BOLT 3's `derive_secret`: the secret of `index` from one whose index has the same bits from `bits` on.
fn derive(base: &[u8; 32], bits: u32, index: u64) -> [u8; 32] {
    let mut secret = *base;
    for bit in (0..bits).rev().filter(|bit| index >> bit & 1 == 1) {
        secret[(bit / 8) as usize] ^= 1 << (bit % 8);
        secret = sha256::Hash::hash(&secret).to_byte_array();
    }
    secret
}
