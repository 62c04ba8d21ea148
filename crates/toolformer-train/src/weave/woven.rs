//! A woven text: one line of `train.jsonl`.

use std::{ops::Range, path::Path};

use serde::{Deserialize, Serialize};

use crate::{error::TrainError, stats::WovenStats, texts::TextId, whole_file::try_write_jsonl};

/// A text with its kept calls; without any where texts without calls were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Woven {
    /// The text that it was.
    pub text_id: TextId,
    /// The text with its calls.
    pub text: String,
    /// The calls.
    pub calls: Vec<WovenCall>,
}

/// A call in a woven text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WovenCall {
    /// Byte span in the woven text, from `[` to after `]`.
    pub span: [usize; 2],
    /// Byte span of what the program writes when a model calls: from after `->` to after `]`.
    pub response: [usize; 2],
    /// The tool.
    pub tool: String,
    /// The inner text of the call.
    pub call: String,
    /// Its result.
    pub result: String,
    /// `L- - L+`, in nats.
    pub delta: f64,
}

impl Woven {
    /// Byte ranges of what the program writes when a model calls: see [`WovenCall::response`].
    pub fn responses(&self) -> Vec<Range<usize>> {
        self.calls.iter().map(|call| call.response[0]..call.response[1]).collect()
    }
}

/// Writes woven texts as JSONL, each when it comes; the file is there when all are in it, or not at all.
///
/// # Errors
/// If it cannot be written, or one of them is an error.
pub fn write_woven(
    path: &Path,
    woven: impl IntoIterator<Item = Result<Woven, TrainError>>,
) -> Result<WovenStats, TrainError> {
    let mut stats = WovenStats::default();
    try_write_jsonl(path, woven.into_iter().map(|woven| woven.inspect(|woven| stats.add(woven))))?;
    Ok(stats)
}
