//! How is an invoice of the node's made otherwise, so that it can still be read?

use lnprototest_bolt::invoice::{Field, Invoice, ReadInvoice};
use lnprototest_spec_events::requirements::{Level, Requirement};
use secp256k1::{PublicKey, SecretKey};

use super::alter::{ANOTHER_KEY, Change};

/// What sections of BOLT 11 are about: a spec has to judge those of which it covers a writer's requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Prefix and amount.
    HumanReadable,
    /// That the amount is as short as can be.
    Shortness,
    /// The signature.
    Signature,
    /// The fields.
    Tagged,
}

impl Part {
    /// The part that a requirement is about, if it is one of BOLT 11 and binds who makes an invoice.
    pub(super) fn of(requirement: &Requirement) -> Option<Self> {
        let is_writers = requirement.bolt == 11 && &*requirement.role == "writer";
        let title = requirement.section.iter().rev().find(|title| *title != "Requirements")?;
        match title.as_str() {
            "Human-Readable Part" if is_writers && requirement.level == Level::Should => {
                Some(Self::Shortness)
            }
            "Human-Readable Part" if is_writers => Some(Self::HumanReadable),
            "Data Part" if is_writers => Some(Self::Signature),
            "Tagged Fields" if is_writers => Some(Self::Tagged),
            _ => None,
        }
    }
}

/// All invoices that this one becomes when something of this part is changed, each with what that is and how. They are
/// signed by `nodes_key` if that signed it, and else by another: then who looks at the signer notices them all.
pub(super) fn altered_invoice(
    made: &str,
    part: Part,
    nodes_key: Option<SecretKey>,
) -> Vec<(&'static str, Change, String)> {
    let Ok(read) = ReadInvoice::of(made) else { return Vec::new() };
    let Ok(another_key) = SecretKey::from_slice(&ANOTHER_KEY) else { return Vec::new() };
    let is_signers = |key: &SecretKey| PublicKey::from_secret_key_global(key) == read.signer;
    let key = nodes_key.filter(is_signers).unwrap_or(another_key);
    let variants = match part {
        Part::HumanReadable => human_readable(&read),
        Part::Shortness => shortness(&read),
        Part::Signature => {
            let signed = read.invoice.sign(&another_key).ok();
            return signed.into_iter().map(|text| ("signature", "another key".to_owned(), text)).collect();
        }
        Part::Tagged => tagged(&read.invoice, &PublicKey::from_secret_key_global(&another_key)),
    };
    let signed = variants.into_iter().map(|(what, change, invoice)| (what, change, invoice.sign(&key)));
    signed.filter_map(|(what, change, text)| Some((what, change.to_owned(), text.ok()?))).collect()
}

type Variant = (&'static str, &'static str, Invoice);

fn human_readable(read: &ReadInvoice) -> Vec<Variant> {
    let invoice = &read.invoice;
    let other_chain = if invoice.currency == "bc" { "tb" } else { "bc" };
    let mut variants =
        vec![("prefix", "another chain", Invoice { currency: other_chain.to_owned(), ..invoice.clone() })];
    if let Some(msat) = invoice.amount_msat {
        let of_amount = |amount_msat| Invoice { amount_msat, ..invoice.clone() };
        variants.push(("amount", "+1", of_amount(Some(msat + 1))));
        variants.push(("amount", "absent", of_amount(None)));
        variants.push(("amount", "leading zero", written(invoice, &format!("0{}", read.amount))));
    }
    variants
}

fn shortness(read: &ReadInvoice) -> Vec<Variant> {
    let longer = longer(&read.amount).map(|amount| written(&read.invoice, &amount));
    longer.into_iter().map(|invoice| ("amount", "longer", invoice)).collect()
}

/// With its amount in these words, which stand behind the currency.
fn written(invoice: &Invoice, amount: &str) -> Invoice {
    Invoice { currency: invoice.currency.clone() + amount, amount_msat: None, ..invoice.clone() }
}

/// The same amount in the next smaller unit.
fn longer(amount: &str) -> Option<String> {
    const SMALLER: [(&str, &str); 3] = [("m", "u"), ("u", "n"), ("n", "p")];
    let smaller = SMALLER
        .iter()
        .find_map(|(unit, smaller)| Some(format!("{}000{smaller}", amount.strip_suffix(unit)?)));
    let is_whole = amount.ends_with(|last: char| last.is_ascii_digit());
    smaller.or_else(|| is_whole.then(|| format!("{amount}000m")))
}

fn tagged(invoice: &Invoice, another: &PublicKey) -> Vec<Variant> {
    let mut variants = Vec::new();
    for (index, field) in invoice.fields.iter().enumerate() {
        let with = |put: &[Field]| {
            let (before, behind) = (&invoice.fields[..index], &invoice.fields[index + 1..]);
            Invoice { fields: [before, put, behind].concat(), ..invoice.clone() }
        };
        let what = match field {
            Field::Description(_) => "d",
            Field::DescriptionHash(_) => "h",
            Field::Payee(_) => {
                variants.push(("n", "another key", with(&[Field::Payee(*another)])));
                continue;
            }
            Field::PaymentHash(hash) => {
                let mut other = *hash;
                other[31] ^= 1;
                variants.push(("p", "last bit", with(&[Field::PaymentHash(other)])));
                "p"
            }
            Field::PaymentSecret(_) => "s",
            _ => continue,
        };
        variants.push((what, "absent", with(&[])));
        variants.push((what, "doubled", with(&[field.clone(), field.clone()])));
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of an invoice over so much, by what is changed and how.
    fn variants(amount_msat: Option<u64>, part: Part, is_known: bool) -> Vec<(String, ReadInvoice)> {
        let key = SecretKey::from_slice(&[1; 32]).unwrap();
        let fields = vec![
            Field::PaymentHash([7; 32]),
            Field::PaymentSecret([8; 32]),
            Field::Description("tea".to_owned()),
            Field::Payee(PublicKey::from_secret_key_global(&key)),
        ];
        let invoice = Invoice { currency: "bcrt".to_owned(), amount_msat, timestamp: 1, fields };
        let altered = altered_invoice(&invoice.sign(&key).unwrap(), part, is_known.then_some(key));
        let read = altered
            .into_iter()
            .map(|(what, change, text)| (format!("{what}: {change}"), ReadInvoice::of(&text).unwrap()));
        read.collect()
    }

    #[test]
    fn the_amount_is_another_or_longer() {
        let amounts = |msat, part| -> Vec<_> {
            let variants = variants(msat, part, true);
            variants
                .into_iter()
                .map(|(change, read)| (change, read.amount, read.invoice.amount_msat))
                .collect()
        };
        let told = |change: &str, amount: &str, msat| (change.to_owned(), amount.to_owned(), msat);
        assert_eq!(
            amounts(Some(100_000), Part::HumanReadable),
            [
                told("prefix: another chain", "1u", Some(100_000)),
                told("amount: +1", "1000010p", Some(100_001)),
                told("amount: absent", "", None),
                told("amount: leading zero", "01u", Some(100_000)),
            ]
        );
        let longer_one = told("amount: longer", "1000n", Some(100_000));
        assert_eq!(amounts(Some(100_000), Part::Shortness), [longer_one]);
        assert_eq!(amounts(None, Part::Shortness), []);
        assert_eq!(amounts(None, Part::HumanReadable), [told("prefix: another chain", "", None)]);
        assert_eq!(longer("10p"), None, "there is no smaller unit");
        assert_eq!(longer("2").as_deref(), Some("2000m"));
    }

    #[test]
    fn fields_are_missing_doubled_or_others() {
        let letters = |read: &ReadInvoice| read.invoice.fields.iter().map(Field::letter).collect::<String>();
        let told: Vec<_> = variants(None, Part::Tagged, true)
            .iter()
            .map(|(change, read)| format!("{change} {}", letters(read)))
            .collect();
        assert_eq!(
            told,
            [
                "p: last bit psdn",
                "p: absent sdn",
                "p: doubled ppsdn",
                "s: absent pdn",
                "s: doubled pssdn",
                "d: absent psn",
                "d: doubled psddn",
                "n: another key psdn",
            ]
        );
    }

    #[test]
    fn the_node_signs_what_is_altered_where_its_key_is_known() {
        let node = PublicKey::from_secret_key_global(&SecretKey::from_slice(&[1; 32]).unwrap());
        let by_node =
            |part, is_known| variants(None, part, is_known).iter().all(|(_, read)| read.signer == node);
        assert!(by_node(Part::Tagged, true) && !by_node(Part::Tagged, false));
        assert!(!by_node(Part::Signature, true));
    }
}
