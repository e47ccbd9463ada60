//! Which hash and secret does an invoice name (BOLT 11)?

/// The alphabet of bech32, by value.
const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Of the timestamp, in groups of five bits.
const TIMESTAMP: usize = 7;
/// Of the signature and the checksum.
const SIGNATURE: usize = 104 + 6;
/// The field of the payment hash, `p`.
const PAYMENT_HASH: u8 = 1;
/// The field of the payment secret, `s`.
const PAYMENT_SECRET: u8 = 16;

/// What a payer needs of an invoice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) payment_hash: [u8; 32],
    pub(crate) payment_secret: [u8; 32],
}

impl Named {
    /// Reads an invoice. Its checksum and signature are the payer's to judge.
    pub(crate) fn by(invoice: &str) -> Result<Self, NotAnInvoice> {
        let (_, data) = invoice.rsplit_once('1').ok_or(NotAnInvoice::Malformed)?;
        let value = |letter: u8| CHARSET.iter().position(|known| *known == letter.to_ascii_lowercase());
        let groups: Option<Vec<u8>> = data.bytes().map(|letter| value(letter).map(|n| n as u8)).collect();
        let groups = groups.ok_or(NotAnInvoice::Malformed)?;
        let end = groups.len().checked_sub(SIGNATURE).ok_or(NotAnInvoice::Malformed)?;
        let mut fields = groups.get(TIMESTAMP..end).ok_or(NotAnInvoice::Malformed)?;
        let (mut payment_hash, mut payment_secret) = (None, None);
        while let [kind, high, low, rest @ ..] = fields {
            let length = usize::from(*high) * 32 + usize::from(*low);
            let (field, behind) = rest.split_at_checked(length).ok_or(NotAnInvoice::Malformed)?;
            match *kind {
                PAYMENT_HASH => payment_hash = payment_hash.or(bytes(field)),
                PAYMENT_SECRET => payment_secret = payment_secret.or(bytes(field)),
                _ => {}
            }
            fields = behind;
        }
        Ok(Self {
            payment_hash: payment_hash.ok_or(NotAnInvoice::Lacks("payment hash"))?,
            payment_secret: payment_secret.ok_or(NotAnInvoice::Lacks("payment secret"))?,
        })
    }
}

/// 32 bytes out of 52 groups of five bits, the last four bits of which mean nothing; a field of another length is to be
/// passed over (BOLT 11, "Requirements" of "Tagged Fields").
fn bytes(groups: &[u8]) -> Option<[u8; 32]> {
    if groups.len() != 52 {
        return None;
    }
    let mut bytes = [0; 32];
    for bit in 0..256 {
        let set = groups[bit / 5] >> (4 - bit % 5) & 1;
        bytes[bit / 8] |= set << (7 - bit % 8);
    }
    Some(bytes)
}

/// Why it can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAnInvoice {
    #[error("the invoice names no {0}")]
    Lacks(&'static str),
    #[error("it is not an invoice (BOLT 11)")]
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BOLT 11, "Examples", "Please make a donation of any amount".
    const DONATION: &str = "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql";

    #[test]
    fn the_bolts_example_is_read() {
        let named = Named::by(DONATION).unwrap();
        assert_eq!(
            hex::encode(named.payment_hash),
            "0001020304050607080900010203040506070809000102030405060708090102"
        );
        assert_eq!(named.payment_secret, [0x11; 32]);
        assert_eq!(Named::by(&DONATION.to_uppercase()), Ok(named));
    }

    #[test]
    fn what_is_cut_short_names_the_same_or_is_refused() {
        let whole = Named::by(DONATION);
        let read = (0..DONATION.len()).map(|length| Named::by(&DONATION[..length]));
        let (named, refused): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
        assert!(named.iter().all(|named| *named == whole));
        assert!(refused.len() > DONATION.len() / 2, "{}", refused.len());
    }
}
