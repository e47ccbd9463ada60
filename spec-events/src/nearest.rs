//! Which name was meant?

/// The name most like `wrong`, if one is like it at all.
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase());
    let (name, distance) =
        names.into_iter().map(|name| (name, distance(name))).min_by_key(|(_, distance)| *distance)?;
    let longest = wrong.chars().count().max(name.chars().count());
    (distance * 3 <= longest + 1).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let names = ["open_channel", "accept_channel", "init"];
        assert_eq!(nearest("open_chanel", names), Some("open_channel"));
        assert_eq!(nearest("Init", names), Some("init"));
        assert_eq!(nearest("shutdown", names), None);
        assert_eq!(nearest("x", []), None);
    }
}
