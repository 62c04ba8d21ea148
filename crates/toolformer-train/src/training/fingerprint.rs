//! What stands for a training run.

use burn::tensor::backend::Backend;
use sha2::{Digest, Sha256};
use toolformer_model::LanguageModel;

use super::{Objective, Trainable, TrainingSettings};

/// Numbers of a tensor that stand for all.
const SAMPLED: usize = 64;

/// Stands for the model, the examples and the settings of a run: a checkpoint of others is not gone on from. Of the
/// model's weights a few of each tensor are looked at.
pub(super) fn fingerprint<B: Backend, O: Objective<B>>(
    objective: &O,
    model: &O::Model,
    settings: &TrainingSettings,
) -> String {
    let mut hash = Sha256::new();
    // What is written on the way changes nothing of what is learnt.
    let settings = TrainingSettings { checkpoint_every: 0, keep_checkpoints: 1, ..settings.clone() };
    hash.update(serde_json::to_vec(&settings).unwrap_or_default());
    of_weights(model.body(), &mut hash);
    objective.fingerprint(&mut |bytes| hash.update(bytes));
    format!("{:x}", hash.finalize())
}

fn of_weights<B: Backend>(model: &LanguageModel<B>, hash: &mut Sha256) {
    for (name, shape, tensor) in model.tensors().chain(model.lora_tensors()) {
        hash.update(name);
        let len = shape.iter().product::<usize>().min(SAMPLED);
        let values = tensor.narrow(0, 0, len).into_data();
        values.iter::<f32>().for_each(|value| hash.update(value.to_le_bytes()));
    }
}
