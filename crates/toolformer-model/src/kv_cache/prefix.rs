//! Keys and values that many rows look at without a copy.

use std::sync::Arc;

use burn::tensor::{Tensor, backend::Backend};

use super::LayerKv;

/// Keys and values that do not change any more: `[n_kv_heads, groups, len, d_head]` per block.
///
/// Any number of rows may look at one group, each at as many of its tokens as it likes, without a copy.
#[derive(Clone, Debug)]
pub struct Prefix<B: Backend> {
    pub(crate) layers: Vec<LayerKv<B>>,
    pub(super) lens: Vec<usize>,
    /// What the groups stand on themselves, oldest first; the same for all groups.
    pub(super) base: Vec<PrefixView<B>>,
}

impl<B: Backend> Prefix<B> {
    /// Tokens held per group, the prefixes below not counted.
    pub fn lens(&self) -> &[usize] {
        &self.lens
    }

    /// Bytes that it takes, the prefixes below not counted.
    pub fn bytes(&self) -> usize {
        let of = |x: &Tensor<B, 4>| x.shape().num_elements() * x.dtype().size();
        self.layers.iter().map(|layer| of(&layer.k) + of(&layer.v)).sum()
    }

    /// Padded length of the groups.
    pub(crate) fn width(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.k.dims()[2])
    }
}

/// How the rows of a batch look at a prefix.
#[derive(Clone, Debug)]
pub(crate) struct PrefixView<B: Backend> {
    pub(crate) prefix: Arc<Prefix<B>>,
    /// The group that each row looks at.
    pub(crate) group: Vec<usize>,
    /// How many of the group's tokens each row sees.
    pub(crate) visible: Vec<usize>,
}
