//! The three acts that two nodes open a connection with (BOLT 8, "Authenticated Key Exchange").
//!
//! Each role is a chain of types, one for each thing it waits for; taking a step consumes the one before. Clone
//! one to try several answers on it.

use std::fmt;

use bitcoin::hashes::{Hash, HashEngine, sha256};
use secp256k1::{PublicKey, SecretKey};

use crate::memo::{public_key, shared_secret};

use super::cipher::{self, MAC_LENGTH};
use super::transport::Transport;

/// The length of act one.
pub const ACT_ONE_LENGTH: usize = 50;
/// The length of act two.
pub const ACT_TWO_LENGTH: usize = 50;
/// The length of act three.
pub const ACT_THREE_LENGTH: usize = 66;

/// The length of a compressed public key.
const KEY_LENGTH: usize = 33;
/// The handshake version that BOLT 8 defines.
const VERSION: u8 = 0;

/// The side that dials: it has made act one and waits for act two.
#[derive(Clone)]
pub struct Initiator {
    static_secret: SecretKey,
    claimed_static: [u8; KEY_LENGTH],
    ephemeral: SecretKey,
    state: SymmetricState,
    act_one: [u8; ACT_ONE_LENGTH],
}

impl Initiator {
    /// Begins a handshake with the node whose key is `remote_static`. The caller sees to it that `ephemeral` is used
    /// only once, where that matters.
    pub fn new(static_secret: SecretKey, remote_static: PublicKey, ephemeral: SecretKey) -> Self {
        let mut state = SymmetricState::new(&remote_static);
        let ephemeral_public = public_key(&ephemeral).serialize();
        state.mix_hash(&ephemeral_public);
        let key = state.mix_key(&remote_static, &ephemeral);
        let mac = state.encrypt(&key, 0, &mut []);
        let act_one = concat(&[&[VERSION], &ephemeral_public, &mac]);
        let claimed_static = public_key(&static_secret).serialize();
        Self { static_secret, claimed_static, ephemeral, state, act_one }
    }

    /// Lies: act three will carry these bytes as our static key, correctly encrypted. They need not be a point.
    #[must_use]
    pub fn claiming_static(self, claimed_static: [u8; 33]) -> Self {
        Self { claimed_static, ..self }
    }

    /// Act one, to be sent: version, 33-byte ephemeral key, 16-byte MAC.
    pub fn act_one(&self) -> [u8; ACT_ONE_LENGTH] {
        self.act_one
    }

    /// Takes the responder's act two.
    ///
    /// # Errors
    /// [`HandshakeError`] names the first thing that is wrong with it, in the order version, key, MAC.
    pub fn act_two(mut self, act: &[u8]) -> Result<InitiatorDone, HandshakeError> {
        let (remote_ephemeral, key) = receive_ephemeral(&mut self.state, Act::Two, act, &self.ephemeral)?;

        let mut static_key = self.claimed_static;
        let static_mac = self.state.encrypt(&key, 1, &mut static_key);
        let key = self.state.mix_key(&remote_ephemeral, &self.static_secret);
        let mac = self.state.encrypt(&key, 0, &mut []);

        let (send_key, receive_key) = cipher::hkdf(&self.state.chaining_key, &[]);
        Ok(InitiatorDone {
            act_three: concat(&[&[VERSION], &static_key, &static_mac, &mac]),
            transport: Transport::new(self.state.chaining_key, send_key, receive_key),
        })
    }
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Initiator").finish_non_exhaustive()
    }
}

/// What an initiator has after a good act two. Whether the responder takes its act three shows only in what the
/// responder sends next.
#[derive(Clone, Debug)]
pub struct InitiatorDone {
    /// Act three, to be sent: version, 49 bytes of encrypted static key with its MAC, 16-byte MAC.
    pub act_three: [u8; ACT_THREE_LENGTH],
    /// The keys of the connection.
    pub transport: Transport,
}

/// The side that is dialled: it waits for act one.
#[derive(Clone)]
pub struct Responder {
    static_secret: SecretKey,
    ephemeral: SecretKey,
    state: SymmetricState,
}

impl Responder {
    /// Waits for someone who knows the public key of `static_secret`. The caller sees to it that `ephemeral` is used
    /// only once, where that matters.
    pub fn new(static_secret: SecretKey, ephemeral: SecretKey) -> Self {
        let state = SymmetricState::new(&public_key(&static_secret));
        Self { static_secret, ephemeral, state }
    }

    /// Takes the initiator's act one. Answers with act two, to be sent (version, 33-byte ephemeral key, 16-byte
    /// MAC), and the next state.
    ///
    /// # Errors
    /// [`HandshakeError`] names the first thing that is wrong with it, in the order version, key, MAC.
    pub fn act_one(mut self, act: &[u8]) -> Result<([u8; ACT_TWO_LENGTH], ResponderWaiting), HandshakeError> {
        let (remote_ephemeral, _) = receive_ephemeral(&mut self.state, Act::One, act, &self.static_secret)?;

        let ephemeral_public = public_key(&self.ephemeral).serialize();
        self.state.mix_hash(&ephemeral_public);
        let key = self.state.mix_key(&remote_ephemeral, &self.ephemeral);
        let mac = self.state.encrypt(&key, 0, &mut []);
        let act_two = concat(&[&[VERSION], &ephemeral_public, &mac]);
        Ok((act_two, ResponderWaiting { ephemeral: self.ephemeral, state: self.state, key }))
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").finish_non_exhaustive()
    }
}

/// A responder that has made act two and waits for act three.
#[derive(Clone)]
pub struct ResponderWaiting {
    ephemeral: SecretKey,
    state: SymmetricState,
    key: [u8; 32],
}

impl ResponderWaiting {
    /// Takes the initiator's act three. Answers with the keys of the connection and the initiator's static key.
    ///
    /// # Errors
    /// [`HandshakeError`] names the first thing that is wrong with it, in the order version, MAC of the static key,
    /// the static key, last MAC.
    pub fn act_three(mut self, act: &[u8]) -> Result<(Transport, PublicKey), HandshakeError> {
        let act: &[u8; ACT_THREE_LENGTH] = sized(Act::Three, act)?;
        let bad_mac = |_| HandshakeError::BadMac { act: Act::Three };
        check_version(Act::Three, act[0])?;

        let mut static_key: [u8; KEY_LENGTH] = part(act, 1);
        self.state.decrypt(&self.key, 1, &mut static_key, part(act, 34)).map_err(bad_mac)?;
        let remote_static = parse_key(Act::Three, &static_key)?;
        let key = self.state.mix_key(&remote_static, &self.ephemeral);
        self.state.decrypt(&key, 0, &mut [], part(act, 50)).map_err(bad_mac)?;

        let (receive_key, send_key) = cipher::hkdf(&self.state.chaining_key, &[]);
        Ok((Transport::new(self.state.chaining_key, send_key, receive_key), remote_static))
    }
}

impl fmt::Debug for ResponderWaiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponderWaiting").finish_non_exhaustive()
    }
}

/// One of the handshake's three messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// From the initiator, 50 bytes.
    One,
    /// From the responder, 50 bytes.
    Two,
    /// From the initiator, 66 bytes.
    Three,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "act one",
            Self::Two => "act two",
            Self::Three => "act three",
        })
    }
}

/// What is wrong with an act. BOLT 8 wants the connection ended without a word after any of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The public key in it (ephemeral in acts one and two, static in act three) is no point on the curve.
    #[error("{act} carries a public key that is no point on the curve")]
    BadKey {
        /// In which act.
        act: Act,
    },
    /// It is not from someone who knows the right keys, or was changed on the way.
    #[error("{act} has a wrong MAC")]
    BadMac {
        /// In which act.
        act: Act,
    },
    /// Its first byte is not zero.
    #[error("{act} has handshake version {version}, not 0")]
    BadVersion {
        /// In which act.
        act: Act,
        /// That byte.
        version: u8,
    },
    /// It is not exactly as long as the act must be.
    #[error("{act} is {actual} bytes long, not {expected}")]
    Length {
        /// In which act.
        act: Act,
        /// How long it should be.
        expected: usize,
        /// How long it is.
        actual: usize,
    },
}

/// `h` and `ck` of BOLT 8, "Handshake State".
#[derive(Clone)]
struct SymmetricState {
    hash: [u8; 32],
    chaining_key: [u8; 32],
}

impl SymmetricState {
    fn new(responder_static: &PublicKey) -> Self {
        let chaining_key = sha256::Hash::hash(b"Noise_XK_secp256k1_ChaChaPoly_SHA256").to_byte_array();
        let mut state = Self { hash: chaining_key, chaining_key };
        state.mix_hash(b"lightning");
        state.mix_hash(&responder_static.serialize());
        state
    }

    fn mix_hash(&mut self, data: &[u8]) {
        self.mix_hash_parts(&[data]);
    }

    fn mix_hash_parts(&mut self, parts: &[&[u8]]) {
        let mut engine = sha256::Hash::engine();
        engine.input(&self.hash);
        for part in parts {
            engine.input(part);
        }
        self.hash = sha256::Hash::from_engine(engine).to_byte_array();
    }

    /// Mixes the ECDH of both keys into the chaining key, and returns the temporary key that comes with it.
    fn mix_key(&mut self, public: &PublicKey, secret: &SecretKey) -> [u8; 32] {
        let shared = shared_secret(public, secret);
        let (chaining_key, key) = cipher::hkdf(&self.chaining_key, &shared);
        self.chaining_key = chaining_key;
        key
    }

    fn encrypt(&mut self, key: &[u8; 32], nonce: u64, content: &mut [u8]) -> [u8; MAC_LENGTH] {
        let mac = cipher::encrypt(key, nonce, &self.hash, content);
        self.mix_hash_parts(&[content, &mac]);
        mac
    }

    fn decrypt(
        &mut self,
        key: &[u8; 32],
        nonce: u64,
        content: &mut [u8],
        mac: [u8; MAC_LENGTH],
    ) -> Result<(), cipher::BadMac> {
        let before = self.hash;
        self.mix_hash_parts(&[content, &mac]);
        cipher::decrypt(key, nonce, &before, content, mac)
    }
}

/// What acts one and two have in common for whoever receives them: the sender's ephemeral key, and a MAC under its
/// ECDH with `secret`. Returns that key and the temporary key.
fn receive_ephemeral(
    state: &mut SymmetricState,
    which: Act,
    act: &[u8],
    secret: &SecretKey,
) -> Result<(PublicKey, [u8; 32]), HandshakeError> {
    let act: &[u8; ACT_ONE_LENGTH] = sized(which, act)?;
    check_version(which, act[0])?;
    let serialized: [u8; KEY_LENGTH] = part(act, 1);
    let remote_ephemeral = parse_key(which, &serialized)?;
    state.mix_hash(&serialized);
    let key = state.mix_key(&remote_ephemeral, secret);
    state.decrypt(&key, 0, &mut [], part(act, 34)).map_err(|_| HandshakeError::BadMac { act: which })?;
    Ok((remote_ephemeral, key))
}

fn sized<const N: usize>(act: Act, bytes: &[u8]) -> Result<&[u8; N], HandshakeError> {
    bytes.try_into().map_err(|_| HandshakeError::Length { act, expected: N, actual: bytes.len() })
}

fn check_version(act: Act, version: u8) -> Result<(), HandshakeError> {
    if version == VERSION { Ok(()) } else { Err(HandshakeError::BadVersion { act, version }) }
}

fn parse_key(act: Act, bytes: &[u8; KEY_LENGTH]) -> Result<PublicKey, HandshakeError> {
    PublicKey::from_slice(bytes).map_err(|_| HandshakeError::BadKey { act })
}

/// The `N` bytes of `act` from `start` on, which every caller's constants keep inside it.
fn part<const N: usize>(act: &[u8], start: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&act[start..start + N]);
    bytes
}

/// The parts, which every caller's constants make `N` bytes long, one after another.
fn concat<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut rest = &mut bytes[..];
    for part in parts {
        let (head, tail) = rest.split_at_mut(part.len());
        head.copy_from_slice(part);
        rest = tail;
    }
    bytes
}
