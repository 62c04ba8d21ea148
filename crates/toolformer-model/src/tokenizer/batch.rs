//! Several texts at once: cut to a length, padded to one, with masks; and pairs of texts.

use tokenizers::{
    Encoding, PaddingDirection, PaddingParams, PaddingStrategy, PostProcessor as _, TruncationDirection,
    TruncationParams, TruncationStrategy, pad_encodings, truncate_encodings,
};

use super::{Tokenizer, wrap};
use crate::error::ModelError;

/// A side of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// Its beginning.
    Left,
    /// Its end.
    #[default]
    Right,
}

/// How [`Tokenizer::encode_batch`] makes texts equally long. The names and defaults are those of transformers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchOptions {
    /// Whether the special tokens that the tokenizer declares are added. Default true.
    pub add_special_tokens: bool,
    /// Most tokens of a text, special ones counted; what is over is cut off. Default none.
    pub max_length: Option<usize>,
    /// Where a text is cut. Default right.
    pub truncation_side: Side,
    /// Where a text is padded. Default right; left is for generation from transformers' models, ours need none.
    pub padding_side: Side,
    /// Lengths are padded to a multiple of this. Default none.
    pub pad_to_multiple_of: Option<usize>,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            add_special_tokens: true,
            max_length: None,
            truncation_side: Side::Right,
            padding_side: Side::Right,
            pad_to_multiple_of: None,
        }
    }
}

/// Texts as rows of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedBatch {
    /// `[batch, seq]`
    pub ids: Vec<Vec<u32>>,
    /// `[batch, seq]`: 1 for a token of the text, 0 for padding.
    pub attention_mask: Vec<Vec<u32>>,
    /// `[batch, seq]`: 1 for a token of the second text of a pair.
    pub token_type_ids: Vec<Vec<u32>>,
}

impl Tokenizer {
    /// The ids of several texts, padded with [`Tokenizer::pad`] (else the end token) to the longest.
    ///
    /// # Errors
    /// If a text cannot be spelt, there is no token to pad with where padding is needed, or `max_length` has no
    /// room for the special tokens.
    pub fn encode_batch(
        &self,
        texts: &[impl AsRef<str>],
        options: &BatchOptions,
    ) -> Result<EncodedBatch, ModelError> {
        let encoded = texts.iter().map(|text| self.processed(text.as_ref(), None, options));
        self.padded(encoded.collect::<Result<_, _>>()?, options)
    }

    /// The same for pairs of texts, joined as the tokenizer declares it; without a declaration the second
    /// follows the first. Of a pair that is too long the longer text is cut.
    ///
    /// # Errors
    /// As [`Tokenizer::encode_batch`].
    pub fn encode_pairs(
        &self,
        pairs: &[(impl AsRef<str>, impl AsRef<str>)],
        options: &BatchOptions,
    ) -> Result<EncodedBatch, ModelError> {
        let encoded = pairs
            .iter()
            .map(|(first, second)| self.processed(first.as_ref(), Some(second.as_ref()), options));
        self.padded(encoded.collect::<Result<_, _>>()?, options)
    }

    fn processed(
        &self,
        text: &str,
        pair: Option<&str>,
        options: &BatchOptions,
    ) -> Result<Encoding, ModelError> {
        let encode = |text: &str| self.inner.encode(text, false).map_err(wrap);
        let (mut encoding, mut pair) = (encode(text)?, pair.map(encode).transpose()?);
        let post = self.post_processor.as_ref();
        if let Some(max_length) = options.max_length {
            let special = post.filter(|_| options.add_special_tokens);
            let special = special.map_or(0, |post| post.added_tokens(pair.is_some()));
            let room = max_length.checked_sub(special).ok_or_else(|| ModelError::Tokenizer {
                what: format!("a text of at most {max_length} tokens has no room for {special} special ones"),
            })?;
            let cut = TruncationParams {
                max_length: room,
                strategy: TruncationStrategy::LongestFirst,
                stride: 0,
                direction: match options.truncation_side {
                    Side::Left => TruncationDirection::Left,
                    Side::Right => TruncationDirection::Right,
                },
            };
            (encoding, pair) = truncate_encodings(encoding, pair, &cut).map_err(wrap)?;
        }
        match (post, pair) {
            (Some(post), pair) => post.process(encoding, pair, options.add_special_tokens).map_err(wrap),
            (None, None) => Ok(encoding),
            (None, Some(mut pair)) => {
                pair.set_type_ids(vec![1; pair.len()]);
                encoding.merge_with(pair, true);
                Ok(encoding)
            }
        }
    }

    fn padded(
        &self,
        mut encodings: Vec<Encoding>,
        options: &BatchOptions,
    ) -> Result<EncodedBatch, ModelError> {
        let longest = encodings.iter().map(Encoding::len).max().unwrap_or(0);
        let to = longest.next_multiple_of(options.pad_to_multiple_of.unwrap_or(1).max(1));
        if encodings.iter().any(|encoding| encoding.len() < to) {
            let pad_id = self.pad().or(self.eos()).ok_or_else(|| ModelError::Tokenizer {
                what: "there is no token to pad with; name a `pad_token` in tokenizer_config.json".to_owned(),
            })?;
            let padding = PaddingParams {
                strategy: PaddingStrategy::Fixed(to),
                direction: match options.padding_side {
                    Side::Left => PaddingDirection::Left,
                    Side::Right => PaddingDirection::Right,
                },
                pad_to_multiple_of: None,
                pad_id,
                pad_type_id: 0,
                pad_token: self.id_to_token(pad_id).unwrap_or_default(),
            };
            pad_encodings(&mut encodings, &padding).map_err(wrap)?;
        }
        let rows =
            |of: fn(&Encoding) -> &[u32]| encodings.iter().map(|encoding| of(encoding).to_vec()).collect();
        Ok(EncodedBatch {
            ids: rows(Encoding::get_ids),
            attention_mask: rows(Encoding::get_attention_mask),
            token_type_ids: rows(Encoding::get_type_ids),
        })
    }
}
