//! What is saved loads again, bit by bit.

use std::path::Path;

use toolformer_model::{Pretrained, SafetensorsFolder, WeightSource, save_pretrained};

use crate::{
    parity::FIXTURES,
    reference::{B, fixture, open, run, tensor_names},
};

/// Saves a fixture and opens it again.
#[track_caller]
fn check(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (model, config) = open(name);
    save_pretrained(folder.path(), &model, &config, None).unwrap();
    let (_, again) = Pretrained::<B>::open_model(folder.path(), &Default::default()).unwrap();
    assert_eq!(config, again, "{name}");
    let saved = SafetensorsFolder::open(folder.path()).unwrap();
    let original = SafetensorsFolder::open(fixture(name)).unwrap();
    for tensor in tensor_names(name) {
        // The fixtures of half precision hold computed constants rounded to it.
        if tensor.ends_with("rotary_emb.scale") {
            continue;
        }
        assert_eq!(
            saved.tensor_f32(&tensor).unwrap(),
            original.tensor_f32(&tensor).unwrap(),
            "{name}, {tensor}"
        );
    }
    let more = WeightSource::names(&saved).into_iter().filter(|tensor| original.shape(tensor).is_none());
    let more: Vec<String> = more.filter(|tensor| !tensor.ends_with("rotary_emb.inv_freq")).collect();
    assert!(more.is_empty(), "{name}: {more:?}");
    assert_no_partial_files(folder.path());
}

fn assert_no_partial_files(folder: &Path) {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().contains("partial")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn every_family_is_saved_bit_by_bit() {
    FIXTURES.iter().filter(|name| !name.ends_with("multimodal")).for_each(|name| check(name));
}

#[test]
fn the_text_model_of_a_multimodal_one_is_saved_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (model, config) = open("switches/gemma3_multimodal");
    save_pretrained(folder.path(), &model, &config, None).unwrap();
    let names = WeightSource::names(&SafetensorsFolder::open(folder.path()).unwrap());
    assert!(
        names.iter().all(|name| name.starts_with("model.layers.") || !name.contains("tower")),
        "{names:?}"
    );
    let (again, read) = Pretrained::<B>::open_model(folder.path(), &Default::default()).unwrap();
    assert_eq!(read, config);
    let ids = [vec![5, 9, 30, 7]];
    assert_eq!(run(&again, &ids), run(&model, &ids));
}
