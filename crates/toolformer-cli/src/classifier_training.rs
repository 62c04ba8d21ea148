//! What training a reward model and training a classifier have in common.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    model::{
        CausalLm as _, ClassifierConfig, LanguageModel, ModelConfig, SaveOptions, SequenceClassifier,
        Tokenizer, save_classifier, save_classifier_adapter,
    },
    train::{Evaluation, Method, Objective, Trained, TrainingJob, TrainingSettings, train},
};

use crate::{
    failure::wrong_usage, finetune_args::FinetuneArgs, metrics_output::metrics_output, output::say,
    progress::Progress,
};

/// The settings of a run, of which those for texts with calls are refused.
pub(crate) fn settings(args: &FinetuneArgs, seed: u64) -> Result<TrainingSettings> {
    if args.mask_responses {
        return Err(wrong_usage(
            "--mask-responses is for texts with calls: use it with `finetune` and `teach`",
        ));
    }
    args.settings(seed)
}

/// Checks what `--held-out` is given.
pub(crate) fn check_part(part: f64) -> Result<()> {
    if (0.0..1.0).contains(&part) {
        return Ok(());
    }
    Err(wrong_usage("--held-out is a part: at least 0 and below 1"))
}

/// A fresh head on a language model; rows are filled up with the tokenizer's padding, or else the end of a text.
pub(crate) fn fresh_classifier<B: Backend>(
    model: LanguageModel<B>,
    config: &ModelConfig,
    tokenizer: &Tokenizer,
    labels: Vec<String>,
    seed: u64,
) -> Result<(SequenceClassifier<B>, ClassifierConfig)> {
    let ids = model.vocab_size();
    let pad = tokenizer.pad().or(tokenizer.eos()).filter(|&id| (id as usize) < ids);
    Ok(SequenceClassifier::on(model, config, labels, pad, seed)?)
}

/// Where a trained classifier goes, and with what.
pub(crate) struct Output<'a> {
    /// The folder.
    pub(crate) folder: &'a Path,
    /// Event files for TensorBoard too.
    pub(crate) tensorboard: bool,
    /// What the language model is called in the adapter.
    pub(crate) base_model: &'a str,
    pub(crate) tokenizer: &'a Tokenizer,
    pub(crate) options: SaveOptions,
}

/// Trains into a folder, which gets metrics.jsonl, checkpoints/, adapter/ (with LoRA) and model/.
pub(crate) fn train_and_save<B: Backend, O: Objective<B, Model = SequenceClassifier<B>>>(
    model: SequenceClassifier<B>,
    objective: &O,
    config: &ClassifierConfig,
    settings: &TrainingSettings,
    output: &Output<'_>,
) -> Result<Done> {
    let &Output { folder: out, tensorboard, base_model, tokenizer, ref options } = output;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    let mut metrics = metrics_output(out, tensorboard);
    let job = TrainingJob { objective, config, settings, folder: &out.join("checkpoints") };
    let Trained { mut model, steps, tokens, seconds, loss_first, loss_last, best, .. } =
        train(model, &job, &mut Progress::new(), &mut metrics)?;
    if let Method::Lora(lora) = &settings.method {
        say(&model.count_adapter(lora)?.to_string());
        let folder = out.join("adapter");
        save_classifier_adapter(&folder, &model, lora, base_model)?;
        tokenizer.save(folder.join("tokenizer.json"))?;
    }
    model.body = model.body.merge_lora();
    save_classifier(&out.join("model"), &model, config, Some(tokenizer), options)?;
    if let (Some(first), Some(last)) = (loss_first, loss_last) {
        say(&format!("loss {first:.3} -> {last:.3} nats in {steps} steps"));
    }
    say(&format!("The model is in {}.", out.join("model").display()));
    let best = best.map(|(step, evaluation)| Best { step, evaluation });
    Ok(Done { steps, tokens, seconds, loss_first, loss_last, best })
}

/// What was done.
#[derive(Serialize)]
pub(crate) struct Done {
    steps: usize,
    tokens: usize,
    seconds: f64,
    loss_first: Option<f64>,
    loss_last: Option<f64>,
    best: Option<Best>,
}

/// The evaluation with the lowest loss.
#[derive(Serialize)]
struct Best {
    step: usize,
    #[serde(flatten)]
    evaluation: Evaluation,
}
