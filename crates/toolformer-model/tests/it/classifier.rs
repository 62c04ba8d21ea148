//! Classification heads against their references.

use toolformer_model::{
    ModelError, Pretrained, SafetensorsFolder, SaveFormat, SaveOptions, SequenceClassifier, TokenBatch,
    WeightSource, save_classifier,
};

use crate::reference::{B, assert_close, expected, fixture, open};

/// The classifiers, and how many labels they have.
pub(crate) const FIXTURES: [(&str, usize); 3] =
    [("llama_reward", 1), ("switches/gpt2_classifier", 3), ("switches/qwen2_classifier", 2)];

fn scores(model: &SequenceClassifier<B>, rows: &[Vec<u32>]) -> Vec<f32> {
    model.scores(&TokenBatch::new(rows)).into_data().into_vec().unwrap()
}

#[track_caller]
fn check(name: &str, labels: usize) {
    let (model, config) = SequenceClassifier::<B>::open(&fixture(name), &Default::default()).unwrap();
    assert_eq!((model.n_labels(), config.labels.len()), (labels, labels));
    let (ids, reference) = expected(name);
    assert_close(&scores(&model, &ids), &reference.concat(), 1e-4);
    // The references are padded by an id; rows of their own length give the same.
    let pad = config.pad.unwrap();
    let trimmed: Vec<Vec<u32>> =
        ids.iter().map(|row| row[..=row.iter().rposition(|&id| id != pad).unwrap()].to_vec()).collect();
    assert_close(&scores(&model, &trimmed), &reference.concat(), 1e-4);
}

#[test]
fn scores_are_the_reference() {
    FIXTURES.iter().for_each(|&(name, labels)| check(name, labels));
}

#[test]
fn a_saved_classifier_is_the_same() {
    for (name, _) in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        let (model, config) = SequenceClassifier::<B>::open(&fixture(name), &Default::default()).unwrap();
        save_classifier(folder.path(), &model, &config, None, &SaveOptions::default()).unwrap();
        let (again, again_config) =
            SequenceClassifier::<B>::open(folder.path(), &Default::default()).unwrap();
        assert_eq!(config, again_config);
        let (ids, _) = expected(name);
        assert_eq!(scores(&model, &ids), scores(&again, &ids));
        let [saved, original] = [folder.path(), &fixture(name)]
            .map(|path| WeightSource::names(&SafetensorsFolder::open(path).unwrap()));
        assert_eq!(saved, original);
    }
}

/// The head of the language model is not part of a classifier; what the config says of it stays.
#[test]
fn a_saved_classifier_has_the_numbers_that_were_asked_for_and_its_own_config() {
    for (name, _) in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        let (model, config) = SequenceClassifier::<B>::open(&fixture(name), &Default::default()).unwrap();
        let options =
            SaveOptions { format: SaveFormat::BF16, max_shard_bytes: 4_000, ..SaveOptions::default() };
        save_classifier(folder.path(), &model, &config, None, &options).unwrap();
        assert!(folder.path().join("model.safetensors.index.json").exists(), "{name}");
        let text = std::fs::read_to_string(folder.path().join("config.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["torch_dtype"], "bfloat16");
        assert_eq!(json["tie_word_embeddings"], config.body.to_hf_json()["tie_word_embeddings"], "{name}");
        let (again, _) = SequenceClassifier::<B>::open(folder.path(), &Default::default()).unwrap();
        let (ids, _) = expected(name);
        assert_close(&scores(&again, &ids), &scores(&model, &ids), 0.1);
    }
}

#[test]
fn texts_of_nothing_but_padding_have_a_score() {
    let (model, config) =
        SequenceClassifier::<B>::open(&fixture("llama_reward"), &Default::default()).unwrap();
    let pad = config.pad.unwrap();
    assert_eq!(scores(&model, &[vec![pad; 3]]), scores(&model, &[vec![pad]]));
}

#[test]
fn a_classifier_is_no_language_model_nor_the_other_way_round() {
    let error = Pretrained::<B>::open_model(&fixture("llama_reward"), &Default::default()).unwrap_err();
    assert!(error.to_string().contains("the checkpoint is a classifier"), "{error}");
    let error = SequenceClassifier::<B>::open(&fixture("llama"), &Default::default()).unwrap_err();
    assert!(matches!(error, ModelError::MissingTensors { .. }), "{error}");
}

/// Every way to make one: a head of 0.02 and a seed, whose scores the saved folder gives again, the language model's head gone.
#[track_caller]
fn check_fresh(name: &str) {
    let labels = || vec!["a".to_owned(), "b".to_owned()];
    let make = |seed: u64| {
        let (model, config) = open(name);
        SequenceClassifier::<B>::on(model, &config, labels(), Some(3), seed).unwrap()
    };
    let (model, config) = make(1);
    let head = |model: &SequenceClassifier<B>| {
        let (name, shape, values) = model.score_tensors().remove(0);
        assert_eq!((name.as_str(), shape[0]), ("score.weight", 2));
        values.into_data().into_vec::<f32>().unwrap()
    };
    let values = head(&model);
    let std = (values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32).sqrt();
    assert!((0.01..0.03).contains(&std), "{std}");
    assert_eq!(values, head(&make(1).0));
    assert_ne!(values, head(&make(2).0));
    let rows = [vec![5, 6, 7, 8], vec![9, 3, 3], vec![4]];
    let whole = scores(&model, &rows);
    // In parts, as training goes through it.
    let batch = TokenBatch::new(&rows);
    assert_eq!(model.last_tokens(&batch), [3, 4, 7]);
    let folder = tempfile::tempdir().unwrap();
    save_classifier(folder.path(), &model, &config, None, &SaveOptions::default()).unwrap();
    let names = WeightSource::names(&SafetensorsFolder::open(folder.path()).unwrap());
    assert!(names.iter().all(|name| name != "lm_head.weight"), "{names:?}");
    let (mut again, read) = SequenceClassifier::<B>::open(folder.path(), &Default::default()).unwrap();
    assert_eq!((config.labels, config.pad), (read.labels, read.pad));
    assert_eq!(scores(&again, &rows), whole);
    let other = make(2).0;
    again.set_score(&Head(&other)).unwrap();
    assert_eq!(head(&again), head(&other));
}

/// The head alone, as a checkpoint holds it.
struct Head<'a>(&'a SequenceClassifier<B>);

impl WeightSource for Head<'_> {
    fn names(&self) -> Vec<String> {
        self.0.score_tensors().into_iter().map(|(name, _, _)| name).collect()
    }

    fn shape(&self, _: &str) -> Option<Vec<usize>> {
        Some(self.0.score_tensors().remove(0).1)
    }

    fn tensor_f32(&self, _: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        let (_, shape, values) = self.0.score_tensors().remove(0);
        Ok((shape, values.into_data().into_vec().unwrap()))
    }
}

#[test]
fn a_fresh_head_stands_on_a_language_model() {
    ["llama", "tiny_llama", "gpt2", "qwen2"].into_iter().for_each(check_fresh);
}

#[test]
fn other_families_are_refused() {
    for name in ["gptj", "gpt_neox", "gemma3", "palm"] {
        let (model, config) = open(name);
        let error = SequenceClassifier::<B>::on(model, &config, vec!["a".into()], None, 0).unwrap_err();
        assert!(matches!(error, ModelError::NotSupported { .. }), "{error}");
    }
    let (model, config) = open("llama");
    assert!(SequenceClassifier::<B>::on(model, &config, vec![], None, 0).is_err());
}
