//! What tells one training run from another.

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use toolformer_model::LanguageModel;

use super::{Objective, Trainable, TrainingSettings};

/// Numbers of a tensor that stand for all.
const SAMPLED: usize = 64;

/// Settings that change how a step is computed, or what is written on the way, and not what is learnt but by rounding.
const OF_THE_WORK: [&str; 4] =
    ["gradient_checkpointing", "checkpoint_every", "keep_checkpoints", "keep_best"];

/// The same, unless there is dropout, which is drawn for each part of a step.
const OF_THE_PARTS: [&str; 2] = ["micro_batch_tokens", "replicas"];

/// The settings, weights and examples of a run: a checkpoint of others is not gone on from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RunIdentity {
    settings: Map<String, Value>,
    /// Of the model's weights a few of each tensor are looked at.
    weights: String,
    examples: String,
}

impl RunIdentity {
    pub(super) fn of<B: Backend, O: Objective<B>>(
        objective: &O,
        model: &O::Model,
        settings: &TrainingSettings,
    ) -> Self {
        let drops = settings.drops();
        let mut settings = match serde_json::to_value(settings) {
            Ok(Value::Object(settings)) => settings,
            _ => Map::new(),
        };
        settings.retain(|name, _| {
            let name = name.as_str();
            !OF_THE_WORK.contains(&name) && (drops || !OF_THE_PARTS.contains(&name))
        });
        let mut examples = Sha256::new();
        objective.fingerprint(&mut |bytes| examples.update(bytes));
        let examples = format!("{:x}", examples.finalize());
        Self { settings, weights: of_weights(model.body()), examples }
    }

    /// What another has otherwise: `settings.learning_rate`, `the weights of the model`.
    pub(super) fn differing(&self, other: &Self) -> Vec<String> {
        let names = self
            .settings
            .keys()
            .chain(other.settings.keys().filter(|name| !self.settings.contains_key(*name)));
        let settings = names.filter(|&name| self.settings.get(name) != other.settings.get(name));
        let rest = [
            ("the weights of the model", self.weights != other.weights),
            ("the examples or their loss", self.examples != other.examples),
        ];
        let rest = rest.into_iter().filter(|&(_, differs)| differs).map(|(name, _)| name.to_owned());
        settings.map(|name| format!("settings.{name}")).chain(rest).collect()
    }
}

fn of_weights<B: Backend>(model: &LanguageModel<B>) -> String {
    let mut hash = Sha256::new();
    for (name, shape, tensor) in model.tensors().chain(model.lora_tensors()) {
        hash.update(name);
        let len = shape.iter().product::<usize>().min(SAMPLED);
        let values = tensor.narrow(0, 0, len).into_data();
        values.iter::<f32>().for_each(|value| hash.update(value.to_le_bytes()));
    }
    format!("{:x}", hash.finalize())
}
