//! Which requirements are there? The catalogue, by id and by place.

use super::catalogue::{self, CatalogueError};
use super::fields::MessageField;
use super::id::{Id, TextHash};
use super::keyword::Level;
use std::sync::{Arc, OnceLock};

/// One requirement, as the catalogue knows it: where it stands and how binding it is, but not its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its name, which survives edits elsewhere in the BOLT.
    pub id: Id,
    /// The number of its BOLT.
    pub bolt: u8,
    /// The BOLT's markdown file, without a folder.
    pub file: Arc<str>,
    /// The line it begins at, counted from 1, when the catalogue was written.
    pub line: u32,
    /// The headings it stands under, the outermost first, without the document's title.
    pub section: Arc<[String]>,
    /// Whom it binds: `sender`, `receiver`, `origin node`, ...; `node` where the BOLT names nobody in particular.
    pub role: Arc<str>,
    /// How binding it is.
    pub level: Level,
    /// The hashes of what it hangs under, the outermost first.
    pub under: Vec<TextHash>,
    /// The hash of its own words.
    pub text: TextHash,
    pub(super) fields: Box<[MessageField]>,
}

impl Requirement {
    /// Its headings on one line: `Setup Messages > The `init` Message > Requirements`.
    pub fn section_path(&self) -> String {
        self.section.join(" > ")
    }

    /// The fields of messages that it names, in itself or in the conditions it hangs under, each once.
    pub fn fields(&self) -> &[MessageField] {
        &self.fields
    }
}

/// An index of requirements.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// By BOLT, each in the order of its text.
    all: Vec<Requirement>,
    /// Places in `all`, in the order of the ids.
    by_id: Vec<usize>,
}

impl Requirements {
    /// The index of the catalogue that this crate was built with, read on first use.
    pub fn bundled() -> &'static Self {
        static BUNDLED: OnceLock<Requirements> = OnceLock::new();
        BUNDLED.get_or_init(|| {
            // It is no input: a test reads these very files.
            Requirements::from_catalogue(CATALOGUE.iter().copied()).expect("a catalogue as xtask writes it")
        })
    }

    /// The index of catalogue files of one's own, each a name (for errors) and its text.
    pub fn from_catalogue<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CatalogueError> {
        let read = files.into_iter().map(|(name, yaml)| catalogue::read(name, yaml));
        let files = read.collect::<Result<Vec<_>, _>>()?;
        Ok(Requirements::new(files.into_iter().flatten().collect()))
    }

    /// The index of these requirements.
    pub fn new(mut all: Vec<Requirement>) -> Self {
        all.sort_by_key(|requirement| requirement.bolt);
        let mut by_id: Vec<usize> = (0..all.len()).collect();
        by_id.sort_by(|one, other| all[*one].id.cmp(&all[*other].id));
        Requirements { all, by_id }
    }

    /// The requirement of this id.
    pub fn by_id(&self, id: &str) -> Option<&Requirement> {
        let found = self.by_id.binary_search_by(|at| self.all[*at].id.as_str().cmp(id)).ok()?;
        Some(&self.all[self.by_id[found]])
    }

    /// The requirement that a mistyped `id` means: the one with its hash, else the one a few letters away.
    pub fn nearest(&self, id: &str) -> Option<&Requirement> {
        const FEW: usize = 3;
        let (_, hash) = id.rsplit_once('-')?;
        let has_hash = |requirement: &&Requirement| requirement.id.as_str().ends_with(hash);
        let by_hash = self.all.iter().find(has_hash).filter(|_| hash.len() == 8);
        by_hash.or_else(|| {
            let distance = |known: &Requirement| strsim::damerau_levenshtein(known.id.as_str(), id);
            let measured = self.all.iter().map(|known| (distance(known), known));
            let (distance, nearest) = measured.min_by_key(|(distance, _)| *distance)?;
            (distance <= FEW).then_some(nearest)
        })
    }

    /// All requirements, BOLT by BOLT, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Requirement> {
        self.all.iter()
    }

    /// The requirements of BOLT `bolt`, in the order of its text.
    pub fn of_bolt(&self, bolt: u8) -> &[Requirement] {
        let start = self.all.partition_point(|requirement| requirement.bolt < bolt);
        let end = self.all.partition_point(|requirement| requirement.bolt <= bolt);
        &self.all[start..end]
    }

    /// The requirements of BOLT `bolt` under a heading that contains `title`, whatever its case.
    pub fn in_section<'a>(&'a self, bolt: u8, title: &str) -> impl Iterator<Item = &'a Requirement> {
        let title = title.to_lowercase();
        self.of_bolt(bolt)
            .iter()
            .filter(move |requirement| requirement.section_path().to_lowercase().contains(&title))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl<'a> IntoIterator for &'a Requirements {
    type Item = &'a Requirement;
    type IntoIter = std::slice::Iter<'a, Requirement>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

macro_rules! catalogue {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../specs/requirements/", $name)))),*]
    };
}

/// The bundled catalogue files by name.
pub(super) const CATALOGUE: &[(&str, &str)] = catalogue![
    "bolt00.yaml",
    "bolt01.yaml",
    "bolt02.yaml",
    "bolt03.yaml",
    "bolt04.yaml",
    "bolt05.yaml",
    "bolt07.yaml",
    "bolt08.yaml",
    "bolt09.yaml",
    "bolt10.yaml",
    "bolt11.yaml",
    "bolt12.yaml",
];
