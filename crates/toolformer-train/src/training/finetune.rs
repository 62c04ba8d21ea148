//! Fine-tuning of a language model on sequences of ids.

use std::path::Path;

use burn::tensor::backend::Backend;
use toolformer_data::{Sequences, TrainingSequence};
use toolformer_model::{LanguageModel, ModelConfig};

use super::{Callback, LanguageModelling, Trained, TrainingJob, TrainingSettings, train};
use crate::{error::TrainError, observer::Observer, training::check_precision};

/// A fine-tuned language model and how it came about.
pub type Finetuned<B> = Trained<LanguageModel<B>>;

/// Fine-tunes `model` on sequences of ids; goes on from the newest checkpoint in `folder`. See [`train`].
///
/// The loss of a step is the mean over the tokens of its sequences that are in the loss.
///
/// # Errors
/// If a setting is out of range, there is nothing to train on, the model lacks an id, the loss stops being a number, or
/// files fail.
#[expect(clippy::too_many_arguments, reason = "the inputs of a job, each of another kind")]
pub fn finetune<B: Backend>(
    model: LanguageModel<B>,
    config: &ModelConfig,
    examples: &dyn Sequences,
    held_out: &[TrainingSequence],
    settings: &TrainingSettings,
    folder: &Path,
    observer: &mut dyn Observer,
    callback: &mut dyn Callback,
) -> Result<Finetuned<B>, TrainError> {
    settings.validate()?;
    check_precision(&model, &settings.method)?;
    let objective = LanguageModelling::new(&model, examples, held_out, settings)?;
    let job = TrainingJob { objective: &objective, config, settings, folder };
    train(model, &job, observer, callback)
}
