//! Which texts of a corpus are worth annotating for which tool (appendix A.1, "heuristics").
//!
//! Most texts gain nothing from most tools, and annotating is the dearest step. Each heuristic is a function on a text
//! of its own; a [`Selection`] applies those of a tool and counts what they let through.

mod calculator;
mod calendar;
mod file;
mod heuristic;
mod language;
mod stats;
mod translation;

pub use calculator::{gives_a_result, holds_a_computed_number, holds_three_numbers};
pub use calendar::{date_in_url, date_of};
pub use file::select_texts;
pub use heuristic::{Heuristic, Selection};
pub use language::{DetectedLanguage, detect_language};
pub use stats::{Rule, SelectionStats};
pub use translation::holds_a_foreign_passage;
