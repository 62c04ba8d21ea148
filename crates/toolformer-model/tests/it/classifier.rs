//! Classification heads against their references.

use toolformer_model::{
    ModelError, Pretrained, SafetensorsFolder, SaveFormat, SaveOptions, SequenceClassifier, TokenBatch,
    WeightSource, save_classifier,
};

use crate::reference::{B, assert_close, expected, fixture};

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
