//! A folder of articles that can be searched.

mod article;
mod build;
mod error;
mod fields;
mod manifest;
mod read_only;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use tantivy::{
    Index, ReloadPolicy, Searcher, TantivyDocument, Term,
    collector::TopDocs,
    query::{BooleanQuery, Query, TermQuery},
    schema::{IndexRecordOption, Value as _},
};

pub use article::{Article, JsonlArticles};
pub use build::IndexProgress;
pub use error::IndexError;

use fields::{ANALYSIS, Fields, analyzer, query_terms};
use manifest::Manifest;
use read_only::ReadOnly;

/// Articles that can be searched by BM25 (k1 = 1.2, b = 0.75).
///
/// Titles and texts are split into words of letters and digits, which lose their accents, their capitals and
/// their English endings; a query is treated in the same way, so that `Malaga` finds `Málaga`. No character of a
/// query has a meaning of its own.
///
/// ```
/// use toolformer_tools::{Article, WikiIndex};
/// let folder = tempfile::tempdir()?;
/// let articles = [
///     Article::new("Ada Lovelace", "Ada Lovelace wrote the first program."),
///     Article::new("Charles Babbage", "Charles Babbage planned the Analytical Engine."),
/// ];
/// let index = WikiIndex::build(folder.path(), articles.map(Ok), |_| ())?;
/// let hits = index.search("who planned engines?", 1)?;
/// assert_eq!(hits[0].title, "Charles Babbage");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WikiIndex {
    searcher: Searcher,
    fields: Fields,
    checksum: String,
    folder: PathBuf,
}

/// An article that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its BM25 score, which compares with other hits of the same query only.
    pub score: f32,
}

impl WikiIndex {
    /// Builds an index in `folder` and opens it. An index that is there already is replaced when the new one is
    /// complete; whenever the build fails or is killed, the old one stays. `progress` is called after each
    /// article. Memory stays bounded, however many articles come. The same articles give the same index.
    ///
    /// # Errors
    /// If an article comes as an error or there is none, the folder holds other things, another process builds
    /// there, or it cannot be written.
    pub fn build(
        folder: &Path,
        articles: impl IntoIterator<Item = Result<Article, IndexError>>,
        progress: impl FnMut(IndexProgress),
    ) -> Result<Self, IndexError> {
        build::build(folder, articles, progress, build::SEGMENT_ARTICLES)?;
        Self::open(folder)
    }

    /// Opens the index in `folder`.
    ///
    /// # Errors
    /// If there is none, its building was cut off, it is of another version, or it is damaged.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        let mut manifest = Manifest::read(folder)?;
        loop {
            let opened = Self::open_data(folder, &manifest);
            // A build may have replaced the index since the manifest was read.
            let now = Manifest::read(folder)?;
            if opened.is_ok() || now == manifest {
                return opened;
            }
            manifest = now;
        }
    }

    fn open_data(folder: &Path, manifest: &Manifest) -> Result<Self, IndexError> {
        let damaged = |why: String| IndexError::Damaged { path: folder.to_owned(), why };
        if let Some(why) = manifest.damage(folder) {
            return Err(damaged(why));
        }
        let open = || -> tantivy::Result<Searcher> {
            let index = Index::open(ReadOnly::open(&manifest.data(folder))?)?;
            index.tokenizers().register(ANALYSIS, analyzer());
            Ok(index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?.searcher())
        };
        let searcher = open().map_err(|error| damaged(error.to_string()))?;
        let (_, fields) = Fields::schema();
        let (found, expected) = (searcher.num_docs(), manifest.articles);
        if found != expected {
            return Err(damaged(format!("it holds {found} articles instead of {expected}")));
        }
        Ok(Self { searcher, fields, checksum: manifest.checksum(), folder: folder.to_owned() })
    }

    /// How many articles there are.
    pub fn articles(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// A checksum of the articles, their order and how they are searched: equal ones give equal hits.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    /// The at most `limit` articles that share a word with `query`, the best first; equal scores keep the
    /// articles' order. A score is the sum over the query's different words of their BM25 scores in the title, taken
    /// twice, and the text together.
    ///
    /// # Errors
    /// If the index's files cannot be read any more.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<Hit>, IndexError> {
        let terms = query_terms(&mut analyzer(), query);
        let limit = limit.min(usize::try_from(self.articles()).unwrap_or(usize::MAX));
        if terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let queries = terms.iter().map(|text| -> Box<dyn Query> {
            let term = Term::from_field_text(self.fields.terms, text);
            Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
        });
        let query = BooleanQuery::union(queries.collect());
        let failed = |source| IndexError::engine(&self.folder)(source);
        let found =
            self.searcher.search(&query, &TopDocs::with_limit(limit).order_by_score()).map_err(failed)?;
        let hits = found.into_iter().map(|(score, address)| {
            let document: TantivyDocument = self.searcher.doc(address).map_err(failed)?;
            let stored =
                |field| document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default();
            let (title, text) = (stored(self.fields.title).to_owned(), stored(self.fields.text).to_owned());
            Ok(Hit { title, text, score })
        });
        hits.collect()
    }
}

impl fmt::Debug for WikiIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WikiIndex")
            .field("folder", &self.folder)
            .field("articles", &self.articles())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_a_segment_was_written_does_not_show() {
        let folder = tempfile::tempdir().unwrap();
        let article = |n: usize| Ok(Article::new(format!("t{n}"), ["red", "red blue", "blue"][n % 3]));
        let search = |segment_articles| {
            build::build(folder.path(), (0..20).map(article), |_| (), segment_articles).unwrap();
            let index = WikiIndex::open(folder.path()).unwrap();
            assert_eq!(index.searcher.segment_readers().len(), 1);
            index.search("red blue t7", 20).unwrap()
        };
        let whole = search(100);
        assert_eq!(whole.len(), 20);
        assert_eq!(search(1), whole);
        assert_eq!(search(3), whole);
        assert_eq!(search(10), whole);
    }
}
