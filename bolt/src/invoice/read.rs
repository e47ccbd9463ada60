//! How is an invoice read, and who has signed it?

use bech32::Checksum;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::primitives::iter::Fe32IterExt;
use bech32::{Bech32, Fe32};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, SECP256K1};

use super::write::padded_bytes;
use super::{Field, Invoice, RouteHop};
use crate::crypto::sha256;
use crate::wire::ShortChannelId;

/// In groups of five bits.
const TIMESTAMP_LENGTH: usize = 7;
/// In groups of five bits: 64 bytes and the recovery id.
const SIGNATURE_LENGTH: usize = 104;
/// The chains that there are; of two that fit, the longer first.
const CURRENCIES: [&str; 4] = ["bcrt", "tbs", "tb", "bc"];

/// An invoice as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadInvoice {
    /// What it says. A field whose value makes no sense is a [`Field::Unknown`].
    pub invoice: Invoice,
    /// The amount as it is written, multiplier and all; empty if there is none.
    pub amount: String,
    /// Whose signature it bears.
    pub signer: PublicKey,
    /// Whether the signature's S is the low one.
    pub is_low_s: bool,
}

/// Why there is nothing to read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadInvoiceError {
    /// No amount of a whole number of msat.
    #[error("`{0}` is no amount of millisatoshi")]
    Amount(String),
    /// Not bech32, or not its checksum.
    #[error("it is not bech32: {0}")]
    Bech32(String),
    /// It ends too early.
    #[error("it ends in the middle of {0}")]
    CutShort(&'static str),
    /// Of no chain that there is.
    #[error("`{0}` begins with no currency")]
    Prefix(String),
    /// No key can have made this signature.
    #[error("its signature is of no key")]
    Signature,
}

impl ReadInvoice {
    /// Reads an invoice, whatever sense it makes.
    ///
    /// # Errors
    /// [`ReadInvoiceError`]
    pub fn of(text: &str) -> Result<Self, ReadInvoiceError> {
        let checked = CheckedHrpstring::new::<Endless>(text);
        let checked = checked.map_err(|error| ReadInvoiceError::Bech32(error.to_string()))?;
        let prefix = checked.hrp().to_lowercase();
        let data: Vec<Fe32> = checked.fe32_iter::<std::vec::IntoIter<u8>>().collect();
        let signed =
            data.len().checked_sub(SIGNATURE_LENGTH).ok_or(ReadInvoiceError::CutShort("the signature"))?;
        let (data, signature) = data.split_at(signed);
        let (timestamp, mut rest) =
            data.split_at_checked(TIMESTAMP_LENGTH).ok_or(ReadInvoiceError::CutShort("the timestamp"))?;
        let mut fields = Vec::new();
        while let [tag, high, low, behind @ ..] = rest {
            let length = usize::from(high.to_u8()) * 32 + usize::from(low.to_u8());
            let (value, behind) =
                behind.split_at_checked(length).ok_or(ReadInvoiceError::CutShort("a field"))?;
            fields.push(field(*tag, value));
            rest = behind;
        }
        if !rest.is_empty() {
            return Err(ReadInvoiceError::CutShort("a field"));
        }

        let unknown = || ReadInvoiceError::Prefix(prefix.clone());
        let after = prefix.strip_prefix("ln").ok_or_else(unknown)?;
        let currency = CURRENCIES.into_iter().find(|known| after.starts_with(known)).ok_or_else(unknown)?;
        let amount = after[currency.len()..].to_owned();
        let hash = sha256(&[prefix.as_bytes(), &padded_bytes(data)]);
        let (signer, is_low_s) = signer(signature, hash).ok_or(ReadInvoiceError::Signature)?;
        let invoice = Invoice {
            currency: currency.to_owned(),
            amount_msat: if amount.is_empty() { None } else { Some(msat(&amount)?) },
            timestamp: integer(timestamp).unwrap_or_default(),
            fields,
        };
        Ok(Self { invoice, amount, signer, is_low_s })
    }
}

/// BIP 173's checksum, of text of any length.
enum Endless {}

impl Checksum for Endless {
    type MidstateRepr = <Bech32 as Checksum>::MidstateRepr;
    const CODE_LENGTH: usize = usize::MAX;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [u32; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: u32 = Bech32::TARGET_RESIDUE;
}

fn field(tag: Fe32, value: &[Fe32]) -> Field {
    let bytes: Vec<u8> = value.iter().copied().fes_to_bytes().collect();
    let known = match tag {
        Fe32::D => String::from_utf8(bytes).ok().map(Field::Description),
        Fe32::H => exact(value, 52, &bytes).map(Field::DescriptionHash),
        Fe32::X => integer(value).map(Field::Expiry),
        Fe32::_9 => Some(Field::Features(features(value))),
        Fe32::M => Some(Field::Metadata(bytes)),
        Fe32::C => integer(value).map(Field::MinFinalCltvExpiryDelta),
        Fe32::N => {
            exact::<33>(value, 53, &bytes).and_then(|key| PublicKey::from_slice(&key).ok()).map(Field::Payee)
        }
        Fe32::P => exact(value, 52, &bytes).map(Field::PaymentHash),
        Fe32::S => exact(value, 52, &bytes).map(Field::PaymentSecret),
        Fe32::R => {
            bytes.chunks(RouteHop::LENGTH).map(RouteHop::read).collect::<Option<_>>().map(Field::Route)
        }
        _ => None,
    };
    known.unwrap_or_else(|| Field::Unknown(tag.to_u8(), value.iter().map(|group| group.to_u8()).collect()))
}

impl RouteHop {
    /// Of one hop, in bytes.
    const LENGTH: usize = 51;

    fn read(bytes: &[u8]) -> Option<Self> {
        let (node_id, rest) = bytes.split_first_chunk::<33>()?;
        let (short_channel_id, rest) = rest.split_first_chunk()?;
        let (base, rest) = rest.split_first_chunk()?;
        let (proportional, rest) = rest.split_first_chunk()?;
        Some(Self {
            node_id: PublicKey::from_slice(node_id).ok()?,
            short_channel_id: ShortChannelId::from_u64(u64::from_be_bytes(*short_channel_id)),
            fee_base_msat: u32::from_be_bytes(*base),
            fee_proportional_millionths: u32::from_be_bytes(*proportional),
            cltv_expiry_delta: u16::from_be_bytes(rest.try_into().ok()?),
        })
    }
}

/// The bytes of a field that has so many groups, always.
fn exact<const N: usize>(value: &[Fe32], groups: usize, bytes: &[u8]) -> Option<[u8; N]> {
    if value.len() == groups { bytes.try_into().ok() } else { None }
}

/// `None` if it does not fit.
fn integer(groups: &[Fe32]) -> Option<u64> {
    groups
        .iter()
        .try_fold(0u64, |value, group| (value >> 59 == 0).then_some(value << 5 | u64::from(group.to_u8())))
}

/// Bits of which the lowest is the last one, in wire form.
fn features(groups: &[Fe32]) -> Vec<u8> {
    let mut wire = vec![0; (groups.len() * 5).div_ceil(8)];
    let last = wire.len().saturating_sub(1);
    for (index, group) in groups.iter().rev().enumerate() {
        for at in (0..5).filter(|at| group.to_u8() >> at & 1 == 1) {
            let bit = index * 5 + at;
            wire[last - bit / 8] |= 1 << (bit % 8);
        }
    }
    let zeros = wire.iter().take_while(|byte| **byte == 0).count();
    wire.split_off(zeros)
}

fn msat(amount: &str) -> Result<u64, ReadInvoiceError> {
    let wrong = || ReadInvoiceError::Amount(amount.to_owned());
    let (digits, pico_per_unit) = match amount.as_bytes().last() {
        Some(b'm') => (&amount[..amount.len() - 1], 1_000_000_000),
        Some(b'u') => (&amount[..amount.len() - 1], 1_000_000),
        Some(b'n') => (&amount[..amount.len() - 1], 1_000),
        Some(b'p') => (&amount[..amount.len() - 1], 1),
        _ => (amount, 1_000_000_000_000),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(wrong());
    }
    let pico =
        digits.parse::<u128>().ok().and_then(|units| units.checked_mul(pico_per_unit)).ok_or_else(wrong)?;
    if pico.is_multiple_of(10) { u64::try_from(pico / 10).map_err(|_| wrong()) } else { Err(wrong()) }
}

/// Whose signature it is, and whether its S is low.
fn signer(groups: &[Fe32], hash: [u8; 32]) -> Option<(PublicKey, bool)> {
    let bytes: Vec<u8> = groups.iter().copied().fes_to_bytes().collect();
    let (recovery, compact) = bytes.split_last()?;
    let recovery = RecoveryId::from_i32(i32::from(*recovery)).ok()?;
    let signature = RecoverableSignature::from_compact(compact, recovery).ok()?;
    let signer = SECP256K1.recover_ecdsa(&Message::from_digest(hash), &signature).ok()?;
    let standard = signature.to_standard();
    let mut low = standard;
    low.normalize_s();
    Some((signer, low == standard))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAYEE: &str = "03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad";
    const COFFEE: &str = "lnbc25m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5vdhkven9v5sxyetpdeessp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q5sqqqqqqqqqqqqqqqqsgq2a25dxl5hrntdtn6zvydt7d66hyzsyhqs4wdynavys42xgl6sgx9c4g7me86a27t07mdtfry458rtjr0v92cnmswpsjscgt2vcse3sgpz3uapa";

    #[test]
    fn bolt_11_s_examples_are_read() {
        let coffee = ReadInvoice::of(COFFEE).unwrap();
        assert_eq!(coffee.signer.to_string(), PAYEE);
        assert_eq!((coffee.amount.as_str(), coffee.invoice.amount_msat), ("25m", Some(2_500_000_000)));
        assert_eq!(ReadInvoice::of(&COFFEE.to_uppercase()), Ok(coffee));
        let high = "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap2r09nt4ndd0unm3z9u5t48y6ucv4r5sg7lk98c77ctvjczkspk5qprc90gx";
        // The example does not say by whom: it leaves the recovery flag as it was with the low S.
        let high = ReadInvoice::of(high).unwrap();
        assert!(!high.is_low_s && high.signer.to_string() != PAYEE);
    }

    #[test]
    fn bolt_11_s_invalid_examples_are_not() {
        let checksum = format!("{}q", &COFFEE[..COFFEE.len() - 1]);
        let multiplier = "lnbc2500x1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpusp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9qrsgqrrzc4cvfue4zp3hggxp47ag7xnrlr8vgcmkjxk3j5jqethnumgkpqp23z9jclu3v0a7e0aruz366e9wqdykw6dxhdzcjjhldxq0w6wgqcnu43j";
        let pico = "lnbc2500000001p1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpusp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9qrsgq0lzc236j96a95uv0m3umg28gclm5lqxtqqwk32uuk4k6673k6n5kfvx3d2h8s295fad45fdhmusm8sjudfhlf6dcsxmfvkeywmjdkxcp99202x";
        let short = "lnbc1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6na6hlh";
        let signature = "lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpusp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9qrsgqwgt7mcn5yqw3yx0w94pswkpq6j9uh6xfqqqtsk4tnarugeektd4hg5975x9am52rz4qskukxdmjemg92vvqz8nvmsye63r5ykel43pgz7zq0g2";
        assert!(matches!(ReadInvoice::of(&checksum), Err(ReadInvoiceError::Bech32(_))));
        assert!(matches!(ReadInvoice::of(multiplier), Err(ReadInvoiceError::Amount(_))));
        assert!(matches!(ReadInvoice::of(pico), Err(ReadInvoiceError::Amount(_))));
        assert!(ReadInvoice::of(short).is_err());
        assert_eq!(ReadInvoice::of(signature), Err(ReadInvoiceError::Signature));
    }

    fn fields() -> impl Strategy<Value = Field> {
        let key = PAYEE.parse::<PublicKey>().unwrap();
        prop_oneof![
            ".{0,40}".prop_map(Field::Description),
            any::<[u8; 32]>().prop_map(Field::DescriptionHash),
            any::<[u8; 32]>().prop_map(Field::PaymentHash),
            any::<[u8; 32]>().prop_map(Field::PaymentSecret),
            any::<u64>().prop_map(Field::Expiry),
            any::<u64>().prop_map(Field::MinFinalCltvExpiryDelta),
            Just(Field::Payee(key)),
            prop::collection::vec(1..=u8::MAX, 0..20).prop_map(Field::Features),
            prop::collection::vec(any::<(u64, u32, u32, u16)>(), 0..4).prop_map(move |hops| {
                let hop = |(id, fee_base_msat, fee_proportional_millionths, cltv_expiry_delta)| RouteHop {
                    node_id: key,
                    short_channel_id: ShortChannelId::from_u64(id),
                    fee_base_msat,
                    fee_proportional_millionths,
                    cltv_expiry_delta,
                };
                Field::Route(hops.into_iter().map(hop).collect())
            }),
            prop::collection::vec(0..32u8, 0..40).prop_map(|values| Field::Unknown(31, values)),
        ]
    }

    proptest! {
        #[test]
        fn what_was_signed_is_read(
            amount_msat in any::<Option<u64>>(),
            timestamp in 0..1u64 << 35,
            fields in prop::collection::vec(fields(), 0..5),
        ) {
            let key = "e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734".parse().unwrap();
            let invoice = Invoice { currency: "bcrt".to_owned(), amount_msat, timestamp, fields };
            let read = ReadInvoice::of(&invoice.sign(&key).unwrap()).unwrap();
            prop_assert_eq!(&read.invoice, &invoice);
            prop_assert_eq!((read.signer.to_string(), read.is_low_s), (PAYEE.to_owned(), true));
        }

        #[test]
        fn no_text_makes_it_panic(text in "ln(bc|bcrt)[0-9munp]{0,6}1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{0,160}") {
            let _ = ReadInvoice::of(&text);
        }
    }
}
