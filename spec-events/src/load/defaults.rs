//! What arguments are that need not be written.

use secp256k1::SecretKey;

use super::Reader;
use crate::Location;
use crate::event::Name;
use crate::expr::{Body, Expr, Literal, Typed};

/// Our node key in a session: `02` in the spec's first, `03` in the second, and so on.
pub(crate) fn node_key(reader: &mut Reader<'_>, at: &Location) -> Option<Expr<SecretKey>> {
    let number = reader.subject.name.as_ref().map_or(0, |name| reader.names.next_session_number(name));
    Some(text(format!("{:04x}", number + 2).trim_start_matches("00"), at))
}

/// BOLT 8's own vectors use this one for the initiator.
pub(crate) fn ephemeral_key(_: &mut Reader<'_>, at: &Location) -> Option<Expr<SecretKey>> {
    Some(text(&"12".repeat(32), at))
}

/// One block.
pub(crate) fn one(_: &mut Reader<'_>, at: &Location) -> Option<Expr<u64>> {
    Some(Expr::new(Body::Literal(Literal::Int(1)), at.clone()))
}

/// A channel's name where there is but one.
pub(crate) fn channel(_: &mut Reader<'_>, _: &Location) -> Option<Name> {
    Some(Name("channel".into()))
}

/// The name of the channel that the node was asked to fund.
pub(crate) fn funded_channel(reader: &mut Reader<'_>, at: &Location) -> Option<Name> {
    reader.names.funded_by_node().cloned().or_else(|| channel(reader, at))
}

fn text<T: Typed>(text: &str, at: &Location) -> Expr<T> {
    Expr::new(Body::Literal(Literal::Text(text.into())), at.clone())
}
