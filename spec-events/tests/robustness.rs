//! No file makes the loader panic.

mod common;

use common::load_files;
use proptest::prelude::*;

const OPEN: &str = include_str!("files/open.yaml");
const CONNECTED: &str = include_str!("files/connected.yaml");

/// A piece of what specs are made of.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "about: a\n",
        "covers: []\n",
        "steps:\n",
        "  - ",
        "- ",
        "Connect: ",
        "Msg: ping\n",
        "    with: ",
        "{ ",
        " }",
        "[",
        "]",
        "'${ ",
        " }'",
        "${",
        "alice",
        "sent.ping.",
        "num_pong_bytes",
        ".all(x, x > 1)",
        "keyset('20')",
        "\n",
        "\t",
        ": ",
        ", ",
        "0010",
        "1e5",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "&a ",
        "*a",
        "!!t ",
        "---\n",
        "? ",
        "TryAll: ",
        "Include: connected\n",
        "é",
        "~",
        "params: ",
        "let: ",
        "matrix: ",
        "as: ",
        "when: ",
        "((((((((",
        "9999999999999999999999999999999999999999999",
    ];
    prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = load_files([("a.yaml", bytes)]);
    }

    #[test]
    fn any_pieces(pieces in proptest::collection::vec(piece(), 0..60)) {
        let text = pieces.concat();
        if let Err(wrong) = load_files([("a.yaml", text.as_str()), ("fragments/connected.yaml", &text)]) {
            prop_assert!(!wrong.to_string().is_empty());
        }
    }

    /// A good spec with one part replaced.
    #[test]
    fn any_edit(from in 0..OPEN.len(), length in 0..40_usize, pieces in proptest::collection::vec(piece(), 0..3)) {
        prop_assume!(OPEN.is_char_boundary(from) && OPEN.is_char_boundary((from + length).min(OPEN.len())));
        let text = format!("{}{}{}", &OPEN[..from], pieces.concat(), &OPEN[(from + length).min(OPEN.len())..]);
        if let Err(wrong) = load_files([("a.yaml", text.as_str()), ("fragments/connected.yaml", CONNECTED)]) {
            prop_assert!(!wrong.to_string().is_empty());
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for deep in [
        "[".repeat(100_000),
        "- ".repeat(10_000),
        format!("${{ {}1 }}", "(".repeat(4_000)),
        "{a: ".repeat(1_000),
    ] {
        let steps = format!("about: a\ncovers: []\nsteps:\n  - Check: {deep}");
        assert!(load_files([("a.yaml", steps)]).is_err());
    }
}

#[test]
fn fragments_that_multiply_are_refused() {
    let double = |name: &str| format!("steps:\n{}", format!("  - Include: {name}\n").repeat(10));
    let files = [
        ("a.yaml", format!("about: a\ncovers: []\n{}", double("f0"))),
        ("fragments/f0.yaml", double("f1")),
        ("fragments/f1.yaml", double("f2")),
        ("fragments/f2.yaml", double("f3")),
        ("fragments/f3.yaml", double("f4")),
        ("fragments/f4.yaml", double("f5")),
        ("fragments/f5.yaml", "steps:\n  - Connect: alice\n".to_owned()),
    ];
    let wrong = load_files(files).unwrap_err().to_string();
    assert!(wrong.contains("more than 10000 steps"), "{wrong}");
}
