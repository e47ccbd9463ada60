//! Telling what happened. Running knows nothing of telling: it sends [`RunEvent`]s, and reporters listen.

pub mod coverage;
mod event;
mod human;
mod progress;
mod replay;
mod silent;
mod story;
mod summary;
mod transcripts;

pub use event::{Reporter, RunEvent, SpecReport};
pub use human::{Human, Style};
pub use progress::Progress;
pub use replay::{FrontEnd, Replay};
pub use silent::Silent;
pub use story::Story;
pub use summary::Summary;
pub use transcripts::Transcripts;
