//! Whether prompts can be completed, and how much room is made for that.

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, Tokenizer, check_ids};

use crate::{error::DecodeError, generation::Prompt};

/// Whether a model can complete prompts that may grow by `max_tokens`; [`Engine::complete`](crate::Engine::complete) asks
/// this first, of all of them.
///
/// # Errors
/// If a prompt is empty, does not fit into the context, or has an id that the model has not.
pub fn check_prompts<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokenizer: &Tokenizer,
    prompts: &[Prompt],
    max_tokens: usize,
) -> Result<(), DecodeError> {
    let mut numbered = prompts.iter().enumerate();
    numbered.try_for_each(|(number, prompt)| {
        check_prompt(model, Some(tokenizer), number, &prompt.ids, max_tokens)
    })
}

/// The same of one prompt; a tokenizer names the token in the error.
pub(crate) fn check_prompt<B: Backend, M: CausalLm<B>>(
    model: &M,
    tokenizer: Option<&Tokenizer>,
    prompt: usize,
    ids: &[u32],
    max_tokens: usize,
) -> Result<(), DecodeError> {
    if ids.is_empty() {
        return Err(DecodeError::EmptyPrompt { prompt });
    }
    check_ids(ids, model.vocab_size(), tokenizer).map_err(|source| DecodeError::Prompt { prompt, source })?;
    if ids.len().saturating_add(max_tokens) > model.max_positions() {
        let (tokens, room, context) = (ids.len(), max_tokens, model.max_positions());
        return Err(DecodeError::TooLong { prompt, tokens, room, context });
    }
    Ok(())
}

/// Tokens of a completion that room is made for at first; the cache grows if there are more. So what is allowed costs
/// nothing until it is used.
pub(crate) fn first_room(max_tokens: usize) -> usize {
    max_tokens.min(256)
}
