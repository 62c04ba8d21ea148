//! LoRA updates: no change when fresh, the same when merged, and PEFT's file layout, for every family.

use std::path::Path;

use toolformer_model::{
    LanguageModel, LoraConfig, Precision, Pretrained, SafetensorsFolder, TargetModules, WeightSource,
    load_adapter, save_adapter,
};

use crate::{
    parity::FIXTURES,
    reference::{B, assert_close, difference, expected, fixture, open, run},
};

fn config() -> LoraConfig {
    LoraConfig { r: 4, lora_alpha: 8.0, ..LoraConfig::default() }
}

/// Replaces the numbers of an adapter's file: `B` is zero in a fresh one, and does nothing.
pub(crate) fn fill(path: &Path) {
    let file = SafetensorsFolder::open_file(path).unwrap();
    let filled: Vec<(String, Vec<usize>, Vec<u8>)> = WeightSource::names(&file)
        .into_iter()
        .map(|name| {
            let shape = file.shape(&name).unwrap().to_vec();
            let count = shape.iter().product::<usize>();
            let values = (0..count).flat_map(|i| (((i * 37 % 11) as f32 - 5.0) / 50.0).to_le_bytes());
            (name, shape, values.collect())
        })
        .collect();
    drop(file);
    let views: Vec<_> = filled
        .iter()
        .map(|(name, shape, data)| {
            let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), data);
            (name, view.unwrap())
        })
        .collect();
    safetensors::serialize_to_file(views, None, path).unwrap();
}

/// A fixture's model with updates that do something, by way of the adapter's folder.
pub(crate) fn adapted(name: &str, folder: &Path) -> LanguageModel<B> {
    let (mut model, _) = open(name);
    model.attach_lora(&config(), 1).unwrap();
    save_adapter(folder, &model, &config(), "base").unwrap();
    fill(&folder.join("adapter_model.safetensors"));
    let (mut model, _) = open(name);
    load_adapter(&mut model, folder).unwrap();
    model
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

#[track_caller]
fn check(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (ids, reference) = expected(name);
    let model = adapted(name, folder.path());
    assert!(model.has_lora());
    assert_eq!(model.lora_param_ids().len(), model.lora_tensors().len());
    let apart = run(&model, &ids);
    let change = difference(&apart[0], &reference[0]);
    assert!(change > 0.05, "{name}: the updates do nothing: {change}");
    let merged = model.clone().merge_lora();
    assert!(!merged.has_lora());
    assert_close(&run(&merged, &ids)[0], &apart[0], 1e-3);
    assert_close(&run(&model.without_lora(), &ids)[0], &reference[0], 1e-4);
}

#[test]
fn saved_loaded_and_merged_updates_are_the_same() {
    FIXTURES[..8].iter().for_each(|name| check(name));
}

/// What PEFT would be told to update, and how many tensors that makes.
#[track_caller]
fn check_targets(name: &str, targets: &[&str], fan_in_fan_out: bool) {
    let (mut model, _) = open(name);
    let json = model.peft_json(&config(), "base");
    assert_eq!(json["target_modules"], serde_json::json!(targets), "{name}");
    assert_eq!(json["fan_in_fan_out"], fan_in_fan_out, "{name}");
    let first = LoraConfig { target_modules: TargetModules::names(&targets[..1]), ..config() };
    model.attach_lora(&first, 0).unwrap();
    let tensors = model.lora_tensors();
    let is_first = |name: &str| name.contains(&format!(".{}.lora_", targets[0]));
    assert!(!tensors.is_empty() && tensors.iter().all(|(name, ..)| is_first(name)), "{name}");
    model = model.without_lora();
    let wrong = LoraConfig { target_modules: TargetModules::names(&["none_such"]), ..config() };
    let error = model.attach_lora(&wrong, 0).unwrap_err().to_string();
    assert!(targets.iter().all(|target| error.contains(target)), "{error}");
}

#[test]
fn every_family_has_its_own_names() {
    let llama = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
    let palm = |ff_out| ["fused_attn_ff_proj", "attn_out", ff_out];
    check_targets("llama", &llama, false);
    check_targets("qwen2", &llama, false);
    check_targets("gemma3", &llama, false);
    check_targets("gpt2", &["c_attn", "c_proj", "c_fc"], true);
    check_targets("gptj", &["q_proj", "k_proj", "v_proj", "out_proj", "fc_in", "fc_out"], false);
    check_targets("gpt_neox", &["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"], false);
    check_targets("palm", &palm("ff_out.1"), false);
    check_targets("palm_rlhf", &palm("ff_out.2"), false);
}

#[test]
fn unknown_targets_are_named() {
    let (mut model, _) = open("llama");
    let wrong = LoraConfig { target_modules: TargetModules::names(&["c_attn"]), ..config() };
    let error = model.attach_lora(&wrong, 0).unwrap_err().to_string();
    assert!(error.contains("c_attn") && error.contains("q_proj"), "{error}");
}

#[test]
fn one_adapter_at_a_time() {
    let (mut model, _) = open("llama");
    model.attach_lora(&config(), 1).unwrap();
    let error = model.attach_lora(&config(), 2).unwrap_err().to_string();
    assert!(error.contains("has updates already"), "{error}");
}

/// Folded in, taken out, and in again.
#[track_caller]
fn check_unmerged(precision: Precision, tolerance: f32) {
    let folder = tempfile::tempdir().unwrap();
    adapted("gpt2", folder.path());
    let open = || Pretrained::open_model_in(&fixture("gpt2"), precision, &Default::default()).unwrap();
    let (mut model, _): (LanguageModel<B>, _) = open();
    let (ids, _) = expected("gpt2");
    let plain = run(&model, &ids).concat();
    load_adapter(&mut model, folder.path()).unwrap();
    let apart = run(&model, &ids).concat();
    let weights = |model: &LanguageModel<B>| -> Vec<f32> {
        model
            .tensors()
            .flat_map(|(.., tensor)| tensor.into_data().iter::<f32>().collect::<Vec<_>>())
            .collect()
    };
    let before = weights(&model);
    model.merge_lora_in_place().unwrap();
    assert!(difference(&weights(&model), &before) > 0.01);
    assert_close(&run(&model, &ids).concat(), &apart, tolerance);
    // A second time changes nothing.
    model.merge_lora_in_place().unwrap();
    assert_close(&run(&model, &ids).concat(), &apart, tolerance);
    model.unmerge_lora();
    assert!(model.has_lora());
    assert_close(&run(&model, &ids).concat(), &apart, tolerance);
    assert_close(&weights(&model), &before, tolerance);
    model.merge_lora_in_place().unwrap();
    assert_close(&run(&model.without_lora(), &ids).concat(), &plain, tolerance);
}

#[test]
fn what_is_folded_in_can_be_taken_out() {
    check_unmerged(Precision::F32, 1e-3);
    check_unmerged(Precision::F16, 0.1);
    let (mut model, _): (LanguageModel<B>, _) =
        Pretrained::open_model_in(&fixture("gpt2"), Precision::Int8, &Default::default()).unwrap();
    model.attach_lora(&config(), 1).unwrap();
    assert!(model.merge_lora_in_place().unwrap_err().to_string().contains("quantised"));
}
