//! What is saved loads in transformers and PEFT with equal logits. Runs where `TOOLFORMER_PYTHON` names a Python that has
//! them, and says so where it does not.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use toolformer_model::{
    GenerationConfig, LlamaConfig, ModelConfig, Pretrained, SaveFormat, SaveOptions, SequenceClassifier,
    TokenBatch, save_adapter, save_classifier, save_classifier_adapter, save_pretrained, save_pretrained_as,
};

use crate::{
    classifier, lora, parity, peft,
    reference::{B, expected, fixture, open, run},
};

/// A Python with transformers, if there is one.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("TOOLFORMER_PYTHON").map(PathBuf::from);
    if python.is_none() {
        // Not by eprintln!, which the test harness keeps to itself.
        let notice = b"\nSKIPPED: TOOLFORMER_PYTHON names no Python with transformers and peft\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), notice);
    }
    python
}

/// Writes what the folder's model gives for `ids`.
fn write_expected(folder: &Path, ids: &[Vec<u32>], logits: Vec<f32>) {
    let n = ids.len();
    let width = logits.len() / n;
    let id_bytes: Vec<u8> = ids.iter().flatten().flat_map(|&id| i64::from(id).to_le_bytes()).collect();
    let logit_bytes: Vec<u8> = logits.into_iter().flat_map(f32::to_le_bytes).collect();
    let view = |dtype, shape, data| safetensors::tensor::TensorView::new(dtype, shape, data).unwrap();
    let tensors = [
        ("ids", view(safetensors::Dtype::I64, vec![n, ids[0].len()], &id_bytes)),
        ("logits", view(safetensors::Dtype::F32, vec![n, width], &logit_bytes)),
    ];
    safetensors::serialize_to_file(tensors, None, &folder.join("expected.safetensors")).unwrap();
}

/// Runs the comparison and returns its table.
#[track_caller]
fn check(python: &Path, folders: &[PathBuf]) -> String {
    let script = fixture("check_saved.py");
    let output = Command::new(python).arg(script).args(folders).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(out.lines().count(), folders.len(), "{out}\n{err}");
    out
}

/// The families that transformers has.
fn known() -> impl Iterator<Item = &'static str> {
    parity::FIXTURES.into_iter().filter(|name| !name.contains("palm"))
}

#[test]
fn saved_models_load_in_transformers() {
    let Some(python) = python() else { return };
    let root = tempfile::tempdir().unwrap();
    let mut folders = Vec::new();
    for name in known() {
        let folder = root.path().join(name.replace('/', "_"));
        let (model, config) = open(name);
        save_pretrained(&folder, &model, &config, None).unwrap();
        let (ids, _) = expected(name);
        write_expected(&folder, &ids, run(&model, &ids).concat());
        folders.push(folder);
    }
    // Divisors of the frequencies are saved as a `longrope`.
    let folder = root.path().join("divisors");
    let (model, config) =
        Pretrained::<B>::open_model(&fixture("gguf/llama3.gguf"), &Default::default()).unwrap();
    save_pretrained(&folder, &model, &config, None).unwrap();
    let (ids, _) = expected("switches/llama3");
    write_expected(&folder, &ids, run(&model, &ids).concat());
    folders.push(folder);
    // No token ends a text of this one.
    let folder = root.path().join("endless");
    let (model, config) = open("qwen2");
    let ModelConfig::Llama(config) = config else { panic!("{config:?}") };
    let config = ModelConfig::Llama(LlamaConfig { eos: Vec::new(), ..config });
    let generation = GenerationConfig::from_json(r#"{"eos_token_id": []}"#).unwrap();
    let options = SaveOptions { generation, ..SaveOptions::default() };
    save_pretrained_as(&folder, &model, &config, None, &options).unwrap();
    let (ids, _) = expected("qwen2");
    write_expected(&folder, &ids, run(&model, &ids).concat());
    folders.push(folder);
    for (name, _) in classifier::FIXTURES {
        let folder = root.path().join(name.replace('/', "_"));
        let (model, config) = SequenceClassifier::<B>::open(&fixture(name), &Default::default()).unwrap();
        save_classifier(&folder, &model, &config, None, &SaveOptions::default()).unwrap();
        let (ids, _) = expected(name);
        let scores = model.scores(&TokenBatch::new(&ids)).into_data().into_vec().unwrap();
        write_expected(&folder, &ids, scores);
        folders.push(folder);
    }
    // A fresh head on a language model, whose own head is gone.
    for name in ["llama", "gpt2", "qwen2"] {
        let folder = root.path().join(format!("{name}_reward"));
        let (model, config) = open(name);
        let (ids, _) = expected(name);
        // An id that is in none of the texts pads them.
        let pad = (0..).find(|id| ids.iter().flatten().all(|other| other != id)).unwrap();
        let labels = vec!["score".to_owned()];
        let (model, config) = SequenceClassifier::<B>::on(model, &config, labels, Some(pad), 0).unwrap();
        save_classifier(&folder, &model, &config, None, &SaveOptions::default()).unwrap();
        let scores = model.scores(&TokenBatch::new(&ids)).into_data().into_vec().unwrap();
        write_expected(&folder, &ids, scores);
        folders.push(folder);
    }
    println!("{}", check(&python, &folders));
}

#[test]
fn shards_and_other_number_formats_load_in_transformers() {
    let Some(python) = python() else { return };
    let root = tempfile::tempdir().unwrap();
    let mut folders = Vec::new();
    for name in known().filter(|name| !name.contains('/')) {
        for format in [SaveFormat::F32, SaveFormat::F16, SaveFormat::BF16] {
            let folder = root.path().join(format!("{name}_{format:?}"));
            let (model, config) = open(name);
            let options = SaveOptions { format, max_shard_bytes: 20_000, ..SaveOptions::default() };
            save_pretrained_as(&folder, &model, &config, None, &options).unwrap();
            // The numbers are rounded: what counts is that both read the same from the file.
            let (rounded, _) = Pretrained::<B>::open_model(&folder, &Default::default()).unwrap();
            let (ids, _) = expected(name);
            write_expected(&folder, &ids, run(&rounded, &ids).concat());
            folders.push(folder);
        }
    }
    println!("{}", check(&python, &folders));
}

#[test]
fn adapters_load_in_peft() {
    let Some(python) = python() else { return };
    let root = tempfile::tempdir().unwrap();
    let mut folders = Vec::new();
    for name in known().filter(|name| !name.contains('/')) {
        let folder = root.path().join(name);
        let (model, config) = open(name);
        save_pretrained(&folder, &model, &config, None).unwrap();
        let adapted = lora::adapted(name, &folder.join("adapter"));
        let (ids, _) = expected(name);
        write_expected(&folder, &ids, run(&adapted, &ids).concat());
        folders.push(folder);
    }
    for (adapter, base) in peft::FIXTURES {
        let folder = root.path().join(adapter.replace('/', "_"));
        let (model, config) = open(base);
        save_pretrained(&folder, &model, &config, None).unwrap();
        let (adapted, config) = peft::adapted(adapter, base);
        save_adapter(&folder.join("adapter"), &adapted, &config, base).unwrap();
        let (ids, _) = expected(base);
        write_expected(&folder, &ids, run(&adapted, &ids).concat());
        folders.push(folder);
    }
    let (_, base) = peft::CLASSIFIER;
    let folder = root.path().join("peft_classifier");
    let (model, config) = SequenceClassifier::<B>::open(&fixture(base), &Default::default()).unwrap();
    save_classifier(&folder, &model, &config, None, &SaveOptions::default()).unwrap();
    let (adapted, config) = peft::adapted_classifier();
    save_classifier_adapter(&folder.join("adapter"), &adapted, &config, base).unwrap();
    let (ids, _) = expected(base);
    write_expected(&folder, &ids, adapted.scores(&TokenBatch::new(&ids)).into_data().into_vec().unwrap());
    folders.push(folder);
    println!("{}", check(&python, &folders));
}
