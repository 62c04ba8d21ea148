//! Data sets to train language models on: read, split, mix, tokenise once, pad and pack.
//!
//! What users of Hugging Face's `datasets` know, on Rust's libraries: a [`Dataset`] of rows, in memory or streamed from
//! JSON, JSONL, CSV, TSV, Parquet or plain text, packed by gzip or not; a [`DatasetDict`] of splits; a [`TokenCache`]
//! that tokenises once; and what makes batches of sequences: [`Padding`], [`pack_best_fit`], [`concatenate_and_cut`]. Files
//! are read a row at a time, and tokens lie in a file that is mapped ([`Sequences`]), so a set may be larger than memory.
//!
//! | `datasets`, `transformers`, `trl` | here |
//! |---|---|
//! | `load_dataset("json", data_files=..., field=...)` | [`DatasetDict::open`], [`DatasetDict::from_files`] with [`ReadSettings`] |
//! | `streaming=True` | as it is opened; [`Dataset::in_memory`] for the other |
//! | `split="train[:10%]"` | [`DatasetDict::part`] |
//! | `map`, `filter`, `rename_column`, `remove_columns`, `select`, `select_columns`, `shuffle`, `take`, `skip` | the same of [`Dataset`] |
//! | `concatenate_datasets`, `interleave_datasets` | [`Dataset::concatenate`], [`Interleave`] |
//! | `train_test_split`, `validation_split_percentage` | [`Dataset::train_test_split`], [`DatasetDict::split_validation`] |
//! | the cache of `map(tokenize)` | [`TokenCache`] |
//! | `group_texts` of `run_clm.py`, packing of `SFTTrainer` | [`concatenate_and_cut`], [`pack_best_fit`] |
//! | data collators | [`Padding::batch`], [`Padding::pairs`], [`TrainingSequence::of_completion`], [`TrainingSequence::leave_out`] |
//!
//! What is not here: tensors, tokenizers and models (ids are numbers, and a tokenizer is a function that is handed in),
//! and anything that fetches: files are there.
//!
//! # Features
//!
//! - `parquet` (default): rows from Parquet files.
//!
//! # Example
//!
//! ```
//! use toolformer_data::{Dataset, DatasetDict, DataError, Padding, ReadSettings, RowSource as _, TrainingSequence};
//!
//! let folder = tempfile::tempdir().unwrap();
//! std::fs::write(folder.path().join("train.jsonl"), "{\"q\": \"2+2\", \"a\": \"4\"}\n{\"q\": \"3+4\", \"a\": \"7\"}\n").unwrap();
//! std::fs::write(folder.path().join("test.csv"), "q,a\n\"1+1\",\"2\"\n").unwrap();
//! let splits = DatasetDict::open(&folder.path().to_string_lossy(), &ReadSettings::default())?;
//! let train: Dataset = splits.part("train[:50%]")?.rename_column("q", "prompt")?.in_memory()?;
//!
//! // A tokenizer is whatever gives ids.
//! let ids = |text: &str| text.bytes().map(u32::from).collect::<Vec<_>>();
//! let text = |row: &toolformer_data::Row, name| row[name].as_str().map(ids).ok_or_else(|| DataError::refused("no text"));
//! let sequences: Vec<TrainingSequence> = train
//!     .rows()?
//!     .map(|row| row.and_then(|row| Ok(TrainingSequence::of_completion(&text(&row, "prompt")?, &text(&row, "a")?))))
//!     .collect::<Result<_, _>>()?;
//! let batch = Padding::with(0).batch(&sequences)?;
//! assert_eq!((batch.rows, batch.width), (1, 4));
//! assert_eq!(batch.in_loss, [false, false, false, true]);
//! # Ok::<(), DataError>(())
//! ```

mod collate;
mod data_files;
mod dataset;
mod dataset_dict;
mod error;
mod file_format;
mod file_rows;
mod length_limits;
mod packing;
mod read_settings;
mod readers;
mod row_source;
mod sequences;
mod split_names;
mod split_part;
mod token_cache;
mod training_sequence;
mod whole_file;

pub use collate::{PadSide, PadTo, PaddedBatch, Padding, RewardPair, RewardPairs};
pub use data_files::data_files;
pub use dataset::{Dataset, Interleave, SplitSize, StoppingStrategy};
pub use dataset_dict::DatasetDict;
pub use error::DataError;
pub use file_format::FileFormat;
pub use file_rows::FileRows;
pub use length_limits::{LengthLimits, TooLong};
pub use packing::{Block, Concatenated, Remainder, concatenate_and_cut, pack_best_fit};
pub use read_settings::{CsvTypes, ReadSettings, TextUnit};
pub use readers::{Content, Lines, Paragraphs, ParquetLines, open_unpacked};
pub use row_source::{Row, RowIter, RowSource};
pub use sequences::{LimitedSequences, Sequences};
pub use token_cache::{CachedTokens, ContentKey, SequenceSink, TokenCache};
pub use training_sequence::TrainingSequence;
