//! What the training loop does besides learning: when it ends, what it keeps, and what it refuses.

use std::{fs, path::Path};

use toolformer_model::{LoraConfig, Precision, Pretrained};
use toolformer_train::{
    Callback, EarlyStopping, Finetuned, Method, Metric, TrainError, TrainingSequence, TrainingSettings,
    Unobserved, Verdict, completion_sequence, finetune,
};

use crate::{
    memory::peak_of,
    tiny::{B, fixture, tiny},
};

fn ids() -> Vec<Vec<u32>> {
    let tokenizer = tiny().tokenizer;
    let texts = ["the cat", "12 the cat 3", "a b c d e f g", "the the the", "3 + 9 = 12", "12 12 12 12 12"];
    texts.iter().map(|text| tokenizer.encode(text).unwrap()).collect()
}

fn settings() -> TrainingSettings {
    let lora = LoraConfig { r: 2, lora_alpha: 4.0, ..LoraConfig::default() };
    TrainingSettings { learning_rate: 1e-2, batch: 2, ..TrainingSettings::of(Method::Lora(lora)) }
}

fn dropping() -> TrainingSettings {
    let lora = LoraConfig { r: 2, lora_alpha: 4.0, lora_dropout: 0.3, ..LoraConfig::default() };
    TrainingSettings { method: Method::Lora(lora), ..settings() }
}

fn run_in(
    precision: Precision,
    settings: &TrainingSettings,
    folder: &Path,
    callback: &mut dyn Callback,
) -> Result<Finetuned<B>, TrainError> {
    let opened = Pretrained::<B>::open_in(&fixture("tiny_llama"), precision, &Default::default()).unwrap();
    let examples: Vec<TrainingSequence> = ids().into_iter().map(TrainingSequence::from).collect();
    let held_out = &examples[..2];
    finetune(opened.model, &opened.config, &examples, held_out, settings, folder, &mut Unobserved, callback)
}

fn run(settings: &TrainingSettings, folder: &Path) -> Result<Finetuned<B>, TrainError> {
    run_in(Precision::F32, settings, folder, &mut Unobserved)
}

/// Losses of all steps and the norms of their gradients before clipping, as bits.
fn losses(settings: &TrainingSettings) -> Vec<u64> {
    let (folder, mut losses) = (tempfile::tempdir().unwrap(), Vec::new());
    run_in(Precision::F32, settings, folder.path(), &mut |metric: &Metric| {
        losses.extend([metric.loss, metric.gradient_norm].into_iter().flatten().map(f64::to_bits));
        Ok(())
    })
    .unwrap();
    losses
}

#[track_caller]
fn check_close(settings: &TrainingSettings, other: &TrainingSettings) {
    let (one, other) = (losses(settings), losses(other));
    assert_eq!(one.len(), other.len());
    for (one, other) in one.into_iter().zip(other) {
        let (one, other) = (f64::from_bits(one), f64::from_bits(other));
        assert!((one - other).abs() < 1e-4 * one.abs().max(1.0), "{one} {other}");
    }
}

#[test]
fn replicas_share_a_step_and_give_the_gradients_of_one() {
    // With dropout, what is dropped depends on the parts of a step.
    for settings in [settings(), TrainingSettings { method: Method::Full, ..settings() }] {
        check_close(&settings, &TrainingSettings { replicas: 2, ..settings.clone() });
        check_close(&settings, &TrainingSettings { replicas: 5, ..settings.clone() });
    }
}

#[test]
fn blocks_that_are_computed_again_give_the_same_run() {
    for settings in [settings(), dropping(), TrainingSettings { method: Method::Full, ..settings() }] {
        check_close(&settings, &TrainingSettings { gradient_checkpointing: true, ..settings.clone() });
    }
}

/// Bytes that one step of long examples takes at most.
fn peak_of_a_step(gradient_checkpointing: bool) -> usize {
    let opened = Pretrained::<B>::open_model_in(&fixture("llama"), Precision::F32, &Default::default());
    let ((model, config), folder) = (opened.unwrap(), tempfile::tempdir().unwrap());
    let examples: Vec<TrainingSequence> =
        (0..8).map(|row| (0..48).map(|id| (id * 7 + row) % 60).collect::<Vec<u32>>().into()).collect();
    let settings = TrainingSettings { gradient_checkpointing, batch: 8, max_steps: 1, ..settings() };
    peak_of(|| {
        let mut unobserved = (Unobserved, Unobserved);
        finetune(
            model.clone(),
            &config,
            &examples,
            &[],
            &settings,
            folder.path(),
            &mut unobserved.0,
            &mut unobserved.1,
        )
        .unwrap();
    })
}

#[test]
fn blocks_that_are_computed_again_are_not_kept() {
    let (kept, again) = (peak_of_a_step(false), peak_of_a_step(true));
    println!("{kept} bytes with all blocks kept, {again} with them computed again");
    assert!(again < kept * 2 / 3, "{again} {kept}");
}

#[test]
fn dropout_is_drawn_by_the_seed() {
    assert_eq!(losses(&dropping()), losses(&dropping()));
    assert_ne!(losses(&dropping()), losses(&settings()));
    // The shuffle is that of the seed too: within one step there is none.
    let one = |seed| TrainingSettings { batch: 6, epochs: 2, seed, ..dropping() };
    assert_ne!(losses(&one(1))[1], losses(&one(2))[1]);
}

/// A model whose layers are wide enough for blocks of quantised weights.
fn run_wide(precision: Precision, settings: &TrainingSettings) -> Result<Finetuned<B>, TrainError> {
    let opened = Pretrained::<B>::open_model_in(&fixture("llama"), precision, &Default::default());
    let ((model, config), folder) = (opened.unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(model.is_quantised(), matches!(precision, Precision::Int8 | Precision::Int4));
    let ids = [vec![1, 2, 3, 4, 5, 6], vec![7, 8, 7, 8, 7], vec![40, 41, 42], vec![9, 9, 9, 9]];
    let examples = ids.map(TrainingSequence::from);
    finetune(model, &config, &examples, &[], settings, folder.path(), &mut Unobserved, &mut Unobserved)
}

#[test]
fn half_precision_and_quantised_bases_learn() {
    let long = TrainingSettings { epochs: 16, learning_rate: 0.03, ..settings() };
    let full = TrainingSettings { method: Method::Full, ..long.clone() };
    for (precision, settings) in [
        (Precision::Bf16, &long),
        (Precision::Bf16, &full),
        (Precision::Int8, &long),
        (Precision::Int4, &long),
    ] {
        let tuned = run_wide(precision, settings).unwrap();
        let (first, last) = (tuned.loss_first.unwrap(), tuned.loss_last.unwrap());
        assert!(last < first - 0.2, "{precision}: {first} {last}");
        assert_eq!(
            tuned.model.float(),
            if precision == Precision::Bf16 { precision } else { Precision::F32 }
        );
        assert_eq!(tuned.model.is_quantised(), precision != Precision::Bf16);
    }
    let error = run_wide(Precision::Int8, &full).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("train a LoRA adapter on them"), "{error}");
}

#[test]
fn a_run_in_half_precision_goes_on_to_the_last_bit() {
    let settings = TrainingSettings { method: Method::Full, epochs: 2, ..settings() };
    let [whole, cut] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let whole = run_in(Precision::Bf16, &settings, whole.path(), &mut Unobserved).unwrap();
    let mut stop = |metric: &Metric| match metric.step {
        5 => Err(TrainError::NoExamples { why: "killed".into() }),
        _ => Ok(()),
    };
    run_in(Precision::Bf16, &settings, cut.path(), &mut stop).unwrap_err();
    let resumed = run_in(Precision::Bf16, &settings, cut.path(), &mut Unobserved).unwrap();
    assert_eq!((resumed.loss_last, resumed.steps), (whole.loss_last, whole.steps));
}

#[test]
fn a_run_that_gets_no_better_ends() {
    let folder = tempfile::tempdir().unwrap();
    // So high a rate that nothing gets better after the first epoch.
    let settings = TrainingSettings {
        learning_rate: 5.0,
        epochs: 30,
        early_stopping: Some(EarlyStopping { patience: 2, min_delta: 0.0 }),
        ..settings()
    };
    let tuned = run(&settings, folder.path()).unwrap();
    assert!(tuned.stopped && tuned.steps < 90, "{}", tuned.steps);
    // It stays ended.
    let again = run(&settings, folder.path()).unwrap();
    assert_eq!((again.steps, again.stopped, again.best), (tuned.steps, true, tuned.best));
}

struct StopAt(usize);

impl Callback for StopAt {
    fn on_metric(&mut self, metric: &Metric) -> Result<Verdict, TrainError> {
        Ok(if metric.step == self.0 { Verdict::Stop } else { Verdict::GoOn })
    }
}

#[test]
fn a_callback_ends_a_run_with_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let tuned = run_in(Precision::F32, &settings(), folder.path(), &mut StopAt(2)).unwrap();
    assert_eq!((tuned.steps, tuned.stopped), (2, true));
    assert!(folder.path().join("step-000002/optimizer.safetensors").exists());
}

fn checkpoints(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

#[test]
fn the_newest_checkpoints_are_kept_and_a_damaged_one_is_passed_over() {
    for (damaged, other) in [
        ("state.json", "state.json"),
        ("optimizer.safetensors", "adapter_model.safetensors"),
        ("adapter_model.safetensors", "optimizer.safetensors"),
    ] {
        check_damaged(damaged, other);
    }
}

/// Of the newest checkpoint one file is cut off, of the one before another is empty.
#[track_caller]
fn check_damaged(damaged: &str, other: &str) {
    let folder = tempfile::tempdir().unwrap();
    let settings = TrainingSettings { evaluate_every: 1, keep_checkpoints: 3, epochs: 2, ..settings() };
    let whole = run(&settings, folder.path()).unwrap();
    assert_eq!(checkpoints(folder.path()), ["best", "step-000004", "step-000005", "step-000006"]);
    let newest = folder.path().join("step-000006").join(damaged);
    let content = fs::read(&newest).unwrap();
    fs::write(&newest, &content[..content.len() / 2]).unwrap();
    fs::write(folder.path().join("step-000005").join(other), "").unwrap();
    let mut steps = Vec::new();
    let again = run_in(Precision::F32, &settings, folder.path(), &mut |metric: &Metric| {
        steps.extend(metric.loss.map(|_| metric.step));
        Ok(())
    });
    assert_eq!((steps, again.unwrap().loss_last), (vec![5, 6], whole.loss_last));
}

#[test]
fn moments_of_another_model_are_damage() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = run(&settings(), folder.path()).unwrap();
    run(&TrainingSettings { method: Method::Full, ..settings() }, other.path()).unwrap();
    let newest = format!("step-{:06}/optimizer.safetensors", whole.steps);
    // Of another method at the same step: parameters that the adapter has not.
    fs::copy(other.path().join(&newest), folder.path().join(&newest)).unwrap();
    let error = run(&TrainingSettings { resume: true, ..settings() }, folder.path()).unwrap_err();
    assert!(matches!(error, TrainError::NoReadableCheckpoint { .. }), "{error}");
    assert!(error.to_string().contains("fit no parameter which is trained"), "{error}");
}

#[test]
fn what_cannot_be_read_is_not_begun_over() {
    let folder = tempfile::tempdir().unwrap();
    let whole = run(&settings(), folder.path()).unwrap();
    let step = folder.path().join(format!("step-{:06}", whole.steps));
    let state = fs::read_to_string(step.join("state.json")).unwrap();
    // As an earlier version wrote it.
    fs::write(step.join("state.json"), state.replace("\"run\"", "\"fingerprint\"")).unwrap();
    let error = run(&settings(), folder.path()).unwrap_err();
    assert!(matches!(error, TrainError::NoReadableCheckpoint { .. }), "{error}");
    assert!(step.join("optimizer.safetensors").exists());
    fs::write(step.join("state.json"), state).unwrap();
    assert_eq!(run(&settings(), folder.path()).unwrap().loss_last, whole.loss_last);
}

#[test]
fn with_dropout_other_parts_are_another_run() {
    let folder = tempfile::tempdir().unwrap();
    run(&dropping(), folder.path()).unwrap();
    for other in [
        TrainingSettings { micro_batch_tokens: 1, ..dropping() },
        TrainingSettings { replicas: 2, ..dropping() },
    ] {
        let error = run(&other, folder.path()).unwrap_err();
        assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
    }
    // The copies of a model that drop are seen in its losses: they were there.
    assert_ne!(losses(&dropping()), losses(&TrainingSettings { replicas: 2, ..dropping() }));
}

#[test]
fn patience_needs_something_held_out() {
    let tiny = tiny();
    let examples: Vec<TrainingSequence> = ids().into_iter().map(TrainingSequence::from).collect();
    let early_stopping = Some(EarlyStopping { patience: 2, min_delta: 0.0 });
    let settings = TrainingSettings { early_stopping, ..settings() };
    let folder = tempfile::tempdir().unwrap();
    let error = finetune(
        tiny.model,
        &tiny.config,
        &examples,
        &[],
        &settings,
        folder.path(),
        &mut Unobserved,
        &mut Unobserved,
    );
    assert!(error.unwrap_err().to_string().contains("nothing is"));
}

#[test]
fn the_evaluation_of_what_is_kept_is_told() {
    // Ended because evaluations got worse: the last is not the best.
    let early_stopping = Some(EarlyStopping { patience: 2, min_delta: 0.0 });
    let settings = |keep_best| TrainingSettings {
        learning_rate: 5.0,
        epochs: 30,
        early_stopping,
        keep_best,
        ..settings()
    };
    let run = |keep_best| run(&settings(keep_best), tempfile::tempdir().unwrap().path()).unwrap();
    let (best, last) = (run(true), run(false));
    assert_eq!((best.kept, last.kept.map(|(step, _)| step)), (best.best, Some(last.steps)));
    assert_ne!(best.kept, last.kept);
}

#[test]
fn checkpoints_between_evaluations_change_nothing_of_what_is_learnt() {
    let plain = TrainingSettings { epochs: 2, ..settings() };
    let more = TrainingSettings { checkpoint_every: 1, keep_checkpoints: 9, ..plain.clone() };
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (run(&plain, folder.path()).unwrap(), run(&more, other.path()).unwrap());
    assert_eq!((one.loss_last, one.best), (two.loss_last, two.best));
    assert_eq!(checkpoints(folder.path()), ["best", "step-000006"]);
    assert_eq!(checkpoints(other.path()).len(), 7);
    // From one of them, a run that writes none goes on to the same.
    for step in 3..=6 {
        fs::remove_dir_all(other.path().join(format!("step-00000{step}"))).unwrap();
    }
    let resumed = run(&TrainingSettings { resume: true, ..plain }, other.path()).unwrap();
    assert_eq!((one.loss_last, one.best), (resumed.loss_last, resumed.best));
}

#[test]
fn a_run_that_is_to_go_on_does_not_begin() {
    let folder = tempfile::tempdir().unwrap();
    let error = run(&TrainingSettings { resume: true, ..settings() }, folder.path()).unwrap_err();
    assert!(matches!(error, TrainError::NothingToResume { .. }), "{error}");
    assert_eq!(checkpoints(folder.path()), [""; 0]);
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_and_leaves_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let settings = TrainingSettings {
        method: Method::Full,
        learning_rate: 1e30,
        evaluate_every: 1,
        clip_norm: f64::INFINITY,
        warmup: 0.0,
        ..settings()
    };
    let error = run(&settings, folder.path()).unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { step: 2 }), "{error}");
    assert!(folder.path().join("step-000001/state.json").exists());
}

/// Weights that are no numbers are neither the best nor a checkpoint to go on from.
#[test]
fn a_held_out_loss_that_is_no_number_ends_the_run_and_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    // Infinite in single precision.
    let settings = TrainingSettings {
        method: Method::Full,
        learning_rate: 1e39,
        evaluate_every: 1,
        warmup: 0.0,
        ..settings()
    };
    let error = run(&settings, folder.path()).unwrap_err();
    assert!(matches!(error, TrainError::HeldOutNotFinite { step: 1 }), "{error}");
    assert_eq!(checkpoints(folder.path()), [""; 0]);
}

#[test]
fn of_a_completion_only_it_is_learnt() {
    let tokenizer = tiny().tokenizer;
    let found = completion_sequence(&tokenizer, 267, "the cat", " 12 12").unwrap();
    let shown = |in_loss: bool| -> String {
        let chosen = (0..found.len()).filter(|&i| found.in_loss().is_none_or(|all| all[i]) == in_loss);
        let ids: Vec<u32> = chosen.map(|i| found.ids()[i]).collect();
        tokenizer.decode(&ids, true).unwrap()
    };
    assert_eq!((shown(false).as_str(), shown(true).as_str()), ("the cat", " 12 12"));
    assert_eq!(found.ids().last().copied(), tokenizer.eos());
    let error = completion_sequence(&tokenizer, 267, "the cat", "").unwrap_err().to_string();
    assert!(error.contains("a completion is empty"), "{error}");
}
