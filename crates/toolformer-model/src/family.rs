//! What a model family shows to saving, merging and LoRA.

use burn::tensor::backend::Backend;

use crate::{causal_lm::CausalLm, leaf::Leaf, projection::Projection, resize_embedding::PerId};

/// A family of models, such as Llama.
pub(crate) trait Family<B: Backend>: CausalLm<B> {
    /// Width of the hidden states.
    fn d_model(&self) -> usize;

    /// Everything that owns parameters, once.
    fn leaves(&self) -> Vec<&dyn Leaf<B>>;

    /// The linear layers between embedding and head, in the order of [`Family::leaves`].
    fn projections_mut(&mut self) -> Vec<&mut Projection<B>>;

    /// What has a row or a number for every token id.
    fn per_id_mut(&mut self) -> Vec<&mut dyn PerId<B>>;

    /// The linear layers between embedding and head.
    fn projections(&self) -> Vec<&Projection<B>> {
        self.leaves().into_iter().filter_map(Leaf::projection).collect()
    }
}
