//! Which specs a command is about: the bundled suite, a product's own, or what the command line names.

use lnprototest_bolt::wire::Catalogue;
use lnprototest_runner_api::Capability;
use lnprototest_spec_events::requirements::Requirements;
use lnprototest_spec_events::{Language, PathChoices, Spec, Tree, load};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::arguments::{Paths, What};
use super::{Product, UsageError};
use crate::nearest::nearest;

/// Checked specs, and the messages that they speak of.
pub(super) struct Selection {
    pub(super) specs: Vec<Arc<Spec>>,
    /// Where a proposal adds to the BOLTs' messages.
    pub(super) extended: Option<Catalogue>,
    /// Whether it is all that there is, and not a part.
    pub(super) is_whole: bool,
}

/// More paths than this are too many for one spec.
const MOST_PATHS: usize = 100_000;

/// The bundled suite, checked.
///
/// # Errors
/// [`UsageError::Specs`] with all mistakes in it.
pub fn bundled() -> Result<Vec<Arc<Spec>>, UsageError> {
    Selection::load(&Product::new(), &What::default()).map(|selection| selection.specs)
}

impl Selection {
    /// Loads what `what` names; nothing named means all.
    pub(super) fn load(product: &Product, what: &What) -> Result<Self, UsageError> {
        Self::load_only(product, what, None)
    }

    /// Loads what `what` names; of that, the spec `only`, if there is one of that name. It is not told then what is
    /// wrong with others.
    pub(super) fn load_only(product: &Product, what: &What, only: Option<&str>) -> Result<Self, UsageError> {
        let extended = extended(&what.proposals.messages)?;
        let mut trees = match (&what.what[..], &product.specs) {
            ([], Some(folder)) => vec![Tree::read(folder).map_err(UsageError::Specs)?],
            ([], None) => vec![bundled_tree()],
            (named, _) => named_trees(named)?,
        };
        let only = only.filter(|only| trees.iter().any(|tree| tree.spec_names().any(|name| name == *only)));
        if let Some(only) = only {
            trees.iter_mut().for_each(|tree| tree.retain(|name| name == only));
        }
        let capabilities = Capability::ALL.map(Capability::name);
        let language = Language {
            catalogue: extended.as_ref().unwrap_or_else(|| Catalogue::bolts()),
            requirements: Requirements::bundled(),
            capabilities: &capabilities,
        };
        let suite = load(&trees, &bundled_tree(), language).map_err(UsageError::Specs)?;
        if suite.specs.is_empty() {
            return Err(UsageError::NoSpecs(what.what.join(" ")));
        }
        let specs: Vec<_> = suite.specs.into_iter().map(Arc::new).collect();
        no_name_twice(&specs)?;
        Ok(Self { specs, extended, is_whole: what.what.is_empty() && only.is_none() })
    }

    /// The paths of a spec.
    pub(super) fn paths_of(spec: &Spec, paths: Paths) -> Result<Vec<PathChoices>, UsageError> {
        match paths {
            Paths::Each => Ok(PathChoices::each(spec)),
            Paths::All => match lnprototest_spec_events::paths::count_all(spec) {
                Some(count) if count <= MOST_PATHS => Ok(PathChoices::all(spec)),
                _ => Err(UsageError::Path(format!(
                    "{} has more than {MOST_PATHS} paths: without --paths all each alternative is tried once",
                    spec.name
                ))),
            },
        }
    }
}

/// Reports, transcripts and known failures go by a spec's name.
fn no_name_twice(specs: &[Arc<Spec>]) -> Result<(), UsageError> {
    let mut known: HashMap<&str, &Spec> = HashMap::new();
    for spec in specs {
        if let Some(other) = known.insert(&spec.name, spec) {
            return Err(UsageError::NameTwice {
                name: spec.name.clone(),
                one: other.at.source().name.clone(),
                other: spec.at.source().name.clone(),
            });
        }
    }
    Ok(())
}

fn bundled_tree() -> Tree {
    Tree::embedded("specs/", lnprototest_specs::files().iter().map(|file| (file.path, file.text)))
}

/// Files and folders of the disk where there are any of that name, else of the bundled suite.
fn named_trees(named: &[String]) -> Result<Vec<Tree>, UsageError> {
    let mut trees = Vec::new();
    let mut bundled_names = Vec::new();
    for name in named {
        if Path::new(name).exists() {
            trees.push(Tree::read(Path::new(name)).map_err(UsageError::Specs)?);
        } else {
            bundled_names.push(name.trim_end_matches('/'));
        }
    }
    if bundled_names.is_empty() {
        return Ok(trees);
    }
    let mut tree = bundled_tree();
    let is_within = |spec: &str, name: &str| {
        spec == name || spec.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
    };
    if let Some(unknown) =
        bundled_names.iter().find(|name| !tree.spec_names().any(|spec| is_within(spec, name)))
    {
        return Err(UsageError::Unknown {
            what: (*unknown).to_owned(),
            nearest: nearest_below(unknown, tree.spec_names()),
        });
    }
    tree.retain(|spec| bundled_names.iter().any(|name| is_within(spec, name)));
    trees.push(tree);
    Ok(trees)
}

/// The spec, or folder of specs, that `wrong` most likely means: one of the deepest folder that it names rightly.
fn nearest_below<'a>(wrong: &str, specs: impl Iterator<Item = &'a str>) -> Option<String> {
    let shared = |name: &str| {
        wrong.split('/').zip(name.split('/')).take_while(|(ours, theirs)| ours == theirs).count()
    };
    let names: Vec<&str> = specs
        .flat_map(|spec| {
            let folders = spec.match_indices('/').map(|(end, _)| &spec[..end]);
            folders.chain([spec])
        })
        .collect();
    let deepest = names.iter().map(|name| shared(name)).max()?;
    nearest(wrong, names.into_iter().filter(|name| shared(name) == deepest))
}

/// The BOLTs' messages and those of proposals, if there are any.
fn extended(files: &[std::path::PathBuf]) -> Result<Option<Catalogue>, UsageError> {
    let mut catalogue: Option<Catalogue> = None;
    for file in files {
        let name = file.display().to_string();
        let csv = std::fs::read_to_string(file)
            .map_err(|error| UsageError::Catalogue(format!("{name}: can't be read: {error}")))?;
        let base = catalogue.as_ref().unwrap_or_else(|| Catalogue::bolts());
        let extended =
            base.extended(&name, &csv).map_err(|error| UsageError::Catalogue(error.to_string()))?;
        catalogue = Some(extended);
    }
    Ok(catalogue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spec_is_loaded_alone() {
        let load = |only| Selection::load_only(&Product::new(), &What::default(), Some(only)).unwrap();
        let one = load("bolt01/init/echo");
        assert_eq!(one.specs.iter().map(|spec| &*spec.name).collect::<Vec<_>>(), ["bolt01/init/echo"]);
        assert!(!one.is_whole);
        assert!(load("bolt01/init/none_of_this_name").is_whole);
    }

    #[test]
    fn two_specs_of_one_name_are_refused_with_both_files() {
        let folder = tempfile::tempdir().unwrap();
        let spec = "about: x\ncovers: [B01-init-f3865515]\nsteps:\n  - Connect: alice\n  - ExpectMsg: init\n";
        for tree in ["one", "other"] {
            std::fs::create_dir_all(folder.path().join(tree).join("init")).unwrap();
            std::fs::write(folder.path().join(tree).join("init/same.yaml"), spec).unwrap();
        }
        let trees = ["one", "other"].map(|tree| folder.path().join(tree).display().to_string());
        let what = What { what: trees.to_vec(), ..What::default() };
        let Err(error) = Selection::load(&Product::new(), &what) else { panic!("nothing is wrong") };
        assert_eq!(
            error.to_string().replace(&folder.path().display().to_string(), "DIR"),
            "'init/same' is the name of two specs, DIR/one/init/same.yaml and DIR/other/init/same.yaml: \
             name each once, or move one"
        );
    }

    #[test]
    fn a_slip_in_a_name_is_understood_at_its_own_depth() {
        let specs = ["bolt01/init/echo", "bolt01/ping/reply_is_zeros", "bolt02/shutdown/late"];
        let meant = |wrong| nearest_below(wrong, specs.into_iter());
        assert_eq!(meant("bolt01/pin").as_deref(), Some("bolt01/ping"));
        assert_eq!(meant("bolt01/ping/reply_is_zero").as_deref(), Some("bolt01/ping/reply_is_zeros"));
        assert_eq!(meant("bolt01/ping/lengths").as_deref(), Some("bolt01/ping"));
        assert_eq!(meant("blot02").as_deref(), Some("bolt02"));
        assert_eq!(meant("gossip.yaml"), None);
    }
}
