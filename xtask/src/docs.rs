//! `cargo xtask docs`: from the tables of events, functions and features to the reference for spec authors.
//!
//! A generated part of `docs/language.md` stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`.

use clap::Args;
use lnprototest_bolt::features::{Context, Feature};
use lnprototest_spec_events::event::{ArgumentInfo, EventInfo, Group, Role};
use lnprototest_spec_events::{Event, FunctionInfo};
use std::path::PathBuf;
use std::{fs, io};

/// The arguments of `cargo xtask docs`.
#[derive(Args)]
pub struct Docs {
    /// The page
    #[arg(default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md"))]
    page: PathBuf,
    /// Write nothing: fail if the page would change
    #[arg(long)]
    check: bool,
}

impl Docs {
    /// Writes, or checks, the generated parts of the page.
    pub fn run(&self) -> Result<(), DocsError> {
        let at = |error| DocsError::File { path: self.page.clone(), error };
        let old = fs::read_to_string(&self.page).map_err(at)?;
        let new = with_parts(&old)?;
        match (new == old, self.check) {
            (true, _) => Ok(()),
            (false, false) => fs::write(&self.page, new).map_err(at),
            (false, true) => Err(DocsError::Stale(self.page.clone())),
        }
    }
}

/// The page with all its generated parts made anew.
fn with_parts(page: &str) -> Result<String, DocsError> {
    let parts = [("events", events()?), ("features", features()), ("functions", functions())];
    parts.iter().try_fold(page.to_owned(), |page, (name, text)| replaced(&page, name, text))
}

/// The page with `text` between the marks of `name`.
fn replaced(page: &str, name: &str, text: &str) -> Result<String, DocsError> {
    let missing = |mark: &str| DocsError::NoMark(mark.to_owned());
    let (begin, end) = (format!("<!-- generated: {name} -->"), format!("<!-- end: {name} -->"));
    let (before, rest) = page.split_once(&begin).ok_or_else(|| missing(&begin))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| missing(&end))?;
    Ok(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()))
}

/// The groups of events, as a reader meets them.
const GROUPS: [(Group, &str); 6] = [
    (Group::Session, "Sessions and messages"),
    (Group::Transport, "Transport"),
    (Group::Chain, "Block chain"),
    (Group::Node, "Node"),
    (Group::Channel, "Channels"),
    (Group::Structure, "Structure"),
];

fn events() -> Result<String, DocsError> {
    let mut text = String::new();
    for (group, title) in GROUPS {
        text += &format!("### {title}\n\n");
        for info in Event::ALL.iter().filter(|info| info.group == group) {
            text += &event(info)?;
        }
    }
    Ok(text)
}

fn event(info: &EventInfo) -> Result<String, DocsError> {
    let written: Vec<_> = info.arguments.iter().filter(|argument| argument.role != Role::Derived).collect();
    let mut text = format!("#### `{}`\n\n{}\n\n", info.name, one_line(info.doc));
    if written.is_empty() {
        return Ok(text + "No arguments.\n\n");
    }
    text += "| argument | takes | meaning |\n| --- | --- | --- |\n";
    for argument in written {
        let name = match argument.role {
            Role::Main => format!("`{}` (main)", argument.name),
            Role::Whole => "(its value)".to_owned(),
            Role::Derived | Role::Other => format!("`{}`", argument.name),
        };
        text += &row(&[&name, &takes(info, argument)?, &one_line(argument.doc)]);
    }
    Ok(text + "\n")
}

/// What an argument takes, in words.
fn takes(event: &EventInfo, argument: &ArgumentInfo) -> Result<String, DocsError> {
    let ty = argument.ty.replace(' ', "");
    let ty = ty.strip_prefix("Option<").and_then(|ty| ty.strip_suffix('>')).unwrap_or(&ty);
    let words = TYPES.iter().find(|(known, _)| *known == ty).map(|(_, words)| *words);
    let words = words.ok_or_else(|| DocsError::UnknownType {
        argument: format!("{}.{}", event.name, argument.name),
        ty: argument.ty,
    })?;
    Ok(if argument.optional { format!("{words}, optional") } else { words.to_owned() })
}

/// The types of arguments, as Rust and as authors call them.
const TYPES: &[(&str, &str)] = &[
    ("Alternatives", "list of alternatives, each a list of steps"),
    ("Bindings", "map of names to values"),
    ("ByField<Option<SigningFlaw>>", "map of fields to words"),
    ("ByField<SecretKey>", "map of fields to secret keys in hex"),
    ("ChannelRef", "channel"),
    ("ClaimedOutput", "name of an output"),
    ("Expr", "any value"),
    ("Expr<Bytes>", "hex"),
    ("Expr<Keyset>", "keyset"),
    ("Expr<OutPoint>", "outpoint"),
    ("Expr<ScriptBuf>", "script in hex"),
    ("Expr<SecretKey>", "secret key in hex"),
    ("Expr<String>", "text"),
    ("Expr<Transaction>", "transaction in hex"),
    ("Expr<Txid>", "txid in hex"),
    ("Expr<i64>", "number"),
    ("Expr<u32>", "number"),
    ("Expr<u64>", "number"),
    ("FailKind", "`channel` or `connection`"),
    ("MessageName", "message name"),
    ("Name", "name"),
    ("Pair", "list of two values"),
    ("SessionRef", "session"),
    ("Side", "`local` or `remote`"),
    ("String", "path"),
    ("Template", "map of fields"),
    ("Vec<Expr<SecretKey>>", "list of secret keys in hex"),
    ("Vec<Expr<Transaction>>", "list of transactions in hex"),
    ("Vec<Expr<bool>>", "list of conditions"),
    ("Vec<MessageName>", "list of message names"),
    ("Vec<Name>", "list of names"),
    ("Vec<Step>", "list of steps"),
    ("Vec<TxOutput>", "list of `{ sat, script }`"),
    ("bool", "`true` or `false`"),
];

fn functions() -> String {
    let rows = FunctionInfo::all().map(|function| row(&[&format!("`{}`", function.signature), function.doc]));
    format!("| function | gives |\n| --- | --- |\n{}", rows.collect::<String>())
}

fn features() -> String {
    let rows = Feature::all().iter().map(|feature| {
        let needs: Vec<_> = feature.dependencies.iter().map(|name| format!("`{name}`")).collect();
        let contexts: Vec<_> = feature.contexts.iter().map(|context| context_name(*context)).collect();
        let assumed = if feature.assumed { "yes" } else { "" };
        let bits = format!("{}/{}", feature.even_bit, feature.even_bit + 1);
        row(&[&format!("`{}`", feature.name), &bits, &contexts.join(", "), &needs.join(", "), assumed])
    });
    format!(
        "| feature | bits | may stand in | needs | assumed |\n| --- | --- | --- | --- | --- |\n{}",
        rows.collect::<String>()
    )
}

fn context_name(context: Context) -> &'static str {
    match context {
        Context::ChannelType => "`channel_type`",
        Context::Init => "`init`",
        Context::Invoice => "invoice",
        Context::NodeAnnouncement => "`node_announcement`",
        _ => "elsewhere",
    }
}

/// A row of a table.
fn row(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A doc comment without its line breaks.
fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why the chore failed.
#[derive(Debug, thiserror::Error)]
pub enum DocsError {
    /// The page can't be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The page.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The page has no place for a part.
    #[error("the page lacks the mark `{0}`: put it where the generated part belongs")]
    NoMark(String),
    /// `--check` found a page that differs.
    #[error("not up to date: {}: run `cargo xtask docs` without --check", .0.display())]
    Stale(PathBuf),
    /// An argument has a type that the page has no words for.
    #[error("{argument} has the type {ty}, which has no words yet: add them to TYPES in xtask/src/docs.rs")]
    UnknownType {
        /// As `Event.argument`.
        argument: String,
        /// As Rust writes it.
        ty: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "a\n<!-- generated: x -->\nold\n<!-- end: x -->\nb\n";

    #[test]
    fn a_part_is_replaced_and_the_rest_stays() {
        let page = replaced(PAGE, "x", "new\n").unwrap();
        assert_eq!(page, "a\n<!-- generated: x -->\n\nnew\n\n<!-- end: x -->\nb\n");
        assert_eq!(replaced(&page, "x", "new").unwrap(), page);
    }

    #[test]
    fn a_missing_mark_is_named() {
        let error = replaced(PAGE, "y", "new").unwrap_err();
        assert!(error.to_string().contains("`<!-- generated: y -->`"), "{error}");
        let error = replaced("<!-- generated: x -->", "x", "new").unwrap_err();
        assert!(error.to_string().contains("`<!-- end: x -->`"), "{error}");
    }

    #[test]
    fn each_event_has_its_place_and_no_derived_argument_is_told() {
        let text = events().unwrap();
        for info in Event::ALL {
            assert!(text.contains(&format!("#### `{}`\n", info.name)), "{}", info.name);
        }
        assert!(!text.contains("`site`"));
    }

    #[test]
    fn a_bar_does_not_end_a_cell() {
        assert_eq!(row(&["a|b", "c"]), "| a\\|b | c |\n");
    }
}
