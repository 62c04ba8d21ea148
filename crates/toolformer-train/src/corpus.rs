//! Texts as a language model is trained on from scratch: blocks of tokens to learn, and documents to measure on.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toolformer_data::{
    CachedTokens, ContentKey, DataError, Dataset, DatasetDict, LengthLimits, Remainder, Row, SequenceSink,
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
#[derive(Debug)]
pub struct Corpus {
    /// Examples, in a file.
    pub blocks: CachedTokens,
    /// Documents to measure on.
    pub held_out: Vec<TrainingSequence>,
    texts: CachedTokens,
    lengths: LengthLimits,
}

impl Corpus {
    /// Tokenises texts, once, and cuts them into blocks: both lie in files in `cache`, also for a later run with the same texts
    /// and tokenizer. In memory are a text at a time, and what is held out.
    ///
    /// # Errors
    /// If the texts cannot be read or tokenised, a text has an id that a model of `vocab_size` ids lacks, or nothing is left.
    pub fn new(
        texts: &DatasetDict,
        tokenizer: &Tokenizer,
        vocab_size: usize,
        settings: &CorpusSettings,
        cache: &Path,
    ) -> Result<Self, TrainError> {
        let &CorpusSettings { block_size, packing, lengths, .. } = settings;
        if block_size < 2 {
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
        let made_by = format!("{}, column {}, {vocab_size} ids", tokenizer.fingerprint()?, settings.column);
        let rows = |name: &str, most: Option<usize>| -> Result<(Dataset, ContentKey), TrainError> {
            let rows = split.get(name)?;
            let rows = most.map_or_else(|| rows.clone(), |most| rows.take(most));
            let key = ContentKey::of_rows(&rows)?;
            Ok((rows, key))
        };
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
        let (train, key) = rows("train", settings.max_train_samples)?;
        let texts = cache.get_or_make(&key, &made_by, &train, tokenize)?;
        let (validation, validation_key) = rows("validation", settings.max_eval_samples)?;
        let held_out = cache.get_or_make(&validation_key, &made_by, &validation, tokenize)?.iter().collect();
        let made_by = format!("{made_by}, blocks of {block_size}, {packing:?}, {lengths:?}");
        let documents = || texts.iter().filter_map(|document| lengths.apply(document));
        let blocks = cache.get_or_write(&key, &made_by, |sink| match packing {
            Packing::Concatenate => concatenate(documents(), block_size, sink),
            Packing::Documents => cut(documents(), block_size, sink),
        })?;
        if blocks.is_empty() {
            let why = format!(
                "the texts do not fill a block of {block_size} tokens; give more text or a smaller block"
            );
            return Err(TrainError::NoExamples { why });
        }
        Ok(Self { blocks, held_out, texts, lengths })
    }

    /// The documents that the blocks were made of, for other models of language; one at a time.
    pub fn documents(&self) -> impl Iterator<Item = Vec<u32>> + '_ {
        let documents = self.texts.iter().filter_map(|document| self.lengths.apply(document));
        documents.map(TrainingSequence::into_ids)
    }
}

fn concatenate(
    documents: impl Iterator<Item = TrainingSequence>,
    block_size: usize,
    sink: &mut SequenceSink<'_>,
) -> Result<(), DataError> {
    let mut blocks = concatenate_and_cut(documents.map(Ok), block_size, Remainder::Drop)?;
    blocks.try_for_each(|block| sink(block?.sequence()))
}

fn cut(
    mut documents: impl Iterator<Item = TrainingSequence>,
    block_size: usize,
    sink: &mut SequenceSink<'_>,
) -> Result<(), DataError> {
    documents.try_for_each(|document| {
        document.ids().chunks(block_size).try_for_each(|piece| sink(&piece.to_vec().into()))
    })
}
