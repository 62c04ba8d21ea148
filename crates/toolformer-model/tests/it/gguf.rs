//! GGUF files of every family that has them give what its Hugging Face folder gives.

use toolformer_model::{GgufFile, ModelConfig, Pretrained, SafetensorsFolder, WeightSource, save_pretrained};

use crate::reference::{B, assert_close, expected, fixture, run};

#[track_caller]
fn check(name: &str) {
    let (folder, path) = (fixture(name), fixture(name).join("model.gguf"));
    let file = GgufFile::open(&path).unwrap();
    let config = ModelConfig::from_gguf(&file).unwrap();
    let text = std::fs::read_to_string(folder.join("config.json")).unwrap();
    assert_eq!(config, ModelConfig::from_hf_json(&text).unwrap());
    let (gguf, safetensors) =
        (config.gguf_weights(&file).unwrap(), SafetensorsFolder::open(&folder).unwrap());
    assert_eq!(gguf.names(), WeightSource::names(&safetensors));
    for tensor in gguf.names() {
        let ((shape, found), (expected_shape, expected)) =
            (gguf.tensor_f32(&tensor).unwrap(), safetensors.tensor_f32(&tensor).unwrap());
        assert_eq!(shape, expected_shape, "{tensor}");
        assert_close(&found, &expected, 1e-6);
    }
    let (model, _) = Pretrained::<B>::open_model(&path, &Default::default()).unwrap();
    let (ids, reference) = expected(name);
    for (found, reference) in run(&model, &ids).iter().zip(&reference) {
        assert_close(found, reference, 1e-4);
    }
}

#[test]
fn qwen2() {
    check("gguf/qwen2");
}

#[test]
fn gemma3() {
    check("gguf/gemma3");
}

/// A file with stretched frequencies gives the logits of the folder in `switches` that it was made of, and so does what
/// is saved of it.
#[track_caller]
fn check_scaled(name: &str) {
    let path = fixture("gguf").join(name).with_extension("gguf");
    let (ids, reference) = expected(&format!("switches/{name}"));
    let (model, config) = Pretrained::<B>::open_model(&path, &Default::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    save_pretrained(folder.path(), &model, &config, None).unwrap();
    let (again, same) = Pretrained::<B>::open_model(folder.path(), &Default::default()).unwrap();
    assert_eq!(same, config);
    for model in [model, again] {
        for (found, reference) in run(&model, &ids).iter().zip(&reference) {
            assert_close(found, reference, 1e-4);
        }
    }
}

#[test]
fn stretched_frequencies() {
    check_scaled("llama3");
    check_scaled("yarn");
}

#[test]
fn a_file_without_tokenizer_is_refused_only_where_one_is_needed() {
    let path = fixture("gguf/qwen2").join("model.gguf");
    let error = Pretrained::<B>::open(&path, &Default::default()).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("tokenizer.ggml."), "{source}");
}
