//! What every family's config must hold to, whatever file it comes from.

use crate::error::ModelError;

/// Greatest size of anything but the number of blocks: products of two sizes stay within 64 bits.
const MAX_SIZE: usize = 1 << 31;
/// Greatest number of rotated features of a head: tables of them are made before any tensor is looked at.
const MAX_ROTATED: usize = 1 << 14;
/// Greatest number of blocks: lists of them stay short, whatever a file claims.
const MAX_LAYERS: usize = 1 << 12;

pub(crate) fn wrong(field: &str, why: String) -> ModelError {
    ModelError::Config { path: None, field: field.to_owned(), why }
}

pub(crate) fn not_supported(what: String) -> ModelError {
    ModelError::NotSupported { what }
}

/// The number of blocks.
pub(crate) fn check_layers(field: &str, n_layers: usize) -> Result<(), ModelError> {
    within(field, n_layers, MAX_LAYERS)
}

/// Sizes of tensors and contexts.
pub(crate) fn check_sizes(sizes: &[(&str, usize)]) -> Result<(), ModelError> {
    sizes.iter().try_for_each(|&(field, size)| within(field, size, MAX_SIZE))
}

fn within(field: &str, size: usize, max: usize) -> Result<(), ModelError> {
    if (1..=max).contains(&size) {
        return Ok(());
    }
    Err(wrong(field, format!("is {size}, must be between 1 and {max}")))
}

/// Constants that are divided by, or whose root is taken.
pub(crate) fn check_positive(values: &[(&str, f64)]) -> Result<(), ModelError> {
    match values.iter().find(|(_, value)| !(value.is_finite() && *value > 0.0)) {
        None => Ok(()),
        Some((field, value)) => Err(wrong(field, format!("is {value}, must be positive"))),
    }
}

/// `part` must divide `whole`, which `of` names.
pub(crate) fn check_divides(field: &str, part: usize, whole: usize, of: &str) -> Result<(), ModelError> {
    if whole.is_multiple_of(part.max(1)) {
        return Ok(());
    }
    Err(wrong(field, format!("is {part}, must divide the {whole} {of}")))
}

/// Rotary embeddings rotate features in pairs.
pub(crate) fn check_even(field: &str, width: usize) -> Result<(), ModelError> {
    within(field, width, MAX_ROTATED)?;
    if width.is_multiple_of(2) {
        return Ok(());
    }
    Err(wrong(field, format!("is {width}, must be even for rotary embeddings")))
}

/// The ids that begin and end a text.
pub(crate) fn check_ids(bos: Option<u32>, eos: &[u32], vocab_size: usize) -> Result<(), ModelError> {
    let ids = bos.iter().map(|id| ("bos_token_id", id)).chain(eos.iter().map(|id| ("eos_token_id", id)));
    for (field, &id) in ids {
        if id as usize >= vocab_size {
            return Err(wrong(field, format!("is {id}, the vocabulary has {vocab_size} ids")));
        }
    }
    Ok(())
}
