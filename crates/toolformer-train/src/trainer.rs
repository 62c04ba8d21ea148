//! The training loop: language modelling on every token, results of calls included (section 4.1) unless they are masked.

use std::{collections::HashSet, path::Path};

use burn::{
    backend::Autodiff,
    module::{AutodiffModule, Module, ModuleMapper, Param, ParamId},
    optim::{AdamWConfig, Optimizer},
    tensor::{Tensor, backend::Backend},
};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toolformer_decode::draw_rng;
use toolformer_model::{
    CausalLm, LanguageModel, ModelConfig, Precision, SafetensorsFolder, check_ids, save_adapter, save_weights,
};

use crate::{
    batch_loss::gradients,
    checkpoint::{Checkpoints, State},
    error::TrainError,
    finetune_settings::{FinetuneSettings, Method},
    gradient_clipping::clip_by_global_norm,
    observer::Observer,
    perplexity::{Perplexity, perplexity},
    training_sequence::{TrainingRow, TrainingSequence},
};

/// What a step or an evaluation measured: one line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Steps done.
    pub step: usize,
    /// Loss of the step's tokens, in nats per token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Norm of the gradient before clipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// Learning rate of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Perplexity of the held-out texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
}

/// A fine-tuned model and how it came about.
#[derive(Debug)]
pub struct Finetuned<B: Backend> {
    /// The model; with [`Method::Lora`] its updates are still apart.
    pub model: LanguageModel<B>,
    /// Steps done, those of an earlier run included.
    pub steps: usize,
    /// Tokens trained on.
    pub tokens: usize,
    /// Seconds spent, by the observer's clock.
    pub seconds: f64,
    /// Loss of the first step, in nats per token.
    pub loss_first: Option<f64>,
    /// Loss of the last step.
    pub loss_last: Option<f64>,
    /// The kept checkpoint: its step and its perplexity on the held-out texts.
    pub best: Option<(usize, Perplexity)>,
}

type Ad<B> = Autodiff<B>;

/// Whether the model is held in numbers that it can be trained in.
pub(crate) fn check_precision<B: Backend>(model: &LanguageModel<B>) -> Result<(), TrainError> {
    if model.is_f32() {
        return Ok(());
    }
    let why = "the weights are quantised or in half precision, and training is in f32".into();
    Err(TrainError::Setting { name: "precision", why })
}

/// Fine-tunes `model` on sequences of ids; goes on from the newest checkpoint in `folder`.
///
/// The loss of a step is the mean over the tokens of its sequences that are in the loss.
///
/// `metric` sees every step and evaluation that this call does.
///
/// # Errors
/// If a setting is out of range, there is nothing to train on, the model lacks an id, the loss stops being a number, or
/// files fail.
#[expect(clippy::too_many_arguments, reason = "the inputs of a job, each of another kind")]
pub fn finetune<B: Backend>(
    mut model: LanguageModel<B>,
    config: &ModelConfig,
    examples: &[TrainingSequence],
    held_out: &[Vec<u32>],
    settings: &FinetuneSettings,
    folder: &Path,
    observer: &mut dyn Observer,
    mut metric: impl FnMut(&Metric) -> Result<(), TrainError>,
) -> Result<Finetuned<B>, TrainError> {
    settings.validate()?;
    check_precision(&model)?;
    // With a tokenizer at hand the callers say more.
    let all_ids = examples.iter().map(TrainingSequence::ids).chain(held_out.iter().map(Vec::as_slice));
    all_ids.into_iter().try_for_each(|ids| check_ids(ids, model.vocab_size(), None))?;
    let longest = settings.max_seq.min(model.max_positions());
    let examples: Vec<TrainingRow<'_>> = examples
        .iter()
        .map(|example| example.first(longest))
        .filter(|row| row.targets().next().is_some())
        .collect();
    if examples.is_empty() {
        return Err(TrainError::NoExamples { why: "no example has two tokens or more".into() });
    }
    let per_epoch = examples.len().div_ceil(settings.batch);
    let steps = (per_epoch * settings.epochs).min(settings.max_steps);
    let evaluate_every = if settings.evaluate_every == 0 { per_epoch } else { settings.evaluate_every };
    let fingerprint = fingerprint(&model, &examples, held_out, settings);
    let checkpoints = Checkpoints::new(folder)?;
    let device = model.device();
    let mut optimizer = AdamWConfig::new()
        .with_beta_1(0.9)
        .with_beta_2(0.999)
        .with_epsilon(1e-8)
        .with_weight_decay(settings.weight_decay as f32)
        .init::<Ad<B>, LanguageModel<Ad<B>>>();
    let resumed = checkpoints.newest(&fingerprint)?;
    let mut state = match &resumed {
        Some((_, state)) => state.clone(),
        None => State {
            fingerprint,
            step: 0,
            loss_first: None,
            loss_last: None,
            tokens: 0,
            seconds: 0.0,
            best: None,
        },
    };
    match (&resumed, &settings.method) {
        (Some((path, _)), method) => {
            model = load_weights(model, config, method, path)?;
            optimizer = Checkpoints::load_optimizer(path, optimizer, &device)?;
        }
        (None, Method::Lora(config)) => model.attach_lora(config, settings.seed)?,
        (None, Method::Full) => {}
    }
    let mut model = trainable(model, &settings.method);
    observer.start("finetune", steps, state.step);
    let began = observer.seconds() - state.seconds;
    while state.step < steps {
        let batch = batch_of_step(&examples, state.step, per_epoch, settings);
        let (mut grads, loss, tokens) = gradients(&model, &batch, settings);
        if !loss.is_finite() {
            return Err(TrainError::NotFinite { step: state.step + 1 });
        }
        let norm = clip_by_global_norm(&model, &mut grads, settings.clip_norm);
        let rate = settings.learning_rate_at(state.step, steps);
        model = optimizer.step(rate, model, grads);
        state.step += 1;
        state.tokens += tokens;
        state.loss_first.get_or_insert(loss);
        state.loss_last = Some(loss);
        let (gradient_norm, learning_rate) = (Some(norm), Some(rate));
        metric(&Metric {
            step: state.step,
            loss: Some(loss),
            gradient_norm,
            learning_rate,
            perplexity: None,
        })?;
        observer.advance(1, tokens);
        if state.step % evaluate_every == 0 || state.step == steps {
            let current = model.valid();
            let save = |path: &Path| save_learned(&current, &settings.method, path);
            if let Some(found) = perplexity::<B, _>(&current, held_out, settings.micro_batch_tokens.max(512))
            {
                let value = Some(found.value);
                metric(&Metric {
                    step: state.step,
                    loss: None,
                    gradient_norm: None,
                    learning_rate: None,
                    perplexity: value,
                })?;
                observer.note(&format!("step {}: held-out perplexity {:.3}", state.step, found.value));
                if state.best.is_none_or(|(_, best)| found.value < best.value) {
                    state.best = Some((state.step, found));
                    checkpoints.write_best(save)?;
                }
            }
            state.seconds = observer.seconds() - began;
            checkpoints.write::<Ad<B>, _, _>(&state, &optimizer, save)?;
        }
    }
    observer.finish();
    let mut model = model.valid();
    if settings.keep_best && state.best.is_some_and(|(step, _)| step != state.step) {
        model = load_weights(model.without_lora(), config, &settings.method, &checkpoints.best())?;
    }
    let State { step, loss_first, loss_last, tokens, seconds, best, .. } = state;
    Ok(Finetuned { model, steps: step, tokens, seconds, loss_first, loss_last, best })
}

/// The examples of a step: each epoch is a shuffle of its own, cut into batches.
fn batch_of_step<'a>(
    examples: &[TrainingRow<'a>],
    step: usize,
    per_epoch: usize,
    settings: &FinetuneSettings,
) -> Vec<TrainingRow<'a>> {
    let epoch = (step / per_epoch).to_string();
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.shuffle(&mut draw_rng(settings.seed, &["shuffle", &epoch]));
    let start = step % per_epoch * settings.batch;
    let mut batch: Vec<TrainingRow<'_>> =
        order[start..order.len().min(start + settings.batch)].iter().map(|&i| examples[i]).collect();
    // Within a step the order does not matter to the gradient, and like lengths together waste less.
    batch.sort_by_key(|row| row.ids.len());
    batch
}

/// The model as one that learns: with LoRA only its updates do.
fn trainable<B: Backend>(model: LanguageModel<B>, method: &Method) -> LanguageModel<Ad<B>> {
    let only = match method {
        Method::Lora(_) => Some(model.lora_param_ids().into_iter().collect()),
        Method::Full => None,
    };
    model.train::<Ad<B>>().map(&mut RequireGrad { only })
}

/// Lets the parameters with these ids learn, or all.
struct RequireGrad {
    only: Option<HashSet<ParamId>>,
}

impl<B: Backend> ModuleMapper<B> for RequireGrad {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let learns = self.only.as_ref().is_none_or(|only| only.contains(&param.id));
        param.set_require_grad(learns)
    }
}

/// Writes what the method trains.
fn save_learned<B: Backend>(
    model: &LanguageModel<B>,
    method: &Method,
    folder: &Path,
) -> Result<(), TrainError> {
    match method {
        Method::Lora(config) => Ok(save_adapter(folder, model, config, "base")?),
        Method::Full => Ok(save_weights(folder, model)?),
    }
}

/// Reads what [`save_learned`] wrote.
fn load_weights<B: Backend>(
    mut model: LanguageModel<B>,
    config: &ModelConfig,
    method: &Method,
    folder: &Path,
) -> Result<LanguageModel<B>, TrainError> {
    match method {
        Method::Lora(lora) => {
            model
                .load_lora(lora, &SafetensorsFolder::open_file(folder.join("adapter_model.safetensors"))?)?;
            Ok(model)
        }
        Method::Full => Ok(LanguageModel::from_weights(
            config,
            &SafetensorsFolder::open(folder)?,
            Precision::F32,
            &model.device(),
        )?),
    }
}

/// Numbers of a tensor that stand for all.
const SAMPLED: usize = 64;

/// Stands for the model, the examples, the held-out texts and the settings of a run: a checkpoint of others is not gone on
/// from. Of the model's weights a few of each tensor are looked at.
fn fingerprint<B: Backend>(
    model: &LanguageModel<B>,
    examples: &[TrainingRow<'_>],
    held_out: &[Vec<u32>],
    settings: &FinetuneSettings,
) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(settings).unwrap_or_default());
    for (name, shape, tensor) in model.tensors() {
        hash.update(name);
        let len = shape.iter().product::<usize>().min(SAMPLED);
        let values = tensor.narrow(0, 0, len).into_data();
        values.iter::<f32>().for_each(|value| hash.update(value.to_le_bytes()));
    }
    for ids in held_out {
        hash.update((ids.len() as u64).to_le_bytes());
        ids.iter().for_each(|id| hash.update(id.to_le_bytes()));
    }
    for row in examples {
        hash.update((row.ids.len() as u64).to_le_bytes());
        row.ids.iter().for_each(|id| hash.update(id.to_le_bytes()));
        row.in_loss.into_iter().flatten().for_each(|&in_loss| hash.update([u8::from(in_loss)]));
    }
    format!("{:x}", hash.finalize())
}

/// Number of parameters that learn, and of all.
pub fn count_parameters<B: Backend>(model: &LanguageModel<B>) -> (usize, usize) {
    let all = model.num_params();
    if !model.has_lora() {
        return (all, all);
    }
    let updates = model.lora_tensors().into_iter();
    (updates.map(|(_, shape, _)| shape.iter().product::<usize>()).sum(), all)
}
