//! LoRA adapters (Hu et al., 2021) on a Llama's projections, in PEFT's file layout.

use burn::{
    module::ParamId,
    tensor::{Tensor, TensorData, backend::Backend},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{
    error::ModelError,
    llama::{Llama, PROJECTIONS},
    named_param::named_param,
    projection::{LoraPair, Projection, transposed},
    tensor_reader::TensorReader,
    weights::WeightSource,
};

/// The prefix that PEFT puts before every name.
const PEFT: &str = "base_model.model.";

/// What a LoRA adapter looks like; the field names are PEFT's `adapter_config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraConfig {
    /// Rank of the updates.
    pub r: usize,
    /// The updates are scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Names of the projections that get an update.
    pub target_modules: Vec<String>,
}

impl Default for LoraConfig {
    /// Rank 16, alpha 32, on all linear layers: what the QLoRA paper (Dettmers et al., 2023) found to match full
    /// fine-tuning.
    fn default() -> Self {
        let all = PROJECTIONS.iter().flat_map(|(_, parts)| parts.iter());
        let short = all.map(|part| part.rsplit('.').next().unwrap_or(part).to_owned());
        Self { r: 16, lora_alpha: 32.0, target_modules: short.collect() }
    }
}

impl LoraConfig {
    /// # Errors
    /// If a value is out of range or a target names no projection.
    pub fn validate(&self) -> Result<(), ModelError> {
        let wrong = |field: &'static str, why: String| {
            Err(ModelError::Config { path: None, field: field.into(), why })
        };
        if self.r == 0 {
            return wrong("r", "the rank must be at least 1".into());
        }
        if !(self.lora_alpha.is_finite() && self.lora_alpha > 0.0) {
            return wrong("lora_alpha", format!("must be above 0, is {}", self.lora_alpha));
        }
        let known = Self::default().target_modules;
        match self.target_modules.iter().find(|target| !known.contains(target)) {
            Some(unknown) => wrong(
                "target_modules",
                format!("no projection is named `{unknown}`; there are {}", known.join(", ")),
            ),
            None if self.target_modules.is_empty() => wrong("target_modules", "names no projection".into()),
            None => Ok(()),
        }
    }

    /// The JSON that PEFT reads.
    pub fn to_peft_json(&self, base_model: &str) -> serde_json::Value {
        serde_json::json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base_model,
            "r": self.r,
            "lora_alpha": self.lora_alpha,
            "lora_dropout": 0.0,
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "use_rslora": false,
            "target_modules": self.target_modules,
        })
    }
}

/// A projection that a config asks an update for.
struct Target {
    block: usize,
    projection: usize,
    part: usize,
    name: String,
}

impl<B: Backend> Llama<B> {
    /// Adds fresh updates: `A` uniform in `+-1/sqrt(d_in)` from `seed` (PEFT's default), `B` zero, so that the
    /// model's outputs do not change.
    ///
    /// # Errors
    /// If the config is not valid.
    pub fn attach_lora(&mut self, config: &LoraConfig, seed: u64) -> Result<(), ModelError> {
        let device = self.device_of_weights();
        self.attach(config, |name, [d_in, d_out]| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ crate::named_param::param_id(name).val());
            let bound = 1.0 / (d_in as f32).sqrt();
            let a: Vec<f32> = (0..d_in * config.r).map(|_| rng.random_range(-bound..bound)).collect();
            let a = Tensor::from_data(TensorData::new(a, [d_in, config.r]), &device);
            Ok((a, Tensor::zeros([config.r, d_out], &device)))
        })
    }

    /// Adds the updates of an adapter in PEFT's layout.
    ///
    /// # Errors
    /// If the config is not valid or the tensors are not the ones that it asks for.
    pub fn load_lora(&mut self, config: &LoraConfig, source: &dyn WeightSource) -> Result<(), ModelError> {
        config.validate()?;
        let device = self.device_of_weights();
        let mut expected = Vec::new();
        for target in self.targets(config) {
            let [d_in, d_out] = self.sizes(&target);
            expected.push((format!("{PEFT}{}.lora_A.weight", target.name), vec![config.r, d_in]));
            expected.push((format!("{PEFT}{}.lora_B.weight", target.name), vec![d_out, config.r]));
        }
        let reader = TensorReader::<B>::new(source, &device);
        reader.check(&expected)?;
        self.attach(config, |name, _| {
            let a = reader.matrix(&format!("{PEFT}{name}.lora_A.weight"))?;
            let b = reader.matrix(&format!("{PEFT}{name}.lora_B.weight"))?;
            Ok((transposed(a), transposed(b)))
        })
    }

    /// The updates under PEFT's names and in its layout (`A` as `[rank, d_in]`, `B` as `[d_out, rank]`).
    pub fn lora_tensors(&self) -> Vec<(String, Vec<usize>, Tensor<B, 1>)> {
        let mut tensors = Vec::new();
        for (i, block) in self.blocks().iter().enumerate() {
            for (projection, (_, parts)) in block.projections().into_iter().zip(PROJECTIONS) {
                for pair in projection.lora() {
                    let name = format!("{PEFT}model.layers.{i}.{}", parts[pair.part]);
                    for (which, tensor) in [("lora_A", pair.a.val()), ("lora_B", pair.b.val())] {
                        let tensor = tensor.transpose();
                        let shape = tensor.dims().to_vec();
                        tensors.push((format!("{name}.{which}.weight"), shape, tensor.reshape([-1])));
                    }
                }
            }
        }
        tensors
    }

    /// Folds the updates into the weights: the same outputs, and nothing left to pay for at inference.
    #[must_use]
    pub fn merge_lora(mut self) -> Self {
        for block in self.blocks_mut() {
            block.projections_mut().into_iter().for_each(Projection::merge_lora);
        }
        self
    }

    /// Whether any projection has an update.
    pub fn has_lora(&self) -> bool {
        self.blocks()
            .iter()
            .any(|block| block.projections().iter().any(|projection| !projection.lora().is_empty()))
    }

    /// Ids of the updates' parameters.
    pub fn lora_param_ids(&self) -> Vec<ParamId> {
        let projections = self.blocks().iter().flat_map(|block| block.projections());
        projections.flat_map(|projection| projection.lora()).flat_map(|pair| [pair.a.id, pair.b.id]).collect()
    }

    /// Drops the updates.
    #[must_use]
    pub fn without_lora(mut self) -> Self {
        for block in self.blocks_mut() {
            block.projections_mut().into_iter().for_each(Projection::drop_lora);
        }
        self
    }

    fn attach(
        &mut self,
        config: &LoraConfig,
        mut matrices: impl FnMut(&str, [usize; 2]) -> Result<(Tensor<B, 2>, Tensor<B, 2>), ModelError>,
    ) -> Result<(), ModelError> {
        config.validate()?;
        for target in self.targets(config) {
            let (a, b) = matrices(&target.name, self.sizes(&target))?;
            let pair = LoraPair {
                a: named_param(&format!("{}.lora_A.weight", target.name), a),
                b: named_param(&format!("{}.lora_B.weight", target.name), b),
                part: target.part,
                scale: config.lora_alpha / config.r as f64,
            };
            self.blocks_mut()[target.block].projections_mut()[target.projection].push_lora(pair);
        }
        Ok(())
    }

    fn targets(&self, config: &LoraConfig) -> Vec<Target> {
        let mut targets = Vec::new();
        for block in 0..self.blocks().len() {
            for (projection, (_, parts)) in PROJECTIONS.iter().enumerate() {
                for (part, path) in parts.iter().enumerate() {
                    let wanted =
                        config.target_modules.iter().any(|target| path.ends_with(&format!(".{target}")));
                    if wanted {
                        targets.push(Target {
                            block,
                            projection,
                            part,
                            name: format!("model.layers.{block}.{path}"),
                        });
                    }
                }
            }
        }
        targets
    }

    /// `[d_in, d_out]`
    fn sizes(&self, target: &Target) -> [usize; 2] {
        let projection = self.blocks()[target.block].projections()[target.projection];
        [projection.d_in(), projection.width(target.part)]
    }

    fn device_of_weights(&self) -> B::Device {
        crate::causal_lm::CausalLm::device(self)
    }
}
