//! Prompts completed in one go.

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Tokenizer};

use crate::{
    engine::{Engine, EngineSettings},
    error::DecodeError,
    generation::{GenerateSettings, Generation, Prompt, Tools},
};

/// Completes prompts on an [`Engine`] of their own; the completions of one prompt stand together, in the prompts' order.
///
/// # Errors
/// As [`Engine::complete`].
pub fn generate<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokenizer: &Tokenizer,
    prompts: &[Prompt],
    settings: &GenerateSettings,
    tools: &Tools<'_>,
) -> Result<Vec<Generation>, DecodeError> {
    let mut engine = Engine::<B, M>::new(model, tokenizer, EngineSettings::default())?;
    engine.complete(prompts, settings, tools, |_, _| {})
}
