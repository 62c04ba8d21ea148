//! What a model is, told from its files without loading it.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Serialize;

use crate::{
    checkpoint::open_weights,
    error::ModelError,
    families::ModelConfig,
    gguf::GgufFile,
    loader::is_not_read,
    model_sizes::ModelSizes,
    precision::Precision,
    pretrained::{model_folder, read_config_text},
    safetensors_files::SafetensorsFolder,
    text_part::TextPart,
    tokenizer::Tokenizer,
    weights::WeightSource,
};

/// The output head, under the names that families give it; a tied one may be stored all the same.
const HEADS: [&str; 4] = ["lm_head.weight", "embed_out.weight", "to_logits.weight", "to_logits.1.weight"];

/// Embeddings of tokens and of positions.
const EMBEDDINGS: [&str; 6] =
    ["embed_tokens.weight", "embed_in.weight", "wte.weight", "wpe.weight", "token_emb.weight", "emb.weight"];

/// Ends of names of stored tensors that follow from the config.
const COMPUTED: [&str; 2] = ["rotary_emb.scale", ".beta"];

/// What a model's files say about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSummary {
    /// The family, as `model_type` of a `config.json` names it.
    pub architecture: String,
    /// Its sizes.
    #[serde(flatten)]
    pub sizes: ModelSizes,
    /// Number of parameters, from the tensors' shapes; a head that is the embedding counts once. None where the weights
    /// are not there, or in a format that says nothing before it is read whole.
    pub parameters: Option<u64>,
    /// Those of them that are weights of linear layers between embedding and head: what 8 and 4 bits are for.
    pub linear_weights: Option<u64>,
    /// How many numbers are stored in each format, such as `BF16` or `Q4_K`.
    pub stored: BTreeMap<String, u64>,
    /// Bytes of the weight files.
    pub weight_bytes: u64,
    /// The tokenizer; none if the files hold none.
    pub tokenizer: Option<TokenizerSummary>,
}

/// What a model's tokenizer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenizerSummary {
    /// `BPE`, `Unigram` or another.
    pub kind: String,
    /// Number of tokens.
    pub vocab_size: usize,
    /// The token that begins a text.
    pub bos: Option<String>,
    /// The token that ends a text.
    pub eos: Option<String>,
    /// The token for what the vocabulary cannot spell.
    pub unk: Option<String>,
    /// The token that fills rows up.
    pub pad: Option<String>,
    /// Whether there is a template for conversations.
    pub chat_template: bool,
}

impl ModelSummary {
    /// Reads the headers of a folder or of a `.gguf` file.
    ///
    /// # Errors
    /// If files are damaged, or of an architecture that is not supported.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        match model_folder(path)? {
            Some(folder) => Self::of_folder(folder),
            None => Self::of_gguf(path),
        }
    }

    fn of_gguf(path: &Path) -> Result<Self, ModelError> {
        let file = GgufFile::open(path)?;
        let config = ModelConfig::from_gguf(&file)?;
        let mut stored = BTreeMap::new();
        for tensor in file.tensors() {
            *stored.entry(tensor.kind.to_string()).or_default() +=
                tensor.shape.iter().product::<usize>() as u64;
        }
        let weights = config.gguf_weights(&file)?;
        let counts = Some(count(&weights, config.sizes().tied));
        let tokenizer =
            file.has_key("tokenizer.ggml.model").then(|| Tokenizer::from_gguf(&file)).transpose()?;
        let weight_bytes = fs::metadata(path).map_or(0, |file| file.len());
        Ok(Self::new(&config, counts, stored, weight_bytes, tokenizer.as_ref()))
    }

    fn of_folder(folder: &Path) -> Result<Self, ModelError> {
        let (config_path, text) = read_config_text(folder)?;
        let config = ModelConfig::from_hf_json(&text).map_err(|error| error.in_file(&config_path))?;
        let tied = config.sizes().tied;
        let (counts, stored) = match if_there(SafetensorsFolder::open(folder))? {
            Some(weights) => (Some(count(&weights, tied)), weights.number_formats()),
            None => {
                let weights = if_there(open_weights(folder))?;
                (weights.map(|weights| count(weights.as_ref(), tied)), BTreeMap::new())
            }
        };
        let has_tokenizer = ["tokenizer.json", "vocab.json"].iter().any(|name| folder.join(name).exists());
        let read = || Tokenizer::from_folder(folder, config.bos(), config.eos().first().copied());
        let tokenizer = has_tokenizer.then(read).transpose()?;
        Ok(Self::new(&config, counts, stored, weight_bytes(folder), tokenizer.as_ref()))
    }

    fn new(
        config: &ModelConfig,
        counts: Option<(u64, u64)>,
        stored: BTreeMap<String, u64>,
        weight_bytes: u64,
        tokenizer: Option<&Tokenizer>,
    ) -> Self {
        let architecture = config.to_hf_json()["model_type"].as_str().unwrap_or_default().to_owned();
        let tokenizer = tokenizer.map(|tokenizer| {
            let name = |id: Option<u32>| id.and_then(|id| tokenizer.id_to_token(id));
            TokenizerSummary {
                kind: tokenizer.kind().to_owned(),
                vocab_size: tokenizer.vocab_size(),
                bos: name(tokenizer.bos()),
                eos: name(tokenizer.eos()),
                unk: name(tokenizer.unk()),
                pad: name(tokenizer.pad()),
                chat_template: tokenizer.chat_template().is_some(),
            }
        });
        let (parameters, linear_weights) = counts.unzip();
        let sizes = config.sizes();
        Self { architecture, sizes, parameters, linear_weights, stored, weight_bytes, tokenizer }
    }

    /// Bytes of memory that the weights take at a precision.
    pub fn memory(&self, precision: Precision) -> Option<u64> {
        let (all, linear) = (self.parameters?, self.linear_weights?);
        let rest = all.saturating_sub(linear).saturating_mul(precision.float_bytes());
        Some(linear.saturating_mul(precision.weight_bits()).div_ceil(8).saturating_add(rest))
    }

    /// Bytes of memory that the keys and values of so many tokens take at a precision.
    pub fn cache_memory(&self, tokens: u64, precision: Precision) -> u64 {
        self.sizes.cache_per_token().saturating_mul(tokens).saturating_mul(precision.float_bytes())
    }
}

/// Nothing where there is nothing to open.
fn if_there<T>(opened: Result<T, ModelError>) -> Result<Option<T>, ModelError> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(ModelError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Numbers in all tensors that are parameters, and in those of linear layers between embedding and head.
fn count(weights: &dyn WeightSource, tied: bool) -> (u64, u64) {
    let text_part = TextPart::of(weights);
    let weights = text_part.as_ref().map_or(weights, |text| text);
    let (mut all, mut linear) = (0_u64, 0_u64);
    for name in weights.names() {
        let ends = |of: &[&str]| of.iter().any(|end| name.ends_with(end));
        let counts = if ends(&HEADS) { !tied } else { !is_not_read(&name) && !ends(&COMPUTED) };
        let Some(shape) = weights.shape(&name).filter(|_| counts) else { continue };
        let numbers = shape.iter().fold(1_u64, |n, &dim| n.saturating_mul(dim as u64));
        all = all.saturating_add(numbers);
        if shape.len() == 2 && !ends(&HEADS) && !ends(&EMBEDDINGS) {
            linear = linear.saturating_add(numbers);
        }
    }
    (all, linear)
}

/// Bytes of a folder's safetensors, or of its PyTorch files if there are none.
fn weight_bytes(folder: &Path) -> u64 {
    let bytes = |ending: &str| -> u64 {
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let files = files.filter(|path| path.extension().is_some_and(|found| found == ending));
        files.filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum()
    };
    match bytes("safetensors") {
        0 => bytes("bin"),
        bytes => bytes,
    }
}
