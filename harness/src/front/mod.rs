//! The two ways to start a run: the `lnprototest` program, and a libtest look-alike for `cargo test`.

mod arguments;
mod coverage;
mod libtest;
mod mutants;
mod product;
mod program;
mod ready;
mod replayed;
mod selection;
mod target;
mod terminal;
mod usage;
mod work_dir;

pub use product::Product;
pub use selection::bundled;
pub use usage::UsageError;
