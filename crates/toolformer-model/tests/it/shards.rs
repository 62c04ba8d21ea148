//! Saving in shards, in other number formats, and over what an older save left.

use std::{collections::BTreeSet, fs, path::Path};

use half::{bf16, f16};
use serde_json::Value;
use toolformer_model::{
    LanguageModel, ModelError, Precision, Pretrained, SafetensorsFolder, SaveFormat, SaveOptions,
    WeightSource, save_pretrained_as,
};

use crate::{
    parity::FIXTURES,
    reference::{B, fixture, open},
};

const SHARD: u64 = 20_000;

fn save(name: &str, folder: &Path, options: &SaveOptions) {
    let (model, config) = open(name);
    save_pretrained_as(folder, &model, &config, None, options).unwrap();
}

fn in_shards(max_shard_bytes: u64) -> SaveOptions {
    SaveOptions { max_shard_bytes, ..SaveOptions::default() }
}

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// The folder holds the fixture's weights, and no file that is not of the last save.
#[track_caller]
fn check(name: &str, folder: &Path, sharded: bool) {
    let original = tempfile::tempdir().unwrap();
    save(name, original.path(), &SaveOptions::default());
    let (saved, original) =
        (SafetensorsFolder::open(folder).unwrap(), SafetensorsFolder::open(original.path()).unwrap());
    assert_eq!(WeightSource::names(&saved), WeightSource::names(&original), "{name}");
    for tensor in WeightSource::names(&original) {
        assert_eq!(
            saved.tensor_f32(&tensor).unwrap(),
            original.tensor_f32(&tensor).unwrap(),
            "{name}, {tensor}"
        );
    }
    let mut expected: BTreeSet<String> =
        ["config.json", "generation_config.json"].map(str::to_owned).into_iter().collect();
    if sharded {
        let index = fs::read_to_string(folder.join("model.safetensors.index.json")).unwrap();
        let index: Value = serde_json::from_str(&index).unwrap();
        let shards = index["weight_map"].as_object().unwrap().values();
        expected.extend(shards.map(|shard| shard.as_str().unwrap().to_owned()));
        assert!(expected.len() > 3, "{name}: one shard");
        expected.insert("model.safetensors.index.json".to_owned());
    } else {
        expected.insert("model.safetensors".to_owned());
    }
    assert_eq!(files(folder), expected, "{name}");
}

#[test]
fn every_family_in_shards() {
    for name in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        save(name, folder.path(), &in_shards(SHARD));
        check(name, folder.path(), true);
        for file in files(folder.path()).iter().filter(|file| file.starts_with("model-")) {
            let path = folder.path().join(file);
            let numbers: usize = {
                let shard = SafetensorsFolder::open_file(&path).unwrap();
                let counts = shard.names().map(|name| shard.shape(name).unwrap().iter().product::<usize>());
                let counts: Vec<usize> = counts.collect();
                if counts.len() == 1 { 0 } else { counts.iter().sum() }
            };
            assert!(numbers as u64 * 4 <= SHARD, "{name}, {file}: {numbers} numbers");
        }
    }
}

#[test]
fn a_shard_of_no_size_holds_one_tensor() {
    let folder = tempfile::tempdir().unwrap();
    save("gpt2", folder.path(), &in_shards(0));
    check("gpt2", folder.path(), true);
}

#[test]
fn an_older_save_is_replaced_whatever_its_shards() {
    let folder = tempfile::tempdir().unwrap();
    // Another model's weights, which must never be mixed in.
    for (name, max, sharded) in [
        ("variant1/llama", SHARD, true),
        ("llama", SHARD, true),
        ("variant1/llama", u64::MAX, false),
        ("llama", SHARD, true),
        ("llama", SHARD / 2, true),
        ("variant1/llama", SHARD, true),
        ("llama", u64::MAX, false),
    ] {
        save(name, folder.path(), &in_shards(max));
        check(name, folder.path(), sharded);
    }
}

/// A save that is killed while shards take their places has already taken the old index away.
#[test]
fn shards_of_two_saves_do_not_load() {
    let folder = tempfile::tempdir().unwrap();
    save("llama", folder.path(), &in_shards(SHARD));
    fs::remove_file(folder.path().join("model.safetensors.index.json")).unwrap();
    let error = Pretrained::<B>::open_model(folder.path(), &Default::default()).unwrap_err();
    assert!(matches!(error, ModelError::NotFound { .. }), "{error}");
}

/// A file of the user's own beside the weights is left alone.
#[test]
fn other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let own =
        ["model-notes.safetensors", "model-1-of-2.safetensors", "adapter_model.safetensors", "README.md"];
    own.iter().for_each(|name| fs::write(folder.path().join(name), "mine").unwrap());
    save("gpt2", folder.path(), &in_shards(SHARD));
    save("gpt2", folder.path(), &SaveOptions::default());
    own.iter().for_each(|name| assert!(folder.path().join(name).exists(), "{name}"));
}

#[track_caller]
fn check_format(format: SaveFormat, dtype: &str, rounded: fn(f32) -> f32) {
    let folder = tempfile::tempdir().unwrap();
    save("llama", folder.path(), &SaveOptions { format, ..in_shards(SHARD) });
    let config = fs::read_to_string(folder.path().join("config.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&config).unwrap()["torch_dtype"], dtype);
    let (saved, original) =
        (SafetensorsFolder::open(folder.path()).unwrap(), SafetensorsFolder::open(fixture("llama")).unwrap());
    for tensor in WeightSource::names(&original) {
        let (shape, values) = original.tensor_f32(&tensor).unwrap();
        let values: Vec<f32> = values.into_iter().map(rounded).collect();
        assert_eq!(saved.tensor_f32(&tensor).unwrap(), (shape, values), "{tensor}");
    }
    let index = fs::read_to_string(folder.path().join("model.safetensors.index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let [bytes, numbers] =
        ["total_size", "total_parameters"].map(|field| index["metadata"][field].as_u64().unwrap());
    assert_eq!(bytes, numbers * if dtype == "float32" { 4 } else { 2 });
}

#[test]
fn number_formats() {
    check_format(SaveFormat::F32, "float32", |x| x);
    check_format(SaveFormat::F16, "float16", |x| f16::from_f32(x).to_f32());
    check_format(SaveFormat::BF16, "bfloat16", |x| bf16::from_f32(x).to_f32());
}

/// A checkpoint whose numbers are all greater.
struct Greater(SafetensorsFolder);

impl WeightSource for Greater {
    fn names(&self) -> Vec<String> {
        WeightSource::names(&self.0)
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        WeightSource::shape(&self.0, name)
    }

    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        let (shape, values) = self.0.tensor_f32(name)?;
        Ok((shape, values.into_iter().map(|x| x * 1e7).collect()))
    }
}

#[test]
fn numbers_that_a_format_cannot_hold_are_an_error() {
    let (_, config) = open("llama");
    let greater = Greater(SafetensorsFolder::open(fixture("llama")).unwrap());
    let model =
        LanguageModel::<B>::from_weights(&config, &greater, Precision::F32, &Default::default()).unwrap();
    for (format, max, fails) in
        [(SaveFormat::F16, SHARD, true), (SaveFormat::F16, u64::MAX, true), (SaveFormat::BF16, SHARD, false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let options = SaveOptions { format, ..in_shards(max) };
        let saved = save_pretrained_as(folder.path(), &model, &config, None, &options);
        assert_eq!(matches!(saved, Err(ModelError::Overflow { .. })), fails, "{saved:?}");
        assert!(!fails || files(folder.path()).is_empty(), "{:?}", files(folder.path()));
    }
}
