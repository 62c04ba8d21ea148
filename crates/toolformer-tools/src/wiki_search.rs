//! Search over a wiki, as a tool.

use std::{error::Error as _, fmt, sync::Arc};

use toolformer_text::{Parameters, Tool, ToolError, unquoted};

use crate::{Hit, WikiIndex, one_line::beginning};

/// Finds articles by BM25 and shows the best as `Title > text`, as the paper does. A query as a whole may stand in
/// quotes.
///
/// ```
/// use std::sync::Arc;
/// use toolformer_text::Tool;
/// use toolformer_tools::{Article, WikiIndex, WikiSearch};
/// let folder = tempfile::tempdir()?;
/// let article = Article::new("Ada Lovelace", "Ada Lovelace was a mathematician and writer.");
/// let search = WikiSearch::new(Arc::new(WikiIndex::build(folder.path(), [Ok(article)], |_| ())?));
/// assert_eq!(search.call("\"lovelace\"")?, "Ada Lovelace > Ada Lovelace was a mathematician and writer.");
/// assert_eq!(search.with_max_chars(30).call("lovelace")?, "Ada Lovelace > Ada Lovelace…");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct WikiSearch {
    index: Arc<WikiIndex>,
    hits: usize,
    max_chars: usize,
}

impl WikiSearch {
    /// Searches `index`: one hit, of at most 200 characters.
    pub fn new(index: Arc<WikiIndex>) -> Self {
        Self { index, hits: 1, max_chars: 200 }
    }

    /// Shows the best `hits` (at least one), separated by ` | `.
    #[must_use]
    pub fn with_hits(mut self, hits: usize) -> Self {
        self.hits = hits.max(1);
        self
    }

    /// Cuts each hit, title included, to `max_chars` characters (at least one), at the end of a word.
    #[must_use]
    pub fn with_max_chars(mut self, max_chars: usize) -> Self {
        self.max_chars = max_chars.max(1);
        self
    }

    fn shown(&self, hit: &Hit) -> String {
        let parts = [hit.title.trim(), hit.text.trim()].into_iter().filter(|part| !part.is_empty());
        beginning(&parts.collect::<Vec<_>>().join(" > "), self.max_chars)
    }
}

impl Tool for WikiSearch {
    fn name(&self) -> &str {
        "WikiSearch"
    }

    fn description(&self) -> &str {
        "Looks up a name or a topic in an encyclopedia and gives the title and the beginning of the best article."
    }

    fn parameters(&self) -> Parameters {
        Parameters::text("query")
    }

    fn fingerprint(&self) -> String {
        format!("{} x {} of {}", self.hits, self.max_chars, self.index.checksum())
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        let hits = found(&self.index, &unquoted(args), self.hits)?;
        Ok(hits.iter().map(|hit| self.shown(hit)).collect::<Vec<_>>().join(" | "))
    }
}

impl fmt::Debug for WikiSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WikiSearch")
            .field("index", &self.index)
            .field("hits", &self.hits)
            .field("max_chars", &self.max_chars)
            .finish()
    }
}

/// What a tool finds: at least one hit, or why there is none.
pub(crate) fn found(index: &WikiIndex, query: &str, limit: usize) -> Result<Vec<Hit>, ToolError> {
    if query.trim().is_empty() {
        return Err(ToolError::bad_arguments(
            "there is nothing to look for; write a name, a topic or a question",
        ));
    }
    let hits = index.search(query, limit).map_err(|error| {
        let reason = error.source().map_or_else(String::new, |source| format!(" ({source})"));
        ToolError::failed(format!("{error}{reason}"))
    })?;
    if hits.is_empty() { Err(ToolError::NoResult) } else { Ok(hits) }
}
