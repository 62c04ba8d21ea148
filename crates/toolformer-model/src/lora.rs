//! LoRA adapters (Hu et al., 2021) on a model's projections, in PEFT's file layout.

use burn::{
    module::ParamId,
    tensor::{Tensor, TensorData, backend::Backend},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{
    causal_lm::CausalLm,
    config_checks::wrong,
    error::ModelError,
    families::LanguageModel,
    leaf::{NamedTensor, named},
    loader::load,
    named_param::named_param,
    precision::Precision,
    projection::{Layout, LoraPair, Projection, transposed},
    weights::WeightSource,
};

/// The prefix that PEFT puts before every name.
const PEFT: &str = "base_model.model.";

/// PEFT's word for all linear layers between embedding and head.
const ALL_LINEAR: &str = "all-linear";

/// What a LoRA adapter looks like; the field names are PEFT's `adapter_config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraConfig {
    /// Rank of the updates.
    pub r: usize,
    /// The updates are scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Names of the projections that get an update, such as `q_proj` or `c_attn`; `all-linear` stands for all.
    pub target_modules: Vec<String>,
}

impl Default for LoraConfig {
    /// Rank 16, alpha 32, on all linear layers: what the QLoRA paper (Dettmers et al., 2023) found to match full
    /// fine-tuning.
    fn default() -> Self {
        Self { r: 16, lora_alpha: 32.0, target_modules: vec![ALL_LINEAR.to_owned()] }
    }
}

impl LoraConfig {
    /// # Errors
    /// If a value is out of range, or there is no target.
    pub fn validate(&self) -> Result<(), ModelError> {
        if self.r == 0 {
            return Err(wrong("r", "the rank must be at least 1".into()));
        }
        if !(self.lora_alpha.is_finite() && self.lora_alpha > 0.0) {
            return Err(wrong("lora_alpha", format!("must be above 0, is {}", self.lora_alpha)));
        }
        if self.target_modules.is_empty() {
            return Err(wrong("target_modules", "names no projection".into()));
        }
        Ok(())
    }

    /// Whether the projection `name` gets an update: by the end of its name, as PEFT has it.
    fn targets(&self, name: &str) -> bool {
        self.target_modules.iter().any(|target| {
            target == ALL_LINEAR
                || name == target
                || name.strip_suffix(target.as_str()).is_some_and(|rest| rest.ends_with('.'))
        })
    }

    /// The JSON that PEFT reads, for an adapter of `model`.
    pub fn to_peft_json<B: Backend>(&self, model: &LanguageModel<B>, base_model: &str) -> serde_json::Value {
        let projections = model.family().projections();
        let conv1d = projections.iter().any(|projection| projection.layout() == Layout::InOut);
        let names = projections.iter().flat_map(|projection| projection.parts()).map(|part| &part.name);
        let mut targets: Vec<&str> =
            names.filter(|name| self.targets(name)).map(|name| in_block(name)).collect();
        let mut seen = std::collections::HashSet::new();
        targets.retain(|target| seen.insert(*target));
        serde_json::json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base_model,
            "r": self.r,
            "lora_alpha": self.lora_alpha,
            "lora_dropout": 0.0,
            "bias": "none",
            "fan_in_fan_out": conv1d,
            "inference_mode": true,
            "use_rslora": false,
            "target_modules": targets,
        })
    }
}

/// A projection's name within its block: what follows the block's number and the module that it is in, such as
/// `q_proj` of `model.layers.0.self_attn.q_proj`; a name that ends in a number keeps the module before it.
fn in_block(name: &str) -> &str {
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    match (dots.next(), dots.next()) {
        (Some(last), before) if name[last + 1..].parse::<usize>().is_ok() => {
            before.map_or(name, |before| &name[before + 1..])
        }
        (Some(last), _) => &name[last + 1..],
        (None, _) => name,
    }
}

/// A projection that a config asks an update for.
struct Target {
    projection: usize,
    part: usize,
    name: String,
    d_in: usize,
    d_out: usize,
}

impl<B: Backend> LanguageModel<B> {
    /// Adds fresh updates: `A` uniform in `+-1/sqrt(d_in)` from `seed` (PEFT's default), `B` zero, so that the
    /// model's outputs do not change.
    ///
    /// # Errors
    /// If the config is not valid.
    pub fn attach_lora(&mut self, config: &LoraConfig, seed: u64) -> Result<(), ModelError> {
        let device = self.device();
        let dtype = self.float().float().into();
        let fresh = |Target { name, d_in, d_out, .. }: &Target| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ crate::named_param::param_id(name).val());
            let bound = 1.0 / (*d_in as f32).sqrt();
            let a: Vec<f32> = (0..d_in * config.r).map(|_| rng.random_range(-bound..bound)).collect();
            let a = TensorData::new(a, [*d_in, config.r]).convert_dtype(dtype);
            (Tensor::from_data(a, (&device, dtype)), Tensor::zeros([config.r, *d_out], (&device, dtype)))
        };
        let targets = self.lora_targets(config)?;
        let matrices = targets.iter().map(fresh).collect();
        self.attach(config, targets, matrices);
        Ok(())
    }

    /// Adds the updates of an adapter in PEFT's layout.
    ///
    /// # Errors
    /// If the config is not valid or the tensors are not the ones that it asks for.
    pub fn load_lora(&mut self, config: &LoraConfig, source: &dyn WeightSource) -> Result<(), ModelError> {
        let targets = self.lora_targets(config)?;
        let matrices = load(source, self.float(), &self.device(), "", |loader| {
            let matrices = targets.iter().map(|Target { name, d_in, d_out, .. }| {
                let a = loader.raw_matrix(&format!("{PEFT}{name}.lora_A.weight"), [config.r, *d_in])?;
                let b = loader.raw_matrix(&format!("{PEFT}{name}.lora_B.weight"), [*d_out, config.r])?;
                Ok((transposed(a), transposed(b)))
            });
            matrices.collect()
        })?;
        self.attach(config, targets, matrices);
        Ok(())
    }

    /// The updates under PEFT's names and in its layout (`A` as `[rank, d_in]`, `B` as `[d_out, rank]`).
    pub fn lora_tensors(&self) -> Vec<NamedTensor<B>> {
        let mut tensors = Vec::new();
        for projection in self.family().projections() {
            for pair in projection.lora() {
                let name = format!("{PEFT}{}", projection.parts()[pair.part].name);
                for (which, tensor) in [("lora_A", pair.a.val()), ("lora_B", pair.b.val())] {
                    tensors.push(named(format!("{name}.{which}.weight"), tensor.transpose()));
                }
            }
        }
        tensors
    }

    /// What its linear layers take and give.
    fn float(&self) -> Precision {
        self.family().projections().first().map_or(Precision::F32, |projection| projection.float())
    }

    /// Folds the updates into the weights, which are then not quantised any more: the same outputs, and nothing left to
    /// pay for at inference.
    #[must_use]
    pub fn merge_lora(mut self) -> Self {
        self.family_mut().projections_mut().into_iter().for_each(Projection::merge_lora);
        self
    }

    /// Whether any projection has an update.
    pub fn has_lora(&self) -> bool {
        self.family().projections().iter().any(|projection| !projection.lora().is_empty())
    }

    /// Ids of the updates' parameters.
    pub fn lora_param_ids(&self) -> Vec<ParamId> {
        let projections = self.family().projections().into_iter();
        projections.flat_map(Projection::lora).flat_map(|pair| [pair.a.id, pair.b.id]).collect()
    }

    /// Drops the updates.
    #[must_use]
    pub fn without_lora(mut self) -> Self {
        self.family_mut().projections_mut().into_iter().for_each(Projection::drop_lora);
        self
    }

    fn attach(
        &mut self,
        config: &LoraConfig,
        targets: Vec<Target>,
        matrices: Vec<(Tensor<B, 2>, Tensor<B, 2>)>,
    ) {
        let mut projections = self.family_mut().projections_mut();
        for (target, (a, b)) in targets.into_iter().zip(matrices) {
            projections[target.projection].push_lora(LoraPair {
                a: named_param(&format!("{}.lora_A.weight", target.name), a),
                b: named_param(&format!("{}.lora_B.weight", target.name), b),
                part: target.part,
                scale: config.lora_alpha / config.r as f64,
            });
        }
    }

    fn lora_targets(&self, config: &LoraConfig) -> Result<Vec<Target>, ModelError> {
        config.validate()?;
        let mut targets = Vec::new();
        let mut names = Vec::new();
        for (i, projection) in self.family().projections().into_iter().enumerate() {
            for (part, described) in projection.parts().iter().enumerate() {
                names.push(described.name.clone());
                if config.targets(&described.name) {
                    let (d_in, d_out, name) = (projection.d_in(), described.d_out, described.name.clone());
                    targets.push(Target { projection: i, part, name, d_in, d_out });
                }
            }
        }
        let only = |target: &String| LoraConfig { target_modules: vec![target.clone()], ..config.clone() };
        let unknown =
            config.target_modules.iter().find(|target| !names.iter().any(|name| only(target).targets(name)));
        if let Some(unknown) = unknown {
            let mut known: Vec<&str> = names.iter().map(|name| in_block(name)).collect();
            known.sort_unstable();
            known.dedup();
            let why = format!("no projection is named `{unknown}`; there are {}", known.join(", "));
            return Err(wrong("target_modules", why));
        }
        Ok(targets)
    }
}
