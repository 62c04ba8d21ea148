//! Whether a model has the ids that a text became.

use crate::{error::ModelError, tokenizer::Tokenizer};

/// Checks that a model with `vocab_size` ids has all of these; the tokenizer that they come from names the one that it
/// has not. A tokenizer may hold more tokens than its model, as Gemma's does, as long as texts do not use them.
///
/// # Errors
/// Names the first id that is too large.
pub fn check_ids(ids: &[u32], vocab_size: usize, tokenizer: Option<&Tokenizer>) -> Result<(), ModelError> {
    let Some(&id) = ids.iter().find(|&&id| id as usize >= vocab_size) else { return Ok(()) };
    let token = tokenizer.and_then(|tokenizer| tokenizer.id_to_token(id));
    Err(ModelError::UnknownId { id, token, vocab_size })
}
