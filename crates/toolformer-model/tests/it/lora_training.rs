//! LoRA that learns: on bases of any precision, on top of an adapter that there is, with dropout.

use std::collections::{HashMap, HashSet};

use burn::{
    backend::{Autodiff, autodiff::checkpoint::strategy::BalancedCheckpointing},
    module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{
        DType, Tensor,
        backend::{AutodiffBackend, Backend},
    },
};
use toolformer_model::{
    CausalLm, KvCache, LanguageModel, LoraConfig, ModelConfig, Precision, Pretrained, TargetModules,
    TokenBatch, load_adapter, save_pretrained,
};

use crate::{
    lora,
    memory::peak_of,
    peft::adapted,
    reference::{B, assert_close, difference, expected, fixture, open, run},
};

type Ad = Autodiff<B>;

/// Lets these learn and no others.
struct Learn(HashSet<ParamId>);

impl<A: AutodiffBackend> ModuleMapper<A> for Learn {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        let learns = self.0.contains(&param.id);
        param.set_require_grad(learns)
    }
}

/// The gradients that there are.
struct Gradients<'a, A: AutodiffBackend> {
    of: &'a A::Gradients,
    found: HashMap<ParamId, Vec<f32>>,
}

impl<A: AutodiffBackend> ModuleVisitor<A> for Gradients<'_, A> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
        if matches!(param.val().dtype(), DType::QFloat(_)) {
            return;
        }
        if let Some(grad) = param.val().grad(self.of) {
            self.found.insert(param.id, grad.into_data().iter::<f32>().collect());
        }
    }
}

fn learner<A: AutodiffBackend<InnerBackend = B>>(
    model: LanguageModel<B>,
    ids: Vec<ParamId>,
) -> LanguageModel<A> {
    model.train::<A>().map(&mut Learn(ids.into_iter().collect()))
}

/// Logits of texts that are equally long, `[batch * seq, vocab]`.
fn logits<A: Backend>(model: &LanguageModel<A>, rows: &[&[u32]]) -> Tensor<A, 2> {
    let tokens = TokenBatch::new(rows);
    let mut cache = KvCache::new(model.cache_shape(), rows.len(), tokens.seq(), &model.device());
    let hidden = model.forward(&tokens, &mut cache);
    let [batch, seq, d_model] = hidden.dims();
    model.logits(hidden.reshape([batch * seq, d_model])) // [batch * seq, vocab]
}

const ROWS: [&[u32]; 2] = [&[5, 9, 30, 7, 2, 11, 4], &[3, 8, 30, 1, 60, 2, 9]];

/// Gradients of the mean square of all logits.
fn gradients<A: AutodiffBackend>(model: &LanguageModel<A>) -> HashMap<ParamId, Vec<f32>> {
    gradients_on(model, &ROWS)
}

fn gradients_on<A: AutodiffBackend>(model: &LanguageModel<A>, rows: &[&[u32]]) -> HashMap<ParamId, Vec<f32>> {
    let grads = logits(model, rows).powi_scalar(2).mean().backward();
    let mut gradients = Gradients::<A> { of: &grads, found: HashMap::new() };
    model.visit(&mut gradients);
    gradients.found
}

fn in_precision(name: &str, precision: Precision) -> LanguageModel<B> {
    Pretrained::open_model_in(&fixture(name), precision, &Default::default()).unwrap().0
}

/// On a quantised base, gradients are those on the same weights as floats.
#[track_caller]
fn check_quantised<A: AutodiffBackend<InnerBackend = B>>(name: &str, precision: Precision) {
    let folder = tempfile::tempdir().unwrap();
    lora::adapted(name, &folder.path().join("adapter"));
    let mut model = in_precision(name, precision);
    save_pretrained(&folder.path().join("floats"), &model, &open(name).1, None).unwrap();
    let (mut floats, _) = Pretrained::open_model(&folder.path().join("floats"), &Default::default()).unwrap();
    for model in [&mut model, &mut floats] {
        load_adapter(model, &folder.path().join("adapter")).unwrap();
    }
    assert!(model.is_quantised() && !floats.is_quantised());
    let ids = model.lora_param_ids();
    assert_eq!(ids, floats.lora_param_ids());
    let [found, expected] = [model, floats].map(|model| gradients(&learner::<A>(model, ids.clone())));
    assert_eq!(found.len(), ids.len());
    for id in &ids {
        let scale = difference(&expected[id], &vec![0.0; expected[id].len()]);
        assert!(scale > 0.0, "{name}: no gradient");
        assert_close(&found[id], &expected[id], 1e-5 * scale.max(1.0));
    }
}

#[test]
fn a_quantised_base_gives_the_gradients_of_its_floats() {
    check_quantised::<Ad>("llama", Precision::Int8);
    check_quantised::<Ad>("gpt2", Precision::Int8);
    check_quantised::<Ad>("gpt2", Precision::Int4);
    check_quantised::<Autodiff<B, BalancedCheckpointing>>("gpt2", Precision::Int8);
}

/// What a pass and its gradients allocate, and what the weights of the linear layers are as floats.
fn allocated(precision: Precision) -> (usize, usize) {
    let text = std::fs::read_to_string(fixture("llama/config.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (field, size) in [
        ("hidden_size", 128),
        ("head_dim", 32),
        ("num_key_value_heads", 4),
        ("intermediate_size", 256),
        ("num_hidden_layers", 6),
    ] {
        json[field] = size.into();
    }
    let config = ModelConfig::from_hf_json(&json.to_string()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let model = LanguageModel::<B>::init(&config, 1, &Default::default()).unwrap();
    save_pretrained(folder.path(), &model, &config, None).unwrap();
    let (mut model, _) =
        Pretrained::<B>::open_model_in(folder.path(), precision, &Default::default()).unwrap();
    model.attach_lora(&LoraConfig { r: 1, ..LoraConfig::default() }, 1).unwrap();
    let ids = model.lora_param_ids();
    let learner = learner::<Ad>(model, ids.clone());
    let mut found = 0;
    // The first product of a thread makes room for all that come.
    gradients_on(&learner, &[&[5, 9]]);
    let peak = peak_of(|| found = gradients_on(&learner, &[&[5, 9]]).len());
    assert_eq!(found, ids.len());
    (peak, 6 * (4 * 128 * 128 + 3 * 128 * 256) * size_of::<f32>())
}

#[test]
fn a_quantised_base_is_not_kept_as_floats() {
    let (peak, floats) = allocated(Precision::Int8);
    println!("{peak} bytes, {floats} bytes of weights as floats");
    assert!(peak < floats / 3, "{peak} bytes, {floats} bytes of weights as floats");
}

/// In half precision they point the same way as in single precision.
#[track_caller]
fn check_half(name: &str, precision: Precision) {
    let folder = tempfile::tempdir().unwrap();
    lora::adapted(name, folder.path());
    let [found, expected] = [precision, Precision::F32].map(|precision| {
        let mut model = in_precision(name, precision);
        load_adapter(&mut model, folder.path()).unwrap();
        // What learns is in single precision.
        assert!(model.lora_tensors().iter().all(|(.., tensor)| tensor.dtype() == DType::F32));
        let ids = model.lora_param_ids();
        let grads = gradients(&learner::<Ad>(model, ids.clone()));
        ids.iter().flat_map(|id| grads[id].clone()).collect::<Vec<f32>>()
    });
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let cosine = dot(&found, &expected) / (dot(&found, &found) * dot(&expected, &expected)).sqrt();
    assert!(cosine > 0.99, "{name} in {precision}: {cosine}");
}

#[test]
fn half_precision_bases_learn() {
    check_half("llama", Precision::Bf16);
    check_half("llama", Precision::F16);
    check_half("gpt2", Precision::Bf16);
}

#[test]
fn training_goes_on_from_an_adapter() {
    let (model, config) = adapted("peft/saved", "llama");
    let ids: HashSet<ParamId> = model.adapter_param_ids(&config).unwrap().into_iter().collect();
    let (mut fresh, _) = open("llama");
    fresh.attach_lora(&config, 3).unwrap();
    assert_eq!(fresh.adapter_param_ids(&config).unwrap().into_iter().collect::<HashSet<_>>(), ids);
    // Two matrices for each of two layers, five norms, embedding and head.
    assert_eq!(ids.len(), 2 * 2 + 5 + 2);
    let learner = learner::<Ad>(model.clone(), ids.iter().copied().collect());
    let found = gradients(&learner);
    assert_eq!(found.keys().copied().collect::<HashSet<_>>(), ids);
    let (rows, _) = expected("peft/saved");
    assert_eq!(run(&learner.valid(), &rows), run(&model, &rows));
}

fn with_dropout(rate: f64) -> (LanguageModel<Ad>, Vec<ParamId>) {
    let folder = tempfile::tempdir().unwrap();
    lora::adapted("llama", folder.path());
    let path = folder.path().join("adapter_config.json");
    let mut json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    json["lora_dropout"] = rate.into();
    std::fs::write(&path, json.to_string()).unwrap();
    let (mut model, _) = open("llama");
    assert_eq!(load_adapter(&mut model, folder.path()).unwrap().lora_dropout, rate);
    let ids = model.lora_param_ids();
    (learner(model, ids.clone()), ids)
}

fn values(model: &LanguageModel<Ad>) -> Vec<f32> {
    logits(model, &ROWS).into_data().into_vec().unwrap()
}

#[test]
fn dropout_comes_from_seed_and_step_and_ends_with_training() {
    let (model, ids) = with_dropout(0.3);
    let plain = values(&model);
    let dropped = |seed, step| values(&model.clone().with_lora_dropout(seed, step));
    assert_eq!(dropped(1, 2), dropped(1, 2));
    assert!(difference(&dropped(1, 2), &plain) > 0.01);
    assert!(difference(&dropped(1, 2), &dropped(1, 3)) > 0.01);
    assert!(difference(&dropped(1, 2), &dropped(2, 2)) > 0.01);
    let learner = model.clone().with_lora_dropout(1, 2);
    assert_eq!(gradients(&learner).len(), ids.len());
    let (rows, _) = expected("llama");
    assert_eq!(run(&learner.valid(), &rows), run(&model.valid(), &rows));
    // A pass that is computed again without autodiff drops the same, where it is asked to.
    let again =
        logits(&learner.valid().with_lora_dropout(1, 2), &ROWS).into_data().into_vec::<f32>().unwrap();
    assert_close(&again, &dropped(1, 2), 1e-4);
    // Nor does it come back by itself.
    assert_eq!(values(&learner.valid().train::<Ad>()), plain);
    let (never, _) = with_dropout(0.0);
    assert_eq!(values(&never.clone().with_lora_dropout(1, 2)), values(&never));
}

/// An update is linear in its input, so with enough draws the mean is what it is without.
#[test]
fn dropout_keeps_the_mean() {
    let (mut model, _) = open("llama");
    let last = TargetModules::Pattern(r"model\.layers\.1\.mlp\.down_proj".into());
    let config = LoraConfig { r: 2, lora_dropout: 0.5, target_modules: last, ..LoraConfig::default() };
    model.attach_lora(&config, 0).unwrap();
    let learner = learner::<Ad>(model.clone(), model.lora_param_ids());
    let [_, b] = model.lora_param_ids()[..] else { panic!() };
    let plain = gradients(&learner)[&b].clone();
    // `B` is zero: its gradient is linear in the input, and the logits do not depend on it.
    let mut mean = vec![0.0; plain.len()];
    let draws = 400;
    for step in 0..draws {
        let drawn = gradients(&learner.clone().with_lora_dropout(7, step));
        mean.iter_mut().zip(&drawn[&b]).for_each(|(mean, value)| *mean += value / draws as f32);
    }
    let scale = difference(&plain, &vec![0.0; plain.len()]);
    assert_close(&mean, &plain, 0.15 * scale);
}
