//! Specs written in Rust: the same events, the same checks, no YAML.
//!
//! ```
//! use lnprototest_bolt::wire::Catalogue;
//! use lnprototest_spec_events::build::*;
//! use lnprototest_spec_events::requirements::Requirements;
//! use lnprototest_spec_events::{Language, Tree, fields, steps};
//!
//! let language = Language {
//!     catalogue: Catalogue::bolts(),
//!     requirements: Requirements::bundled(),
//!     capabilities: &[],
//! };
//! let spec = spec("mine/pong")
//!     .about("A ping is answered with as many bytes as it asks for")
//!     .covers(["B02-tx_add_input-81baa1ce"])
//!     .steps(steps![
//!         connect("alice").key("02"),
//!         expect_msg("init"),
//!         msg("init").with(fields! { globalfeatures: "", features: "" }),
//!         msg("ping").with(fields! { num_pong_bytes: 3, ignored: "" }),
//!         expect_msg("pong").check("${ byte_len(msg.ignored) == 3 }"),
//!         try_all([steps![], steps![raw_msg("270f")]]),
//!         expect_quiet(),
//!     ])
//!     .build(language, &Tree::default())?;
//! assert_eq!(spec.steps.len(), 7);
//! # Ok::<(), lnprototest_spec_events::Diagnostics>(())
//! ```
//!
//! A mistake is told with the place of the step in the Rust file.

mod draft;
mod raw;
mod spec;
mod steps;

pub use draft::{AnyDraft, Draft};
pub use raw::Raw;
pub use spec::{SpecBuilder, spec};
pub use steps::*;
