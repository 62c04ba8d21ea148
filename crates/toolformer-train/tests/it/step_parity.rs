//! Steps of training beside PyTorch's: loss, gradients, and what three steps make of the weights.

use burn::{
    backend::Autodiff,
    module::{AutodiffModule as _, Module as _, ModuleMapper, Param},
    optim::GradientsParams,
    tensor::{Tensor, backend::Backend},
};
use toolformer_model::LanguageModel;
use toolformer_train::{
    LanguageModelling, Method, Objective, Schedule, StepGradients, TrainingSequence, TrainingSettings,
    finetune,
};

use crate::{
    tiny::B,
    training_parity::{Case, Fixture, Tensors, relative_error, training_steps},
};

/// Lets the updates of LoRA learn, or all.
struct Learns<'a> {
    only: Option<&'a [burn::module::ParamId]>,
}

impl ModuleMapper<Autodiff<B>> for Learns<'_> {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Autodiff<B>, D>>,
    ) -> Param<Tensor<Autodiff<B>, D>> {
        let learns = self.only.is_none_or(|only| only.contains(&param.id));
        param.set_require_grad(learns)
    }
}

/// Puts gradients in the place of weights, so that they have the names and the layout of a checkpoint.
struct InPlace(GradientsParams);

impl<T: Backend> ModuleMapper<T> for InPlace {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<T, D>>) -> Param<Tensor<T, D>> {
        let gradient = self.0.remove::<T, D>(param.id);
        param.map(|weights| gradient.unwrap_or_else(|| weights.zeros_like()))
    }
}

fn tensors(model: &LanguageModel<B>, names: &Tensors) -> Tensors {
    let all = model.tensors().chain(model.lora_tensors());
    let wanted = all.filter(|(name, ..)| names.contains_key(name));
    wanted.map(|(name, _, tensor)| (name, tensor.into_data().to_vec().unwrap())).collect()
}

fn examples(fixture: &Fixture) -> Vec<TrainingSequence> {
    fixture.sequences.iter().cloned().map(TrainingSequence::from).collect()
}

#[track_caller]
fn check_gradients(fixture: &Fixture, name: &str, case: &Case, change: impl Fn(&mut TrainingSettings)) {
    let (model, _, lora) = case.start();
    let mut settings = TrainingSettings::of(lora.map_or(Method::Full, Method::Lora));
    change(&mut settings);
    let examples = examples(fixture);
    let objective = LanguageModelling::new(&model, &examples, &[], &settings).unwrap();
    let ids = model.lora_param_ids();
    let only = model.has_lora().then_some(ids.as_slice());
    let learning = model.clone().train::<Autodiff<B>>().map(&mut Learns { only });
    let numbers: Vec<usize> = (0..examples.len()).collect();
    let total = numbers.iter().map(|&number| Objective::<B>::weight(&objective, number)).sum();
    let StepGradients { gradients, loss, .. } =
        Objective::<B>::gradients(&objective, &learning, &numbers, total);
    assert!((loss - case.losses[0]).abs() < 1e-5, "{name}: {loss} {}", case.losses[0]);
    let found = tensors(&learning.valid().map(&mut InPlace(gradients)), &case.gradients);
    assert!(found.keys().eq(case.gradients.keys()), "{name}: {:?}", found.keys());
    for (tensor, gradient) in &case.gradients {
        let greatest = found[tensor].iter().zip(gradient).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(greatest < 1e-4, "{name} {tensor}: {greatest}");
        // What is zero on paper is rounding on both sides.
        let [found, gradient] = [&found[tensor], gradient].map(|of| case.of_consequence(tensor, of));
        let error = relative_error(&found, &gradient);
        assert!(error < 1e-4 + 3.0 * case.gradient_noise[tensor], "{name} {tensor}: {error}");
    }
}

#[test]
fn losses_and_gradients_are_pytorchs() {
    let fixture = training_steps();
    for (name, case) in &fixture.cases {
        check_gradients(&fixture, name, case, |_| ());
        check_gradients(&fixture, name, case, |settings| settings.micro_batch_tokens = 13);
        check_gradients(&fixture, name, case, |settings| settings.gradient_checkpointing = true);
    }
}

#[test]
fn three_steps_with_decay_and_clipping_are_pytorchs() {
    let fixture = training_steps();
    let examples = examples(&fixture);
    for (name, case) in &fixture.cases {
        let (model, config, lora) = case.start();
        let before = tensors(&model, &case.updates);
        let given = &fixture.settings;
        let settings = TrainingSettings {
            learning_rate: given.learning_rate,
            schedule: Schedule::Constant,
            warmup: 0.0,
            epochs: given.steps,
            batch: examples.len(),
            weight_decay: given.weight_decay,
            beta_1: given.beta_1,
            beta_2: given.beta_2,
            epsilon: given.epsilon,
            clip_norm: case.max_norm,
            keep_best: false,
            ..TrainingSettings::of(lora.map_or(Method::Full, Method::Lora))
        };
        let folder = tempfile::tempdir().unwrap();
        let (mut losses, mut norms) = (Vec::new(), Vec::new());
        let observer = &mut toolformer_train::Unobserved;
        let tuned = finetune(
            model,
            &config,
            &examples,
            &[],
            &settings,
            folder.path(),
            observer,
            &mut |metric: &toolformer_train::Metric| {
                losses.extend(metric.loss);
                norms.extend(metric.gradient_norm);
                Ok(())
            },
        );
        for (found, expected) in losses.iter().zip(&case.losses) {
            assert!((found - expected).abs() < 1e-4, "{name}: {losses:?}");
        }
        for (found, expected) in norms.iter().zip(&case.gradient_norms) {
            assert!((found / expected - 1.0).abs() < 1e-3, "{name}: {norms:?}");
        }
        assert_eq!(norms.len(), case.gradient_norms.len());
        let after = tensors(&tuned.unwrap().model, &case.updates);
        for (tensor, expected) in &case.updates {
            let update: Vec<f32> = after[tensor].iter().zip(&before[tensor]).map(|(a, b)| a - b).collect();
            let [update, expected] = [&update, expected].map(|of| case.of_consequence(tensor, of));
            let error = relative_error(&update, &expected);
            assert!(
                error < 1e-3,
                "{name} {tensor}: {error}, and in PyTorch itself {}",
                case.update_noise[tensor]
            );
        }
    }
}
