//! Language models on [burn](https://burn.dev), generic over its backends.
//!
//! What is here: the Llama family, its weights from Hugging Face folders and GGUF files, tokenizers from either,
//! a key-value cache whose prefixes many rows share without a copy, LoRA adapters in PEFT's layout, and saving to
//! folders that `transformers` loads.
//!
//! What is not: sampling and decoding (`toolformer-decode`), training (`toolformer-train`), and anything that
//! knows what a tool call is.
//!
//! ```no_run
//! use burn::backend::Flex;
//! use toolformer_model::{CausalLm, KvCache, Pretrained, TokenBatch};
//!
//! let loaded = Pretrained::<Flex>::open("SmolLM2-135M-Instruct.Q4_1.gguf".as_ref(), &Default::default())?;
//! let ids = loaded.tokenizer.encode("The capital of France is")?;
//! let mut cache = KvCache::new(loaded.model.cache_shape(), 1, 64, &Default::default());
//! let hidden = loaded.model.forward(&TokenBatch::new(&[ids]), &mut cache); // [1, seq, d_model]
//! # Ok::<(), toolformer_model::ModelError>(())
//! ```

mod adapter;
mod attention;
mod bare_names;
mod causal_lm;
mod checksum;
mod config_checks;
mod error;
mod families;
mod family;
mod gguf;
mod gguf_keys;
mod json_fields;
mod kv_cache;
mod language_model;
mod layer_norm;
mod leaf;
mod loader;
mod log_probs;
mod lora;
mod named_buffer;
mod named_param;
mod pretrained;
mod projection;
mod rms_norm;
mod rope_fields;
mod rope_scaling;
mod rotary;
mod safetensors_files;
mod save;
mod sequence_classifier;
mod token_batch;
mod tokenizer;
mod weights;

pub use adapter::load_adapter;
pub use attention::AttentionPlan;
pub use causal_lm::CausalLm;
pub use checksum::model_checksum;
pub use error::ModelError;
pub use families::{
    Gemma3, Gemma3Config, Gpt2, Gpt2Config, GptJ, GptJConfig, GptNeox, GptNeoxConfig, Llama, LlamaConfig,
    Palm, PalmConfig, PalmRlhf, PalmRlhfConfig, Qwen2, Qwen2Config,
};
pub use gguf::GgufFile;
pub use kv_cache::{CacheShape, KvCache, Prefix};
pub use language_model::{LanguageModel, ModelConfig};
pub use log_probs::{log_probs, log_probs_of, visit_log_probs};
pub use lora::LoraConfig;
pub use named_param::param_id;
pub use pretrained::Pretrained;
pub use rope_scaling::RopeScaling;
pub use safetensors_files::SafetensorsFolder;
pub use save::{save_adapter, save_classifier, save_pretrained, save_weights};
pub use sequence_classifier::{ClassifierConfig, SequenceClassifier};
pub use token_batch::TokenBatch;
pub use tokenizer::{SpecialIds, Tokenizer};
pub use weights::{GgufWeights, WeightSource};
