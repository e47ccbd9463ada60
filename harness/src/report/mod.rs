//! Telling what happened. Running knows nothing of telling: it sends [`RunEvent`]s, and reporters listen.

mod event;
mod human;
mod story;
mod summary;
mod transcripts;

pub use event::{Reporter, RunEvent, SpecReport};
pub use human::{Human, Style};
pub use story::{Replay, Story};
pub use summary::Summary;
pub use transcripts::Transcripts;
