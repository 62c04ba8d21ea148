//! Language models on [burn](https://burn.dev), generic over its backends.
//!
//! What is here: families of models, their weights from Hugging Face folders (safetensors, PyTorch's pickles, which are
//! read and never run) and GGUF files, tokenizers from either,
//! a key-value cache whose prefixes many rows share without a copy, LoRA adapters in PEFT's layout (on bases in any
//! [`Precision`], and several for one model: [`Adapters`]), classification heads, and saving to folders that `transformers` loads, in one file or in shards, in 32 or 16 bits.
//!
//! | family | `model_type` | GGUF | classification head | LoRA targets |
//! |---|---|---|---|---|
//! | [`Llama`] (SmolLM2 and others) | `llama` | `llama` | yes | `q_proj`, `k_proj`, `v_proj`, `o_proj`, `gate_proj`, `up_proj`, `down_proj` |
//! | [`Llama`] with biases: Qwen2, Qwen2.5 | `qwen2` | `qwen2` | yes | as Llama |
//! | [`Gpt2`] | `gpt2` | no | yes | `c_attn`, `c_proj`, `c_fc` |
//! | [`GptJ`] | `gptj` | no | no | `q_proj`, `k_proj`, `v_proj`, `out_proj`, `fc_in`, `fc_out` |
//! | [`GptNeox`] (Pythia) | `gpt_neox` | no | no | `query_key_value`, `dense`, `dense_h_to_4h`, `dense_4h_to_h` |
//! | [`Gemma3`], text only | `gemma3_text` | `gemma3` | no | as Llama |
//! | [`Palm`] (toolformer-pytorch) | `palm` | no | no | `fused_attn_ff_proj`, `attn_out`, `ff_out.1` |
//! | [`PalmRlhf`] (PaLM-rlhf-pytorch 0.8) | `palm_rlhf` | no | no | `fused_attn_ff_proj`, `attn_out`, `ff_out.2` |
//!
//! [`LanguageModel`] is any of them, chosen by the config; a model of one's own implements [`CausalLm`]. Settings that
//! would change what a model computes and are not computed here are refused ([`ModelError::NotSupported`]).
//!
//! With the feature `hub`, a [`Hub`] finds models and data sets by their names: in the cache that Hugging Face's libraries share, or on
//! the network.
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

mod activation;
mod adamw;
mod adaptable;
mod adapter;
mod adapters;
mod attention;
mod attention_mask;
mod bare_names;
mod causal_lm;
mod checkpoint;
mod checksum;
mod config_checks;
mod cross_entropy;
mod error;
mod families;
mod family;
mod fit;
#[cfg(feature = "flex")]
mod flex;
mod frozen_product;
mod generation_config;
mod gguf;
mod gguf_keys;
#[cfg(feature = "hub")]
mod hub;
mod index_tensor;
mod json_fields;
mod known_ids;
mod kv_cache;
mod layer_norm;
mod leaf;
#[cfg(feature = "tch")]
mod libtorch;
mod loader;
mod log_probs;
mod long_texts;
mod lora;
mod lora_config;
mod lora_dropout;
mod lora_model;
mod lora_pair;
mod lora_targets;
mod mapped_file;
mod misfit;
mod model_sizes;
mod model_summary;
mod named_buffer;
mod named_param;
mod parameter_count;
mod pass;
mod peft_config;
mod precision;
mod pretrained;
mod projection;
mod pytorch_files;
mod random_weights;
mod regular_file;
mod replace_file;
mod resize_embedding;
mod rms_norm;
mod rope_fields;
mod rope_scaling;
mod rotary;
mod safetensors_files;
mod save;
mod saved_modules;
mod sequence_classifier;
mod shard_index;
mod shards;
mod streamed_tensor;
mod sum_of_squares;
mod text_part;
mod token_batch;
mod tokenizer;
mod training_mode;
mod weights;
mod weights_writer;

pub use activation::Activation;
pub use adamw::AdamWStep;
pub use adapter::{load_adapter, load_classifier_adapter, save_adapter, save_classifier_adapter};
pub use adapters::Adapters;
pub use attention::AttentionPlan;
pub use causal_lm::CausalLm;
pub use checkpoint::open_weights;
pub use checksum::model_checksum;
pub use cross_entropy::cross_entropy;
pub use error::ModelError;
pub use families::{
    Gemma3, Gemma3Config, Gpt2, Gpt2Config, GptJ, GptJConfig, GptNeox, GptNeoxConfig, LanguageModel, Llama,
    LlamaConfig, ModelConfig, Palm, PalmConfig, PalmRlhf, PalmRlhfConfig,
};
pub use generation_config::GenerationConfig;
pub use gguf::GgufFile;
#[cfg(feature = "hub")]
pub use hub::{
    CachedModel, DatasetPart, GgufChoice, Hub, HubDataset, HubError, HubModel, HubSettings, PullEvent,
    PulledDataset, RepositoryKind,
};
pub use known_ids::check_ids;
pub use kv_cache::{CacheShape, Context, KvCache, Prefix, Seen};
pub use log_probs::{check_numbers, log_probs, log_probs_of, visit_log_probs};
pub use long_texts::forward_in_chunks;
pub use lora_config::LoraConfig;
pub use lora_targets::TargetModules;
pub use misfit::Misshapen;
pub use model_sizes::ModelSizes;
pub use model_summary::{ModelSummary, TokenizerSummary};
pub use named_param::param_id;
pub use parameter_count::{ParameterCount, count_parameters};
pub use pass::Pass;
pub use precision::Precision;
pub use pretrained::Pretrained;
pub use pytorch_files::PytorchFiles;
pub use rope_scaling::RopeScaling;
pub use safetensors_files::SafetensorsFolder;
pub use save::{
    SaveOptions, save_classifier, save_pretrained, save_pretrained_as, save_tensors, save_weights,
};
pub use sequence_classifier::{ClassifierConfig, SequenceClassifier};
pub use streamed_tensor::SaveFormat;
pub use sum_of_squares::sum_of_squares;
pub use token_batch::TokenBatch;
pub use tokenizer::{BatchOptions, ChatMessage, ChatOptions, EncodedBatch, Side, SpecialIds, Tokenizer};
pub use weights::{GgufWeights, WeightSource};
