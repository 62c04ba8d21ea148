//! Training: it learns, only what it should, and a run cut off and resumed is the run not cut off.

use std::path::Path;

use toolformer_data::{ContentKey, Dataset, LengthLimits, LimitedSequences, Row, Sequences, TokenCache};
use toolformer_model::{LanguageModel, LoraConfig};
use toolformer_train::{
    Finetuned, Method, Metric, TrainError, TrainingSequence, TrainingSettings, Unobserved, finetune,
    training_sequence,
};

use crate::tiny::{B, next_log_probs, tiny};

fn examples() -> Vec<Vec<u32>> {
    let tokenizer = tiny().tokenizer;
    let texts =
        ["the cat", "12 the cat 3", "a b c d e f g", "the the the", "3 + 9 = 12", "12 12 12 12 12", "x"];
    texts.iter().map(|text| tokenizer.encode(text).unwrap()).collect()
}

fn settings(method: Method) -> TrainingSettings {
    TrainingSettings {
        method,
        learning_rate: 1e-2,
        epochs: 4,
        batch: 3,
        micro_batch_tokens: 12,
        weight_decay: 0.01,
        ..TrainingSettings::default()
    }
}

fn lora() -> Method {
    Method::Lora(LoraConfig { r: 2, lora_alpha: 4.0, ..LoraConfig::default() })
}

fn train(
    settings: &TrainingSettings,
    folder: &Path,
    stop_at: Option<usize>,
) -> (Result<Finetuned<B>, TrainError>, Vec<Metric>) {
    let all: Vec<TrainingSequence> = examples().into_iter().map(TrainingSequence::from).collect();
    train_on(&all, settings, folder, stop_at)
}

fn train_on(
    all: &dyn Sequences,
    settings: &TrainingSettings,
    folder: &Path,
    stop_at: Option<usize>,
) -> (Result<Finetuned<B>, TrainError>, Vec<Metric>) {
    let tiny = tiny();
    let mut metrics = Vec::new();
    let result = finetune(
        tiny.model,
        &tiny.config,
        all,
        &examples()[..2].iter().cloned().map(TrainingSequence::from).collect::<Vec<_>>(),
        settings,
        folder,
        &mut Unobserved,
        &mut |metric: &Metric| {
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
    let settings = TrainingSettings { keep_best: false, epochs: 12, learning_rate: 0.05, ..settings(method) };
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
        let settings = TrainingSettings { micro_batch_tokens, ..settings(lora()) };
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
    let other = TrainingSettings { learning_rate: 1e-3, epochs: 5, ..settings(lora()) };
    let error = train(&other, folder.path(), None).0.unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
    assert!(error.to_string().contains("(different: settings.learning_rate, settings.epochs)"), "{error}");
    assert!(error.to_string().contains("to learn more than a run did, train on what it saved"), "{error}");
    let fewer: Vec<TrainingSequence> = examples().into_iter().skip(1).map(TrainingSequence::from).collect();
    let error = train_on(&fewer, &settings(lora()), folder.path(), None).0.unwrap_err();
    assert!(error.to_string().contains("(different: the examples or their loss)"), "{error}");
    assert!(!error.to_string().contains("to learn more"), "{error}");
}

#[test]
fn a_run_goes_on_by_another_way_of_computing_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let begun = TrainingSettings { checkpoint_every: 1, ..settings(lora()) };
    train(&begun, folder.path(), Some(5)).0.unwrap_err();
    let less_memory =
        TrainingSettings { micro_batch_tokens: 1, gradient_checkpointing: true, ..settings(lora()) };
    let (resumed, metrics) = train(&less_memory, folder.path(), None);
    assert_eq!(metrics.first().map(|metric| metric.step), Some(5));
    let whole = train(&settings(lora()), tempfile::tempdir().unwrap().path(), None).0.unwrap();
    let losses = resumed.unwrap().loss_last.zip(whole.loss_last).unwrap();
    assert!((losses.0 - losses.1).abs() < 1e-4, "{losses:?}");
}

#[test]
fn examples_in_a_file_are_learnt_as_those_in_memory() {
    let run = |all: &dyn Sequences| {
        let folder = tempfile::tempdir().unwrap();
        let (tuned, metrics) = train_on(all, &settings(lora()), folder.path(), None);
        (bits(&tuned.unwrap().model), metrics)
    };
    let all = masked();
    let rows: Vec<Row> =
        serde_json::from_value((0..all.len()).map(|n| serde_json::json!({"n": n})).collect()).unwrap();
    let rows: Dataset = rows.into_iter().collect();
    let folder = tempfile::tempdir().unwrap();
    let tokens = TokenCache::new(folder.path()).get_or_make(
        &ContentKey::of_rows(&rows).unwrap(),
        "",
        &rows,
        |row: &Row| Ok(all[row["n"].as_u64().unwrap() as usize].clone()),
    );
    let tokens = tokens.unwrap();
    assert!(run(&tokens) == run(&all));
    // Those that limits leave out are not learnt.
    let lengths = LengthLimits { min: 6, ..LengthLimits::default() };
    let long: Vec<TrainingSequence> = all.iter().filter(|sequence| sequence.len() >= 6).cloned().collect();
    let limited = LimitedSequences { tokens, lengths };
    assert!(limited.left() == long.len() && long.len() < all.len());
    assert!(run(&limited) == run(&long));
}

/// Of each example, every other token is in the loss.
fn masked() -> Vec<TrainingSequence> {
    let mask = |ids: Vec<u32>| {
        let in_loss = (0..ids.len()).map(|i| i % 2 == 0).collect();
        TrainingSequence::masked(ids, in_loss).unwrap()
    };
    examples().into_iter().map(mask).collect()
}

/// All examples in one step.
fn one_step(method: Method) -> TrainingSettings {
    TrainingSettings { batch: 7, epochs: 1, keep_best: false, ..settings(method) }
}

#[test]
fn the_loss_is_the_mean_over_the_tokens_that_are_in_it() {
    for (all, counts) in [(masked(), 2), (examples().into_iter().map(TrainingSequence::from).collect(), 1)] {
        let folder = tempfile::tempdir().unwrap();
        let (_, metrics) = train_on(&all, &one_step(lora()), folder.path(), None);
        let tiny = tiny();
        let targets = examples().into_iter().flat_map(|ids| {
            let of = |i: usize| -next_log_probs(&tiny.model, &ids[..i])[ids[i] as usize];
            (1..ids.len()).filter(|i| i % counts == 0).map(of).collect::<Vec<f64>>()
        });
        let targets: Vec<f64> = targets.collect();
        let (found, expected) =
            (metrics[0].loss.unwrap(), targets.iter().sum::<f64>() / targets.len() as f64);
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
}

/// `x` has its learnt tokens at its end only: what is masked before them is read, but not learnt.
#[test]
fn what_is_masked_is_no_matter_as_a_target_and_matters_as_context() {
    let step = |ids: [u32; 5], in_loss: [bool; 5]| {
        let folder = tempfile::tempdir().unwrap();
        let all = [TrainingSequence::masked(ids.into(), in_loss.into()).unwrap()];
        let (tuned, metrics) = train_on(&all, &one_step(Method::Full), folder.path(), None);
        (metrics[0].loss.unwrap().to_bits(), bits(&tuned.unwrap().model))
    };
    // A masked last token changes nothing at all: nothing is predicted from it.
    let last = [true, true, true, true, false];
    assert!(step([1, 2, 3, 4, 5], last) == step([1, 2, 3, 4, 9], last));
    let middle = [true, true, false, true, true];
    assert!(step([1, 2, 3, 4, 5], middle) != step([1, 2, 9, 4, 5], middle));
}

#[test]
fn a_mask_that_masks_nothing_changes_no_bit() {
    let run = |all: &dyn Sequences| {
        let folder = tempfile::tempdir().unwrap();
        let (tuned, metrics) = train_on(all, &settings(lora()), folder.path(), None);
        (bits(&tuned.unwrap().model), metrics)
    };
    let plain = examples().into_iter().map(TrainingSequence::from).collect::<Vec<_>>();
    let open = |ids: Vec<u32>| TrainingSequence::masked(ids.clone(), vec![true; ids.len()]).unwrap();
    assert!(run(&plain) == run(&examples().into_iter().map(open).collect::<Vec<_>>()));
    assert!(run(&plain) != run(&masked()));
}

#[test]
fn a_checkpoint_of_another_mask_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    train_on(&masked(), &settings(lora()), folder.path(), None).0.unwrap();
    let error = train(&settings(lora()), folder.path(), None).0.unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
    let error = TrainingSequence::masked(vec![1, 2], vec![true]).unwrap_err().to_string();
    assert!(error.contains("1 entries for 2 ids"), "{error}");
}

/// Which tokens of a text are in the loss, where the range between the bars is left out: the others are shown as `_`.
#[track_caller]
fn check_in_loss(text: &str, expected: &str) {
    let parts: Vec<&str> = text.split('|').collect();
    let (start, whole) = (parts[0].len(), parts.concat());
    let left_out = start..start + parts.get(1).map_or(0, |part| part.len());
    let tokenizer = tiny().tokenizer;
    let found = training_sequence(&tokenizer, 267, &whole, &[left_out]).unwrap();
    // What is in the loss is told by a sequence that is masked by hand.
    let (own, spans) = tokenizer.encode_with_offsets(&whole).unwrap();
    let first = found.ids().windows(own.len()).position(|window| window == own).unwrap();
    let bytes = expected.replace('|', "");
    let mut in_loss = vec![true; found.ids().len()];
    for (i, (start, _)) in spans.into_iter().enumerate() {
        in_loss[first + i] = bytes.as_bytes()[start] != b'_';
    }
    assert_eq!(found, TrainingSequence::masked(found.ids().to_vec(), in_loss).unwrap());
    assert_eq!(found.ids(), training_sequence(&tokenizer, 267, &whole, &[]).unwrap().ids());
}

#[test]
fn tokens_that_begin_in_a_result_are_not_in_the_loss() {
    check_in_loss("so [C(12) ->| 12]| the cat", "so [C(12) ->____ the cat");
    check_in_loss("| 12]| the cat", "____ the cat");
    check_in_loss("the cat| 12]|", "the cat____");
    check_in_loss("é ->| é]| é", "é ->____ é");
    check_in_loss("the cat", "the cat");
}
