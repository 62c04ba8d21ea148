//! Adapters that PEFT made (`fixtures/make_peft.py`): the same logits, the same files when they are saved again, and
//! several for one model.

use std::path::{Path, PathBuf};

use serde_json::Value;
use toolformer_model::{
    Adapters, LanguageModel, LoraConfig, SafetensorsFolder, SequenceClassifier, TokenBatch, WeightSource,
    load_adapter, load_classifier_adapter, save_adapter, save_classifier_adapter,
};

use crate::reference::{B, assert_close, difference, expected, fixture, open, run};

/// The adapters of language models, and their models.
pub(crate) const FIXTURES: [(&str, &str); 6] = [
    ("peft/llama", "llama"),
    ("peft/gpt2", "gpt2"),
    ("peft/rslora", "llama"),
    ("peft/pattern", "llama"),
    ("peft/saved", "llama"),
    ("peft/ranks", "llama"),
];

pub(crate) const CLASSIFIER: (&str, &str) = ("peft/classifier", "llama_reward");

/// A model with its adapter.
pub(crate) fn adapted(adapter: &str, model: &str) -> (LanguageModel<B>, LoraConfig) {
    let (mut model, _) = open(model);
    let config = load_adapter(&mut model, &fixture(adapter)).unwrap();
    (model, config)
}

pub(crate) fn adapted_classifier() -> (SequenceClassifier<B>, LoraConfig) {
    let (adapter, model) = CLASSIFIER;
    let (mut model, _) = SequenceClassifier::open(&fixture(model), &Default::default()).unwrap();
    let config = load_classifier_adapter(&mut model, &fixture(adapter)).unwrap();
    (model, config)
}

fn json(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("adapter_config.json")).unwrap()).unwrap()
}

/// The two folders hold the same tensors, and ours no field that PEFT's says otherwise.
#[track_caller]
fn check_same_files(saved: &Path, of_peft: &Path) {
    let (ours, theirs) = (json(saved), json(of_peft));
    for (field, value) in ours.as_object().unwrap() {
        let their = &theirs[field];
        let same = match (value, their) {
            (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
            (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().all(|item| b.contains(item)),
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(key, value)| b[key].as_f64() == value.as_f64())
            }
            _ => value == their,
        };
        assert!(same, "{field}: {value} is not {their}");
    }
    let [ours, theirs] = [saved, of_peft]
        .map(|folder| SafetensorsFolder::open_file(folder.join("adapter_model.safetensors")).unwrap());
    let mut names = [WeightSource::names(&ours), WeightSource::names(&theirs)];
    names.iter_mut().for_each(|names| names.sort());
    assert_eq!(names[0], names[1]);
    for name in &names[0] {
        assert_eq!(ours.tensor_f32(name).unwrap(), theirs.tensor_f32(name).unwrap(), "{name}");
    }
}

#[track_caller]
fn check((adapter, base): (&str, &str)) {
    let (model, config) = adapted(adapter, base);
    let (ids, reference) = expected(adapter);
    let found = run(&model, &ids);
    assert_close(&found[0], &reference[0], 1e-4);
    assert!(difference(&run(&open(base).0, &ids)[0], &reference[0]) > 0.01, "{adapter} does nothing");
    let folder = tempfile::tempdir().unwrap();
    save_adapter(folder.path(), &model, &config, base).unwrap();
    check_same_files(folder.path(), &fixture(adapter));
    assert_close(&run(&model.merge_lora(), &ids)[0], &reference[0], 2e-4);
}

#[test]
fn adapters_of_peft_give_its_logits_and_are_saved_as_they_were() {
    FIXTURES.into_iter().for_each(check);
}

#[test]
fn a_classifiers_adapter_has_its_head() {
    let (model, config) = adapted_classifier();
    let (ids, reference) = expected(CLASSIFIER.0);
    let scores = |model: &SequenceClassifier<B>| -> Vec<f32> {
        model.scores(&TokenBatch::new(&ids)).into_data().into_vec().unwrap()
    };
    assert_close(&scores(&model), &reference[0], 1e-4);
    let folder = tempfile::tempdir().unwrap();
    save_classifier_adapter(folder.path(), &model, &config, CLASSIFIER.1).unwrap();
    check_same_files(folder.path(), &fixture(CLASSIFIER.0));
    // The head is saved even where nobody asked for it.
    let plain = LoraConfig { modules_to_save: Vec::new(), ..config };
    save_classifier_adapter(folder.path(), &model, &plain, CLASSIFIER.1).unwrap();
    check_same_files(folder.path(), &fixture(CLASSIFIER.0));
    let (bare, _) = SequenceClassifier::open(&fixture(CLASSIFIER.1), &Default::default()).unwrap();
    assert!((scores(&bare)[0] - reference[0][0]).abs() > 0.1);
    assert_close(&scores(&model.merge_lora()), &reference[0], 1e-4);
}

#[test]
fn an_adapter_is_for_its_task() {
    let (mut model, _) = open("llama");
    let error = load_adapter(&mut model, &fixture(CLASSIFIER.0)).unwrap_err().to_string();
    assert!(error.contains("the adapter is for SEQ_CLS"), "{error}");
}

/// What PEFT prints of them.
#[test]
fn parameters_are_counted_as_in_peft() {
    let counted = |(adapter, base)| {
        let (model, config) = adapted(adapter, base);
        model.count_adapter(&config).unwrap().to_string()
    };
    let [llama, gpt2, rslora, pattern, saved, ranks] = FIXTURES.map(counted);
    assert_eq!(llama, "trainable params: 1,216 || all params: 23,200 || trainable%: 5.2414");
    assert_eq!(gpt2, "trainable params: 1,408 || all params: 32,160 || trainable%: 4.3781");
    assert_eq!(rslora, "trainable params: 3,712 || all params: 25,696 || trainable%: 14.4458");
    assert_eq!(pattern, "trainable params: 384 || all params: 22,368 || trainable%: 1.7167");
    assert_eq!(saved, "trainable params: 6,880 || all params: 28,864 || trainable%: 23.8359");
    assert_eq!(ranks, "trainable params: 448 || all params: 22,432 || trainable%: 1.9971");
    let (model, config) = adapted_classifier();
    let classifier = model.count_adapter(&config).unwrap().to_string();
    assert_eq!(classifier, "trainable params: 480 || all params: 19,264 || trainable%: 2.4917");
}

#[track_caller]
fn check_refused(base: &str, module: &str, part: &str) {
    let (mut model, _) = open(base);
    let config = LoraConfig { modules_to_save: vec![module.into()], ..LoraConfig::default() };
    let error = model.attach_lora(&config, 0).unwrap_err().to_string();
    assert!(error.contains(part), "{error}");
}

#[test]
fn modules_that_cannot_be_saved_are_refused() {
    check_refused("llama", "none_such", "there are embed_tokens, input_layernorm, lm_head, norm");
    check_refused("llama", "q_proj", "name it in `target_modules`");
    check_refused("variant1/llama", "embed_tokens", "an embedding that is the head too");
    check_refused("palm_rlhf", "to_logits", "no parameter of its own");
}

#[test]
fn adapters_are_switched() {
    let (model, _) = open("llama");
    let mut adapters = Adapters::new(model).unwrap();
    let (ids, _) = expected("peft/llama");
    let plain = run(adapters.model(), &ids).concat();
    for name in ["llama", "saved", "ranks"] {
        adapters.open_adapter(name, &fixture("peft").join(name)).unwrap();
    }
    assert_eq!(adapters.adapters().collect::<Vec<_>>(), ["llama", "ranks", "saved"]);
    assert_eq!((adapters.active_adapter(), run(adapters.model(), &ids).concat()), (None, plain.clone()));
    for name in ["saved", "llama", "saved", "ranks"] {
        adapters.set_adapter(name).unwrap();
        assert_eq!(adapters.active_adapter(), Some(name));
        let (ids, reference) = expected(&format!("peft/{name}"));
        assert_close(&run(adapters.model(), &ids)[0], &reference[0], 1e-4);
    }
    adapters.disable_adapters();
    assert_eq!(run(adapters.model(), &ids).concat(), plain);
    // One that does not fit leaves on what is on.
    adapters.set_adapter("saved").unwrap();
    let folder: PathBuf = fixture("peft/gpt2");
    assert!(adapters.open_adapter("gpt2", &folder).is_err());
    assert!(adapters.open_adapter("llama", &fixture("peft/llama")).is_err());
    assert_eq!(adapters.active_adapter(), Some("saved"));
    adapters.delete_adapter("saved").unwrap();
    assert_eq!((adapters.active_adapter(), run(adapters.model(), &ids).concat()), (None, plain));
    let error = adapters.set_adapter("saved").unwrap_err().to_string();
    assert!(error.contains("there are: llama, ranks"), "{error}");
}
