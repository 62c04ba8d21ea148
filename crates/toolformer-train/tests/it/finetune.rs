//! Training: it learns, only what it should, and a run cut off and resumed is the run not cut off.

use std::path::Path;

use toolformer_model::{LanguageModel, LoraConfig};
use toolformer_train::{FinetuneSettings, Finetuned, Method, Metric, TrainError, Unobserved, finetune};

use crate::tiny::{B, tiny};

fn examples() -> Vec<Vec<u32>> {
    let tokenizer = tiny().tokenizer;
    let texts =
        ["the cat", "12 the cat 3", "a b c d e f g", "the the the", "3 + 9 = 12", "12 12 12 12 12", "x"];
    texts.iter().map(|text| tokenizer.encode(text).unwrap()).collect()
}

fn settings(method: Method) -> FinetuneSettings {
    FinetuneSettings {
        method,
        learning_rate: 1e-2,
        epochs: 4,
        batch: 3,
        micro_batch_tokens: 12,
        weight_decay: 0.01,
        ..FinetuneSettings::default()
    }
}

fn lora() -> Method {
    Method::Lora(LoraConfig { r: 2, lora_alpha: 4.0, ..LoraConfig::default() })
}

fn train(
    settings: &FinetuneSettings,
    folder: &Path,
    stop_at: Option<usize>,
) -> (Result<Finetuned<B>, TrainError>, Vec<Metric>) {
    let tiny = tiny();
    let mut metrics = Vec::new();
    let result = finetune(
        tiny.model,
        &tiny.config,
        &examples(),
        &examples()[..2],
        settings,
        folder,
        &mut Unobserved,
        |metric: &Metric| {
            if Some(metric.step) == stop_at {
                // As if the process were killed here.
                return Err(TrainError::NoExamples { why: "stopped".into() });
            }
            metrics.push(metric.clone());
            Ok(())
        },
    );
    (result, metrics)
}

/// Every weight, updates of LoRA included, as bits.
fn bits(model: &LanguageModel<B>) -> Vec<u32> {
    let tensors = model.tensors().chain(model.lora_tensors());
    let values = tensors.flat_map(|(_, _, tensor)| tensor.into_data().into_vec::<f32>().unwrap());
    values.map(f32::to_bits).collect()
}

#[track_caller]
fn check_learning(method: Method) {
    let folder = tempfile::tempdir().unwrap();
    let settings = FinetuneSettings { keep_best: false, epochs: 12, learning_rate: 0.05, ..settings(method) };
    let (result, metrics) = train(&settings, folder.path(), None);
    let tuned = result.unwrap();
    assert_eq!(tuned.steps, 24); // six examples of two tokens or more, in batches of three
    assert!(tuned.loss_last.unwrap() < tuned.loss_first.unwrap() - 0.3, "{metrics:?}");
    let frozen = bits(&tiny().model);
    let unchanged = bits(&tuned.model)[..frozen.len()] == frozen;
    assert_eq!(unchanged, tuned.model.has_lora());
}

#[test]
fn lora_learns_and_leaves_the_base_alone() {
    check_learning(lora());
}

#[test]
fn full_fine_tuning_learns() {
    check_learning(Method::Full);
}

#[track_caller]
fn check_resume(method: Method) {
    let settings = settings(method);
    let whole_folder = tempfile::tempdir().unwrap();
    let (whole, whole_metrics) = train(&settings, whole_folder.path(), None);
    let whole = whole.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut metrics = Vec::new();
    for stop_at in [Some(1), Some(4), Some(7), Some(7), None] {
        let (result, seen) = train(&settings, folder.path(), stop_at);
        assert_eq!(result.is_err(), stop_at.is_some());
        metrics.extend(seen);
        if let Ok(resumed) = result {
            assert_eq!(bits(&resumed.model), bits(&whole.model));
            assert_eq!((resumed.steps, resumed.best), (whole.steps, whole.best));
            assert_eq!((resumed.loss_first, resumed.loss_last), (whole.loss_first, whole.loss_last));
        }
    }
    // Steps done twice, after a cut, measured the same.
    for metric in metrics {
        assert!(whole_metrics.contains(&metric), "{metric:?}");
    }
}

#[test]
fn a_resumed_run_is_the_same_to_the_last_bit_with_lora() {
    check_resume(lora());
}

#[test]
fn a_resumed_run_is_the_same_to_the_last_bit_in_full() {
    check_resume(Method::Full);
}

#[test]
fn parts_of_a_step_add_up_to_the_step() {
    let losses = |micro_batch_tokens| {
        let folder = tempfile::tempdir().unwrap();
        let settings = FinetuneSettings { micro_batch_tokens, ..settings(lora()) };
        let (_, metrics) = train(&settings, folder.path(), None);
        metrics.iter().filter_map(|metric| metric.loss).collect::<Vec<f64>>()
    };
    for (one, many) in losses(1000).into_iter().zip(losses(1)) {
        assert!((one - many).abs() < 1e-4, "{one} {many}");
    }
}

#[test]
fn the_checkpoint_of_other_examples_or_settings_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    train(&settings(lora()), folder.path(), None).0.unwrap();
    let other = FinetuneSettings { learning_rate: 1e-3, ..settings(lora()) };
    let error = train(&other, folder.path(), None).0.unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
}
