//! Sequences that were tokenised once, on the disk.

mod cached_tokens;
mod content_key;
mod layout;
mod writer;

use std::path::PathBuf;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

pub use self::{cached_tokens::CachedTokens, content_key::ContentKey, writer::SequenceSink};
use crate::{
    dataset::Dataset,
    error::DataError,
    row_source::{Row, RowSource as _},
    training_sequence::TrainingSequence,
};

/// Rows that are tokenised together, on all cores.
const ROWS: usize = 256;

/// A folder of token files, each named by what it was made from.
///
/// ```
/// use toolformer_data::{ContentKey, Dataset, Row, TokenCache};
///
/// let rows: Dataset = ["one", "two"].map(|text| Row::from_iter([("text".to_owned(), text.into())])).into_iter().collect();
/// let folder = tempfile::tempdir().unwrap();
/// let cache = TokenCache::new(folder.path());
/// // Any tokenizer; its fingerprint says which, and with which settings.
/// let bytes = |row: &Row| Ok(row["text"].as_str().unwrap_or("").bytes().map(u32::from).collect::<Vec<_>>().into());
/// let key = ContentKey::of_rows(&rows)?;
/// let made = cache.get_or_make(&key, "bytes, no end token", &rows, bytes)?;
/// assert!(made.is_new());
/// assert_eq!(made.get(1).unwrap().ids(), [116, 119, 111]);
/// assert!(!cache.get_or_make(&key, "bytes, no end token", &rows, bytes)?.is_new());
/// # Ok::<(), toolformer_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokenCache {
    folder: PathBuf,
}

impl TokenCache {
    /// A cache in a folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The file for a content and a tokenizer.
    pub fn path(&self, content: &ContentKey, tokenizer: &str) -> PathBuf {
        self.folder.join(format!("{}.tokens", content.with(tokenizer).to_hex()))
    }

    /// The sequences of rows, from the file if it is there and as it was written; else they are made, one for each row, and
    /// the file is written, whole. A file that is damaged, cut off or of something else is made again.
    ///
    /// `content` stands for the rows, and `tokenizer` for all that `tokenize` depends on besides the row: the tokenizer's
    /// files, its settings, lengths. Rows are tokenised on all cores; their order is kept.
    ///
    /// # Errors
    /// If rows cannot be read, the file not be written, or `tokenize` fails: then with the row's number.
    pub fn get_or_make(
        &self,
        content: &ContentKey,
        tokenizer: &str,
        rows: &Dataset,
        tokenize: impl Fn(&Row) -> Result<TrainingSequence, DataError> + Sync,
    ) -> Result<CachedTokens, DataError> {
        self.get_or_write(content, tokenizer, |sink| {
            let mut rows = rows.rows()?.enumerate();
            loop {
                let chunk: Vec<(usize, Row)> = rows
                    .by_ref()
                    .take(ROWS)
                    .map(|(index, row)| Ok((index, row?)))
                    .collect::<Result<_, DataError>>()?;
                if chunk.is_empty() {
                    return Ok(());
                }
                let sequences: Vec<Result<TrainingSequence, DataError>> = chunk
                    .par_iter()
                    .map(|(index, row)| tokenize(row).map_err(DataError::at_row(*index)))
                    .collect();
                for sequence in sequences {
                    sink(&sequence?)?;
                }
            }
        })
    }

    /// Sequences from the file if it is there and as it was written; else those that `give` hands to its sink, and the file
    /// is written, whole: blocks that are packed of other sequences, for example. `made_by` stands for all that they depend on
    /// besides the content.
    ///
    /// # Errors
    /// If `give` fails, or the file cannot be written.
    pub fn get_or_write(
        &self,
        content: &ContentKey,
        made_by: &str,
        give: impl FnOnce(&mut SequenceSink<'_>) -> Result<(), DataError>,
    ) -> Result<CachedTokens, DataError> {
        let (path, key) = (self.path(content, made_by), content.with(made_by));
        if let Some(found) = CachedTokens::open(&path, &key, false) {
            return Ok(found);
        }
        std::fs::create_dir_all(&self.folder).map_err(DataError::write(&self.folder))?;
        writer::write(&path, &key, give)?;
        let made = CachedTokens::open(&path, &key, true);
        let why = "was just written and cannot be read back; check the disk, or choose another folder for the cache";
        made.ok_or_else(|| DataError::file(&path, 0, why))
    }
}
