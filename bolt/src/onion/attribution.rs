//! `attribution_data`: how long each hop held an HTLC, and who changed a failure on its way back (BOLT 4,
//! "Initialization of `attribution_data`" and "Hold times for successful payments").

use super::return_packet::obfuscate_reason;
use super::secret::{KeyUsage, SharedSecret};
use crate::crypto;
use crate::wire::plain::Plain;

/// The longest route that there is room for.
pub const MAX_ATTRIBUTED_HOPS: usize = 20;

const HMACS: usize = MAX_ATTRIBUTED_HOPS * (MAX_ATTRIBUTED_HOPS + 1) / 2;
const ENCODED_LENGTH: usize = 4 * (MAX_ATTRIBUTED_HOPS + HMACS);

/// The record of `update_fail_htlc` and `update_fulfill_htlc`: obfuscated on the wire, and by each hop once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributionData {
    /// Units of 100 ms, that of the node itself first.
    hold_times: [u32; MAX_ATTRIBUTED_HOPS],
    /// 20 of the node itself, 19 of the next one, and so on to 1: each truncated to 4 bytes, and those for the most
    /// distant end of the route first.
    hmacs: [[u8; 4]; HMACS],
}

impl AttributionData {
    /// All zeros: what a node starts with that fails or fulfils an HTLC, or gets no such record from downstream.
    pub const BLANK: Self = Self { hold_times: [0; MAX_ATTRIBUTED_HOPS], hmacs: [[0; 4]; HMACS] };

    /// The record with these bytes: 20 hold times, 210 HMACs. `None` if there are not exactly 920.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != ENCODED_LENGTH {
            return None;
        }
        let mut data = Self::BLANK;
        let (words, _) = bytes.as_chunks::<4>();
        let (hold_times, hmacs) = words.split_at(MAX_ATTRIBUTED_HOPS);
        data.hmacs.copy_from_slice(hmacs);
        for (hold_time, word) in data.hold_times.iter_mut().zip(hold_times) {
            *hold_time = u32::from_be_bytes(*word);
        }
        Some(data)
    }

    /// Its 920 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let hold_times = self.hold_times.iter().flat_map(|time| time.to_be_bytes());
        hold_times.chain(self.hmacs.into_iter().flatten()).collect()
    }

    /// The record as a message's `tlvs` are written.
    pub fn to_plain(&self) -> Plain {
        let hold_times = self.hold_times.map(Plain::from).to_vec();
        let hmacs = self.hmacs.map(Plain::hex).to_vec();
        Plain::map([("htlc_hold_times", hold_times.into()), ("truncated_hmacs", hmacs.into())])
    }

    /// What a hop sends upstream after this came from downstream. `hold_time` is in units of 100 ms; `packet` is the
    /// `reason` before the hop obfuscates it ([`ReturnPacket::encode`](super::ReturnPacket::encode) if it is its own),
    /// and empty for a success.
    #[must_use]
    pub fn passed_on(&self, secret: &SharedSecret, hold_time: u32, packet: &[u8]) -> Self {
        let mut data = self.shifted_down();
        data.hold_times[0] = hold_time;
        for distance in 0..MAX_ATTRIBUTED_HOPS {
            data.hmacs[position(0, distance)] = data.hmac(secret, distance, packet);
        }
        data.obfuscated(secret)
    }

    /// What the origin learns: the hold times of all hops up to the one that is to blame for a wrong HMAC, if one is.
    /// `reason` is as it came, or empty for a success. The secrets are those of the hops, the first one first, up to
    /// the one that failed or fulfilled it; more than 20 are not looked at.
    pub fn read(&self, reason: &[u8], secrets: &[SharedSecret]) -> Attribution {
        let secrets = &secrets[..secrets.len().min(MAX_ATTRIBUTED_HOPS)];
        let mut data = *self;
        let mut packet = reason.to_vec();
        let mut hold_times = Vec::with_capacity(secrets.len());
        for (hop, secret) in secrets.iter().enumerate() {
            let distance = secrets.len() - 1 - hop;
            data = data.obfuscated(secret);
            obfuscate_reason(secret, &mut packet);
            if data.hmacs[position(0, distance)] != data.hmac(secret, distance, &packet) {
                return Attribution { hold_times, blamed: Some(hop) };
            }
            hold_times.push(data.hold_times[0]);
            data = data.shifted_up();
        }
        Attribution { hold_times, blamed: None }
    }

    /// The HMAC of the first node, were it so far from the end.
    fn hmac(&self, secret: &SharedSecret, distance: usize, packet: &[u8]) -> [u8; 4] {
        let hold_times: Vec<u8> =
            self.hold_times[..=distance].iter().flat_map(|time| time.to_be_bytes()).collect();
        let downstream: Vec<u8> =
            (1..=distance).flat_map(|node| self.hmacs[position(node, distance - node)]).collect();
        let [a, b, c, d, ..] = crypto::hmac(&secret.key(KeyUsage::Um), &[packet, &hold_times, &downstream]);
        [a, b, c, d]
    }

    /// With room for another node before all others. What would be too far away is lost.
    fn shifted_down(&self) -> Self {
        let mut shifted = Self::BLANK;
        shifted.hold_times[1..].copy_from_slice(&self.hold_times[..MAX_ATTRIBUTED_HOPS - 1]);
        for (node, distance) in pairs().filter(|(node, _)| *node > 0) {
            shifted.hmacs[position(node, distance)] = self.hmacs[position(node - 1, distance)];
        }
        shifted
    }

    /// Without the first node: the reverse, but for what was lost.
    fn shifted_up(&self) -> Self {
        let mut shifted = Self::BLANK;
        shifted.hold_times[..MAX_ATTRIBUTED_HOPS - 1].copy_from_slice(&self.hold_times[1..]);
        for (node, distance) in pairs().filter(|(node, _)| *node > 0) {
            shifted.hmacs[position(node - 1, distance)] = self.hmacs[position(node, distance)];
        }
        shifted
    }

    fn obfuscated(&self, secret: &SharedSecret) -> Self {
        let mut bytes = self.encode();
        secret.apply_stream(KeyUsage::Ammagext, &mut bytes);
        Self::decode(&bytes).unwrap_or(Self::BLANK)
    }
}

/// What an origin learns from [`AttributionData`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// In units of 100 ms, the first hop's first; of those hops whose HMACs are right.
    pub hold_times: Vec<u32>,
    /// The first hop whose HMAC is wrong: it, or the one before it, changed something or lacks the feature.
    pub blamed: Option<usize>,
}

/// Where the HMAC of a node (0 for the one at hand) stands that holds if the end is `distance` hops behind that node.
fn position(node: usize, distance: usize) -> usize {
    let before: usize = (0..node).map(|node| MAX_ATTRIBUTED_HOPS - node).sum();
    before + (MAX_ATTRIBUTED_HOPS - 1 - node) - distance
}

/// All nodes and distances that there is an HMAC for.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..MAX_ATTRIBUTED_HOPS)
        .flat_map(|node| (0..MAX_ATTRIBUTED_HOPS - node).map(move |distance| (node, distance)))
}
