//! What the benchmarks of models have in common.

use std::time::Instant;

use toolformer::{
    burn::tensor::backend::Backend,
    model::{CausalLm, KvCache, LanguageModel, TokenBatch},
};

use crate::options::Failure;

/// Waits until the device has done all that it was told.
pub(crate) fn sync<B: Backend>(device: &B::Device) -> Result<(), Failure> {
    B::sync(device).map_err(|error| format!("{error:?}").into())
}

/// Tokens a second of passes over `rows` rows behind `prompt`, a token a row each, with their logits; what comes next is
/// not chosen.
pub(crate) fn decode_rate<B: Backend>(
    model: &LanguageModel<B>,
    prompt: &[u32],
    rows: usize,
    steps: usize,
) -> Result<f64, Failure> {
    let mut cache = KvCache::new(model.cache_shape(), rows, prompt.len() + steps, &model.device());
    model.forward(&TokenBatch::new(&vec![prompt; rows]), &mut cache);
    sync::<B>(&model.device())?;
    let next = TokenBatch::new(&vec![[1]; rows]);
    let mut timed = Steps::default();
    for _ in 0..steps {
        timed.time(|| {
            let hidden = model.forward(&next, &mut cache);
            let [rows, seq, d_model] = hidden.dims();
            model.logits(hidden.reshape([rows * seq, d_model]));
            sync::<B>(&model.device())
        })?;
    }
    Ok(timed.rate(rows))
}

/// What steps took.
#[derive(Default)]
pub(crate) struct Steps(Vec<f64>);

impl Steps {
    pub(crate) fn time<E>(&mut self, step: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let start = Instant::now();
        step()?;
        self.0.push(start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Tokens a second of steps of so many, by the first quartile of what they took: other programs on the machine make
    /// some steps longer, and none shorter.
    pub(crate) fn rate(mut self, tokens: usize) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0.get(self.0.len() / 4).map_or(0.0, |seconds| tokens as f64 / seconds)
    }
}
