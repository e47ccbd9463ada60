//! Does extraction find what it should, do ids stay, and do catalogue, search and explanation agree with it?

use super::explain::explain_in;
use super::index::CATALOGUE;
use super::*;
use proptest::prelude::*;
use std::fs;

const FIXTURE: &str = include_str!("tests/fixture.md");

fn items(markdown: &str) -> Vec<Item> {
    extract(2, "02-fixture.md", markdown)
}

fn ids(markdown: &str) -> Vec<String> {
    items(markdown).into_iter().map(|item| item.requirement.id.to_string()).collect()
}

fn catalogue(items: &[Item]) -> Requirements {
    Requirements::new(items.iter().map(|item| item.requirement.clone()).collect())
}

fn id_of(items: &[Item], text: &str) -> String {
    items.iter().find(|item| item.text.contains(text)).unwrap().requirement.id.to_string()
}

#[test]
fn the_fixture_has_these_requirements() {
    let items = items(FIXTURE);
    let told: Vec<String> = items.iter().map(|item| Explanation::from(item).to_string()).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn ids_survive_edits_elsewhere() {
    let before = items(FIXTURE);
    let edited = FIXTURE
        .replacen(
            "## The `hello` Message",
            "New words, and a list:\n\n - MUST be new\n\n## The `hello` Message",
            1,
        )
        .replacen("Anyone:", "Unrelated words that stand between.\n\nAnyone:", 1)
        + "\n## Afterwards\n\nA node MUST go on.\n";
    let after = items(&edited);
    for item in &before {
        let same = after.iter().find(|other| other.requirement.id == item.requirement.id).unwrap();
        assert_eq!((&same.text, &same.under), (&item.text, &item.under));
    }
    assert_eq!(after.len(), before.len() + 2);
    let last = |items: &[Item]| items[before.len() - 1].requirement.line;
    assert_ne!(last(&before), last(&after), "the lines should have moved");
}

#[test]
fn ids_survive_changes_of_layout() {
    let laid_out_anew = FIXTURE
        .replace("MUST drop the `greeting`", "MUST drop\n   the *greeting*")
        .replace("The receiving node:", "The _receiving_ node:");
    assert_ne!(laid_out_anew, FIXTURE);
    assert_eq!(ids(&laid_out_anew), ids(FIXTURE));
}

#[test]
fn an_id_changes_with_its_words_its_conditions_and_its_headings() {
    let before = id_of(&items(FIXTURE), "MUST say so");
    for (old, new) in [
        ("MUST say so", "SHOULD say so"),
        ("if it is tired:", "if it is bored:"),
        ("The receiving node:", "The sending node:"),
        ("The `hello` Message", "The `hallo` Message"),
    ] {
        let edited = FIXTURE.replace(old, new);
        assert_ne!(edited, FIXTURE);
        assert!(!ids(&edited).contains(&before), "{old}");
    }
}

#[test]
fn the_same_words_twice_in_one_place_have_two_ids() {
    let ids = ids("# BOLT #2\n## Doors\n\nA node:\n - MUST knock\n - MAY enter\n - MUST knock\n");
    assert_eq!(ids[2], format!("{}-2", ids[0]));
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn an_otherwise_belongs_to_its_alternatives() {
    let both = "A node:\n - if red:\n   - MAY stop\n - otherwise:\n   - MUST go\n";
    let items = items(&format!("# Signals\n\n{both}\n"));
    assert_eq!(items[1].under, ["A node:", "not: if red:", "otherwise:"]);
    assert!(
        !ids(&format!("# Signals\n\n{}\n", both.replace("red", "green")))
            .contains(&items[1].requirement.id.to_string())
    );
}

#[test]
fn a_bullet_left_of_a_paragraph_does_not_hang_under_it() {
    let items = items("# Doors\n\n - MAY knock\n\n   as follows:\n\n - MUST wait\n");
    assert_eq!(items[1].under, [""; 0]);
}

#[test]
fn no_depth_of_bullets_overflows() {
    let deep: String = (0..2_000).map(|depth| format!("{}- if:\n", " ".repeat(depth * 2))).collect();
    assert_eq!(items(&format!("{deep}{}- MUST", " ".repeat(5_000))).len(), 1);
}

#[test]
fn the_catalogue_reads_back() {
    let requirements: Vec<Requirement> = items(FIXTURE).into_iter().map(|item| item.requirement).collect();
    let yaml = write(2, "02-fixture.md", &requirements.iter().collect::<Vec<_>>());
    assert_eq!(read("bolt02.yaml", &yaml).unwrap(), requirements);
}

#[test]
fn the_catalogue_has_no_words_of_the_text() {
    let items = items(FIXTURE);
    let yaml = write(2, "02-fixture.md", &items.iter().map(|item| &item.requirement).collect::<Vec<_>>());
    for text in items.iter().flat_map(|item| item.under.iter().chain([&item.text])) {
        assert!(!yaml.contains(text.as_str()), "{text}");
    }
}

#[test]
fn a_faulty_catalogue_is_refused_with_its_line() {
    let error = read("bolt02.yaml", "bolt: 2\nfile: x.md\nsections:\n- section: oh\n").unwrap_err();
    insta::assert_snapshot!(error, @"bolt02.yaml:4: not a line of a requirement catalogue: write it anew with `cargo xtask requirements`");
    assert!(read("bolt02.yaml", "bolt: 2\n  - {id: B02-x-00000000, line: 1}\n").is_err());
}

#[test]
fn what_became_of_former_ids_reads_back() {
    let text = "# Ids
former:
- {id: B02-a-00000000, became: moved, now: B02-b-00000000}
- {id: B02-c-00000000, became: removed}
- {id: B02-d-00000000-2, became: changed, now: B02-e-00000000-3}
";
    let former = Former::read("former.yaml", text).unwrap();
    assert_eq!(former.write().lines().skip(1).collect::<Vec<_>>(), text.lines().skip(1).collect::<Vec<_>>());
    assert_eq!(former.fate("B02-c-00000000"), Some(&Fate::Removed));
    for wrong in ["- {id: B02-a-00000000, became: lost}", "- {id: B02-a-00000000, became: moved}", "x"] {
        let error = Former::read("former.yaml", &format!("former:\n{wrong}\n")).unwrap_err().to_string();
        assert!(error.starts_with("former.yaml:2: "), "{error}");
    }
}

#[test]
fn the_bundled_catalogue_reads_and_has_no_id_twice() {
    let strict = Requirements::from_catalogue(CATALOGUE.iter().copied()).unwrap();
    let bundled = Requirements::bundled();
    assert_eq!(bundled.len(), strict.len());
    assert!(bundled.len() > 1_400, "{}", bundled.len());
    for (bolt, (name, yaml)) in BOLTS.into_iter().zip(CATALOGUE) {
        let requirements: Vec<&Requirement> = bundled.of_bolt(bolt).iter().collect();
        assert!(!requirements.is_empty(), "{name}");
        assert_eq!(&write(bolt, &requirements[0].file, &requirements), yaml);
    }
    let mut ids: Vec<&Id> = bundled.iter().map(|requirement| &requirement.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), bundled.len());
}

#[test]
fn the_bundled_catalogue_is_yaml() {
    for (name, yaml) in CATALOGUE {
        let read = read(name, yaml).unwrap();
        let parsed: serde_json::Value = serde_saphyr::from_str(yaml).unwrap();
        let sections = parsed["sections"].as_array().unwrap();
        let entries: Vec<_> =
            sections.iter().flat_map(|section| section["items"].as_array().unwrap()).collect();
        assert_eq!(entries.len(), read.len(), "{name}");
        for (entry, requirement) in entries.iter().zip(&read) {
            assert_eq!(entry["id"], requirement.id.as_str());
            assert_eq!(entry["level"], requirement.level.as_str());
            assert_eq!(entry["line"], requirement.line);
            assert_eq!(entry["text"], requirement.text.to_string());
            let fields: Vec<_> = entry["fields"].as_array().unwrap().iter().collect();
            assert_eq!(fields, requirement.fields().iter().map(|field| field.as_str()).collect::<Vec<_>>());
            assert_eq!(entry["under"].as_array().unwrap().len(), requirement.under.len());
        }
    }
}

#[test]
fn a_typo_finds_the_id_that_was_meant() {
    let bundled = Requirements::bundled();
    let meant = &bundled.of_bolt(2)[100].id;
    let (place, hash) = meant.as_str().rsplit_once('-').unwrap();
    for typo in
        [meant.as_str().replace("B02", "B20"), format!("B02-other-{hash}"), format!("{place}-{}", &hash[1..])]
    {
        assert!(bundled.by_id(&typo).is_none());
        assert_eq!(&bundled.nearest(&typo).unwrap().id, meant, "{typo}");
    }
    assert!(bundled.nearest(&format!("{place}-00000000")).is_none());
    assert!(bundled.nearest("nothing of the sort").is_none());
    assert!(bundled.nearest("").is_none());
}

#[test]
fn the_catalogue_is_found_by_place() {
    let items = items(FIXTURE);
    let catalogue = catalogue(&items);
    assert_eq!(
        catalogue.in_section(2, "HELLO").count(),
        catalogue.len() - catalogue.in_section(2, "limits").count()
    );
    assert_eq!(catalogue.in_section(1, "hello").count(), 0);
    let requirement = catalogue.by_id(&id_of(&items, "MUST say so")).unwrap();
    assert_eq!((requirement.level, requirement.role.as_ref()), (Level::Must, "receiver"));
}

#[test]
fn search_wants_all_words_wherever_they_stand() {
    let items = items(FIXTURE);
    let found = |query| search(&items, query).iter().map(|item| item.text.as_str()).collect::<Vec<_>>();
    assert_eq!(found("hello TIRED receiver"), ["MUST say so."]);
    assert_eq!(found("\"say so\""), ["MUST say so."]);
    assert_eq!(found("\"than ten letters\" \"drop the `greeting`\"").len(), 1);
    assert!(found("hello \"so say\"").is_empty());
    assert_eq!(found("").len(), items.len());
}

#[test]
fn a_checkout_gives_the_words_and_its_own_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("02-fixture.md"), format!("\n\n{FIXTURE}")).unwrap();
    let items = items(FIXTURE);
    let id = id_of(&items, "MUST say so");
    let checkout = Checkout::new(folder.path());
    let explanation = explain_in(&catalogue(&items), &id, Some(&checkout)).unwrap();
    let wording = explanation.wording.unwrap();
    assert_eq!(wording.text, "MUST say so.");
    assert_eq!(wording.under, ["The receiving node:", "if it is tired:"]);
    let without = explain_in(&catalogue(&items), &id, None).unwrap();
    assert_eq!(without.wording, None);
    assert_eq!(explanation.requirement.line, without.requirement.line + 2);
}

#[test]
fn an_id_that_cannot_be_explained_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("02-fixture.md");
    let items = items(FIXTURE);
    let former = "- {id: B02-hello-ffffffff, became: removed}";
    let former = Former::read("former.yaml", former).unwrap();
    let (id, catalogue) = (id_of(&items, "MUST say so"), catalogue(&items).with_former(former));
    let checkout = Checkout::new(folder.path());
    let error = |id: &str, checkout| {
        let error = explain_in(&catalogue, id, checkout).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    };
    let mut told = vec![
        error("B02-hello-00000000", None),
        error("B02-hello-ffffffff", None),
        error(&id.replace("hello", "helo"), None),
    ];
    told.push(error(&id, Some(&checkout)));
    fs::write(&file, FIXTURE.replace("The `hello` Message", "The `hallo` Message")).unwrap();
    told.push(error(&id, Some(&checkout)));
    fs::write(&file, FIXTURE.replace("if it is tired:", "if it is bored:")).unwrap();
    told.push(error(&id, Some(&checkout)));
    fs::write(&file, FIXTURE.replace("MUST say so", "SHOULD say so")).unwrap();
    told.push(error(&id, Some(&checkout)));
    fs::write(&file, "# Nothing is left\n").unwrap();
    told.push(error(&id, Some(&checkout)));
    fs::write(&file, [0xff, 0xfe]).unwrap();
    told.push(error(&id, Some(&checkout)));
    insta::assert_snapshot!(told.join("\n"));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*") {
        items(&text);
        let _ = read("any.yaml", &text);
        let _ = Requirements::bundled().nearest(&text);
    }

    #[test]
    fn arbitrary_markdown_gives_distinct_ids_that_read_back(
        lines in prop::collection::vec("[ \t]{0,9}([-*#]|[0-9]\\.|```|<!--|-->)? ?(MUST|MAY|otherwise|if|a|:|`|_|\\*|\\[|\\]\\(|\\)|\"|é| ){0,6}:?", 0..40),
    ) {
        let items = items(&lines.join("\n"));
        let requirements: Vec<&Requirement> = items.iter().map(|item| &item.requirement).collect();
        let mut ids: Vec<&Id> = requirements.iter().map(|requirement| &requirement.id).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), items.len());
        let yaml = write(2, "02-fixture.md", &requirements);
        let back = read("any.yaml", &yaml).unwrap();
        prop_assert_eq!(back.iter().collect::<Vec<_>>(), requirements);
    }
}
