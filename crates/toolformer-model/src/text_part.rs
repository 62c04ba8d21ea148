//! The text model inside a multimodal checkpoint, under the names that it would have alone.

use std::borrow::Cow;

use crate::{error::ModelError, weights::WeightSource};

/// What the text model's names start with, in published checkpoints and in transformers 5, and what stands for it alone.
const TEXT: [(&str, &str); 3] = [
    ("language_model.model.", "model."),
    ("language_model.lm_head.", "lm_head."),
    ("model.language_model.", "model."),
];

/// What the names of all the rest start with.
const REST: [&str; 2] = ["vision_tower.", "multi_modal_projector."];

/// The text part of a checkpoint.
pub(crate) struct TextPart<'a> {
    source: &'a dyn WeightSource,
    /// The prefixes that this checkpoint has.
    used: Vec<(&'static str, &'static str)>,
}

impl<'a> TextPart<'a> {
    /// None if the checkpoint is of a text model alone.
    pub(crate) fn of(source: &'a dyn WeightSource) -> Option<Self> {
        let names = source.names();
        let has = |(long, _): &(&str, &str)| names.iter().any(|name| name.starts_with(long));
        let used: Vec<_> = TEXT.into_iter().filter(has).collect();
        (!used.is_empty()).then_some(Self { source, used })
    }

    /// The checkpoint's own name.
    fn own(&self, name: &str) -> String {
        let own = |(long, short): &(&str, &str)| Some(format!("{long}{}", name.strip_prefix(short)?));
        self.used.iter().find_map(own).unwrap_or_else(|| name.to_owned())
    }
}

/// Whether a tensor belongs to what sees pictures.
fn is_rest(name: &str) -> bool {
    let name = name.strip_prefix("model.").unwrap_or(name);
    REST.iter().any(|start| name.starts_with(start))
}

impl WeightSource for TextPart<'_> {
    fn names(&self) -> Vec<String> {
        let alone = |name: String| {
            let alone = |(long, short): &(&str, &str)| Some(format!("{short}{}", name.strip_prefix(long)?));
            self.used.iter().find_map(alone).unwrap_or(name)
        };
        self.source.names().into_iter().filter(|name| !is_rest(name)).map(alone).collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.source.shape(&self.own(name))
    }

    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        self.source.tensor_f32(&self.own(name))
    }

    fn tensor_parts(&self, name: &str, each: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>, ModelError> {
        self.source.tensor_parts(&self.own(name), each)
    }

    fn stored_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        Cow::Owned(self.source.stored_name(&self.own(name)).into_owned())
    }
}
