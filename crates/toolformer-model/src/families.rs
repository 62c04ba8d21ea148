//! The model families, one file each, with their configs.

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
mod qwen2;
mod qwen2_config;

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
pub use qwen2::Qwen2;
pub use qwen2_config::Qwen2Config;
