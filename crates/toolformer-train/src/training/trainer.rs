//! The training loop.

use std::path::Path;

use burn::{module::AutodiffModule as _, tensor::backend::Backend};
use toolformer_model::CausalLm as _;

use super::{
    Callback, Evaluation, Method, Metric, Objective, StepGradients, Trainable, TrainingSettings, Verdict,
    checkpoint::{Checkpoints, State},
    example_order::ExampleOrder,
    gradient_clipping::{clipping_factor, global_norm},
    optimizer::Optimizer,
    replicas::{devices_of_replicas, gradients_of_replicas},
    run_identity::RunIdentity,
    trainable::{count_learnt, trainable},
};
use crate::{error::TrainError, observer::Observer};

/// With fewer steps than this, a run hardly leaves its warm-up.
const FEW_STEPS: usize = 10;

/// The paper's steps between evaluations: no fewer are made of long epochs.
const PAPERS_EVALUATION: usize = 500;

/// What a run is asked to do.
pub struct TrainingJob<'a, B: Backend, O: Objective<B>> {
    /// What is learnt.
    pub objective: &'a O,
    /// What the model was read with.
    pub config: &'a <O::Model as Trainable<B>>::Config,
    /// How it is learnt.
    pub settings: &'a TrainingSettings,
    /// Where checkpoints go, and come from.
    pub folder: &'a Path,
}

/// A trained model and how it came about.
#[derive(Debug)]
pub struct Trained<M> {
    /// The model; with [`Method::Lora`] its updates are still apart.
    pub model: M,
    /// Steps done, those of an earlier run included.
    pub steps: usize,
    /// Tokens that went through the model.
    pub tokens: usize,
    /// What was learnt: tokens in the loss, or examples where there is one loss for each.
    pub in_loss: usize,
    /// Seconds spent, by the observer's clock.
    pub seconds: f64,
    /// Loss of the first step, in nats.
    pub loss_first: Option<f64>,
    /// Loss of the last step.
    pub loss_last: Option<f64>,
    /// The best evaluation, with its step.
    pub best: Option<(usize, Evaluation)>,
    /// The evaluation of the model as it is: the best, or with `keep_best` off the last.
    pub kept: Option<(usize, Evaluation)>,
    /// Whether it ended before its last step: it got no better, or a callback said so.
    pub stopped: bool,
}

/// Trains `model`; goes on from the newest whole checkpoint in the job's folder.
///
/// A run that is killed at any moment and started again does what an uninterrupted one does, to the last bit on the
/// processor: the order of examples and all random draws follow from the seed and the step, and a checkpoint holds
/// weights, optimiser and counts. `callback` sees every step and evaluation that this call does.
///
/// # Errors
/// If a setting is out of range, the loss or the gradient stops being a number, files fail, or a callback does.
pub fn train<B: Backend, O: Objective<B>>(
    mut model: O::Model,
    job: &TrainingJob<'_, B, O>,
    observer: &mut dyn Observer,
    callback: &mut dyn Callback,
) -> Result<Trained<O::Model>, TrainError> {
    let &TrainingJob { objective, config, settings, folder } = job;
    settings.validate()?;
    if settings.replicas > 1 && model.body().is_quantised() {
        let why = "quantised weights cannot be copied to other devices; train with one, or load the model in f32 or bf16";
        return Err(TrainError::Setting { name: "replicas", why: why.into() });
    }
    if settings.early_stopping.is_some() && !objective.has_held_out() {
        let why = "ends a run by what is held out, and nothing is; hold examples out, or leave it away";
        return Err(TrainError::Setting { name: "early_stopping.patience", why: why.into() });
    }
    let mut order = ExampleOrder::new(settings.seed, objective.examples(), settings.batch);
    let steps = (order.steps_of_epoch() * settings.epochs).min(settings.max_steps);
    let evaluate_every = match settings.evaluate_every {
        0 => order.steps_of_epoch().min(PAPERS_EVALUATION),
        steps => steps,
    };
    let run = RunIdentity::of(objective, &model, settings);
    let checkpoints = Checkpoints::new(folder, settings.keep_checkpoints)?;
    let device = model.body().device();
    let mut optimizer = Optimizer::<B>::new(settings);
    let found = checkpoints.found(&run)?;
    let mut damaged = found.damaged;
    let mut whole = None;
    for (path, state) in found.readable {
        let mut fresh = model.clone();
        *fresh.body_mut() = fresh.body().clone().without_lora();
        let mut moments = Optimizer::<B>::new(settings);
        let loaded = fresh.load_trained(config, &settings.method, &path).and_then(|loaded| {
            moments.load(&path.join("optimizer.safetensors"), &loaded, &settings.method, &device)?;
            Ok(loaded)
        });
        match loaded {
            Ok(loaded) => {
                whole = Some((loaded, moments, state));
                break;
            }
            Err(error) => damaged.push((path, error.to_string())),
        }
    }
    // To begin anew would write over what may be whole, such as one of another version, or on a disk that is not there.
    if let (None, [(path, why), ..]) = (&whole, &damaged[..]) {
        return Err(TrainError::NoReadableCheckpoint { path: path.clone(), why: why.clone() });
    }
    for (path, why) in &damaged {
        observer.note(&format!("checkpoint {} is damaged and left out: {why}", path.display()));
    }
    if settings.resume && whole.is_none() {
        return Err(TrainError::NothingToResume { folder: folder.to_owned() });
    }
    let mut state = State::new(run);
    match (whole, &settings.method) {
        (Some((loaded, moments, begun)), _) => (model, optimizer, state) = (loaded, moments, begun),
        (None, Method::Lora(lora)) if !model.body().has_lora() => {
            model.attach(lora, settings.seed)?;
        }
        (None, Method::Lora(_) | Method::Full) => {}
    }
    if steps < FEW_STEPS && steps < settings.max_steps && state.step == 0 {
        observer.note(&format!(
            "{} examples make {steps} steps of {}: with so few, a smaller batch and a higher learning rate learn more",
            objective.examples(),
            settings.batch
        ));
    }
    observer.note(&count_learnt(&model, &settings.method)?.to_string());
    let mut model = trainable(model, &settings.method)?;
    let devices = devices_of_replicas::<B>(&device, settings.replicas);
    observer.start("finetune", steps, state.step);
    let began = observer.seconds() - state.seconds;
    while state.step < steps && !state.stopped {
        let examples = order.of_step(state.step);
        if settings.drops() {
            model = O::Model::with_dropout(model, settings.seed, state.step as u64);
        }
        let total: usize = examples.iter().map(|&example| objective.weight(example)).sum();
        let StepGradients { gradients, loss, tokens } =
            gradients_of_replicas(objective, &model, &devices, examples, total);
        let norm = global_norm::<B, _>(&model, &gradients);
        if !(loss.is_finite() && norm.is_finite()) {
            return Err(TrainError::NotFinite { step: state.step + 1 });
        }
        let rate = settings.learning_rate_at(state.step, steps);
        let factor = clipping_factor(norm, settings.clip_norm);
        model = optimizer.step(rate, factor, model, gradients);
        state.step += 1;
        state.tokens += tokens;
        state.in_loss += total;
        state.loss_first.get_or_insert(loss);
        state.loss_last = Some(loss);
        let (loss, gradient_norm, learning_rate) = (Some(loss), Some(norm), Some(rate));
        let metric = Metric { step: state.step, loss, gradient_norm, learning_rate, ..Metric::default() };
        let mut stop = callback.on_metric(&metric)? == Verdict::Stop;
        observer.advance(1, tokens);
        let evaluate = state.step.is_multiple_of(evaluate_every) || state.step == steps || stop;
        // A multiple of 0 is 0 alone.
        if evaluate || state.step.is_multiple_of(settings.checkpoint_every) {
            let current = model.valid();
            let save = |path: &Path| current.save_trained(&settings.method, path);
            if let Some(found) = evaluate.then(|| objective.evaluate(&current)).flatten() {
                if !found.loss.is_finite() {
                    return Err(TrainError::HeldOutNotFinite { step: state.step });
                }
                let metric = objective.metric(state.step, &found);
                observer.note(&metric.evaluation_note());
                stop |= callback.on_metric(&metric)? == Verdict::Stop;
                state.newest = Some((state.step, found));
                if state.best.is_none_or(|(_, best)| found.loss < best.loss) {
                    state.best = Some((state.step, found));
                    checkpoints.write_best(save)?;
                }
                if let Some(stopping) = &settings.early_stopping
                    && state.patience.is_over(found.loss, stopping)
                {
                    observer.note(&format!("step {}: no better any more, so the run ends here", state.step));
                    stop = true;
                }
            }
            state.stopped = stop && state.step < steps;
            state.seconds = observer.seconds() - began;
            let path = checkpoints.write(&state, &optimizer, &device, save)?;
            callback.on_checkpoint(state.step, &path)?;
        }
    }
    observer.finish();
    drop(optimizer);
    let mut model = model.valid();
    if settings.keep_best && state.best.is_some_and(|(step, _)| step != state.step) {
        *model.body_mut() = model.body().clone().without_lora();
        model = model.load_trained(config, &settings.method, &checkpoints.best())?;
    }
    let State { step, loss_first, loss_last, tokens, in_loss, seconds, best, newest, stopped, .. } = state;
    let kept = if settings.keep_best { best } else { newest };
    Ok(Trained { model, steps: step, tokens, in_loss, seconds, loss_first, loss_last, best, kept, stopped })
}
