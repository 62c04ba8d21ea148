//! The texts that were selected for each tool of a run.

use std::collections::{BTreeMap, HashSet};

use super::{heuristic::Selection, stats::SelectionStats};
use crate::texts::{Text, TextId};

/// Which texts are annotated for which tool; by default all for all.
#[derive(Clone, Debug, Default)]
pub struct SelectedTexts {
    by_tool: BTreeMap<String, HashSet<TextId>>,
    stats: BTreeMap<String, SelectionStats>,
}

impl SelectedTexts {
    /// Selects texts for these tools; for others all are taken.
    pub fn new<'a>(texts: &[Text], tools: impl IntoIterator<Item = &'a str>, seed: u64) -> Self {
        let mut selected = Self::default();
        for tool in tools {
            let mut selection = Selection::for_tool(tool, seed);
            let taken = texts.iter().filter(|text| selection.takes(text)).map(|text| text.id.clone());
            selected.by_tool.insert(tool.to_owned(), taken.collect());
            selected.stats.insert(tool.to_owned(), selection.stats().clone());
        }
        selected
    }

    /// Whether a text is annotated for a tool.
    pub fn includes(&self, tool: &str, text: &TextId) -> bool {
        self.by_tool.get(tool).is_none_or(|taken| taken.contains(text))
    }

    /// The counts, by tool.
    pub fn stats(&self) -> &BTreeMap<String, SelectionStats> {
        &self.stats
    }
}
