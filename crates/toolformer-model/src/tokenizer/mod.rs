//! Text to token ids and back, from a `tokenizer.json` or from the vocabulary inside a GGUF file.

mod added_tokens;
mod batch;
mod chat;
mod chat_templates;
mod continuing;
mod from_folder;
mod from_gguf;
mod from_vocab;
mod json_filter;
mod pre_tokenizers;
mod saved;
mod token_bytes;
mod tokenizer_json;

use std::path::Path;

use serde_json::{Map, Value};
use tokenizers::{ModelWrapper, PostProcessor, PostProcessorWrapper};

use crate::{error::ModelError, gguf::GgufFile, regular_file::read};
use chat_templates::ChatTemplates;
use token_bytes::Spelling;

pub use batch::{BatchOptions, EncodedBatch, Side};
pub use chat::{ChatMessage, ChatOptions};

/// First byte, and the byte after the last.
type ByteRange = (usize, usize);

/// Which ids have a role; a tokenizer file alone does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpecialIds {
    /// Begins a text.
    pub bos: Option<u32>,
    /// Ends a text, or a turn of a chat.
    pub eos: Option<u32>,
    /// Stands for what the vocabulary cannot spell.
    pub unk: Option<u32>,
    /// Fills rows up.
    pub pad: Option<u32>,
}

/// A model's tokenizer.
///
/// Special tokens written out in a text (`<|im_end|>`) are read as those tokens, as Hugging Face's libraries do.
/// A file's settings for truncation and padding are dropped: this crate never cuts a text silently.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    /// Without its post-processor, which may trim offsets even where it adds no token.
    inner: tokenizers::Tokenizer,
    /// For text that goes on from other text, where that makes a difference.
    continuing: Option<tokenizers::Tokenizer>,
    post_processor: Option<PostProcessorWrapper>,
    special: SpecialIds,
    /// Further ids that end a text, such as the end of a turn.
    further_ends: Vec<u32>,
    chat_templates: ChatTemplates,
    spelling: Spelling,
    vocab_size: usize,
    /// Further fields of `tokenizer_config.json`, for when it is saved again.
    kept: Map<String, Value>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// If the file cannot be read, is no tokenizer, or lacks an id of `special`.
    pub fn from_file(path: impl AsRef<Path>, special: SpecialIds) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let bytes = read(path, "save the model's tokenizer as tokenizer.json (AutoTokenizer, fast)")?;
        Self::from_json(&bytes, special).map_err(|e| e.in_file(path))
    }

    /// Reads a model folder: `tokenizer.json` or `vocab.json` with `merges.txt`, the roles of ids and added tokens from
    /// `tokenizer_config.json` (or the older `special_tokens_map.json` and `added_tokens.json`), and the chat template.
    /// `bos` and `eos`, from the model's config, serve where the files name none. As in transformers, tokens that are
    /// named but not in the vocabulary get ids behind all others; a model without rows for them refuses texts that use
    /// them ([`check_ids`](crate::check_ids)).
    ///
    /// # Errors
    /// If one of the files cannot be read, they contradict each other, or the token that begins or ends a text is nowhere
    /// in them.
    pub fn from_folder(
        folder: impl AsRef<Path>,
        bos: Option<u32>,
        eos: Option<u32>,
    ) -> Result<Self, ModelError> {
        from_folder::read(folder.as_ref(), bos, eos)
    }

    /// Builds the tokenizer that a GGUF file describes. What the file leaves out is as llama.cpp has it: SentencePiece and
    /// Llama 3's kinds begin every text with a token of their own.
    ///
    /// # Errors
    /// If the file has no tokenizer, or neither byte-level BPE with a known pre-tokenizer nor SentencePiece.
    pub fn from_gguf(file: &GgufFile) -> Result<Self, ModelError> {
        from_gguf::read(file).map_err(|e| e.in_file(file.path()))
    }

    fn from_json(bytes: &[u8], special: SpecialIds) -> Result<Self, ModelError> {
        let mut inner = parse(bytes)?;
        inner.with_truncation(None).map_err(wrap)?;
        inner.with_padding(None);
        let post_processor = inner.get_post_processor().cloned();
        inner.with_post_processor(None::<PostProcessorWrapper>);
        for id in [special.bos, special.eos, special.unk, special.pad].into_iter().flatten() {
            if inner.id_to_token(id).is_none() {
                let what = format!("id {id} has a special role but no token; correct the ids in config.json");
                return Err(ModelError::Tokenizer { what });
            }
        }
        let spelling = Spelling::of(&inner);
        let last = inner.get_vocab(true).into_values().max();
        let vocab_size = last.map_or(0, |id| id as usize + 1);
        Ok(Self {
            continuing: continuing::without_prefix(&inner)?,
            inner,
            post_processor,
            special,
            further_ends: Vec::new(),
            chat_templates: ChatTemplates::None,
            spelling,
            vocab_size,
            kept: Map::new(),
        })
    }

    /// How it splits words: `BPE`, `Unigram`, `WordPiece` or `WordLevel`.
    pub fn kind(&self) -> &'static str {
        match self.inner.get_model() {
            ModelWrapper::BPE(_) => "BPE",
            ModelWrapper::WordPiece(_) => "WordPiece",
            ModelWrapper::WordLevel(_) => "WordLevel",
            ModelWrapper::Unigram(_) => "Unigram",
        }
    }

    /// The token that begins a text, if there is one.
    pub fn bos(&self) -> Option<u32> {
        self.special.bos
    }

    /// The token that ends a text, if there is one.
    pub fn eos(&self) -> Option<u32> {
        self.special.eos
    }

    /// Counts these ids, too, as ends of a text: a model's config may name several.
    #[must_use]
    pub fn with_ends(mut self, ids: &[u32]) -> Self {
        self.further_ends = ids.to_vec();
        self
    }

    /// The tokens that end a text.
    pub fn ends(&self) -> impl Iterator<Item = u32> + '_ {
        self.special.eos.into_iter().chain(self.further_ends.iter().copied())
    }

    /// Whether a token ends a text.
    pub fn is_end(&self, id: u32) -> bool {
        self.ends().any(|end| end == id)
    }

    /// The token for what cannot be spelt, if there is one.
    pub fn unk(&self) -> Option<u32> {
        self.special.unk
    }

    /// The token that fills rows up, if there is one.
    pub fn pad(&self) -> Option<u32> {
        self.special.pad
    }

    /// The model's chat template (Jinja), if there is one; of several, that which is named `default`.
    pub fn chat_template(&self) -> Option<&str> {
        self.chat_templates.default()
    }

    /// One more than the largest id.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The ids of a text; no special token is added.
    ///
    /// Bytes that the vocabulary cannot spell are left out, as Hugging Face's libraries do: SmolLM2 has no tokens for
    /// six control characters (U+0004, 06, 13, 14, 16, 1D), nor for the first byte of U+40000 to U+FFFFF.
    ///
    /// # Errors
    /// If the text cannot be spelt.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        Ok(self.inner.encode_fast(text, false).map_err(wrap)?.get_ids().to_vec())
    }

    /// The ids of a text that is written behind other tokens. Tokenizers that begin every text with a space
    /// (Llama 2's) put none here; for others it is the same as [`Tokenizer::encode`].
    ///
    /// # Errors
    /// If the text cannot be spelt.
    pub fn encode_continuation(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let inner = self.continuing.as_ref().unwrap_or(&self.inner);
        Ok(inner.encode_fast(text, false).map_err(wrap)?.get_ids().to_vec())
    }

    /// The ids of a text with the special tokens that the tokenizer declares: Gemma puts `<bos>` in front,
    /// SmolLM2 nothing.
    ///
    /// # Errors
    /// If the text cannot be spelt.
    pub fn encode_with_special(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding = self.inner.encode(text, false).map_err(wrap)?;
        let encoding = match &self.post_processor {
            Some(post) => post.process(encoding, None, true).map_err(wrap)?,
            None => encoding,
        };
        Ok(encoding.get_ids().to_vec())
    }

    /// As [`Tokenizer::encode`], with the half-open range of bytes of `text` behind each token.
    ///
    /// Ranges always lie on character boundaries: a token of some bytes of a character has the whole character
    /// as its range. So several tokens in a row may start at the same byte.
    ///
    /// # Errors
    /// If the text cannot be spelt.
    pub fn encode_with_offsets(&self, text: &str) -> Result<(Vec<u32>, Vec<ByteRange>), ModelError> {
        let encoding = self.inner.encode(text, false).map_err(wrap)?;
        let on_boundaries =
            |&(start, end): &ByteRange| (text.floor_char_boundary(start), text.ceil_char_boundary(end));
        Ok((encoding.get_ids().to_vec(), encoding.get_offsets().iter().map(on_boundaries).collect()))
    }

    /// The text of ids. Ids outside the vocabulary give nothing.
    ///
    /// The bytes of a character may be split over tokens: text cut there decodes to `U+FFFD`, and texts of parts
    /// do not add up to the text of the whole. Use [`Tokenizer::token_bytes`] to stream.
    ///
    /// # Errors
    /// If the tokenizer's decoder fails.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, ModelError> {
        self.inner.decode(ids, skip_special).map_err(wrap)
    }

    /// The bytes that a token stands for, not always whole characters; empty outside the vocabulary. Special
    /// tokens give their name.
    ///
    /// For byte-level BPE the bytes of ids, one after the other, are exactly the bytes of the encoded text, except
    /// for those that the vocabulary cannot spell.
    pub fn token_bytes(&self, id: u32) -> Vec<u8> {
        let Some(token) = self.inner.id_to_token(id) else { return Vec::new() };
        if self.is_added(id) { self.spelling.bytes_of_added(token) } else { self.spelling.bytes(token) }
    }

    /// The id of a token by its name in the vocabulary, where byte-level BPE writes a space as `Ġ`.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The name of a token in the vocabulary.
    pub fn id_to_token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The one token that stands for exactly this text, such as `" ["`, if there is one.
    pub fn marker_id(&self, text: &str) -> Option<u32> {
        let id = self.token_to_id(&self.spelling.name(text)).or_else(|| self.token_to_id(text))?;
        (self.token_bytes(id) == text.as_bytes()).then_some(id)
    }

    /// Whether an id is a special token, which [`Tokenizer::decode`] can leave out.
    pub fn is_special(&self, id: u32) -> bool {
        self.inner
            .get_added_vocabulary()
            .get_added_tokens_decoder()
            .get(&id)
            .is_some_and(|token| token.special)
    }

    fn is_added(&self, id: u32) -> bool {
        self.inner.get_added_vocabulary().get_added_tokens_decoder().contains_key(&id)
    }
}

/// The library panics where a decoder is no JSON, and on other things that are no tokenizer: the first is looked for
/// before.
fn parse(bytes: &[u8]) -> Result<tokenizers::Tokenizer, ModelError> {
    let text = std::str::from_utf8(bytes).map_err(|error| wrap(error.into()))?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|source| ModelError::Json { what: "tokenizer.json".to_owned(), source })?;
    let parsed = std::panic::catch_unwind(|| tokenizers::Tokenizer::from_bytes(bytes).map_err(wrap));
    parsed.unwrap_or_else(|_| {
        let what = "a damaged tokenizer.json; download or save it again".to_owned();
        Err(ModelError::Tokenizer { what })
    })
}

fn wrap(error: tokenizers::Error) -> ModelError {
    ModelError::Tokenizer { what: error.to_string() }
}

#[cfg(test)]
mod tests;
