//! What training a reward model and training a classifier have in common.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use toolformer::{
    burn::tensor::backend::Backend,
    model::{
        CausalLm as _, ClassifierConfig, LanguageModel, ModelConfig, SaveOptions, SequenceClassifier,
        Tokenizer, load_classifier_adapter, save_classifier, save_classifier_adapter,
    },
    train::{
        Evaluation, Method, Objective, Trained, TrainingJob, TrainingSettings, train, write_training_page,
    },
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

/// What the labels of an adapter's head are called, in its folder: PEFT's files do not say it.
const LABELS: &str = "labels.json";

/// Puts an adapter on a fresh classifier with these labels; how it is trained on.
pub(crate) fn adapter_to_train_on<B: Backend>(
    model: &mut SequenceClassifier<B>,
    folder: &Path,
    labels: &[String],
) -> Result<Method> {
    if let Ok(text) = std::fs::read_to_string(folder.join(LABELS)) {
        let of_adapter: Vec<String> = serde_json::from_str(&text)
            .with_context(|| format!("{LABELS} of {} is no list", folder.display()))?;
        if of_adapter != labels {
            return Err(wrong_usage(format!(
                "the adapter of {} has the labels {}, and the rows have {}; give rows with the same ones",
                folder.display(),
                of_adapter.join(", "),
                labels.join(", ")
            )));
        }
    }
    Ok(Method::Lora(load_classifier_adapter(model, folder)?))
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

/// Trains into a folder, which gets metrics.jsonl, training.html, checkpoints/, adapter/ (with LoRA) and model/.
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
    let Trained { mut model, steps, tokens, seconds, loss_first, loss_last, best, kept, .. } =
        train(model, &job, &mut Progress::new(), &mut metrics)?;
    if let Method::Lora(lora) = &settings.method {
        let folder = out.join("adapter");
        save_classifier_adapter(&folder, &model, lora, base_model)?;
        tokenizer.save(folder.join("tokenizer.json"))?;
        let labels = folder.join(LABELS);
        std::fs::write(&labels, serde_json::to_string(&config.labels)?)
            .with_context(|| format!("cannot write {}", labels.display()))?;
    }
    model.body = model.body.merge_lora();
    save_classifier(&out.join("model"), &model, config, Some(tokenizer), options)?;
    write_training_page(&out.join("metrics.jsonl"), &out.join("training.html"))?;
    if let (Some(first), Some(last)) = (loss_first, loss_last) {
        say(&format!("loss {first:.3} -> {last:.3} nats in {steps} steps"));
    }
    if let Some((step, evaluation)) = &kept {
        let accuracy =
            evaluation.accuracy.map_or_else(String::new, |part| format!(", {:.1} % right", 100.0 * part));
        say(&format!("held out: loss {:.3}{accuracy} at step {step}, which is kept", evaluation.loss));
    }
    say(&format!("The model is in {}.", out.join("model").display()));
    let measured = |(step, evaluation)| Measured { step, evaluation };
    let (best, kept) = (best.map(measured), kept.map(measured));
    Ok(Done { steps, tokens, seconds, loss_first, loss_last, best, kept })
}

/// What was done.
#[derive(Serialize)]
pub(crate) struct Done {
    steps: usize,
    tokens: usize,
    seconds: f64,
    loss_first: Option<f64>,
    loss_last: Option<f64>,
    /// The evaluation with the lowest loss.
    best: Option<Measured>,
    /// That of the model as it is saved.
    kept: Option<Measured>,
}

/// An evaluation.
#[derive(Serialize)]
struct Measured {
    step: usize,
    #[serde(flatten)]
    evaluation: Evaluation,
}
