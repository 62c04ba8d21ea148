//! Steps of training on PyTorch, to hold ours against. `tests/fixtures/make_training_steps.py` made them, and says what each
//! field is.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::Deserialize;
use toolformer_model::{LoraConfig, ModelConfig, Pretrained, SafetensorsFolder, load_adapter};
use toolformer_train::{TrainingSequence, perplexity};

use crate::tiny::{B, fixture};

/// What all cases share.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    pub(crate) steps: usize,
    pub(crate) learning_rate: f64,
    pub(crate) beta_1: f64,
    pub(crate) beta_2: f64,
    pub(crate) epsilon: f64,
    /// Of tensors with two axes or more.
    pub(crate) weight_decay: f64,
}

/// One training.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    model: String,
    adapter: Option<String>,
    pub(crate) max_norm: f64,
    /// Nats per token before each step, and after all.
    pub(crate) losses: Vec<f64>,
    /// Before clipping, over all trained tensors together.
    pub(crate) gradient_norms: Vec<f64>,
    /// How far PyTorch in f32 is from PyTorch in f64.
    pub(crate) gradient_noise: BTreeMap<String, f64>,
    pub(crate) update_noise: BTreeMap<String, f64>,
    zero_gradient: BTreeMap<String, [usize; 2]>,
    /// Of step 1, before clipping: by the name in the checkpoint or the adapter, in its layout.
    #[serde(skip)]
    pub(crate) gradients: Tensors,
    /// End minus start.
    #[serde(skip)]
    pub(crate) updates: Tensors,
}

/// Numbers of tensors by name, row-major.
pub(crate) type Tensors = BTreeMap<String, Vec<f32>>;

#[derive(Debug, Deserialize)]
pub(crate) struct Fixture {
    /// Ids of the batch of every step.
    pub(crate) sequences: Vec<Vec<u32>>,
    pub(crate) settings: Settings,
    pub(crate) cases: BTreeMap<String, Case>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/training_steps")
}

/// All of it.
pub(crate) fn training_steps() -> Fixture {
    let text = fs::read_to_string(folder().join("training_steps.json")).unwrap();
    let mut steps: Fixture = serde_json::from_str(&text).unwrap();
    for (name, case) in &mut steps.cases {
        let file = SafetensorsFolder::open_file(folder().join(format!("{name}.safetensors"))).unwrap();
        let below = |kind: &str| -> Tensors {
            let names = file.names().filter_map(|name| Some((name, name.strip_prefix(kind)?)));
            names.map(|(all, name)| (name.to_owned(), file.tensor_f32(all).unwrap().1)).collect()
        };
        (case.gradients, case.updates) = (below("gradient/"), below("update/"));
    }
    steps
}

impl Case {
    /// The model that the steps start from, with its adapter where it has one.
    pub(crate) fn start(&self) -> (toolformer_model::LanguageModel<B>, ModelConfig, Option<LoraConfig>) {
        let (mut model, config) = Pretrained::open_model(&fixture(&self.model), &Default::default()).unwrap();
        let lora = self.adapter.as_ref().map(|name| load_adapter(&mut model, &folder().join(name)).unwrap());
        (model, config, lora)
    }

    /// An update, or a reference for it, without what is of no consequence: where a gradient is zero on paper, AdamW makes
    /// steps of full size of its rounding errors.
    pub(crate) fn of_consequence(&self, name: &str, update: &[f32]) -> Vec<f32> {
        let mut kept = update.to_vec();
        if let Some(&[start, end]) = self.zero_gradient.get(name) {
            kept[start..end].fill(0.0);
        }
        kept
    }
}

/// How far a tensor is from its reference: norm of the difference over norm of the reference.
pub(crate) fn relative_error(found: &[f32], reference: &[f32]) -> f64 {
    assert_eq!(found.len(), reference.len());
    let pairs = found.iter().zip(reference);
    let difference = pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt();
    if difference == 0.0 { 0.0 } else { difference / norm(reference) }
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn relative_errors_are_of_whole_tensors() {
    assert_eq!(relative_error(&[3.0, 4.0], &[3.0, 4.0]), 0.0);
    assert_eq!(relative_error(&[0.0, 0.0], &[0.0, 0.0]), 0.0);
    assert_eq!(relative_error(&[3.0, 5.0], &[3.0, 4.0]), 0.2);
    assert_eq!(relative_error(&[1.0], &[0.0]), f64::INFINITY);
}

#[test]
fn the_steps_are_whole() {
    let Fixture { settings, cases, .. } = training_steps();
    let Settings { beta_1, beta_2, epsilon, weight_decay, .. } = settings;
    assert_eq!((settings.steps, beta_1, beta_2, epsilon, weight_decay), (3, 0.9, 0.999, 1e-8, 0.1));
    for (name, case) in cases {
        let norms = case.gradients.values().map(|gradient| norm(gradient));
        let all = norms.map(|norm| norm.powi(2)).sum::<f64>().sqrt();
        assert!((all / case.gradient_norms[0] - 1.0).abs() < 1e-6, "{name}: {all}");
        assert!(case.gradient_norms.iter().all(|&norm| norm > case.max_norm));
        assert!(case.update_noise.keys().eq(case.updates.keys()));
        assert!(case.gradient_noise.keys().eq(case.gradients.keys()));
        // The greatest step that AdamW takes is its rate, but for the first few, whose mean of squares is small.
        let most = 2.0 * settings.steps as f64 * settings.learning_rate;
        for (tensor, update) in &case.updates {
            let least = norm(&case.of_consequence(tensor, update));
            assert!(least > 0.0 && update.iter().all(|&one| f64::from(one).abs() < most), "{name} {tensor}");
            assert_eq!(update.len(), case.gradients[tensor].len());
        }
    }
}

/// Before the first step both sides are at the same place.
#[test]
fn the_loss_at_the_start_is_pytorchs() {
    let Fixture { sequences, cases, .. } = training_steps();
    let sequences: Vec<TrainingSequence> = sequences.into_iter().map(Into::into).collect();
    for (name, case) in cases {
        let (model, _, lora) = case.start();
        assert_eq!(model.has_lora(), lora.is_some());
        let found = perplexity::<B, _>(&model, &sequences, 64).unwrap().value.ln();
        assert!((found - case.losses[0]).abs() < 1e-5, "{name}: {found} {}", case.losses[0]);
    }
}
