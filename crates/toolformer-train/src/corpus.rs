//! Texts as a language model is trained on from scratch: blocks of tokens to learn, and documents to measure on.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toolformer_data::{
    Block, CachedTokens, ContentKey, DataError, Dataset, DatasetDict, LengthLimits, Remainder, Row,
    TokenCache, TrainingSequence, concatenate_and_cut,
};
use toolformer_model::Tokenizer;

use crate::{error::TrainError, training_sequence::training_sequence};

/// How documents become examples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// Documents stand one behind another, with an end token between, and are cut every so many tokens: all blocks are full,
    /// and a token sees what stands before its document in the block (transformers' `run_clm.py`).
    #[default]
    Concatenate,
    /// A document is an example, a long one several: no token sees another document.
    Documents,
}

/// How a corpus is made of texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorpusSettings {
    /// The column that holds the texts. Default `text`.
    pub column: String,
    /// Tokens of a block. Default 256.
    pub block_size: usize,
    /// How documents become blocks.
    pub packing: Packing,
    /// Per cent of the texts that are held out where there is no split for it. Default 5, as `run_clm.py`.
    pub validation_split_percentage: f64,
    /// How long a document may be that is trained on, in tokens. Default any.
    #[serde(default)]
    pub lengths: LengthLimits,
    /// Most texts that are trained on. Default all.
    pub max_train_samples: Option<usize>,
    /// Most texts that are measured on. Default all.
    pub max_eval_samples: Option<usize>,
    /// Seed of the split.
    pub seed: u64,
}

impl Default for CorpusSettings {
    fn default() -> Self {
        Self {
            column: "text".to_owned(),
            block_size: 256,
            packing: Packing::default(),
            validation_split_percentage: 5.0,
            lengths: LengthLimits::default(),
            max_train_samples: None,
            max_eval_samples: None,
            seed: 0,
        }
    }
}

/// What a language model is trained and measured on.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// Examples.
    pub blocks: Vec<TrainingSequence>,
    /// The documents that the examples were made of, for other models of language.
    pub documents: Vec<Vec<u32>>,
    /// Documents to measure on.
    pub held_out: Vec<TrainingSequence>,
}

impl Corpus {
    /// Tokenises texts, once: what a later run with the same texts and tokenizer needs is kept in `cache`.
    ///
    /// `tokenizer_name` stands for the tokenizer in the cache: its checksum, or a path with a date.
    ///
    /// # Errors
    /// If the texts cannot be read or tokenised, a text has an id that a model of `vocab_size` ids lacks, or nothing is left.
    pub fn new(
        texts: &DatasetDict,
        tokenizer: &Tokenizer,
        tokenizer_name: &str,
        vocab_size: usize,
        settings: &CorpusSettings,
        cache: &Path,
    ) -> Result<Self, TrainError> {
        if settings.block_size < 2 {
            let why = "must be at least 2 tokens".to_owned();
            return Err(TrainError::Setting { name: "block_size", why });
        }
        let has_validation = texts.names().any(|name| name == "validation");
        let split = if has_validation {
            texts.clone()
        } else {
            texts.split_validation(settings.validation_split_percentage, Some(settings.seed))?
        };
        let cache = TokenCache::new(cache);
        let tokens = |name: &str, most: Option<usize>| -> Result<CachedTokens, TrainError> {
            let rows: Dataset = match (split.get(name)?, most) {
                (rows, Some(most)) => rows.take(most),
                (rows, None) => rows.clone(),
            };
            let made_with = format!("{tokenizer_name}, column {}, {vocab_size} ids", settings.column);
            let key = ContentKey::of_rows(&rows)?;
            let tokenize = |row: &Row| {
                let text = row.get(&settings.column).and_then(serde_json::Value::as_str);
                let text = text.ok_or_else(|| {
                    DataError::refused(format!(
                        "has no text in the column `{}`; name the column that holds the texts",
                        settings.column
                    ))
                })?;
                training_sequence(tokenizer, vocab_size, text, &[]).map_err(DataError::refused)
            };
            Ok(cache.get_or_make(&key, &made_with, &rows, tokenize)?)
        };
        let (train, validation) =
            (tokens("train", settings.max_train_samples)?, tokens("validation", settings.max_eval_samples)?);
        let train: Vec<TrainingSequence> =
            train.iter().filter_map(|document| settings.lengths.apply(document)).collect();
        let documents = train.iter().map(|of| of.ids().to_vec()).collect();
        let blocks = blocks(train.into_iter(), settings)?;
        if blocks.is_empty() {
            let why = format!(
                "the texts do not fill a block of {} tokens; give more text or a smaller block",
                settings.block_size
            );
            return Err(TrainError::NoExamples { why });
        }
        Ok(Self { blocks, documents, held_out: validation.iter().collect() })
    }
}

fn blocks(
    documents: impl Iterator<Item = TrainingSequence>,
    settings: &CorpusSettings,
) -> Result<Vec<TrainingSequence>, TrainError> {
    match settings.packing {
        Packing::Concatenate => {
            let blocks = concatenate_and_cut(documents.map(Ok), settings.block_size, Remainder::Drop)?;
            let sequence = |block: Result<Block, DataError>| Ok(block?.sequence().clone());
            blocks.map(sequence).collect()
        }
        Packing::Documents => Ok(documents
            .flat_map(|document| {
                let pieces = document.ids().chunks(settings.block_size);
                pieces.map(|piece| TrainingSequence::from(piece.to_vec())).collect::<Vec<_>>()
            })
            .collect()),
    }
}
