//! How is an invoice written and signed?

use bech32::primitives::iter::{ByteIterExt, Fe32IterExt};
use bech32::{Bech32, Fe32, Hrp};
use secp256k1::{Message, SECP256K1, SecretKey};

use super::{Field, Invoice, RouteHop};
use crate::crypto::sha256;

/// Why there can be no such invoice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// The currency makes no human-readable part.
    #[error("`{0}` names no currency of an invoice")]
    Currency(String),
    /// A field has no place.
    #[error("a field of type {tag} has {length} values of five bits: 1023 at most")]
    FieldTooLong {
        /// Its type.
        tag: u8,
        /// Its length in values of five bits.
        length: usize,
    },
    /// Not a value of five bits.
    #[error("{0} does not fit in five bits")]
    NotFiveBits(u8),
    /// The timestamp has no place.
    #[error("the timestamp {0} does not fit in 35 bits")]
    Timestamp(u64),
}

impl Invoice {
    /// Signs it with `key`, the payee's.
    ///
    /// # Errors
    /// [`InvoiceError`]
    pub fn sign(&self, key: &SecretKey) -> Result<String, InvoiceError> {
        let prefix = format!("ln{}{}", self.currency, self.amount_msat.map(amount).unwrap_or_default());
        let hrp = Hrp::parse(&prefix).map_err(|_| InvoiceError::Currency(self.currency.clone()))?;
        if self.timestamp >> 35 != 0 {
            return Err(InvoiceError::Timestamp(self.timestamp));
        }
        let mut data = integer(self.timestamp, 7);
        for field in &self.fields {
            let (tag, value) = field.encode()?;
            if value.len() > 1023 {
                return Err(InvoiceError::FieldTooLong { tag: tag.to_u8(), length: value.len() });
            }
            data.push(tag);
            data.extend(integer(value.len() as u64, 2));
            data.extend(value);
        }
        let hash = sha256(&[prefix.as_bytes(), &padded_bytes(&data)]);
        let signature = SECP256K1.sign_ecdsa_recoverable(&Message::from_digest(hash), key);
        let (recovery, signature) = signature.serialize_compact();
        let signature = signature.into_iter().chain([recovery.to_i32() as u8]);
        data.extend(signature.bytes_to_fes());
        Ok(data.into_iter().with_checksum::<Bech32>(&hrp).chars().collect())
    }
}

impl Field {
    /// The letter that names its type, as BOLT 11 has it: `p`.
    pub fn letter(&self) -> char {
        self.encode().map_or('?', |(tag, _)| tag.to_char())
    }

    /// Its type and its value.
    fn encode(&self) -> Result<(Fe32, Vec<Fe32>), InvoiceError> {
        Ok(match self {
            Self::Description(text) => (Fe32::D, groups(text.as_bytes())),
            Self::DescriptionHash(hash) => (Fe32::H, groups(hash)),
            Self::Expiry(seconds) => (Fe32::X, integer(*seconds, 1)),
            Self::Features(wire) => (Fe32::_9, features(wire)),
            Self::Metadata(bytes) => (Fe32::M, groups(bytes)),
            Self::MinFinalCltvExpiryDelta(blocks) => (Fe32::C, integer(*blocks, 1)),
            Self::Payee(key) => (Fe32::N, groups(&key.serialize())),
            Self::PaymentHash(hash) => (Fe32::P, groups(hash)),
            Self::PaymentSecret(secret) => (Fe32::S, groups(secret)),
            Self::Route(hops) => {
                (Fe32::R, groups(&hops.iter().flat_map(RouteHop::encode).collect::<Vec<_>>()))
            }
            Self::Unknown(tag, values) => {
                let values: Result<_, _> = values.iter().map(|value| five_bits(*value)).collect();
                (five_bits(*tag)?, values?)
            }
        })
    }
}

impl RouteHop {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.node_id.serialize().to_vec();
        bytes.extend(self.short_channel_id.to_u64().to_be_bytes());
        bytes.extend(self.fee_base_msat.to_be_bytes());
        bytes.extend(self.fee_proportional_millionths.to_be_bytes());
        bytes.extend(self.cltv_expiry_delta.to_be_bytes());
        bytes
    }
}

/// An amount as the human-readable part has it: as short as can be.
fn amount(msat: u64) -> String {
    /// How many msat one of a multiplier's units is.
    const MULTIPLIERS: [(u64, &str); 4] =
        [(100_000_000_000, ""), (100_000_000, "m"), (100_000, "u"), (100, "n")];
    match MULTIPLIERS.iter().find(|(unit, _)| msat.is_multiple_of(*unit)) {
        Some((unit, multiplier)) => format!("{}{multiplier}", msat / unit),
        None => format!("{}p", u128::from(msat) * 10),
    }
}

/// A number in at least so many groups of five bits, big-endian.
fn integer(value: u64, least: u32) -> Vec<Fe32> {
    let needed = (u64::BITS - value.leading_zeros()).div_ceil(5).max(least);
    (0..needed).rev().map(|index| lowest_bits(value >> (5 * index))).collect()
}

/// Bits of which the lowest is the last one, in as few groups as hold them.
fn features(wire: &[u8]) -> Vec<Fe32> {
    let bit =
        |number: usize| wire.iter().rev().nth(number / 8).is_some_and(|byte| byte >> (number % 8) & 1 == 1);
    let count = (0..wire.len() * 8).rev().find(|number| bit(*number)).map_or(0, |highest| highest / 5 + 1);
    let group = |index: usize| (0..5).fold(0, |group, at| group | u64::from(bit(index * 5 + at)) << at);
    (0..count).rev().map(|index| lowest_bits(group(index))).collect()
}

/// Bytes from the left, the last group filled up with zeros.
fn groups(bytes: &[u8]) -> Vec<Fe32> {
    bytes.iter().copied().bytes_to_fes().collect()
}

/// The bits of all groups from the left, the last byte filled up with zeros.
pub(super) fn padded_bytes(groups: &[Fe32]) -> Vec<u8> {
    let padding = [Fe32::Q; 2];
    let length = (groups.len() * 5).div_ceil(8);
    groups.iter().chain(&padding).copied().fes_to_bytes().take(length).collect()
}

fn five_bits(value: u8) -> Result<Fe32, InvoiceError> {
    Fe32::try_from(value).map_err(|_| InvoiceError::NotFiveBits(value))
}

fn lowest_bits(value: u64) -> Fe32 {
    Fe32::try_from((value & 31) as u8).unwrap_or(Fe32::Q)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ShortChannelId;

    /// The key of all examples of BOLT 11.
    const KEY: &str = "e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734";
    const HASH: &str = "0001020304050607080900010203040506070809000102030405060708090102";
    /// `option` bits 8 and 14, required.
    const FEATURES: [u8; 2] = [0x41, 0x00];

    fn signed(currency: &str, amount_msat: Option<u64>, fields: Vec<Field>) -> String {
        let invoice =
            Invoice { currency: currency.to_owned(), amount_msat, timestamp: 1_496_314_658, fields };
        invoice.sign(&KEY.parse().unwrap()).unwrap()
    }

    fn hash() -> Field {
        Field::PaymentHash(hex::decode(HASH).unwrap().try_into().unwrap())
    }

    fn secret() -> Field {
        Field::PaymentSecret([0x11; 32])
    }

    fn text(text: &str) -> Field {
        Field::Description(text.to_owned())
    }

    #[test]
    fn a_donation_of_any_amount() {
        let fields = vec![
            secret(),
            hash(),
            text("Please consider supporting this project"),
            Field::Features(FEATURES.into()),
        ];
        assert_eq!(
            signed("bc", None, fields),
            "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql"
        );
    }

    #[test]
    fn a_cup_of_coffee_within_a_minute() {
        let fields =
            vec![secret(), hash(), text("1 cup coffee"), Field::Expiry(60), Field::Features(FEATURES.into())];
        assert_eq!(
            signed("bc", Some(250_000_000), fields),
            "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh"
        );
    }

    #[test]
    fn a_hashed_description_and_hints_of_a_route() {
        let hop = |node_id: &str, id: u64, base, proportional, delta| RouteHop {
            node_id: node_id.parse().unwrap(),
            short_channel_id: ShortChannelId::from_u64(id),
            fee_base_msat: base,
            fee_proportional_millionths: proportional,
            cltv_expiry_delta: delta,
        };
        let first = hop(
            "029e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255",
            0x0102_0304_0506_0708,
            1,
            20,
            3,
        );
        let second = hop(
            "039e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255",
            0x030405060708090a,
            2,
            30,
            4,
        );
        let list = "One piece of chocolate cake, one icecream cone, one pickle, one slice of swiss cheese, one slice \
                    of salami, one lollypop, one piece of cherry pie, one sausage, one cupcake, and one slice of \
                    watermelon";
        // To 1RustyRX2oai4EYYDpQGWvEL62BBGqN9T: version 17, a key's hash.
        let fallback = hex::decode("04b61f7dc1ea0dc99424464cc4064dc564d91e89").unwrap();
        let fallback = [five_bits(17).unwrap()].into_iter().chain(groups(&fallback));
        let fields = vec![
            secret(),
            hash(),
            Field::DescriptionHash(sha256(&[list.as_bytes()])),
            Field::Unknown(9, fallback.map(Fe32::to_u8).collect()),
            Field::Route(vec![first, second]),
            Field::Features(FEATURES.into()),
        ];
        assert_eq!(
            signed("bc", Some(2_000_000_000), fields),
            "lnbc20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqsfpp3qjmp7lwpagxun9pygexvgpjdc4jdj85fr9yq20q82gphp2nflc7jtzrcazrra7wwgzxqc8u7754cdlpfrmccae92qgzqvzq2ps8pqqqqqqpqqqqq9qqqvpeuqafqxu92d8lr6fvg0r5gv0heeeqgcrqlnm6jhphu9y00rrhy4grqszsvpcgpy9qqqqqqgqqqqq7qqzq9qrsgqdfjcdk6w3ak5pca9hwfwfh63zrrz06wwfya0ydlzpgzxkn5xagsqz7x9j4jwe7yj7vaf2k9lqsdk45kts2fd0fkr28am0u4w95tt2nsq76cqw0"
        );
    }

    #[test]
    fn features_up_to_the_hundredth() {
        let mut wire = vec![0; 13];
        for bit in [8, 14, 99] {
            wire[12 - bit / 8] |= 1 << (bit % 8);
        }
        let fields = vec![hash(), text("coffee beans"), secret(), Field::Features(wire)];
        assert_eq!(
            signed("bc", Some(2_500_000_000), fields),
            "lnbc25m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5vdhkven9v5sxyetpdeessp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q5sqqqqqqqqqqqqqqqqsgq2a25dxl5hrntdtn6zvydt7d66hyzsyhqs4wdynavys42xgl6sgx9c4g7me86a27t07mdtfry458rtjr0v92cnmswpsjscgt2vcse3sgpz3uapa"
        );
    }

    #[test]
    fn metadata() {
        let features = (8, 14, 48);
        let mut wire = vec![0; 7];
        for bit in [features.0, features.1, features.2] {
            wire[6 - bit / 8] |= 1 << (bit % 8);
        }
        let fields = vec![
            hash(),
            text("payment metadata inside"),
            Field::Metadata(vec![0x01, 0xfa, 0xfa, 0xf0]),
            secret(),
            Field::Features(wire),
        ];
        assert_eq!(
            signed("bc", Some(1_000_000_000), fields),
            "lnbc10m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdp9wpshjmt9de6zqmt9w3skgct5vysxjmnnd9jx2mq8q8a04uqsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q2gqqqqqqsgq7hf8he7ecf7n4ffphs6awl9t6676rrclv9ckg3d3ncn7fct63p6s365duk5wrk202cfy3aj5xnnp5gs3vrdvruverwwq7yzhkf5a3xqpd05wjc"
        );
    }

    #[test]
    fn amounts_are_as_short_as_can_be() {
        let amounts = [1, 100, 101, 100_000, 250_000_000, 2_000_000_000, 100_000_000_000, u64::MAX];
        let written = amounts.map(amount);
        assert_eq!(written, ["10p", "1n", "1010p", "1u", "2500u", "20m", "1", "184467440737095516150p"]);
    }

    #[test]
    fn what_has_no_place_is_refused() {
        let invoice = |timestamp, field| {
            Invoice { currency: "bcrt".to_owned(), amount_msat: None, timestamp, fields: vec![field] }
                .sign(&KEY.parse().unwrap())
        };
        let long = |length| text(&"a".repeat(length));
        assert!(invoice((1 << 35) - 1, long(639)).is_ok());
        assert_eq!(invoice(1 << 35, long(1)), Err(InvoiceError::Timestamp(1 << 35)));
        assert_eq!(invoice(0, long(640)), Err(InvoiceError::FieldTooLong { tag: 13, length: 1024 }));
        assert_eq!(invoice(0, Field::Unknown(32, vec![])), Err(InvoiceError::NotFiveBits(32)));
    }
}
