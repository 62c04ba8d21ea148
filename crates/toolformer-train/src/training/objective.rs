//! What a run learns, apart from how the loop goes.

use burn::{optim::GradientsParams, tensor::backend::Backend};

use super::{Evaluation, Metric, Trainable};

/// What a run learns: its examples, their loss, and how well a model does.
pub trait Objective<B: Backend>: Sync {
    /// The model that learns it.
    type Model: Trainable<B>;

    /// Number of examples.
    fn examples(&self) -> usize;

    /// What an example counts in the mean of a step: its tokens in the loss, or 1. It is known by its number, from 0.
    fn weight(&self, example: usize) -> usize;

    /// Gradient of the loss of some examples, each counted by its weight over `total`, the weight of the whole step.
    ///
    /// It may be computed in parts; the same examples of the same step give the same bits.
    fn gradients(
        &self,
        model: &<Self::Model as Trainable<B>>::Learning,
        examples: &[usize],
        total: usize,
    ) -> StepGradients;

    /// Whether anything is held out to measure on.
    fn has_held_out(&self) -> bool;

    /// Measures a model on what is held out; none if nothing is.
    fn evaluate(&self, model: &Self::Model) -> Option<Evaluation>;

    /// A line of `metrics.jsonl` for an evaluation after so many steps.
    fn metric(&self, step: usize, evaluation: &Evaluation) -> Metric;

    /// Feeds all examples, held out ones included, to what stands for a run.
    fn fingerprint(&self, feed: &mut dyn FnMut(&[u8]));
}

/// Feeds ids, so that no others give the same bytes.
pub(crate) fn feed_ids(ids: &[u32], feed: &mut dyn FnMut(&[u8])) {
    feed(&(ids.len() as u64).to_le_bytes());
    ids.iter().for_each(|id| feed(&id.to_le_bytes()));
}

/// What some examples of a step give.
#[derive(Debug)]
pub struct StepGradients {
    /// Gradients by parameter.
    pub gradients: GradientsParams,
    /// Their part of the step's loss, in nats.
    pub loss: f64,
    /// Tokens that went through the model.
    pub tokens: usize,
}
