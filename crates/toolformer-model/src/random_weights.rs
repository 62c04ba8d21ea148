//! Models that nothing has been taught yet.

use std::collections::BTreeMap;

use burn::tensor::backend::Backend;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Normal};
use sha2::{Digest as _, Sha256};

use crate::{
    error::ModelError,
    families::{LanguageModel, ModelConfig},
    precision::Precision,
    weights::WeightSource,
};

/// Standard deviation of every matrix, as GPT-2 and most since begin with.
const STD: f32 = 0.02;

impl<B: Backend> LanguageModel<B> {
    /// A model with this config and random weights, to be trained from scratch: matrices are drawn from a normal distribution
    /// (standard deviation 0.02), biases are 0, and norms do nothing. The same seed gives the same weights.
    ///
    /// # Errors
    /// If the config is not one that can be computed.
    pub fn init(config: &ModelConfig, seed: u64, device: &B::Device) -> Result<Self, ModelError> {
        // Gemma's norms multiply by 1 + gain.
        let gain = if let ModelConfig::Gemma3(_) = config { 0.0 } else { 1.0 };
        let weights = RandomWeights { seed, gain, shapes: BTreeMap::new() };
        Self::from_weights(config, &weights, Precision::F32, device)
    }
}

/// Tensors of any name and shape.
struct RandomWeights {
    seed: u64,
    /// What norms multiply by.
    gain: f32,
    /// What was asked for.
    shapes: BTreeMap<String, Vec<usize>>,
}

impl WeightSource for RandomWeights {
    fn names(&self) -> Vec<String> {
        self.shapes.keys().cloned().collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.shapes.get(name).cloned()
    }

    fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        let shape =
            self.shape(name).ok_or_else(|| ModelError::MissingTensors { names: vec![name.to_owned()] })?;
        let len = shape.iter().product();
        let values = match shape.len() {
            1 if name.ends_with("bias") => vec![0.0; len],
            1 => vec![self.gain; len],
            _ => normal(self.seed, name, len),
        };
        Ok((shape, values))
    }

    fn made_for(&self, asked: &[(String, Vec<usize>)]) -> Option<Box<dyn WeightSource>> {
        let shapes = asked.iter().cloned().collect();
        Some(Box::new(Self { shapes, ..*self }))
    }
}

/// Numbers that depend on the seed and the tensor's name alone.
pub(crate) fn normal(seed: u64, name: &str, len: usize) -> Vec<f32> {
    let key = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).finalize();
    let mut rng = ChaCha8Rng::from_seed(key.into());
    // The standard deviation is a number: there is nothing to refuse.
    Normal::new(0.0, STD)
        .map_or_else(|_| vec![0.0; len], |normal| normal.sample_iter(&mut rng).take(len).collect())
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;
    use crate::{causal_lm::CausalLm as _, kv_cache::KvCache, token_batch::TokenBatch};

    fn logits(config: &str, seed: u64) -> Vec<f32> {
        let config = ModelConfig::from_hf_json(config).unwrap();
        let model = LanguageModel::<Flex>::init(&config, seed, &Default::default()).unwrap();
        let mut cache = KvCache::new(model.cache_shape(), 1, 4, &Default::default());
        let hidden = model.forward(&TokenBatch::new(&[[1, 2, 3, 4]]), &mut cache);
        let [_, seq, d_model] = hidden.dims();
        model.logits(hidden.reshape([seq, d_model])).into_data().to_vec().unwrap()
    }

    /// Every family has a beginning: it computes numbers, which are those of its seed.
    #[test]
    fn every_family_begins_at_random() {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
        for family in ["llama", "qwen2", "gpt2", "gptj", "gpt_neox", "gemma3", "palm", "palm_rlhf"] {
            let config = std::fs::read_to_string(format!("{fixtures}/{family}/config.json")).unwrap();
            let first = logits(&config, 1);
            assert!(first.iter().all(|logit| logit.is_finite()), "{family}");
            let mean = first.iter().sum::<f32>() / first.len() as f32;
            let variance = first.iter().map(|logit| (logit - mean).powi(2)).sum::<f32>() / first.len() as f32;
            assert!(variance > 1e-6 && variance < 10.0, "{family}: {variance}");
            assert_eq!(first, logits(&config, 1), "{family}");
            assert_ne!(first, logits(&config, 2), "{family}");
        }
    }
}
