//! The texts to annotate, and where they come from.

mod jsonl;
mod source;
mod summary;
mod text_file;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::{
    source::{TextIter, TextSource},
    summary::TextsSummary,
    text_file::{TextFile, read_texts},
};
pub(crate) use self::{summary::check_texts, text_file::text_lines};

/// A text's `id`, or its number over all inputs, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TextId {
    /// A number.
    Number(u64),
    /// Any other id.
    Name(String),
}

impl fmt::Display for TextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A text, with whatever else its input object holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Its id.
    pub id: TextId,
    /// The text itself.
    pub text: String,
    /// The object's other fields, carried along.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}
