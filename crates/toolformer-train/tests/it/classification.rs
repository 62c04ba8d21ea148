//! Classifiers: an easy task is learnt above what always saying the commonest label gives.

use toolformer_model::{LoraConfig, SequenceClassifier};
use toolformer_train::{
    EncodedText, LabelCrossEntropy, LabelledText, Labels, Method, Metric, TrainingJob, TrainingSettings,
    Unobserved, encode_texts, score_labels, train,
};

use crate::tiny::{B, tiny};

/// The label is the animal of the text.
fn texts(n: usize) -> Vec<LabelledText> {
    let text = |i: usize| {
        let animal = ["cat", "dog", "emu"][i % 3];
        let text = format!("{} the {animal} {}", i * 7 % 11, "x".repeat(i % 4));
        LabelledText { text, label: Some(animal.to_owned()) }
    };
    (0..n).map(text).collect()
}

#[track_caller]
fn check(method: Method, learning_rate: f64) {
    let tiny = tiny();
    let all = texts(36);
    let labels = Labels::of(&all).unwrap();
    assert_eq!(labels.names(), ["cat", "dog", "emu"]);
    let encoded: Vec<EncodedText> = encode_texts(&all, &labels, &tiny.tokenizer, 64, 267).unwrap().texts;
    let (held_out, learnt) = encoded.split_at(12);
    let settings = TrainingSettings {
        method,
        learning_rate,
        epochs: 25,
        batch: 8,
        micro_batch_tokens: 60,
        ..TrainingSettings::default()
    };
    let (model, config) =
        SequenceClassifier::<B>::on(tiny.model, &tiny.config, labels.names().to_vec(), None, 0).unwrap();
    let objective = LabelCrossEntropy::new(&model, learnt, held_out, &settings).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let job =
        TrainingJob { objective: &objective, config: &config, settings: &settings, folder: folder.path() };
    let trained = train(model, &job, &mut Unobserved, &mut |_: &Metric| Ok(())).unwrap();
    let found = score_labels(&trained.model, held_out, 100).unwrap();
    assert!((found.majority - 1.0 / 3.0).abs() < 1e-9);
    assert!(found.accuracy > 0.8, "{found:?}");
    assert_eq!(found.f1, None);
    let best = trained.best.unwrap().1;
    assert!((best.loss - found.loss).abs() < 1e-6 && best.accuracy == Some(found.accuracy), "{best:?}");
}

#[test]
fn an_easy_task_is_learnt_with_lora() {
    check(Method::Lora(LoraConfig { r: 4, lora_alpha: 8.0, ..LoraConfig::default() }), 0.02);
}

#[test]
fn an_easy_task_is_learnt_in_full() {
    check(Method::Full, 0.005);
}
