//! Whom does a requirement bind? The role that a line such as "The receiving node:" names.

/// The role of whom the text does not say.
pub(super) const ANYONE: &str = "node";

/// How the BOLTs name the roles. A longer name stands before a shorter one that it begins with.
const NAMES: &[(&[&str], &str)] = &[
    (&["accepter"], "accepter"),
    (&["accepting", "node"], "accepter"),
    (&["client"], "client"),
    (&["clients"], "client"),
    (&["creator"], "creator"),
    (&["dns", "seed"], "dns seed"),
    (&["erring", "node"], "erring node"),
    (&["final", "node"], "final node"),
    (&["forwarding", "node"], "forwarding node"),
    (&["fulfilling", "node"], "fulfilling node"),
    (&["fundee"], "fundee"),
    (&["fundee", "node"], "fundee"),
    (&["funding", "node"], "funder"),
    (&["initiator"], "initiator"),
    (&["intermediate", "hop"], "intermediate node"),
    (&["intermediate", "node"], "intermediate node"),
    (&["local", "node"], "local node"),
    (&["node", "receiving"], "receiver"),
    (&["node", "sending"], "sender"),
    (&["node"], ANYONE),
    (&["nodes"], ANYONE),
    (&["non-funding", "node"], "fundee"),
    (&["offering", "node"], "offering node"),
    (&["opener"], "opener"),
    (&["opener", "node"], "opener"),
    (&["origin", "node"], "origin node"),
    (&["payee"], "payee"),
    (&["payer"], "payer"),
    (&["peer"], ANYONE),
    (&["peers"], ANYONE),
    (&["reader"], "reader"),
    (&["readers"], "reader"),
    (&["receiver"], "receiver"),
    (&["receiving", "node"], "receiver"),
    (&["recipient"], "receiver"),
    (&["recipient", "node"], "receiver"),
    (&["responder"], "responder"),
    (&["sender"], "sender"),
    (&["sending", "node"], "sender"),
    (&["writer"], "writer"),
    (&["writers"], "writer"),
];

/// The last role that `text` names outside of brackets.
pub(super) fn role(text: &str) -> Option<&'static str> {
    let text = without_brackets(text).to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && !['-', '_'].contains(&c))
        .map(|word| word.trim_matches('_'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut last = None;
    let mut at = 0;
    while at < words.len() {
        let named =
            NAMES.iter().filter(|(name, _)| words[at..].starts_with(name)).max_by_key(|(name, _)| name.len());
        if let Some((_, role)) = named {
            last = Some(*role);
        }
        at += named.map_or(1, |(name, _)| name.len());
    }
    last
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let mut outside = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => outside.push(c),
            _ => {}
        }
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_from_the_lines_that_name_them() {
        assert_eq!(role("The receiving node:"), Some("receiver"));
        assert_eq!(role("A node sending a `ping` message:"), Some("sender"));
        assert_eq!(role("A non-funding node (fundee):"), Some("fundee"));
        assert_eq!(role("The creator of this (usually, the recipient):"), Some("creator"));
        assert_eq!(role("An _intermediate hop_ may not, but the _final node_:"), Some("final node"));
        assert_eq!(role("The first secret used:"), None);
        assert_eq!(role("a node_id:"), None);
    }
}
