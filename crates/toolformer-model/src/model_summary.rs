//! What a model is, told from its files without loading it.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use serde::Serialize;

use crate::{
    checkpoint::Checkpoint,
    error::ModelError,
    families::ModelConfig,
    fit::is_not_read,
    gguf::GgufFile,
    model_sizes::ModelSizes,
    precision::{BLOCK, Precision},
    pretrained::{model_folder, read_config_text},
    sequence_classifier::{ClassifierConfig, SCORE, labels_in},
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
    /// Those of them that 8 and 4 bits are for: weights of linear layers between embedding and head that give a
    /// multiple of 32 features.
    pub linear_weights: Option<u64>,
    /// How many numbers are stored in each format, such as `BF16` or `Q4_K`.
    pub stored: BTreeMap<String, u64>,
    /// Bytes of the weight files.
    pub weight_bytes: u64,
    /// Of a classifier the names of its labels; none of a language model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// The tokenizer; none if the files hold none, or one that cannot be read.
    pub tokenizer: Option<TokenizerSummary>,
    /// Why the tokenizer cannot be read; the model works on ids all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokenizer_problem: Option<String>,
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
    /// Reads the headers of whatever [`Pretrained::open`](crate::Pretrained::open) opens.
    ///
    /// # Errors
    /// If files are missing, damaged, or of an architecture that is not supported. A tokenizer that cannot be read is
    /// none: the model can be used without.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        match model_folder(path)? {
            Some(folder) => Self::of_folder(folder, || Checkpoint::open(path).map(Some)),
            None => Self::of_gguf(path),
        }
    }

    /// Reads what was fetched of a model that is not here: weights of PyTorch, which have no header, may lack.
    ///
    /// # Errors
    /// As [`ModelSummary::read`].
    pub fn read_fetched(path: &Path) -> Result<Self, ModelError> {
        let open = || match Checkpoint::open(path) {
            Err(ModelError::NotFound { .. }) => Ok(None),
            opened => opened.map(Some),
        };
        match model_folder(path)? {
            Some(folder) => Self::of_folder(folder, open),
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
        let (parameters, linear_weights) = Some(count(&weights, &config, config.sizes().tied)).unzip();
        let weight_bytes = fs::metadata(path).map_or(0, |file| file.len());
        let summary = Self { parameters, linear_weights, stored, weight_bytes, ..Self::of_config(&config) };
        let has_tokenizer = file.has_key("tokenizer.ggml.model");
        Ok(summary.with_tokenizer(has_tokenizer.then(|| Tokenizer::from_gguf(&file))))
    }

    fn of_folder(
        folder: &Path,
        open: impl FnOnce() -> Result<Option<Checkpoint>, ModelError>,
    ) -> Result<Self, ModelError> {
        let (config_path, text) = read_config_text(folder)?;
        let in_config = |error: ModelError| error.in_file(&config_path);
        let config = ModelConfig::from_hf_json(&text).map_err(in_config)?;
        let mut summary = Self::of_config(&config);
        if let Some(checkpoint) = open()? {
            let weights = checkpoint.weights();
            if let Some(n_labels) = labels_in(weights) {
                summary.labels =
                    Some(ClassifierConfig::from_hf_json(&text, n_labels).map_err(in_config)?.labels);
            }
            let tied = config.sizes().tied || summary.labels.is_some();
            (summary.parameters, summary.linear_weights) = Some(count(weights, &config, tied)).unzip();
            (summary.stored, summary.weight_bytes) = (checkpoint.number_formats(), checkpoint.file_bytes());
        }
        let has_tokenizer = ["tokenizer.json", "vocab.json"].iter().any(|name| folder.join(name).exists());
        let read = || Tokenizer::from_folder(folder, config.bos(), config.eos().first().copied());
        Ok(summary.with_tokenizer(has_tokenizer.then(read)))
    }

    /// What the config alone says.
    fn of_config(config: &ModelConfig) -> Self {
        Self {
            architecture: config.to_hf_json()["model_type"].as_str().unwrap_or_default().to_owned(),
            sizes: config.sizes(),
            parameters: None,
            linear_weights: None,
            stored: BTreeMap::new(),
            weight_bytes: 0,
            labels: None,
            tokenizer: None,
            tokenizer_problem: None,
        }
    }

    fn with_tokenizer(mut self, tokenizer: Option<Result<Tokenizer, ModelError>>) -> Self {
        match tokenizer {
            Some(Ok(tokenizer)) => self.tokenizer = Some(TokenizerSummary::of(&tokenizer)),
            Some(Err(error)) => self.tokenizer_problem = Some(with_causes(&error)),
            None => {}
        }
        self
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

impl TokenizerSummary {
    fn of(tokenizer: &Tokenizer) -> Self {
        let name = |id: Option<u32>| id.and_then(|id| tokenizer.id_to_token(id));
        Self {
            kind: tokenizer.kind().to_owned(),
            vocab_size: tokenizer.vocab_size(),
            bos: name(tokenizer.bos()),
            eos: name(tokenizer.eos()),
            unk: name(tokenizer.unk()),
            pad: name(tokenizer.pad()),
            chat_template: tokenizer.chat_template().is_some(),
        }
    }
}

/// An error and its causes on one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Numbers in all tensors that are parameters, and in those that 8 and 4 bits are for.
fn count(weights: &dyn WeightSource, config: &ModelConfig, tied: bool) -> (u64, u64) {
    let text_part = TextPart::of(weights);
    let weights = text_part.as_ref().map_or(weights, |text| text);
    let (mut all, mut linear) = (0_u64, 0_u64);
    for name in weights.names() {
        let ends = |of: &[&str]| of.iter().any(|end| name.ends_with(end));
        let counts = if ends(&HEADS) { !tied } else { !is_not_read(&name) && !ends(&COMPUTED) };
        let Some(shape) = weights.shape(&name).filter(|_| counts) else { continue };
        let numbers = shape.iter().fold(1_u64, |n, &dim| n.saturating_mul(dim as u64));
        all = all.saturating_add(numbers);
        let is_linear = shape.len() == 2 && !ends(&HEADS) && !ends(&EMBEDDINGS) && name != SCORE;
        if is_linear && features_out(weights, config, &name, &shape).is_multiple_of(BLOCK) {
            linear = linear.saturating_add(numbers);
        }
    }
    (all, linear)
}

/// How many features a linear layer gives as it is held: queries and keys are one layer, and GPT-2's weights lie the
/// other way round.
fn features_out(weights: &dyn WeightSource, config: &ModelConfig, name: &str, shape: &[usize]) -> usize {
    let own = if matches!(config, ModelConfig::Gpt2(_)) { shape[1] } else { shape[0] };
    let other = |this: &str, other: &str| {
        let prefix = name.strip_suffix(this)?;
        weights.shape(&format!("{prefix}{other}"))?.first().copied()
    };
    let fused = other("q_proj.weight", "k_proj.weight").or_else(|| other("k_proj.weight", "q_proj.weight"));
    own.saturating_add(fused.unwrap_or(0))
}
