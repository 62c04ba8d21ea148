//! Checkpoints that were saved from a model's body alone: their names lack the body's own (`h.0.ln_1.weight`
//! stands for `transformer.h.0.ln_1.weight`).

use std::borrow::Cow;

use crate::{error::ModelError, weights::WeightSource};

/// A checkpoint whose names get `base` put before them.
pub(crate) struct BareNames<'a> {
    source: &'a dyn WeightSource,
    base: &'a str,
}

impl<'a> BareNames<'a> {
    pub(crate) fn new(source: &'a dyn WeightSource, base: &'a str) -> Self {
        Self { source, base }
    }

    /// Whether no name starts with the base.
    pub(crate) fn is_bare(&self) -> bool {
        !self.base.is_empty() && !self.source.names().iter().any(|name| name.starts_with(self.base))
    }

    /// The checkpoint's own name.
    fn own<'n>(&self, name: &'n str) -> &'n str {
        name.strip_prefix(self.base).unwrap_or(name)
    }
}

/// Heads stand beside the body, not in it.
fn is_head(name: &str) -> bool {
    name.starts_with("lm_head.") || name.starts_with("score.")
}

impl WeightSource for BareNames<'_> {
    fn names(&self) -> Vec<String> {
        let whole = |name: String| if is_head(&name) { name } else { format!("{}{name}", self.base) };
        self.source.names().into_iter().map(whole).collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.source.shape(self.own(name))
    }

    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        self.source.tensor_f32(self.own(name))
    }

    fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        self.source.tensor_parts(self.own(name), each)
    }

    fn stored_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        self.source.stored_name(self.own(name))
    }
}
