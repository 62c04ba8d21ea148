//! Dropout on what LoRA's updates read, while they learn.

use burn::{
    module::ParamId,
    tensor::{Tensor, TensorData, backend::Backend},
};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{families::LanguageModel, sequence_classifier::SequenceClassifier};

/// Where the draws of a pass come from. They are made on the host: burn's own come from a seed that all of a process
/// shares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    seed: u64,
    step: u64,
}

impl Draw {
    /// The factors of an update's input: 0 with probability `rate`, else `1 / (1 - rate)`. They come from the seed, the
    /// step, and which update it is.
    ///
    /// # Shapes
    /// - returns `shape`
    pub(crate) fn factors<B: Backend>(
        self,
        update: ParamId,
        rate: f64,
        shape: [usize; 2],
        device: &B::Device,
    ) -> Tensor<B, 2> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ update.val());
        rng.set_stream(self.step);
        let mut bytes = vec![0; 2 * shape.iter().product::<usize>()];
        rng.fill_bytes(&mut bytes);
        let (bound, kept) = (rate * f64::from(1_u32 << 16), (1.0 / (1.0 - rate)) as f32);
        let factor = |draw: &[u8; 2]| if f64::from(u16::from_le_bytes(*draw)) < bound { 0.0 } else { kept };
        let factors: Vec<f32> = bytes.as_chunks::<2>().0.iter().map(factor).collect();
        Tensor::from_data(TensorData::new(factors, shape), device)
    }
}

impl<B: Backend> LanguageModel<B> {
    /// With dropout on the inputs of LoRA's updates (`lora_dropout` of their config) in the passes that come: the same
    /// seed and step drop the same, however often; every pass that is to drop other inputs needs another step.
    /// [`valid`](burn::module::AutodiffModule::valid) leaves it behind; what computes a pass again without autodiff asks for
    /// it there too: [`LanguageModel::with_lora_dropout_of`].
    #[must_use]
    pub fn with_lora_dropout(self, seed: u64, step: u64) -> Self {
        self.with_draw(Some(Draw { seed, step }))
    }

    /// Whether [`LanguageModel::with_lora_dropout`] was asked for.
    pub fn has_lora_dropout(&self) -> bool {
        self.family().projections().iter().any(|projection| projection.draw().is_some())
    }

    /// With the dropout of another model of the same kind, if it has any, for one pass of several in a step: `pass` stands
    /// for which.
    #[must_use]
    pub fn with_lora_dropout_of<C: Backend>(self, other: &LanguageModel<C>, pass: u64) -> Self {
        let draw = other.family().projections().first().and_then(|projection| projection.draw());
        self.with_draw(draw.map(|draw| Draw { seed: draw.seed ^ pass, ..draw }))
    }

    fn with_draw(mut self, draw: Option<Draw>) -> Self {
        self.family_mut().projections_mut().into_iter().for_each(|projection| projection.set_draw(draw));
        self
    }
}

impl<B: Backend> SequenceClassifier<B> {
    /// As [`LanguageModel::with_lora_dropout`].
    #[must_use]
    pub fn with_lora_dropout(mut self, seed: u64, step: u64) -> Self {
        self.body = self.body.with_lora_dropout(seed, step);
        self
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;
    use crate::named_param::param_id;

    fn factors(seed: u64, step: u64, update: &str, rate: f64) -> Vec<f32> {
        let draw = Draw { seed, step };
        let factors = draw.factors::<Flex>(param_id(update), rate, [100, 100], &Default::default());
        factors.into_data().into_vec().unwrap()
    }

    #[test]
    fn as_many_are_dropped_as_asked_for_and_the_others_make_up_for_them() {
        for rate in [0.05, 0.25, 0.9] {
            let factors = factors(3, 4, "q_proj", rate);
            let kept = 1.0 / (1.0 - rate) as f32;
            assert!(factors.iter().all(|&factor| factor == 0.0 || (factor - kept).abs() < 1e-4 * kept));
            let dropped = factors.iter().filter(|&&factor| factor == 0.0).count() as f64 / 10_000.0;
            assert!((dropped - rate).abs() < 0.02, "{dropped} for {rate}");
        }
    }

    #[test]
    fn seed_step_and_update_say_which() {
        let one = factors(3, 4, "q_proj", 0.5);
        assert_eq!(one, factors(3, 4, "q_proj", 0.5));
        for other in
            [factors(2, 4, "q_proj", 0.5), factors(3, 5, "q_proj", 0.5), factors(3, 4, "k_proj", 0.5)]
        {
            let same = one.iter().zip(&other).filter(|(a, b)| a == b).count();
            assert!((4_500..5_500).contains(&same), "{same} of 10000 are the same");
        }
    }
}
