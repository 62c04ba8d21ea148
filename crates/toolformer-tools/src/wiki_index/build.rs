//! Building: articles in, one segment out.

use std::path::Path;

use sha2::{Digest as _, Sha256};
use tantivy::{Index, IndexWriter, TantivyDocument, indexer::NoMergePolicy};

use super::{
    article::Article,
    error::IndexError,
    fields::{ANALYSIS, Fields, NUMBER, analyzer},
    manifest::{Building, Filled},
};

/// What the writer may hold in memory, in bytes, before it writes a segment.
const WRITER_MEMORY: usize = 64 << 20;
/// At the latest after so many articles a segment is written.
pub(super) const SEGMENT_ARTICLES: u64 = 1 << 20;

/// How far a build has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexProgress {
    /// Articles taken in.
    pub articles: u64,
    /// Bytes of the input that they took, see [`Article::source_bytes`].
    pub bytes: u64,
}

/// Builds an index in a folder, in the place of the one that may be there.
pub(super) fn build(
    folder: &Path,
    articles: impl IntoIterator<Item = Result<Article, IndexError>>,
    progress: impl FnMut(IndexProgress),
    segment_articles: u64,
) -> Result<(), IndexError> {
    let building = Building::start(folder)?;
    match fill(&building.data, articles, progress, segment_articles) {
        Ok(filled) => building.finish(filled),
        Err(error) => {
            building.give_up();
            Err(error)
        }
    }
}

fn fill(
    data: &Path,
    articles: impl IntoIterator<Item = Result<Article, IndexError>>,
    mut progress: impl FnMut(IndexProgress),
    segment_articles: u64,
) -> Result<Filled, IndexError> {
    let failed = |source| IndexError::engine(data)(source);
    let (schema, fields) = Fields::schema();
    let index = Index::create_in_dir(data, schema).map_err(failed)?;
    index.tokenizers().register(ANALYSIS, analyzer());
    // One thread: articles keep their order, and so do equal scores.
    let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_MEMORY).map_err(failed)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    let (mut done, mut hash) = (IndexProgress::default(), Sha256::new());
    for article in articles {
        let article = article?;
        let document: TantivyDocument = fields.document(&article, done.articles);
        for part in [&article.title, &article.text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        writer.add_document(document).map_err(failed)?;
        done.articles += 1;
        done.bytes += article.source_bytes;
        if done.articles.is_multiple_of(segment_articles) {
            writer.commit().map_err(failed)?;
        }
        progress(done);
    }
    if done.articles == 0 {
        return Err(IndexError::NoArticles);
    }
    writer.commit().map_err(failed)?;
    merge(&index, &mut writer).map_err(failed)?;
    writer.wait_merging_threads().map_err(failed)?;
    Ok(Filled { articles: done.articles, sha256: format!("{:x}", hash.finalize()) })
}

/// Makes one segment of all, in the articles' order.
fn merge(index: &Index, writer: &mut IndexWriter) -> tantivy::Result<()> {
    let mut segments = Vec::new();
    for segment in index.reader()?.searcher().segment_readers() {
        segments.push((segment.fast_fields().u64(NUMBER)?.first(0), segment.segment_id()));
    }
    if segments.len() > 1 {
        segments.sort();
        let ids: Vec<_> = segments.into_iter().map(|(_, id)| id).collect();
        writer.merge(&ids).wait()?;
        writer.garbage_collect_files().wait()?;
    }
    Ok(())
}
