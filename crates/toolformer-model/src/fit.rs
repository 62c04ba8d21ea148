//! Whether the tensors of a checkpoint are those that a model asks for.

use std::collections::HashSet;

use crate::{error::ModelError, misfit::Misshapen, weights::WeightSource};

/// Ends of names that some exports carry and no model reads: causal masks, and tables that follow from the config.
const NOT_READ: [&str; 6] = [
    "rotary_emb.inv_freq",
    ".attn.bias",
    ".attn.masked_bias",
    ".attention.bias",
    ".attention.masked_bias",
    ".attn.embed_positions",
];

/// Whether a stored tensor is nothing that a model of any family reads.
pub(crate) fn is_not_read(name: &str) -> bool {
    NOT_READ.iter().any(|end| name.ends_with(end))
}

/// Fails with every missing, left over or misshapen tensor named as the checkpoint does, before anything is read.
pub(crate) fn check_fit(
    source: &dyn WeightSource,
    expected: &[(String, Vec<usize>)],
) -> Result<(), ModelError> {
    let (mut missing, mut misshapen) = (Vec::new(), Vec::new());
    for (name, shape) in expected {
        match source.shape(name) {
            None => missing.push(source.stored_name(name).into_owned()),
            Some(found) if found != *shape => {
                misshapen.push(Misshapen {
                    name: source.stored_name(name).into_owned(),
                    expected: shape.clone(),
                    found,
                });
            }
            Some(_) => {}
        }
    }
    let known: HashSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let left_over = |name: &String| !known.contains(name.as_str()) && !is_not_read(name);
    let unexpected = source.names().into_iter().filter(left_over);
    let unexpected: Vec<String> = unexpected.map(|name| source.stored_name(&name).into_owned()).collect();
    if missing.is_empty() && unexpected.is_empty() && misshapen.is_empty() {
        return Ok(());
    }
    Err(ModelError::Misfit { missing, unexpected, misshapen })
}
