//! LoRA updates: no change when fresh, the same when merged, and PEFT's file layout.

use toolformer_model::{LoraConfig, SafetensorsFolder, save_adapter};

use crate::reference::{assert_close, expected, open, run};

fn config() -> LoraConfig {
    LoraConfig { r: 4, lora_alpha: 8.0, ..LoraConfig::default() }
}

#[test]
fn fresh_updates_change_nothing_and_have_names() {
    let (mut model, _) = open("llama");
    let (ids, reference) = expected("llama");
    model.attach_lora(&config(), 1).unwrap();
    assert_close(&run(&model, &ids)[0], &reference[0], 1e-4);
    let tensors = model.lora_tensors();
    assert_eq!(tensors.len(), 2 * 7 * 2);
    assert_eq!(tensors[0].0, "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
    assert_eq!(tensors[0].1, [4, 32]);
}

#[test]
fn saved_loaded_and_merged_updates_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (mut model, _) = open("llama");
    let (ids, reference) = expected("llama");
    model.attach_lora(&config(), 1).unwrap();
    // B is zero in a fresh adapter: give it something to do, by way of its file.
    save_adapter(folder.path(), &model, &config(), "base").unwrap();
    let path = folder.path().join("adapter_model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let filled: Vec<(String, Vec<usize>, Vec<u8>)> = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let count = view.data().len() / 4;
            let values = (0..count).flat_map(|i| (((i * 37 % 11) as f32 - 5.0) / 50.0).to_le_bytes());
            (name, view.shape().to_vec(), values.collect())
        })
        .collect();
    let views: Vec<_> = filled
        .iter()
        .map(|(name, shape, data)| {
            (
                name,
                safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), data).unwrap(),
            )
        })
        .collect();
    safetensors::serialize_to_file(views, None, &path).unwrap();
    let (mut adapted, _) = open("llama");
    adapted.load_lora(&config(), &SafetensorsFolder::open_file(&path).unwrap()).unwrap();
    let apart = run(&adapted, &ids);
    let difference = apart[0].iter().zip(&reference[0]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference > 0.1, "the updates do nothing: {difference}");
    assert!(adapted.has_lora());
    let merged = adapted.merge_lora();
    assert!(!merged.has_lora());
    assert_close(&run(&merged, &ids)[0], &apart[0], 1e-3);
}

#[test]
fn unknown_targets_are_named() {
    let (mut model, _) = open("llama");
    let wrong = LoraConfig { target_modules: vec!["c_attn".into()], ..config() };
    let error = model.attach_lora(&wrong, 0).unwrap_err().to_string();
    assert!(error.contains("c_attn") && error.contains("q_proj"), "{error}");
}
