//! The model families, one file each with its config beside it, and any of them as one type.
//!
//! Qwen2 is Llama with three biases, and no family of its own here. This is the one list of families: a further one is
//! a module here, a variant of [`LanguageModel`] and of [`ModelConfig`], and a line in every other list of this file.

mod gemma3;
mod gemma3_config;
mod gpt2;
mod gpt2_config;
mod gpt_neox;
mod gpt_neox_config;
mod gptj;
mod gptj_config;
mod llama;
mod llama_config;
mod palm;
mod palm_config;
mod palm_rlhf;
mod palm_rlhf_config;

use burn::{
    module::Module,
    tensor::{DType, Tensor, backend::Backend},
};
use serde_json::{Map, Value};

use crate::{
    causal_lm::CausalLm,
    config_checks::not_supported,
    error::ModelError,
    family::Family,
    gguf::GgufFile,
    json_fields::Fields,
    kv_cache::{CacheShape, KvCache},
    leaf::Leaf,
    loader::load,
    precision::{Precision, in_f32},
    text_part::TextPart,
    token_batch::TokenBatch,
    weights::{GgufLayout, GgufWeights, WeightSource},
};

pub use gemma3::Gemma3;
pub use gemma3_config::Gemma3Config;
pub use gpt_neox::GptNeox;
pub use gpt_neox_config::GptNeoxConfig;
pub use gpt2::Gpt2;
pub use gpt2_config::Gpt2Config;
pub use gptj::GptJ;
pub use gptj_config::GptJConfig;
pub use llama::Llama;
pub use llama_config::LlamaConfig;
pub use palm::Palm;
pub use palm_config::PalmConfig;
pub use palm_rlhf::PalmRlhf;
pub use palm_rlhf_config::PalmRlhfConfig;

/// A language model of any family.
#[derive(Module, Debug)]
pub enum LanguageModel<B: Backend> {
    /// Llama, Qwen2 and Qwen2.5.
    Llama(Llama<B>),
    /// GPT-2.
    Gpt2(Gpt2<B>),
    /// GPT-J.
    GptJ(GptJ<B>),
    /// GPT-NeoX and Pythia.
    GptNeox(GptNeox<B>),
    /// Gemma 3: the text model, alone or out of a multimodal one.
    Gemma3(Gemma3<B>),
    /// PaLM of toolformer-pytorch.
    Palm(Palm<B>),
    /// PaLM of PaLM-rlhf-pytorch.
    PalmRlhf(PalmRlhf<B>),
}

/// The config of a [`LanguageModel`].
#[derive(Debug, Clone, PartialEq)]
pub enum ModelConfig {
    /// Llama, Qwen2 and Qwen2.5.
    Llama(LlamaConfig),
    /// GPT-2.
    Gpt2(Gpt2Config),
    /// GPT-J.
    GptJ(GptJConfig),
    /// GPT-NeoX and Pythia.
    GptNeox(GptNeoxConfig),
    /// Gemma 3, text only.
    Gemma3(Gemma3Config),
    /// PaLM of toolformer-pytorch.
    Palm(PalmConfig),
    /// PaLM of PaLM-rlhf-pytorch.
    PalmRlhf(PalmRlhfConfig),
}

/// The same expression for whatever family it is.
macro_rules! each {
    ($enum:ident, $of:expr, $inner:ident => $body:expr) => {
        match $of {
            $enum::Llama($inner) => $body,
            $enum::Gpt2($inner) => $body,
            $enum::GptJ($inner) => $body,
            $enum::GptNeox($inner) => $body,
            $enum::Gemma3($inner) => $body,
            $enum::Palm($inner) => $body,
            $enum::PalmRlhf($inner) => $body,
        }
    };
}

/// `model_type` of every family's `config.json`.
const MODEL_TYPES: [&str; 9] =
    ["llama", "qwen2", "gpt2", "gptj", "gpt_neox", "gemma3", "gemma3_text", "palm", "palm_rlhf"];

/// `general.architecture` of the GGUF files that are read.
const ARCHITECTURES: [&str; 3] = ["llama", "qwen2", "gemma3"];

impl ModelConfig {
    /// Reads a `config.json`, of transformers 5 or before.
    ///
    /// # Errors
    /// If it is not JSON, of no family that is known here, lacks a size, contradicts itself, or asks for something
    /// that is not computed here.
    pub fn from_hf_json(text: &str) -> Result<Self, ModelError> {
        let fields: Map<String, Value> = serde_json::from_str(text)
            .map_err(|source| ModelError::Json { what: "config.json".to_owned(), source })?;
        let fields = Fields::new(&fields);
        fields.refuse_unless("is_causal", true)?;
        Ok(match fields.text("model_type")?.unwrap_or_default() {
            "llama" => Self::Llama(LlamaConfig::from_fields(&fields)?),
            "qwen2" => Self::Llama(LlamaConfig::from_qwen2_fields(&fields)?),
            "gpt2" => Self::Gpt2(Gpt2Config::from_fields(&fields)?),
            "gptj" => Self::GptJ(GptJConfig::from_fields(&fields)?),
            "gpt_neox" => Self::GptNeox(GptNeoxConfig::from_fields(&fields)?),
            "gemma3" => Self::Gemma3(Gemma3Config::from_multimodal_fields(&fields)?),
            "gemma3_text" => Self::Gemma3(Gemma3Config::from_fields(&fields)?),
            "palm" => Self::Palm(PalmConfig::from_fields(&fields)?),
            "palm_rlhf" => Self::PalmRlhf(PalmRlhfConfig::from_fields(&fields)?),
            other => return Err(unknown(other, &MODEL_TYPES)),
        })
    }

    /// Reads the metadata of a GGUF file.
    ///
    /// # Errors
    /// As [`ModelConfig::from_hf_json`].
    pub fn from_gguf(file: &GgufFile) -> Result<Self, ModelError> {
        file.refuse_part()?;
        let read = || {
            Ok(match file.get_str("general.architecture")? {
                "llama" => Self::Llama(LlamaConfig::from_gguf(file, "llama")?),
                "qwen2" => Self::Llama(LlamaConfig::from_gguf(file, "qwen2")?),
                "gemma3" => Self::Gemma3(Gemma3Config::from_gguf(file)?),
                other => return Err(unknown(other, &ARCHITECTURES)),
            })
        };
        read().map_err(|error| match error {
            named @ ModelError::GgufKey { .. } => named,
            bare => bare.in_file(file.path()),
        })
    }

    /// The `config.json` that transformers needs to load a checkpoint of this config, whatever its version.
    pub fn to_hf_json(&self) -> Value {
        each!(Self, self, config => config.to_hf_json())
    }

    /// The id that begins a text.
    pub fn bos(&self) -> Option<u32> {
        each!(Self, self, config => config.bos)
    }

    /// The ids that end a text.
    pub fn eos(&self) -> &[u32] {
        each!(Self, self, config => &config.eos)
    }

    /// Number of token ids.
    pub fn vocab_size(&self) -> usize {
        each!(Self, self, config => config.vocab_size)
    }

    /// The same config with another number of token ids.
    ///
    /// # Errors
    /// If it cannot be that number.
    pub(crate) fn with_vocab_size(&self, vocab_size: usize) -> Result<Self, ModelError> {
        let mut resized = self.clone();
        each!(Self, &mut resized, config => {
            config.vocab_size = vocab_size;
            config.validate()?;
        });
        Ok(resized)
    }

    /// A GGUF file's tensors under the names of the family's `config.json` world.
    ///
    /// # Errors
    /// If the file is not read for this family, or two of its tensors are the same by their names.
    pub fn gguf_weights<'a>(&self, file: &'a GgufFile) -> Result<GgufWeights<'a>, ModelError> {
        let layout: GgufLayout = match self {
            Self::Llama(config) => config.gguf_layout(),
            Self::Gemma3(config) => config.gguf_layout(),
            Self::Gpt2(_) | Self::GptJ(_) | Self::GptNeox(_) | Self::Palm(_) | Self::PalmRlhf(_) => {
                return Err(not_supported("a GGUF file of this family".to_owned()));
            }
        };
        GgufWeights::new(file, layout)
    }
}

fn unknown(found: &str, known: &[&str]) -> ModelError {
    let known = known.iter().map(|&name| name.to_owned()).collect();
    ModelError::UnsupportedArchitecture { found: found.to_owned(), known }
}

impl<B: Backend> LanguageModel<B> {
    /// Reads the weights of a model with this config, to be held in `precision`.
    ///
    /// # Errors
    /// If tensors are missing, left over or misshapen (all of them are named), or cannot be read, or the device does
    /// not have the precision.
    pub fn from_weights(
        config: &ModelConfig,
        source: &dyn WeightSource,
        precision: Precision,
        device: &B::Device,
    ) -> Result<Self, ModelError> {
        precision.check::<B>(device)?;
        let text_part = TextPart::of(source);
        let source = text_part.as_ref().map_or(source, |text| text);
        Ok(match config {
            ModelConfig::Llama(c) => {
                Self::Llama(load(source, precision, device, "model.", |l| Llama::load(c, l))?)
            }
            ModelConfig::Gpt2(c) => {
                Self::Gpt2(load(source, precision, device, "transformer.", |l| Gpt2::load(c, l))?)
            }
            ModelConfig::GptJ(c) => {
                Self::GptJ(load(source, precision, device, "transformer.", |l| GptJ::load(c, l))?)
            }
            ModelConfig::GptNeox(c) => {
                Self::GptNeox(load(source, precision, device, "gpt_neox.", |l| GptNeox::load(c, l))?)
            }
            ModelConfig::Gemma3(c) => {
                Self::Gemma3(load(source, precision, device, "model.", |l| Gemma3::load(c, l))?)
            }
            ModelConfig::Palm(c) => Self::Palm(load(source, precision, device, "", |l| Palm::load(c, l))?),
            ModelConfig::PalmRlhf(c) => {
                Self::PalmRlhf(load(source, precision, device, "", |l| PalmRlhf::load(c, l))?)
            }
        })
    }

    /// Every tensor under its checkpoint name, one at a time, in the checkpoint's own layout; LoRA updates are
    /// not part of it (see [`LanguageModel::merge_lora`]).
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>, Tensor<B, 1>)> + '_ {
        self.family().leaves().into_iter().flat_map(Leaf::tensors)
    }

    /// The numbers of all that is not quantised.
    pub fn float(&self) -> Precision {
        let embedding = self.family().leaves().first().and_then(|leaf| leaf.tensors().pop());
        match embedding.map(|(_, _, tensor)| tensor.dtype()) {
            Some(DType::F16) => Precision::F16,
            Some(DType::BF16) => Precision::Bf16,
            _ => Precision::F32,
        }
    }

    /// Whether all of it can be trained, not LoRA's updates alone: no weight is quantised or in half precision.
    pub fn is_f32(&self) -> bool {
        let is_f32 = |leaf: &dyn Leaf<B>| match leaf.projection() {
            Some(projection) => projection.dtype() == DType::F32,
            None => leaf.tensors().iter().all(|(_, _, tensor)| tensor.dtype() == DType::F32),
        };
        self.family().leaves().into_iter().all(is_f32)
    }

    /// Bytes of the weights as they are held, scales of quantised ones included; a backend may take more (burn-flex
    /// keeps 4 bits in a byte).
    pub fn weight_bytes(&self) -> usize {
        self.family().leaves().into_iter().map(Leaf::bytes).sum()
    }

    /// Whether weights are in 8 or 4 bits.
    pub fn is_quantised(&self) -> bool {
        self.family().projections().iter().any(|projection| matches!(projection.dtype(), DType::QFloat(_)))
    }

    /// Width of the hidden states.
    pub(crate) fn d_model(&self) -> usize {
        self.family().d_model()
    }

    pub(crate) fn family(&self) -> &dyn Family<B> {
        each!(Self, self, model => model)
    }

    pub(crate) fn family_mut(&mut self) -> &mut dyn Family<B> {
        each!(Self, self, model => model)
    }
}

impl<B: Backend> CausalLm<B> for LanguageModel<B> {
    fn vocab_size(&self) -> usize {
        self.family().vocab_size()
    }

    fn cache_shape(&self) -> CacheShape {
        self.family().cache_shape()
    }

    fn max_positions(&self) -> usize {
        self.family().max_positions()
    }

    fn device(&self) -> B::Device {
        self.family().device()
    }

    fn forward(&self, tokens: &TokenBatch, cache: &mut KvCache<B>) -> Tensor<B, 3> {
        self.family().forward(tokens, cache)
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        in_f32(self.family().logits(hidden))
    }
}
