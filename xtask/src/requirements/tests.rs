//! Does an update of the BOLTs find what happened to each requirement, and mend the specs, and nothing else?

use super::*;
use tempfile::TempDir;

const BEFORE: &str = include_str!("../../tests/data/requirements/before.md");
const AFTER: &str = include_str!("../../tests/data/requirements/after.md");

/// A checkout, a catalogue and specs, each in a folder of one that goes.
struct Place {
    folder: TempDir,
}

impl Place {
    /// With the catalogue of [`BEFORE`].
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["bolts", "catalogue", "specs"] {
            fs::create_dir(place.at(folder)).unwrap();
        }
        place.write("specs/nothing.yaml", "covers: []\n");
        for bolt in BOLTS {
            place.write(&format!("bolts/{bolt:02}-other.md"), "# BOLT\n\nA node MUST be good.\n");
        }
        fs::remove_file(place.at("bolts/02-other.md")).unwrap();
        place.update(BEFORE);
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.at(path), text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn chore(&self) -> Requirements {
        let (bolts, catalogue) = (self.at("bolts"), self.at("catalogue"));
        Requirements {
            bolts,
            catalogue,
            check: false,
            diff: false,
            find: None,
            specs: vec![self.at("specs")],
        }
    }

    /// What the chore tells of a checkout whose BOLT 2 this is, without the table of counts.
    fn tell(&self, bolt: &str, chore: &Requirements) -> (String, Vec<String>) {
        self.write("bolts/02-fixture.md", bolt);
        let Told { text, stale } = chore.catalogue(&chore.read().unwrap()).unwrap();
        let folder = format!("{}/", self.folder.path().display());
        let (text, _counts) = text.split_once("\n BOLT").unwrap();
        (text.replace(&folder, ""), stale.iter().map(|file| file.replace(&folder, "")).collect())
    }

    fn update(&self, bolt: &str) -> String {
        self.tell(bolt, &self.chore()).0
    }

    /// The id of the requirement of BOLT 2 with these words, before the update.
    fn id(&self, words: &str) -> String {
        self.ids(words).remove(0)
    }

    fn ids(&self, words: &str) -> Vec<String> {
        let items = Checkout::new(self.at("bolts")).bolt(2).unwrap();
        let found = search(&items, words);
        assert!(!found.is_empty(), "{words}");
        found.iter().map(|item| item.requirement.id.to_string()).collect()
    }

    /// All files with their texts.
    fn all(&self) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        for folder in ["catalogue", "specs"] {
            for entry in fs::read_dir(self.at(folder)).unwrap() {
                let path = entry.unwrap().path();
                files.push((path.clone(), fs::read_to_string(path).unwrap()));
            }
        }
        files.sort();
        files
    }
}

#[test]
fn each_requirement_is_found_again_or_missed() {
    let place = Place::new();
    let covers = |name: &str, words: &str| {
        place.write(&format!("specs/{name}.yaml"), &format!("about: x\ncovers:\n  - {}\n", place.id(words)));
    };
    covers("changed", "\"to 2\"");
    covers("conditions", "answer");
    covers("kept", "\"to 1\"");
    covers("moved", "\"the door\"");
    covers("removed", "shout");
    covers("several", "knock");
    insta::assert_snapshot!(place.update(AFTER));
    insta::assert_snapshot!(place.text("catalogue/former.yaml"));
}

#[test]
fn what_has_moved_is_renamed_in_covers_and_nowhere_else() {
    let place = Place::new();
    let (moved, kept, changed) = (place.id("\"the door\""), place.id("\"to 1\""), place.id("\"to 2\""));
    let before = format!(
        "# {moved}\r\nabout:   {moved}\n\
         covers: [ \"{moved}\",{kept} , '{changed}' ]   # of {moved}\n\
         steps:\n  - label: {moved}\n# no newline"
    );
    place.write("specs/one.yaml", &before);
    let told = place.update(AFTER);
    let now = place.id("\"the door\"");
    assert_ne!(now, moved);
    assert_eq!(place.text("specs/one.yaml"), before.replace(&format!("\"{moved}\""), &format!("\"{now}\"")));
    assert!(told.contains("specs migrated: 1\n"), "{told}");
}

#[test]
fn the_same_words_twice_are_told_apart_by_their_headings() {
    let place = Place::new();
    let before = place.ids("wave");
    assert_eq!(before.len(), 2);
    place.write("specs/second.yaml", &format!("covers: [{}]\n", before[1]));
    place.update(AFTER);
    let now = place.ids("wave \"returning\"");
    assert_eq!(place.text("specs/second.yaml"), format!("covers: [{}]\n", now[0]));
}

#[test]
fn a_second_update_follows_the_first() {
    let place = Place::new();
    let (moved, changed, removed) = (place.id("\"the door\""), place.id("\"to 2\""), place.id("shout"));
    place.update(AFTER);
    let later = AFTER.replace("## Gates", "## Portals").replace("to 3", "to 4");
    place.update(&later);
    let former = place.text("catalogue/former.yaml");
    let fate = |id: &str| {
        let line = former.lines().find(|line| line.contains(&format!("{{id: {id},"))).unwrap();
        line.split_once("became: ").unwrap().1.trim_end_matches('}').to_owned()
    };
    assert_eq!(fate(&moved), format!("moved, now: {}", place.id("\"the door\"")));
    assert_eq!(fate(&changed), format!("changed, now: {}", place.id("\"to 4\"")));
    assert_eq!(fate(&removed), "removed");
    place.update(BEFORE);
    assert!(!place.text("catalogue/former.yaml").contains(&format!("{{id: {removed},")), "it is back");
}

#[test]
fn without_a_difference_nothing_is_to_be_done() {
    let place = Place::new();
    let before = place.all();
    let told = place.update(BEFORE);
    assert_eq!(told, "requirements: none is added, removed, moved or changed\nspecs migrated: 0\n");
    assert_eq!(place.all(), before);
    let moved_lines = format!("\n\n\n{BEFORE}");
    assert_eq!(place.update(&moved_lines), told);
}

#[test]
fn who_only_looks_changes_nothing() {
    let place = Place::new();
    place.write("specs/moved.yaml", &format!("covers: [{}]\n", place.id("\"the door\"")));
    let before = place.all();
    let (told, stale) = place.tell(AFTER, &Requirements { diff: true, ..place.chore() });
    assert!(told.contains("\nmoved: "), "{told}");
    assert_eq!(stale, [""; 0]);
    let (_, stale) = place.tell(AFTER, &Requirements { check: true, ..place.chore() });
    assert_eq!(stale, ["catalogue/bolt02.yaml", "catalogue/former.yaml"]);
    assert_eq!(place.all(), before);
}

#[test]
fn a_folder_that_is_no_checkout_is_refused() {
    let place = Place::new();
    let before = place.all();
    let refused = |bolts: &str| {
        let error = Requirements { bolts: place.at(bolts), ..place.chore() }.run().unwrap_err();
        error.to_string().replace(&place.folder.path().display().to_string(), "PLACE")
    };
    let mut told = vec![refused("nowhere"), refused("bolts/00-other.md"), refused("specs")];
    place.write("bolts/11-other.md", "<html>log in</html>\n");
    told.push(refused("bolts"));
    place.write("catalogue/bolt11.yaml", "garbage\n");
    place.write("bolts/11-other.md", "A node MUST be good.\n");
    told.push(refused("bolts"));
    insta::assert_snapshot!(told.join("\n"));
    place.write("catalogue/bolt11.yaml", &before[10].1);
    assert_eq!(place.all()[..10], before[..10]);
}
